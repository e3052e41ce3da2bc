"""The storage pages in a real browser, on a real store: hostile keys inert, nothing for axe to find."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config

from storage_admin import bucket_settings
from tests.browser.conftest import DESKTOP, PHONE, Windows
from tests.browser.server import prepared_environment, run, serving
from tests.servers import Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

pytestmark = [pytest.mark.browser, pytest.mark.servers]

BUCKET = "browser-tests"
HOSTILE = "<img src=x onerror=alert(1)>\n\u202e\x01 .jpg"


@pytest.fixture(scope="module")
def objects(seaweedfs: Store) -> Any:
    """A client of the store, whose bucket holds what the pages must show."""
    client = boto3.client(
        "s3",
        endpoint_url=seaweedfs.endpoint_url,
        aws_access_key_id=seaweedfs.access_key,
        aws_secret_access_key=seaweedfs.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for key in ("cats/mia.jpg", "cats/tom.jpg", "a-very-long-name-" + "x" * 200, HOSTILE):
        client.put_object(
            Bucket=BUCKET, Key=key, Body=b"first", Metadata={"note": "<script>"}, Tagging="kind=<b>"
        )
    client.put_object(Bucket=BUCKET, Key="cats/mia.jpg", Body=b"second")
    client.put_object(Bucket=BUCKET, Key="cats/gone.jpg", Body=b"bytes")
    client.delete_object(Bucket=BUCKET, Key="cats/gone.jpg")
    return client


@pytest.fixture(scope="module")
def storage_window(
    browser: "Browser", objects: Any, seaweedfs: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Windows]:
    """Windows on a portal beside that store, whose list of buckets was looked for by the button."""
    environment = prepared_environment(
        tmp_path_factory.mktemp("storage-portal"),
        AWS_ENDPOINT_URL_S3=seaweedfs.endpoint_url,
        S3_ADDRESSING_STYLE="path",
        AWS_ACCESS_KEY_ID=seaweedfs.access_key,
        AWS_SECRET_ACCESS_KEY=seaweedfs.secret_key,
        AWS_STORAGE_BUCKET_NAME=BUCKET,
    )
    with serving(environment) as server:
        windows = Windows(browser, server, {})
        page = windows()
        page.goto("/admin/storage_admin/bucket/")
        page.click("text=Look for buckets")
        page.wait_for_selector(f"text={BUCKET}")
        for _twice in range(2):
            run(["manage.py", "count_usage", "--bucket", BUCKET], environment)
        yield windows


@pytest.fixture
def window(storage_window: Windows) -> Iterator[Windows]:
    """The same windows; what went wrong in this test's fails it."""
    storage_window.troubles.clear()
    storage_window.expected = []
    yield storage_window
    for page in storage_window.open:
        storage_window.note_violations(page)
        page.context.close()
    storage_window.open.clear()
    assert not storage_window.troubles, "\n".join(storage_window.troubles)


def bucket_page(page: "Page") -> str:
    """Return the address below which the bucket's pages hang."""
    page.goto(f"/admin/storage_admin/bucket/?q={BUCKET}")
    link = page.locator("#result_list tbody th a").first.get_attribute("href")
    assert link is not None
    return link.partition("change/")[0]


