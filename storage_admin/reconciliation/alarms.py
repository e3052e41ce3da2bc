"""When so much differs that there is one cause, and nothing is to be acted upon."""

from __future__ import annotations

from django.utils.translation import gettext as _

from storage_admin.models import Finding, Scan

# Above this share of objects, or of rows, the cause is not in them: another bucket, other keys.
ALARM_SHARE = 0.10


def alarm(scan: Scan) -> str:
    """Return why the scan's findings must not be acted upon, empty if they may."""
    counts = scan.counts
    loose = counts.get(Finding.Kind.ORPHAN, 0) + counts.get(Finding.Kind.LOOSE_RENDITION, 0)
    missing = counts.get(Finding.Kind.DANGLING, 0)
    for number, of, words in (
        (loose, counts.get("objects", 0), _("%(share)s %% of all objects have no row")),
        (missing, counts.get("rows", 0), _("%(share)s %% of all photos have no original")),
    ):
        if of and number / of > ALARM_SHARE:
            return _("%(what)s: look for one cause, such as another bucket or a restored database.") % {
                "what": words % {"share": round(100 * number / of)}
            }
    return ""
