"""What is over its time: trash, exports, share links, sessions."""

from __future__ import annotations

import time
from datetime import datetime

from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.display import whole
from storage_admin import purge
from storage_admin.exports import expiry, register
from storage_admin.models import ShareLink
from storage_admin.schedules.act import Act, Outcome, Went
from storage_admin.sharing import endings

AT_ONCE = 0  # seconds: there is more to do


class Trash(Act):
    """Destroys the photos that were in the trash for their days."""

    name = "trash"
    title = gettext_lazy("Expired trash")
    explanation = gettext_lazy("Destroys photos that were in the trash for their days, in every version.")
    right = "storage_admin.destroy_version"

    def run(self, began: datetime, until: float) -> Went:
        done = kept = 0
        place = None
        while True:
            went = purge.purge_expired_trash(place)
            done, kept, place = done + went.done, kept + went.kept, went.place
            if place is None or time.monotonic() >= until:
                break
        words = ngettext("%(count)s photo destroyed.", "%(count)s photos destroyed.", done) % {
            "count": whole(done)
        }
        if place is not None and done:
            return Went(Outcome.BEGUN, f"{words} {_('There are more.')}", AT_ONCE)
        if kept:
            said = _("%(count)s stay: the store would not delete all of them. The log says which.")
            return Went(Outcome.FAILED, f"{words} {said % {'count': whole(kept)}}")
        return Went(Outcome.DONE, words) if done else Went(Outcome.NOTHING, "")

    def would(self) -> str:
        count = purge.expired_trash().count()
        told = ngettext("Would destroy %(count)s photo.", "Would destroy %(count)s photos.", count)
        return told % {"count": whole(count)}

    def where(self) -> str:
        return f"{reverse('admin:photos_photo_changelist')}?status=trashed"


class Exports(Act):
    """Removes ZIPs whose days are over, and aborts uploads of jobs that ended without one."""

    name = "exports"
    title = gettext_lazy("Expired ZIPs")
    explanation = gettext_lazy("Removes the ZIPs that jobs made when their days are over; the objects stay.")
    right = "storage_admin.destroy_version"

    def run(self, began: datetime, until: float) -> Went:
        removed, aborted = expiry.remove_expired(), expiry.abort_unfinished()
        done, kept = removed.done + aborted.done, removed.kept + aborted.kept
        words = ngettext("%(count)s ZIP removed.", "%(count)s ZIPs removed.", done) % {"count": whole(done)}
        if kept:
            said = _("%(count)s stay: the store would not remove them. Their jobs say why.")
            return Went(Outcome.FAILED, f"{words} {said % {'count': whole(kept)}}")
        return Went(Outcome.DONE, words) if done else Went(Outcome.NOTHING, "")

    def would(self) -> str:
        count = len(expiry.expired()) + expiry.unfinished().count()
        told = ngettext("Would remove %(count)s ZIP.", "Would remove %(count)s ZIPs.", count)
        return told % {"count": whole(count)}

    def where(self) -> str:
        return f"{reverse('admin:storage_admin_job_changelist')}?kind__exact={register.KIND}"


class ShareLinks(Act):
    """Closes the share links that have ended. They open nothing from their end on, by the clock."""

    name = "share-links"
    title = gettext_lazy("Ended share links")
    explanation = gettext_lazy(
        "Closes the rows of share links that have ended, each with a line in the audit."
    )
    right = "storage_admin.change_bucket"

    def run(self, began: datetime, until: float) -> Went:
        closed = 0
        while time.monotonic() < until and (more := endings.close_ended()):
            closed += more
        told = ngettext("%(count)s link closed.", "%(count)s links closed.", closed)
        words = told % {"count": whole(closed)}
        if ShareLink.objects.unclosed().exists() and closed:
            return Went(Outcome.BEGUN, f"{words} {_('There are more.')}", AT_ONCE)
        return Went(Outcome.DONE, words) if closed else Went(Outcome.NOTHING, "")

    def would(self) -> str:
        count = ShareLink.objects.unclosed().count()
        told = ngettext("Would close %(count)s link.", "Would close %(count)s links.", count)
        return told % {"count": whole(count)}

    def where(self) -> str:
        return f"{reverse('admin:storage_admin_sharelink_changelist')}?state=ended"


class Sessions(Act):
    """Deletes sessions that have ended; the database keeps them for ever otherwise."""

    name = "sessions"
    title = gettext_lazy("Ended sessions")
    explanation = gettext_lazy("Deletes the rows of log-ins that have ended.")
    right = "storage_admin.change_bucket"

    def run(self, began: datetime, until: float) -> Went:
        count = self._ended()
        if not count:
            return Went(Outcome.NOTHING, "")
        call_command("clearsessions")
        words = ngettext("%(count)s session deleted.", "%(count)s sessions deleted.", count)
        return Went(Outcome.DONE, words % {"count": whole(count)})

    def would(self) -> str:
        count = self._ended()
        told = ngettext("Would delete %(count)s session.", "Would delete %(count)s sessions.", count)
        return told % {"count": whole(count)}

    @staticmethod
    def _ended() -> int:
        return Session.objects.filter(expire_date__lt=timezone.now()).count()
