"""axe finds nothing on any page, wide and narrow, light and dark; nothing runs over a phone's edge."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Windows

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

pytestmark = pytest.mark.browser

# " > change" means: that page of the list's first row.
PAGES = [
    "/admin/",
    "/admin/search/?q=Pet",
    "/admin/search/?q=nothing-like-this",
    "/admin/preferences/",
    "/admin/password_change/",
    "/admin/portal/user/",
    "/admin/portal/user/?q=nothing-like-this",
    "/admin/portal/user/add/",
    "/admin/portal/user/ > change",
    "/admin/portal/user/ > history",
    "/admin/portal/user/ > delete",
    "/admin/auth/group/ > change",
    "/admin/portal/auditevent/",
    "/admin/portal/auditevent/ > change",
    "/admin/axes/accessattempt/",
    "/admin/pets/",
    "/admin/pets/pet/",
    "/admin/pets/pet/add/",
    "/admin/pets/pet/ > change",
    "/admin/pets/pet/ > status",
    "/admin/pets/pet/ > weight",
    "/admin/pets/pet/?trash=1",
    "/admin/photos/photo/",
    "/admin/photos/photo/ > change",
    "/admin/photos/photo/upload/",
    "/admin/storage_admin/bucket/",
    "/admin/storage_admin/bucket/ > change",
    "/admin/storage_admin/bucket/connect/",
    "/admin/storage_admin/sharelink/",
    "/admin/storage_admin/sharelink/ > change",
    "/admin/storage_admin/sharelink/bucket/1/share/?key=a",
    "/admin/storage_admin/bucket/connections/",
    "/admin/storage_admin/arrival/",
    "/admin/storage_admin/arrival/events/",
    "/admin/storage_admin/mirroritem/",
    "/admin/storage_admin/mirroritem/status/",
    "/admin/storage_admin/job/",
    "/admin/storage_admin/gluerun/",
    "/admin/storage_admin/gluerun/ > change",
    "/admin/storage_admin/gluerun/start/",
    "/admin/storage_admin/analyticsexport/",
    "/admin/storage_admin/analyticsexport/ > change",
    "/admin/pets/owner/",
    "/admin/pets/owner/ > change",
]


def visit(page: "Page", address: str) -> None:
    start, _, kind = address.partition(" > ")
    page.goto(start)
    if kind:
        link = page.locator("#result_list tbody th a").first.get_attribute("href")
        assert link is not None
        page.goto(link.partition("?")[0].replace("/change/", f"/{kind}/"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440x900", "390x844"])
def test_axe_finds_nothing(
    window: Windows, axe: "Callable[[Page], list[str]]", size: "ViewportSize", scheme: str
) -> None:
    nobody = window(None, size=size, color_scheme=scheme)
    nobody.goto("/admin/login/")
    found = axe(nobody)
    page = window("boss", size=size, color_scheme=scheme)
    for address in PAGES:
        visit(page, address)
        found += axe(page)

    assert not found, "\n".join(found)


@pytest.mark.parametrize("account", ["vera", "audrey"])
def test_axe_finds_nothing_on_what_lesser_roles_see(
    window: Windows, axe: "Callable[[Page], list[str]]", account: str
) -> None:
    page = window(account)
    found = []
    for address in ("/admin/", "/admin/pets/pet/", "/admin/pets/pet/ > change"):
        visit(page, address)
        found += axe(page)

    assert not found, "\n".join(found)


def test_axe_would_find_something(window: Windows, axe: "Callable[[Page], list[str]]") -> None:
    """The instrument itself, on a field without a name."""
    page = window("vera")
    page.goto("/admin/")
    page.evaluate("document.querySelector('h1').innerHTML = '<input type=text>'")

    assert any(" label: " in line for line in axe(page))


def test_axe_finds_nothing_on_error_pages(window: Windows, axe: "Callable[[Page], list[str]]") -> None:
    window.expected = ["404", "403"]
    page = window("vera", size=PHONE, color_scheme="dark")
    found = []
    for address in ("/nothing/", "/admin/portal/user/"):
        page.goto(address)
        found += axe(page)

    assert not found, "\n".join(found)


def test_nothing_runs_over_the_edge_of_a_phone(window: Windows) -> None:
    page = window("boss", size=PHONE)
    too_wide = []
    for address in PAGES:
        visit(page, address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            too_wide.append(f"{address}: {width} px")

    assert not too_wide, "\n".join(too_wide)
