"""The worker's side of an export: parts, one after another; then the manifest; then Athena's lists.

Nothing is ever overwritten but a manifest and the lists, each in one PUT that asks what is there. Of two
workers that write the same part (one was taken for dead) the first has written it: what the second needs
to go on, the key after which the next part begins, is with the object, which it takes for its own.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit
from portal.s3 import objects
from portal.s3.errors import Conflict, ObjectNotFound, S3Error, StorageUnavailable
from storage_admin.analytics import layout, tidying
from storage_admin.analytics.asking import STALE_SECONDS
from storage_admin.errors import NotPossible
from storage_admin.glue import asking as glue
from storage_admin.models import AnalyticsExport, GlueRun

if TYPE_CHECKING:
    from storage_admin.analytics.parquet import Written

logger = structlog.get_logger(__name__)

SLICE_SECONDS = 20  # a part that was begun is ended: some seconds more
GIVE_UP_HOURS = 20  # tomorrow's must not wait for it
WORKERS = 5  # that may die, or break, of the same part
_SWITCH_TRIES = 3
_AFTER, _ROWS, _SHA256 = "after", "rows", "sha256"  # metadata of a part

State = AnalyticsExport.State


class TakenOver(Exception):
    """Another worker goes on with this export."""


def work(export_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Work on the export for a while; return whether there is more. Safe to repeat from the row's cursor."""
    export = _claim(export_id)
    if export is None:
        return False
    try:
        return _worked_on(export, time.monotonic() + seconds)
    except TakenOver:
        logger.warning("export_taken_over", export=export.name)
        return False


def _worked_on(export: AnalyticsExport, until: float) -> bool:
    try:
        while _step(export):
            if time.monotonic() >= until:
                _save(export, claim=None)
                return True
    except TakenOver:
        raise
    except StorageUnavailable as error:
        # An outage costs no attempts; the sweep goes on when the store is back.
        _save(export, claim=None, attempts=0, error=_said(error))
    except S3Error as error:
        _fail(export, _said(error))
    except Exception as error:
        _save(export, claim=None, error=_("Unexpected: %(name)s") % {"name": type(error).__name__})
        raise
    return False


def _claim(export_id: int) -> AnalyticsExport | None:
    """Take the export if nobody is at it; None, too, where it is given up."""
    now = timezone.now()
    free = Q(claim=None) | Q(beat_at__lt=now - timedelta(seconds=STALE_SECONDS))
    mine = AnalyticsExport.objects.filter(free, pk=export_id, state=State.RUNNING)
    if not mine.update(claim=(token := uuid.uuid4()), beat_at=now, attempts=F("attempts") + 1):
        return None
    export = AnalyticsExport.objects.get(pk=export_id)
    if export.claim != token:
        return None
    if export.attempts > WORKERS:
        _fail(
            export,
            _("%(count)s workers died or broke of it. %(said)s") % {"count": WORKERS, "said": export.error},
        )
        return None
    if export.begun_at < now - timedelta(hours=GIVE_UP_HOURS):
        _fail(export, _("It was not done after %(hours)s hours. %(said)s") % {
            "hours": GIVE_UP_HOURS, "said": export.error
        })  # fmt: skip
        return None
    return export


def _save(export: AnalyticsExport, **told: Any) -> None:
    """Write this to the row, with a sign of life; TakenOver where the export is another's by now."""
    held = AnalyticsExport.objects.filter(pk=export.pk, claim=export.claim, state=State.RUNNING)
    if not held.update(beat_at=timezone.now(), **told):
        raise TakenOver
    for name, value in told.items():
        setattr(export, name, value)


def _fail(export: AnalyticsExport, words: str) -> None:
    """End it; its files stay until a later export removes them, and no reader knows of them."""
    with transaction.atomic():
        _save(export, state=State.FAILED, error=words, ended_at=timezone.now(), claim=None)
        audit.record(
            "analytics.exported", target=export, bucket=export.bucket, after={"export": export.name},
            outcome=audit.AuditEvent.Outcome.FAILED, message=words,
        )  # fmt: skip
    logger.error("export_failed", export=export.name, error=words)


def _step(export: AnalyticsExport) -> bool:
    """Write the next part, or end it; return whether there is more to do."""
    cursor = export.cursor or {"table": layout.TABLES[0], "after": "", "part": 0}
    if cursor["table"] is None:
        _end(export)
        return False
    table, number = cursor["table"], cursor["part"]
    told, after = _part(export, table, cursor["after"], number)
    if after:
        onward = {"table": table, "after": after, "part": number + 1}
    else:
        others = layout.TABLES[layout.TABLES.index(table) + 1 :]
        onward = {"table": others[0] if others else None, "after": "", "part": 0}
    _save(export, cursor=onward, files=[*export.files, told], attempts=0, error="")
    return True