def addresses(page: "Page") -> list[str]:
    below = bucket_page(page)
    page.goto(f"{below}object/?key=cats/mia.jpg")
    newer, older = (one.inner_text() for one in page.locator(".version-cell code").all())
    return [
        "/admin/storage_admin/bucket/",
        "/admin/storage_admin/bucket/create/",
        f"{below}remove/",
        f"{below}change/",
        f"{below}browse/",
        f"{below}browse/?prefix=cats/",
        f"{below}browse/?prefix=nothing",
        f"{below}browse/?prefix=cats/&mode=versions",
        f"{below}browse/?mode=deleted",
        f"{below}object/?key=cats/mia.jpg",
        f"{below}object/?key=cats/gone.jpg",
        f"{below}browse/?prefix=cats/&show=encryption",
        f"{below}browse/upload/?prefix=cats/",
        f"{below}object/upload/?key=cats/mia.jpg",
        f"{below}object/destroy/?key=cats/mia.jpg",
        f"{below}object/compare/?key=cats/mia.jpg&version={older}&other={newer}",
        f"{below}object/?key={quote(HOSTILE)}",
        f"{below}settings/",
        *(f"{below}settings/{setting.slug}/" for setting in bucket_settings.ALL),
        f"{below}settings/history/",
        f"{below}posture/",
        f"{below}visible/",
        f"{below}visible/?key=cats/mia.jpg",
        f"{below}visible/?key={quote(HOSTILE)}",
        f"{below}time-machine/?prefix=cats/&moment=nonsense",
        f"{below}time-machine/?moment=2020-01-01T00:00:00",
        f"{below}job/undelete/?prefix=cats/",
        f"{below}job/?photos=%3Fstatus%3Dfailed",
        f"{below}job/make-renditions/?photos=%3Fstatus%3Dfailed",
        f"{below}usage/",
        f"{below}usage/?level=2",
        "/admin/storage_admin/bucket/connect/",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440x900", "390x844"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    window: Windows, axe: "Callable[[Page], list[str]]", size: "ViewportSize", scheme: str
) -> None:
    page = window(size=size, color_scheme=scheme)
    found = []
    for address in addresses(page):
        page.goto(address)
        found += axe(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > size["width"]:
            found.append(f"{address}: {width} px wide")

    assert not found, "\n".join(found)


def test_axe_finds_nothing_on_a_page_without_an_answer(
    window: Windows, axe: "Callable[[Page], list[str]]"
) -> None:
    window.expected = ["404"]
    page = window(size=PHONE)
    page.goto(f"{bucket_page(page)}object/?key=no-such-key")

    assert page.inner_text("h1") == "There is no such object"
    assert not axe(page)


def test_setting_is_reviewed_changed_and_put_back_by_undo(
    window: Windows, objects: Any, axe: "Callable[[Page], list[str]]"
) -> None:
    objects.put_bucket_ownership_controls(
        Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )

    def ownership() -> Any:
        answer = objects.get_bucket_ownership_controls(Bucket=BUCKET)
        return answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]

    page = window("ada", size=PHONE, color_scheme="dark")
    page.goto(f"{bucket_page(page)}settings/ownership/")
    page.check("input[value=BucketOwnerPreferred]")
    page.click("text=Review the change")
    found = axe(page)
    assert ownership() == "BucketOwnerEnforced"
    page.fill("#typed-name", BUCKET)  # the portal's own bucket
    page.click("text=Apply the change")
    page.wait_for_selector("text=Object ownership is changed.")
    assert ownership() == "BucketOwnerPreferred"

    page.click("button.undo")
    page.wait_for_selector("text=Object ownership is as it was before.")
    assert ownership() == "BucketOwnerEnforced"
    page.goto(f"{bucket_page(page)}settings/history/")

    assert page.locator(".changes > li").count() == 2
    assert not found + axe(page)


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["1440x900 light", "390x844 dark"]
)
def test_objects_are_chosen_and_planned_as_a_job(
    window: Windows, objects: Any, axe: "Callable[[Page], list[str]]", size: "ViewportSize", scheme: str
) -> None:
    folder = f"chosen-{scheme}/"
    for name in ("a\nb.jpg", "b.jpg"):
        objects.put_object(Bucket=BUCKET, Key=folder + name, Body=b"bytes")
    page = window("ada", size=size, color_scheme=scheme)
    found: list[str] = []

    def look() -> None:
        found.extend(axe(page))
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > size["width"]:
            found.append(f"{page.url}: {width} px wide")

    page.goto(f"{bucket_page(page)}browse/?prefix={folder}")
    page.check("text=All of this page")
    page.wait_for_selector("text=2 objects chosen")
    look()
    page.click("text=Jobs for the chosen objects")
    page.wait_for_selector("text=2 chosen objects.")
    look()
    page.click(".job-kinds li:has-text('Delete (hide)') button")
    page.fill("#reason", "they are twins")
    look()
    page.click("text=Plan it")
    page.wait_for_selector("text=About this job")
    look()

    assert "they are twins" in page.inner_text(".job-page")
    assert not found, "\n".join(found)


def test_object_is_hidden_and_brought_back_by_undo(window: Windows, objects: Any) -> None:
    page = window("ada")
    page.goto(f"{bucket_page(page)}object/?key=cats/tom.jpg")
    page.click("text=Delete (hide)")
    page.wait_for_selector("text=is deleted; its versions are kept")
    hidden = objects.list_object_versions(Bucket=BUCKET, Prefix="cats/tom.jpg")["DeleteMarkers"]
    assert [marker["IsLatest"] for marker in hidden] == [True]

    page.click("button.undo")
    page.wait_for_selector("text=one delete marker was removed")

    assert objects.head_object(Bucket=BUCKET, Key="cats/tom.jpg")["ContentLength"] == 5


def test_older_version_is_restored_from_the_timeline(window: Windows, objects: Any) -> None:
    objects.put_object(Bucket=BUCKET, Key="restored.txt", Body=b"first", Metadata={"who": "ann"})
    objects.put_object(Bucket=BUCKET, Key="restored.txt", Body=b"the second")
    page = window("ada")
    page.goto(f"{bucket_page(page)}object/?key=restored.txt")

    page.click("button:has-text('Restore')")
    page.wait_for_selector("text=copied on top")

    head = objects.head_object(Bucket=BUCKET, Key="restored.txt")
    assert (head["ContentLength"], head["Metadata"]) == (5, {"who": "ann"})


def test_hostile_key_with_a_line_feed_is_opened_hidden_and_brought_back(
    window: Windows, objects: Any
) -> None:
    """A field of a form would make CR LF of the line feed: the key travels in the address."""
    key = "<img src=x onerror=alert(2)>\n \u202e.jpg"
    objects.put_object(Bucket=BUCKET, Key=key, Body=b"bytes")
    page = window("ada")
    page.goto(f"{bucket_page(page)}browse/?prefix={quote('<img')}")
    page.click("text=onerror=alert(2)")
    assert "\\n" in page.inner_text("h1")

    page.click("text=Delete (hide)")
    page.click("button.undo")
    page.wait_for_selector("text=one delete marker was removed")

    assert objects.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == 5
