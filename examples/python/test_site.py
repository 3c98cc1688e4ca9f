"""Deploys the program against the emulator of the service, and looks at what viewers get."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from pulumi import automation

HERE = Path(__file__).parent
SITE = HERE / "site"


@pytest.fixture
def emulator():
    """The API, an origin and an edge. The emulator tells in one line of JSON where they are."""
    command = ["npx", "--no", "pulumi-alicloud-vod-emulator"]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline())
        process.terminate()


@pytest.fixture
def stack(emulator, tmp_path):
    environment = {
        "PULUMI_BACKEND_URL": tmp_path.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "VOD_ENDPOINT": emulator["endpoint"],
        "ALIBABA_CLOUD_ACCESS_KEY_ID": emulator["accessKeyId"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": emulator["accessKeySecret"],
    }
    options = automation.LocalWorkspaceOptions(env_vars=environment)
    stack = automation.create_stack("emulated", work_dir=str(HERE), opts=options)
    yield stack
    stack.workspace.remove_stack("emulated", force=True)


@pytest.fixture
def page():
    """A file of the site, which a test may change."""
    page = SITE / "index.html"
    before = page.read_text()
    yield page
    page.write_text(before)


def upload(emulator):
    shutil.copytree(SITE, Path(emulator["origin"], "vod.example.com"), dirs_exist_ok=True)


def view(emulator, name):
    """Returns what a viewer gets from the edge."""
    headers = {"Host": "vod.example.com", "X-Forwarded-Proto": "https"}
    with urlopen(Request(f"{emulator['edge']}/{name}", headers=headers)) as answer:
        return answer.read().decode()


def refreshed(emulator):
    """Returns the paths of all refreshes so far, call by call."""
    with urlopen(f"{emulator['endpoint']}/_emulator/received") as answer:
        calls = json.load(answer)
    return [
        call["parameters"]["ObjectPath"].split("\n")
        for call in calls
        if call["action"] == "RefreshVodObjectCaches"
    ]


def test_viewers_get_what_changed_and_only_that_is_refreshed(emulator, stack, page):
    upload(emulator)
    stack.up()
    old = view(emulator, "index.html")

    page.write_text(old + "changed\n")
    upload(emulator)
    assert view(emulator, "index.html") == old

    stack.up()
    assert view(emulator, "index.html") == old + "changed\n"
    assert refreshed(emulator)[1:] == [["https://vod.example.com/index.html"]]
