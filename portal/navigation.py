"""The navigation: models and pages under the headings of a shelter's work, not of Django's apps.

Apps register pages that are no model's list in their `AppConfig.ready()`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# One model's entry as `AdminSite._build_app_dict` makes it.
Entry = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A heading.

    `members` are app labels or "app.Model"; a model goes to the section that names it,
    else to the one that names its app. Named models come first, in this order.
    """

    slug: str
    title: str | Promise
    members: tuple[str, ...]


SECTIONS = (
    Section("pets", _("Pets"), ("pets.Pet", "pets.Owner", "pets")),
    Section("photos", _("Photos"), ("photos.Photo", "photos")),
    Section("storage", _("Storage"), ("storage_admin.Bucket", "storage_admin.Job", "storage_admin")),
    Section("people", _("People & audit"), ("portal.User", "auth.Group", "portal.AuditEvent", "axes")),
    # A model of an app that no section names is still reachable.
    Section("other", _("More"), ("",)),
)


@dataclass(frozen=True)
class Link:
    """A page of the navigation that is no model's list; `url_name` is reversed without arguments."""

    section: str
    label: str | Promise
    url_name: str
    permission: str


_links: list[Link] = []


def register(link: Link) -> None:
    """Show a page below a section's heading to everyone who has its permission."""
    if link not in _links:
        _links.append(link)


def sections(request: HttpRequest, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Group what the user may open, in the form of `AdminSite.get_app_list`; empty sections are left out."""
    members: dict[str, list[tuple[int, str, Entry]]] = {section.slug: [] for section in SECTIONS}
    for entry in entries:
        slug, place = _place_of(entry["model"]._meta.label)
        members[slug].append((place, str(entry["name"]), entry))
    listed = []
    for section in SECTIONS:
        models = [entry for _place, _name, entry in sorted(members[section.slug], key=lambda one: one[:2])]
        pages = [
            _page_entry(link)
            for link in _links
            if link.section == section.slug and request.user.has_perm(link.permission)
        ]
        if models or pages:
            listed.append(
                {
                    "name": section.title,
                    "app_label": section.slug,
                    "app_url": "",
                    "has_module_perms": True,
                    "models": [*models, *pages],
                }
            )
    return listed


def _place_of(label: str) -> tuple[str, int]:
    """Return the section of a model "app.Model" and its place there."""
    for name in (label, label.partition(".")[0], ""):
        for section in SECTIONS:
            if name in section.members:
                return section.slug, section.members.index(name)
    raise AssertionError("the last section takes every model")


def _page_entry(link: Link) -> Entry:
    url = reverse(link.url_name)
    return {
        "model": None,
        "name": link.label,
        "object_name": link.url_name.replace(":", "-"),
        "perms": {},
        "admin_url": url,
        "add_url": None,
        "view_only": True,
    }
