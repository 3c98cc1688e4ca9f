import pulumi
import pulumi_alicloud_vod as vod

# An acceleration domain of ApsaraVideo VOD.
domain = pulumi.Config().get("domain") or "vod.example.com"
source = vod.SourceArgs(directory="./site", base_url=f"https://{domain}/")

site = vod.VodCacheRefresh(
    "site",
    source=source,
    # In a real program, so that the edge can't fetch the old files again: opts=pulumi.ResourceOptions(depends_on=[upload])
)

warm = vod.VodCachePreload(
    "warm",
    source=source,
    # The edge keeps the old copies until the refresh has ended.
    refresh=vod.AwaitedRefreshArgs(
        object_type=site.object_type,
        task_ids=site.task_ids,
        status=site.status,
        submitted_at=site.submitted_at,
    ),
)

pulumi.export("taskIds", site.task_ids)
pulumi.export("status", site.status)
pulumi.export("preloadTaskIds", warm.task_ids)
pulumi.export("preloadStatus", warm.status)