def _part(export: AnalyticsExport, table: str, after: str, number: int) -> tuple[dict[str, Any], str]:
    """Write a part, or take the one that is there; return what the row keeps of it, and where to go on."""
    from storage_admin.analytics import parquet  # noqa: PLC0415 - it takes 50 MB, for minutes of a night

    key = layout.part(export.prefix, table, export.day, export.name, number)
    made = parquet.part(table, after)
    told = {"table": table, "key": key, "rows": made.rows, "bytes": made.bytes, "sha256": made.sha256}
    try:
        objects.put(
            export.bucket, key, made.body, content_type=parquet.CONTENT_TYPE, sha256=made.sha256,
            metadata=_known_by(export, made), alias=export.connection,
        )  # fmt: skip
    except Conflict:
        there = objects.head(export.bucket, key, alias=export.connection)
        said = there.metadata
        told |= {"rows": int(said[_ROWS]), "bytes": there.bytes, "sha256": said[_SHA256]}
        return told, said.get(_AFTER, "")
    return told, made.after


def _known_by(export: AnalyticsExport, made: Written) -> dict[str, str]:
    told = {layout.EXPORT: export.name, _ROWS: str(made.rows), _SHA256: made.sha256}
    return told | ({_AFTER: made.after} if made.after else {})


def _end(export: AnalyticsExport) -> None:
    """Let readers see the day: in one PUT who reads the manifest, in one for each table who uses Athena."""
    _switch(export, layout.manifest(export.prefix, export.day), _manifest(export), "application/json")
    for table in layout.TABLES:
        lines = (f"s3://{export.bucket}/{one['key']}\n" for one in _files(export, table))
        _switch(export, layout.symlink(export.prefix, table, export.day), "".join(lines), "text/plain")
    with transaction.atomic():
        _save(export, state=State.DONE, ended_at=timezone.now(), claim=None, error="")
        audit.record(
            "analytics.exported", target=export, bucket=export.bucket,
            key=layout.manifest(export.prefix, export.day),
            after={"export": export.name, "rows": export.rows, "bytes": export.bytes},
        )  # fmt: skip
        _ask_glue(export)
    logger.info("exported", export=export.name, rows=export.rows, bytes=export.bytes)
    try:
        tidying.tidy(export)
    except S3Error as error:  # the export is there all the same; the next one tries again
        _note(export, _("Old files stay: %(said)s") % {"said": _said(error)})


def _switch(export: AnalyticsExport, key: str, body: str, content_type: str) -> None:
    """Put what readers go by, unless a later export of the day did: who slept changes nothing back."""
    for tries_left in reversed(range(_SWITCH_TRIES)):
        try:
            there = objects.head(export.bucket, key, alias=export.connection)
        except ObjectNotFound:
            etag = ""
        else:
            if there.metadata.get(layout.EXPORT, "") >= export.name:
                return
            etag = there.etag
        try:
            objects.put(
                export.bucket, key, body.encode(), content_type=content_type,
                metadata={layout.EXPORT: export.name}, if_etag=etag, alias=export.connection,
            )  # fmt: skip
        except Conflict:
            if not tries_left:
                raise
        else:
            return


def _manifest(export: AnalyticsExport) -> str:
    """Return the manifest: the same whenever it is made again from the row."""
    from storage_admin.analytics import columns  # noqa: PLC0415 - as parquet

    told = {
        "format": 1,
        "date": f"{export.day}",
        "export": export.name,
        "begun_at": export.begun_at.isoformat(),
        "tables": {
            table: {
                "rows": sum(one["rows"] for one in _files(export, table)),
                "bytes": sum(one["bytes"] for one in _files(export, table)),
                "columns": columns.described(table),
                "files": [
                    {name: one[name] for name in ("key", "rows", "bytes", "sha256")}
                    for one in _files(export, table)
                ],
            }
            for table in layout.TABLES
        },
    }
    return json.dumps(told, indent=1)


def _files(export: AnalyticsExport, table: str) -> Iterable[dict[str, Any]]:
    return [one for one in export.files if one["table"] == table]


def _ask_glue(export: AnalyticsExport) -> None:
    """Ask for the run that is wanted after each export; the sweep starts it."""
    if not settings.GLUE_AFTER_EXPORT:
        return
    key = layout.manifest(export.prefix, export.day)
    told = {"--date": f"{export.day}", "--manifest": f"s3://{export.bucket}/{key}"}
    ask = f"export:{export.name}"
    try:
        glue.ask(settings.GLUE_AFTER_EXPORT, told, trigger=GlueRun.Trigger.EXPORT, ask=ask)
    except NotPossible as error:  # no reason to lose the export
        _note(export, str(error))


def _note(export: AnalyticsExport, words: str) -> None:
    AnalyticsExport.objects.filter(pk=export.pk).update(error=words)
    logger.warning("export_noted", export=export.name, error=words)


def _said(error: S3Error) -> str:
    return f"{error} ({error.code})" if error.code else str(error)
