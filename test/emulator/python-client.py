"""Calls the emulator with the official Python SDKs and prints what each answered, as one line of JSON.

The V1 client is aliyun-python-sdk-core, the V3 client alibabacloud_vod20170321. Its one argument is a JSON object with
endpoint, accessKeyId, accessKeySecret, securityToken (or null) and path.
"""

import json
import sys
from urllib.parse import urlsplit

where = json.loads(sys.argv[1])
host = urlsplit(where["endpoint"]).netloc
key, secret, token = where["accessKeyId"], where["accessKeySecret"], where["securityToken"]


def v1():
    from aliyunsdkcore.acs_exception.exceptions import ServerException
    from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
    from aliyunsdkcore.client import AcsClient
    from aliyunsdkcore.request import CommonRequest

    credential = StsTokenCredential(key, secret, token) if token else AccessKeyCredential(key, secret)
    client = AcsClient(region_id="cn-shanghai", credential=credential)
    answers = {}
    for name, place in (("query", "add_query_param"), ("body", "add_body_params")):
        request = CommonRequest(domain=host, version="2017-03-21", action_name="RefreshVodObjectCaches")
        request.set_method("POST")
        request.set_protocol_type("http")
        getattr(request, place)("ObjectPath", where["path"])
        getattr(request, place)("Force", False)
        try:
            answers[name] = json.loads(client.do_action_with_exception(request))
        except ServerException as error:
            answers[name] = {"code": error.get_error_code(), "status": error.get_http_status()}
    return answers


def v3():
    from alibabacloud_tea_openapi import models as open_api
    from alibabacloud_vod20170321 import models
    from alibabacloud_vod20170321.client import Client

    config = open_api.Config(access_key_id=key, access_key_secret=secret, security_token=token, protocol="http")
    config.endpoint = host
    client = Client(config)
    try:
        refresh = client.refresh_vod_object_caches(
            models.RefreshVodObjectCachesRequest(object_path=where["path"], object_type="File", force=False)
        ).body
        tasks = client.describe_vod_refresh_tasks(
            models.DescribeVodRefreshTasksRequest(task_id=refresh.refresh_task_id, page_size=50)
        ).body
        quota = client.describe_vod_refresh_quota(models.DescribeVodRefreshQuotaRequest()).body
    except Exception as error:  # the SDK's own error class has moved between versions
        return {"code": getattr(error, "code", None) or str(error)}
    return {
        "taskId": refresh.refresh_task_id,
        "statuses": [task.status for task in tasks.tasks.task],
        "total": tasks.total_count,
        "urlRemain": quota.url_remain,
        "blockRemain": quota.block_remain,
    }


print(json.dumps({"v1": v1(), "v3": v3()}))
