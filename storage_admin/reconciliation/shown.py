"""What the page shows of scans and findings, by rows alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from photos.models import Photo
from portal import spelling
from portal.display import size, whole
from portal.models import User
from storage_admin import addresses
from storage_admin.models import Bucket, Finding, Scan
from storage_admin.reconciliation import repairing
from storage_admin.reconciliation.findings import MOST_KEPT
from storage_admin.reconciliation.repairs import Repair

IGNORED = "ignored"
PHOTOS_OWN = {Finding.Kind.LOOSE_RENDITION, Finding.Kind.ORPHAN}  # whose number is no row's
_TONES: dict[str, str] = {Scan.State.INCOMPLETE: "badge-failed"}


def findings_of(bucket: Bucket, kind: str) -> QuerySet[Finding]:
    """Return the standing findings of a kind, or all that are ignored."""
    if kind == IGNORED:
        return bucket.findings.filter(state=Finding.State.IGNORED)
    return bucket.findings.filter(state__in=repairing.STANDING, kind=kind)


def kinds_of(bucket: Bucket) -> list[dict[str, Any]]:
    """Return the kinds of which something stands, in the order of their gravity, with how many."""
    standing = bucket.findings.filter(state__in=repairing.STANDING).order_by()
    counted = dict(standing.values_list("kind").annotate(Count("pk")))
    found = [
        {"kind": kind.value, "label": kind.label, "count": counted[kind.value]}
        for kind in Finding.Kind
        if kind.value in counted
    ]
    if ignored := findings_of(bucket, IGNORED).count():
        found.append({"kind": IGNORED, "label": _("ignored"), "count": ignored})
    return found


def scan_of(scan: Scan) -> dict[str, Any]:
    """Return a line of the table of scans."""
    found = sum(scan.counts.get(kind, 0) for kind in Finding.Kind.values)
    counts = {name: whole(scan.counts.get(name, 0)) for name in ("rows", "objects", "entries")}
    return {"scan": scan, "found": whole(found), "tone": _TONES.get(scan.state, ""), **counts}


def not_compared(scan: Scan) -> list[str]:
    """Return in sentences what a complete scan looked at in part, or not at all."""
    counts = scan.counts
    said = []
    for name, sentence in _NOT_COMPARED.items():
        if count := counts.get(name):
            said.append(sentence % {"n": count, "count": whole(count)})
    if scan.report_at:
        said.append(
            _("What changed since the report of %(at)s. Asked of row and store again: %(count)s keys.")
            % {"at": date_format(timezone.localtime(scan.report_at), "DATETIME_FORMAT"),
               "count": whole(counts.get("asked", 0))}
        )  # fmt: skip
    said.append(_("ACLs: %(whose)s.") % {"whose": scan.get_acls_display()})
    if scan.acls in {Scan.Acls.SOME, Scan.Acls.ALL}:
        said[-1] = _("ACLs: %(whose)s (%(count)s of %(of)s current objects).") % {
            "whose": scan.get_acls_display(), "count": whole(counts.get("acls_read", 0)),
            "of": whole(counts.get("objects", 0)),
        }  # fmt: skip
    said += [
        _("%(kind)s: %(count)s were found, the first %(kept)s are kept.")
        % {"kind": kind.label, "count": whole(counts[kind]), "kept": whole(MOST_KEPT)}
        for kind in Finding.Kind
        if counts.get(kind, 0) > MOST_KEPT
    ]
    return said


def rows_of(bucket: Bucket, found: list[Finding], last: Scan | None) -> list[dict[str, Any]]:
    """Return the lines of the table of findings; all their photos by one query."""
    named = {one.photo for one in found} | {_twin(one) for one in found}
    photos = Photo.objects.select_related("pet").in_bulk([number for number in named if number])
    return [
        {
            "finding": one,
            "key_text": spelling.html(one.key),
            "object_url": addresses.of_object(bucket, one.key, one.version_id),
            "photo": _photo(one.photo, photos),
            "twin": _photo(_twin(one), photos),
            "facts": [_fact(name, *said) for name, said in one.facts.items() if _tells(name, said)],
            "obstacle": repairing.obstacle(one, last) if one.state in repairing.STANDING else None,
            "is_urgent": one.state == Finding.State.SET_ASIDE and one.closed_at is None,
        }
        for one in found
    ]


def offered(kind: str, user: User, found: QuerySet[Finding]) -> list[dict[str, Any]]:
    """Return the repairs for findings of the kind that the user may do, and how many each could be for."""
    by_state = dict(found.order_by().values_list("state").annotate(Count("pk")))
    return [
        {"name": name, "label": one.label, "count": sum(by_state.get(state, 0) for state in one.states)}
        for name, one in repairing.repairs_of(kind).items()
        if _may(user, one)
    ]


def _may(user: User, one: Repair) -> bool:
    return user.has_perm(repairing.RIGHT) and (not one.right or user.has_perm(one.right))


def _photo(number: UUID | None, photos: dict[UUID, Photo]) -> dict[str, Any] | None:
    """Return the photo's address, and whose picture it is."""
    photo = photos.get(number) if number else None
    if photo is None:
        return None
    url = reverse("admin:photos_photo_change", args=[photo.pk])
    return {"url": url, "name": str(photo), "pet": str(photo.pet) if photo.pet else _("no pet yet")}


