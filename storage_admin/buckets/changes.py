"""Changing the settings of a bucket so that it can be told, checked and undone.

A row is written before the store is asked, and ended after the store was read back. A row that
stays BEGUN means: the portal, or the store, went away in between, and only the store knows.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access import Actor, require
from portal.s3.errors import S3Error, StorageUnavailable
from storage_admin import bucket_settings
from storage_admin.bucket_settings.setting import Difference, Place, Setting
from storage_admin.errors import ChangedMeanwhile, NotKept, NotPossible
from storage_admin.models import Bucket, BucketChange
from storage_admin.traces import traced

CONFIGURE = "storage_admin.configure_bucket"
MAKE_PUBLIC = "storage_admin.make_public"
# Settings of buckets are eventually consistent at Amazon: what was written may be read a moment later.
READ_BACK_PAUSES_SECONDS = (0.0, 0.3, 1.0)
# A change takes a few calls of at most 14 s each; gunicorn ends a request after 30.
UNDER_WAY_SECONDS = 60


def place_of(bucket: Bucket) -> Place:
    """Return the bucket as settings know it."""
    return Place(bucket.name, bucket.connection, bucket.holds_photos)


def in_words(found: list[Difference]) -> str:
    """Return the differences in one line."""
    return "; ".join(str(one) for one in found)


def change(
    *,
    actor: Actor,
    bucket: Bucket,
    setting: Setting[Any],
    seen: Any,
    wanted: Any,
    typed_name: str = "",
    undo_of: BucketChange | None = None,
) -> BucketChange:
    """Give the bucket the wanted value, if it still has the one that was seen; return the row of it.

    ChangedMeanwhile says what changed; NotPossible why the portal will not; NotKept that the store
    said yes and has something else. After StorageUnavailable it is unknown whether the store has it:
    the row then stays BEGUN.
    """
    place = place_of(bucket)
    with traced("bucket.configured", actor, bucket, CONFIGURE) as trace:
        trace.before = {"setting": setting.slug, "wanted": setting.as_data(wanted)}
        if undo_of is not None:
            trace.before["undo_of"] = undo_of.pk
        latest = _latest(bucket, setting)
        now = setting.read(place.bucket, place.alias)
        trace.before["value"] = setting.as_data(now)
        if now != seen:
            raise ChangedMeanwhile(
                _("%(setting)s was changed meanwhile: %(what)s. Nothing was done; look at it again first.")
                % {"setting": setting.title, "what": in_words(setting.difference(seen, now))}
            )
        _check(actor, bucket, setting, now, wanted, typed_name)
        row = _begin(actor, bucket, setting, now, wanted, latest, undo_of)
        found = _write(row, setting, place, wanted)
        trace.after = {"setting": setting.slug, "value": setting.as_data(found)}
        if found != wanted:
            message = _("The store said yes, but has something else: %(what)s") % {
                "what": in_words(setting.difference(wanted, found))
            }
            _end(row, BucketChange.State.FAILED, message)
            raise NotKept(message)
    # After the audit: should the portal stop here, the row asks to look at the store, which is right.
    _end(row, BucketChange.State.DONE)
    return row


def undo(*, actor: Actor, bucket: Bucket, made: BucketChange, setting: Setting[Any]) -> BucketChange:
    """Give the bucket back what it had before the change, if it still has what the change gave it.

    An undo is a change like another: it needs the same rights, and can be undone. Errors as `change`.
    """
    if reason := why_no_undo(made):
        with traced("bucket.configured", actor, bucket, CONFIGURE) as trace:
            trace.before = {"setting": setting.slug, "undo_of": made.pk}
            raise NotPossible(reason)
    before, after = setting.from_data(made.before), setting.from_data(made.after)
    return change(
        actor=actor,
        bucket=bucket,
        setting=setting,
        seen=after,
        wanted=before,
        # What was there before is no new danger, but for what lets the world in again.
        typed_name="" if setting.opens(after, before) else bucket.name,
        undo_of=made,
    )


def why_no_undo(made: BucketChange) -> str:
    """Return why the change cannot be undone, as far as rows tell; empty where it may be tried."""
    return reasons_against_undo(made.bucket_id, [made])[made.pk]


def reasons_against_undo(bucket_id: int, rows: Sequence[BucketChange]) -> dict[int, str]:
    """Return `why_no_undo` for several changes of one bucket by their ids, in two queries."""
    of_bucket = BucketChange.objects.filter(bucket=bucket_id).order_by()
    undone = {row.undo_of_id: row for row in of_bucket.filter(undo_of__in=[row.pk for row in rows])}
    counting = of_bucket.exclude(state=BucketChange.State.FAILED).values_list("setting")
    newest = dict(counting.annotate(newest=Max("pk")))
    return {row.pk: _why_no_undo(row, undone.get(row.pk), newest.get(row.setting, 0)) for row in rows}


def _why_no_undo(made: BucketChange, undone_by: BucketChange | None, newest: int) -> str:
    setting = bucket_settings.find(made.setting)
    if setting is None:
        return _("This portal has no such setting any more.")
    if made.state == BucketChange.State.FAILED:
        return _("It failed: there is nothing to undo.")
    if reason := setting.no_way_back(setting.from_data(made.before), setting.from_data(made.after)):
        return reason
    if undone_by is not None:
        interrupted = undone_by.state == BucketChange.State.BEGUN
        return (
            _("An undo of it was interrupted. Change it on its page.") if interrupted else _("It is undone.")
        )
    return _("The setting was changed again since.") if newest > made.pk else ""


def lacking_right(actor: Actor, setting: Setting[Any], now: Any, wanted: Any) -> str:
    """Return why the actor may not open the bucket that far, as a sentence; empty where he may."""
    if actor is None or not setting.opens(now, wanted) or actor.has_perm(MAKE_PUBLIC):
        return ""
    words = _("It may let the world in, for which your account lacks the right “%(permission)s”.")
    return words % {"permission": MAKE_PUBLIC}


def _check(
    actor: Actor, bucket: Bucket, setting: Setting[Any], now: Any, wanted: Any, typed_name: str
) -> None:
    if wanted == now:
        raise NotPossible(_("The bucket has exactly that already."))
    if setting.opens(now, wanted):
        require(actor, MAKE_PUBLIC)
    if reasons := setting.why_not(now, wanted, place_of(bucket)):
        raise NotPossible(" ".join(reasons))
    if setting.asks_for_name(now, wanted, place_of(bucket)) and typed_name != bucket.name:
        raise NotPossible(
            _(
                "This is done only after the name of the bucket was typed, on the page of the setting. "
                "Nothing was changed."
            )
        )


def _latest(bucket: Bucket, setting: Setting[Any]) -> BucketChange | None:
    return BucketChange.objects.filter(bucket=bucket, setting=setting.slug).first()


def _begin(
    actor: Actor,
    bucket: Bucket,
    setting: Setting[Any],
    before: Any,
    wanted: Any,
    latest: BucketChange | None,
    undo_of: BucketChange | None,
) -> BucketChange:
    """Write the row, unless somebody else's change began since the store was asked.

    S3 has no condition for settings: two people who read, then both write, are kept apart here.
    """
    with transaction.atomic():
        Bucket.objects.select_for_update().get(pk=bucket.pk)
        newest = _latest(bucket, setting)
        if newest != latest or (newest is not None and _is_under_way(newest)):
            raise ChangedMeanwhile(
                _("%(who)s is changing this setting just now. Nothing was done; look at it again first.")
                % {"who": newest.made_by_name if newest else "?"}
            )
        return BucketChange.objects.create(
            bucket=bucket,
            setting=setting.slug,
            before=setting.as_data(before),
            after=setting.as_data(wanted),
            made_by=actor,
            made_by_name=actor.get_username() if actor is not None else "portal",
            undo_of=undo_of,
        )


def _is_under_way(row: BucketChange) -> bool:
    young = timezone.now() - row.begun_at < timedelta(seconds=UNDER_WAY_SECONDS)
    return row.state == BucketChange.State.BEGUN and row.ended_at is None and young


def _write(row: BucketChange, setting: Setting[Any], place: Place, wanted: Any) -> Any:
    """Write, and return what the store says it has then."""
    try:
        setting.write(place.bucket, place.alias, wanted)
    except StorageUnavailable as error:
        _leave_open(row, error)
        raise
    except S3Error as error:
        _end(row, BucketChange.State.FAILED, _sentence(error))
        raise
    try:
        return _read_back(setting, place, wanted)
    except S3Error as error:
        _leave_open(row, error)
        raise


def _read_back(setting: Setting[Any], place: Place, wanted: Any) -> Any:
    found = None
    for pause in READ_BACK_PAUSES_SECONDS:
        time.sleep(pause)
        found = setting.read(place.bucket, place.alias)
        if found == wanted:
            break
    return found


def _leave_open(row: BucketChange, error: S3Error) -> None:
    """Keep that the store went away in between: what it has now is unknown."""
    row.message = _("Whether the store has it is unknown: %(reason)s") % {"reason": _sentence(error)}
    row.ended_at = timezone.now()
    row.save(update_fields=["message", "ended_at"])


def _end(row: BucketChange, state: BucketChange.State, message: str = "") -> None:
    row.state, row.message, row.ended_at = state, message, timezone.now()
    if state == BucketChange.State.FAILED:
        row.undo_of = None  # it undid nothing, so it may be tried again
    row.save(update_fields=["state", "message", "ended_at", "undo_of"])


def _sentence(error: S3Error) -> str:
    return f"{error} ({error.code})" if error.code else str(error)
