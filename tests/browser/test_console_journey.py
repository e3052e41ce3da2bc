"""The console's journey, as an operator plays it; plain boto3 checks each step behind the portal's back.

Create a versioned bucket, upload, overwrite, delete, undelete, restore the first version, change the
class, make public and private again, tag, share a link and revoke it, suspend versioning, try to
delete the bucket, read it all in the audit.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from tests.browser.conftest import Windows
from tests.browser.server import prepared_environment, serving
from tests.servers import Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.servers]

KEY = "letters/mia & tom.txt"
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"


@pytest.fixture
def s3(seaweedfs: Store) -> Iterator[Any]:
    """Plain boto3, beside the portal."""
    client = boto3.client(
        "s3",
        endpoint_url=seaweedfs.endpoint_url,
        aws_access_key_id=seaweedfs.access_key,
        aws_secret_access_key=seaweedfs.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    yield client
    client.close()


@pytest.fixture
def window(
    browser: "Browser", seaweedfs: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Windows]:
    """Windows on a portal of this journey's own. What any page's policy or script complains of fails it."""
    environment = prepared_environment(
        tmp_path_factory.mktemp("console-portal"),
        AWS_ENDPOINT_URL_S3=seaweedfs.endpoint_url,
        S3_ADDRESSING_STYLE="path",
        S3_SERVER="seaweedfs",
        AWS_ACCESS_KEY_ID=seaweedfs.access_key,
        AWS_SECRET_ACCESS_KEY=seaweedfs.secret_key,
        AWS_STORAGE_BUCKET_NAME=f"photos-{uuid4().hex[:8]}",
    )
    with serving(environment) as server:
        windows = Windows(browser, server, {})
        yield windows
        for page in windows.open:
            windows.note_violations(page)
            page.context.close()
        assert not windows.troubles, "\n".join(windows.troubles)


class Journey:
    """One operator in one window, with the bucket that he made."""

    def __init__(self, page: "Page", s3: Any, files: Path) -> None:
        self.page = page
        self.s3 = s3
        self.files = files
        self.bucket = f"journey-{uuid4().hex[:8]}"
        self.base = ""

    def file(self, content: bytes) -> Path:
        path = self.files / KEY.rpartition("/")[2]
        path.write_bytes(content)
        return path

    def open_object(self) -> None:
        """Go there as people do: bucket, folder, object."""
        self.page.goto(f"{self.base}browse/")
        self.page.click(".entry a:has-text('letters/')")
        self.page.click(".entry a:has-text('mia & tom.txt')")
        self.page.wait_for_selector("text=What can be done")

    def act(self, label: str) -> None:
        """Open an act of the object's page."""
        self.open_object()
        self.page.click(f".acts a:text-is('{label}')")

    def send(self, words: str) -> None:
        """Send the form that is open, and wait for what it tells."""
        self.page.click("#content-main form .submit-row input[type=submit]")
        self.page.wait_for_selector(f".messagelist >> text={words}")

    def entries(self) -> list[tuple[str, bool]]:
        """Return the key's entries as boto3 lists them, newest first: version id, and if it is a marker."""
        found = self.s3.list_object_versions(Bucket=self.bucket, Prefix=KEY)
        both = [(one, False) for one in found.get("Versions", [])]
        both += [(one, True) for one in found.get("DeleteMarkers", [])]
        both.sort(key=lambda pair: (pair[0]["IsLatest"], pair[0]["LastModified"]), reverse=True)
        return [(one["VersionId"], is_marker) for one, is_marker in both]

    def shown_versions(self) -> set[str]:
        """Return the version ids of the timeline on the page."""
        self.page.goto(f"{self.base}object/?key={KEY.replace('&', '%26').replace(' ', '%20')}")
        return {one.inner_text() for one in self.page.locator(".version-cell code").all()}

    def body(self) -> bytes:
        content: bytes = self.s3.get_object(Bucket=self.bucket, Key=KEY)["Body"].read()
        return content

    def is_public(self) -> bool:
        grants = self.s3.get_object_acl(Bucket=self.bucket, Key=KEY)["Grants"]
        return any(grant["Grantee"].get("URI") == EVERYBODY for grant in grants)


def test_operator_plays_the_whole_console(window: Windows, s3: Any, tmp_path: Path) -> None:
    page = window("ada")
    walk = Journey(page, s3, tmp_path)

    create_bucket(walk)
    upload_and_overwrite(walk)
    delete_and_undelete(walk)
    restore_the_first_version(walk)
    change_class(walk)
    make_public_and_private(walk)
    tag(walk)
    share_and_revoke(walk)
    suspend_versioning(walk)
    try_to_delete_the_bucket(walk)
    read_the_audit(walk)


def create_bucket(walk: Journey) -> None:
    page = walk.page
    page.goto("/admin/storage_admin/bucket/")
    page.click("text=Create a bucket")
    page.fill("#id_name", walk.bucket)
    page.check("input[name=ownership][value=BucketOwnerPreferred]")
    page.click("button:has-text('Create the bucket')")
    page.wait_for_selector(f"h1:has-text('{walk.bucket}')")
    page.goto(f"/admin/storage_admin/bucket/?q={walk.bucket}")
    link = page.locator("#result_list tbody th a").first.get_attribute("href")
    assert link is not None
    walk.base = link.partition("change/")[0].partition("browse/")[0]

    assert walk.s3.get_bucket_versioning(Bucket=walk.bucket)["Status"] == "Enabled"
    controls = walk.s3.get_bucket_ownership_controls(Bucket=walk.bucket)["OwnershipControls"]
    assert controls["Rules"][0]["ObjectOwnership"] == "BucketOwnerPreferred"


