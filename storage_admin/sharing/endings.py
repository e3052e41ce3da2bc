"""Closes the rows of share links that have ended.

Nothing is left behind by a link: it leads to the object or rendition itself and makes no copy. Its row
stays, for it is the register of who gave what to whom. What is done here is to write the end into the
audit, with how often it was opened, and into the row: from then on a clock that is set back, or an end
that somebody changes in the database, opens it no more.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from portal import audit
from storage_admin.models import ShareLink

BATCH = 200


def close_ended() -> int:
    """Close at most BATCH of the links that have ended; return how many. Nought is the end of it."""
    ended = ShareLink.objects.unclosed().select_related("bucket").order_by("pk")
    return sum(_close(link) for link in ended[:BATCH])


def _close(link: ShareLink) -> bool:
    with transaction.atomic():
        # Under a condition: two that close at once write one line.
        if not ShareLink.objects.unclosed().filter(pk=link.pk).update(closed_at=timezone.now()):
            return False
        audit.record(
            "link.ended", target=link, bucket=link.bucket.name, key=link.key, version_id=link.version_id,
            after={
                "link": link.pk, "made_by": link.made_by_name, "recipient": link.recipient,
                "ended_at": link.expires_at.isoformat(timespec="seconds"),
                "opened": link.opened_count, "refused": link.refused_count,
            },
        )  # fmt: skip
    return True
