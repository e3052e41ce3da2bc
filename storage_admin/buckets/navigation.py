"""The pages of one bucket, as every one of them offers the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.models import User
from storage_admin import addresses
from storage_admin.inventory import reports
from storage_admin.models import Bucket

_SEE = "storage_admin.view_bucket"


class _Place(NamedTuple):
    name: str
    label: str | Promise
    page: str
    right: str
    of_photos: bool = False  # only where the photos are
    with_reports: bool = False  # only where the settings say that inventory reports are delivered


# In the order in which people need them.
_PLACES = (
    _Place("objects", _("Objects"), "browse", _SEE),
    _Place("time-machine", _("Time machine"), "time_machine", _SEE),
    _Place("settings", _("Settings"), "settings", _SEE),
    _Place("posture", _("Posture"), "posture", _SEE),
    _Place("visible", _("Who can see this?"), "visible", _SEE),
    _Place("jobs", _("Jobs"), "jobs", "storage_admin.view_job"),
    _Place("reconciliation", _("Reconciliation"), "reconciliation", _SEE, of_photos=True),
    _Place("inventory", _("Inventory"), "inventory", _SEE, with_reports=True),
    _Place("usage", _("Usage"), "usage", "storage_admin.view_usagesnapshot"),
    _Place("history", _("History"), "changes", _SEE),
    _Place("about", _("About"), "change", _SEE),
)


@dataclass(frozen=True)
class Entry:
    """One way to go. `mark` is what `aria-current` says: "page", "true" below that page, or nothing."""

    label: str | Promise
    url: str
    mark: str = ""


def entries(bucket: Bucket, user: User, here: str, path: str) -> list[Entry]:
    """Return the ways that the user may go, the place `here` marked; `path` is the address of now."""
    offered = [
        (place, addresses.of_bucket(bucket, place.page))
        for place in _PLACES
        if user.has_perm(place.right)
        and (bucket.holds_photos or not place.of_photos)
        and (reports.are_expected() or not place.with_reports)
    ]
    return [Entry(place.label, url, _mark(place.name == here, url == path)) for place, url in offered]


def _mark(is_here: bool, is_page: bool) -> str:
    if not is_here:
        return ""
    return "page" if is_page else "true"