def upload_and_overwrite(walk: Journey) -> None:
    page = walk.page
    page.goto(f"{walk.base}browse/upload/?prefix=letters/")
    page.set_input_files("input[name=files]", walk.file(b"first"))
    page.click("#upload-here input[type=submit]")
    page.wait_for_selector("text=uploaded")
    assert walk.body() == b"first"

    walk.act("Upload a new version")
    page.set_input_files("input[name=file]", walk.file(b"second, and worse"))
    page.click("#content-main form .submit-row input[type=submit]")
    page.wait_for_selector("text=What can be done")
    assert walk.body() == b"second, and worse"
    assert walk.shown_versions() == {version for version, _is_marker in walk.entries()}
    assert len(walk.entries()) == 2


def delete_and_undelete(walk: Journey) -> None:
    page = walk.page
    walk.open_object()
    page.click("text=Delete (hide)")
    page.wait_for_selector("text=is deleted; its versions are kept")
    assert walk.entries()[0][1]
    assert page.inner_text(".object-state .badge") == "deleted"

    page.goto(f"{walk.base}browse/?mode=deleted")
    page.click("text=mia & tom.txt")
    page.click("button:text-is('Undelete')")
    page.wait_for_selector("text=is back")
    assert [is_marker for _version, is_marker in walk.entries()] == [False, False]
    assert walk.body() == b"second, and worse"


def restore_the_first_version(walk: Journey) -> None:
    walk.open_object()
    walk.page.click("#versions-title ~ * button:has-text('Restore')")
    walk.page.wait_for_selector("text=The older version is copied on top")

    assert walk.body() == b"first"
    assert len(walk.entries()) == 3
    assert walk.shown_versions() == {version for version, _is_marker in walk.entries()}


def change_class(walk: Journey) -> None:
    walk.act("Change the storage class")
    walk.page.check("input[name=storage_class][value=STANDARD_IA]")
    walk.send("The class is STANDARD_IA now.")

    assert walk.s3.head_object(Bucket=walk.bucket, Key=KEY)["StorageClass"] == "STANDARD_IA"
    assert walk.body() == b"first"
    assert "STANDARD_IA" in walk.page.inner_text("#content-main")


def make_public_and_private(walk: Journey) -> None:
    walk.act("Make public")
    assert "Everybody in the world" in walk.page.inner_text("#content-main")
    walk.send("lets everybody read")
    assert walk.is_public()

    walk.act("Make private")
    walk.send("lets the world read this version no more")
    assert not walk.is_public()


def tag(walk: Journey) -> None:
    walk.act("Edit tags")
    names, values = (walk.page.locator(f"#content-main input[name*={part}]") for part in ("name", "value"))
    names.first.fill("kind")
    values.first.fill("letter")
    walk.send("The tags are changed.")

    tags = walk.s3.get_object_tagging(Bucket=walk.bucket, Key=KEY)["TagSet"]
    assert tags == [{"Key": "kind", "Value": "letter"}]


def share_and_revoke(walk: Journey) -> None:
    page = walk.page
    walk.open_object()
    page.click("a.button:text-is('Share')")
    page.fill("#id_recipient", "the vet")
    page.fill("#id_reason", "an operation")
    page.click("#content-main form [type=submit]")
    link = page.input_value("#made-link")
    with urlopen(link) as opened:
        assert opened.read() == b"first"

    page.click("text=In the register")
    assert "the vet" in page.inner_text("#content-main")
    page.click("button:text-is('Revoke')")
    page.wait_for_selector(".messagelist")
    answer = page.request.get(link, max_redirects=0)
    assert answer.status in {404, 410}


def suspend_versioning(walk: Journey) -> None:
    page = walk.page
    page.goto(f"{walk.base}settings/versioning/")
    page.check("input[name=state][value=Suspended]")
    page.click("text=Review the change")
    page.click("text=Apply the change")
    page.wait_for_selector(".messagelist")

    assert walk.s3.get_bucket_versioning(Bucket=walk.bucket)["Status"] == "Suspended"
    page.goto(f"{walk.base}browse/")
    assert "Suspended" in page.inner_text(".kicker")
    assert len(walk.entries()) == 4  # suspending destroys nothing


def try_to_delete_the_bucket(walk: Journey) -> None:
    page = walk.page
    page.goto(f"{walk.base}change/")
    page.click("text=Delete this bucket")

    said = " ".join(page.inner_text(".facts").split())
    assert "objects 1" in said
    assert "older versions 3" in said
    assert not page.locator("#typed-name").count()
    walk.s3.head_bucket(Bucket=walk.bucket)


def read_the_audit(walk: Journey) -> None:
    page = walk.page
    told: list[str] = []
    page.goto(f"/admin/portal/auditevent/?bucket={walk.bucket}&all=")
    while True:
        told += [one.inner_text() for one in page.locator("#result_list .field-action").all()]
        onward = page.locator(".paginator a.next")
        if not onward.count():
            break
        page.goto(str(onward.first.get_attribute("href")))
    expected = {
        "bucket.created", "object.uploaded", "object.hidden", "object.undeleted", "object.restored",
        "bucket.configured", "link.made", "link.revoked",
    }  # fmt: skip
    assert expected <= set(told), set(told)
    assert any("class" in one for one in told), told
    assert any("tag" in one for one in told), told
    assert sum("public" in one or "acl" in one or "private" in one for one in told) >= 2, told
    assert parse_qs(urlsplit(page.url).query)