def _twin(one: Finding) -> UUID | None:
    """Return the older photo with the same bytes."""
    return UUID(one.facts["photo"][0]) if "photo" in one.facts else None


# What a scan leaves out, by its counts.
_NOT_COMPARED: dict[str, Any] = {
    "other": ngettext_lazy(
        "%(count)s object lies outside the folders of photos and renditions: it is not compared.",
        "%(count)s objects lie outside the folders of photos and renditions: they are not compared.",
        "n",
    ),
    "elsewhere": ngettext_lazy(
        "The row of %(count)s photo points into another bucket: it is compared with that one.",
        "The rows of %(count)s photos point into another bucket: they are compared with that one.",
        "n",
    ),
    "odd": ngettext_lazy(
        "%(count)s key was not compared: no row can spell it.",
        "%(count)s keys were not compared: no row can spell them.",
        "n",
    ),
    "acls_refused": ngettext_lazy(
        "The ACL of %(count)s object could not be read.",
        "The ACLs of %(count)s objects could not be read.",
        "n",
    ),
}
# For what no repair is offered.
ADVICE: dict[str, Any] = {
    Finding.Kind.ARCHIVED: gettext_lazy(
        "Nobody can see it as it is. Restore it, on its page or with a job, and change its class."
    ),
    Finding.Kind.OVERWRITTEN: gettext_lazy(
        "Another program wrote over it. The photo still shows its own version: look at both on the object's "
        "page, restore it there or upload the new one as a photo; else ignore this."
    ),
    Finding.Kind.LEFTOVER: gettext_lazy(
        "An upload that came late, or a delete that failed. Whoever may destroy versions does so on its page."
    ),
    Finding.Kind.DUPLICATE: gettext_lazy(
        "The same picture of two pets may well be meant. If not, move one photo to the trash."
    ),
}
# "photo" stands in a place of its own.
_LABELS = {
    "bytes": lambda: _("size"),
    "etag": lambda: "ETag",
    "class": lambda: _("class"),
    "acl": lambda: _("lets in"),
    "rendition": lambda: _("rendition"),
}


def _tells(name: str, said: list[str]) -> bool:
    """Whether the fact says something to a person: an ETag does so only beside another one."""
    return name in _LABELS and (name != "etag" or bool(said[0]))


def _fact(name: str, row: str, store: str) -> dict[str, str]:
    """Return what row and store say, in words."""
    if name == "bytes":
        row, store = (size(int(said)) if said else "" for said in (row, store))
    if name == "rendition":
        made = _("has a row, and no object") if row else _("is wanted by the settings, and was never made")
        return {"label": _LABELS[name](), "row": "", "store": f"{row or store} {made}"}
    return {"label": _LABELS[name](), "row": row, "store": store}
