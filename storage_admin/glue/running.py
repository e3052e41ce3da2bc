"""The worker's side of Glue's runs: starts each once, follows it to its end, stops it when somebody asks."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any

import structlog
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit
from portal.aws import glue
from portal.aws.errors import Busy, NotThere, ServiceError, ServiceUnavailable
from storage_admin.glue.arguments import MARKER
from storage_admin.models import GlueRun

logger = structlog.get_logger(__name__)

SLICE_SECONDS = 25
STALE_SECONDS = 120  # longer than the task's hard limit
# After a start whose answer was lost: so long until its run is surely among those that Glue lists.
UNCLEAR_SECONDS = 60
GIVE_UP_HOURS = 24
START = "StartJobRun"
HAS_ENDED = "InvalidInputException"  # what Glue answers to stopping such a run

State = GlueRun.State


def sweep(seconds: float = SLICE_SECONDS) -> int:
    """Look after every run that has not ended, those longest unseen first; return how many."""
    until, count = time.monotonic() + seconds, 0
    for pk in GlueRun.objects.filter(ended_at=None).order_by("beat_at", "id").values_list("pk", flat=True):
        if time.monotonic() >= until:
            break
        count += work(pk)
    return count


def work(pk: int) -> bool:
    """Start the run, or look how it is, or stop it; False where somebody else is at it. Safe to repeat."""
    run = _claim(pk)
    if run is None:
        return False
    try:
        _look_after(run)
    except ServiceUnavailable as error:
        _put_off(run, error)
    except ServiceError as error:
        _give_up(run, error)
    return True


def _claim(pk: int) -> GlueRun | None:
    now = timezone.now()
    free = Q(claim=None) | Q(beat_at__lt=now - timedelta(seconds=STALE_SECONDS))
    token = uuid.uuid4()
    if not GlueRun.objects.filter(free, pk=pk, ended_at=None).update(claim=token, beat_at=now):
        return None
    return GlueRun.objects.filter(pk=pk, claim=token).first()


def _save(run: GlueRun, **told: Any) -> bool:
    """Write this to the row; False where another worker has it by now."""
    saved = GlueRun.objects.filter(pk=run.pk, claim=run.claim).update(beat_at=timezone.now(), **told)
    for name, value in told.items():
        setattr(run, name, value)
    return bool(saved)


def _look_after(run: GlueRun) -> None:
    if not run.run_id and not _started(run):
        return
    words = _stop(run) if run.stop_asked_at and run.state != State.STOPPING else ""
    _follow(run, words)


def _started(run: GlueRun) -> bool:
    """Give the row its run: the one that was started before its id could be written down, or a new one."""
    if run.tried_at is not None:
        if run.tried_at > timezone.now() - timedelta(seconds=UNCLEAR_SECONDS):
            _save(run, claim=None)  # Glue may not list it yet: looked for in a while
            return False
        if (there := glue.find(run.job, MARKER, str(run.marker))) is not None:
            logger.warning("glue_run_found", run=run.pk, glue=there.run_id)
            return _save(run, run_id=there.run_id)
    if run.stop_asked_at:
        _end(run, State.STOPPED, "")
        return False
    if not _save(run, tried_at=timezone.now()):
        return False
    run_id = glue.start(run.job, {**run.arguments, MARKER: str(run.marker)})
    logger.info("glue_run_started", run=run.pk, job=run.job, glue=run_id)
    return _save(run, run_id=run_id, state=State.STARTING, error="")


def _stop(run: GlueRun) -> str:
    """Ask Glue to stop it; return why it does not. That the run has ended meanwhile is no reason."""
    try:
        glue.stop(run.job, run.run_id)
    except ServiceUnavailable:
        raise
    except ServiceError as error:
        if error.code != HAS_ENDED:
            _save(run, stop_asked_at=None)  # the button comes back
            return _said(error)
    _save(run, state=State.STOPPING)
    return ""


def _follow(run: GlueRun, words: str) -> None:
    try:
        said = glue.run(run.job, run.run_id)
    except NotThere:
        _end(
            run,
            State.ERROR,
            _("Glue has no run of this number any more: the job was removed, or its history."),
        )
        return
    told: dict[str, Any] = {"log_group": said.log_group, "started_at": said.started_at}
    if said.has_ended:
        _end(run, said.state, said.error, ended_at=said.ended_at, seconds=said.seconds, **told)
        return
    # Not back to "running" for a moment, after it was asked to stop.
    state = State.STOPPING if run.state == State.STOPPING else said.state[:32]
    _save(run, claim=None, state=state, error=words, **told)


def _end(run: GlueRun, state: str, words: str, **told: Any) -> None:
    ended_at = told.pop("ended_at", None) or timezone.now()
    if not _save(run, claim=None, state=state, error=words, ended_at=ended_at, **told):
        return
    outcomes = audit.AuditEvent.Outcome
    is_good = state in {State.SUCCEEDED, State.STOPPED}
    audit.record(
        "glue.ended", target=run, after={"job": run.job, "run": run.run_id, "state": state},
        outcome=outcomes.DONE if is_good else outcomes.FAILED, message=words[:1_000],
    )  # fmt: skip
    logger.info("glue_run_ended", run=run.pk, job=run.job, state=state)


def _put_off(run: GlueRun, error: ServiceError) -> None:
    """Leave it for the next sweep, with the reason; a start for which there was no room was none."""
    if not run.run_id and run.asked_at < timezone.now() - timedelta(hours=GIVE_UP_HOURS):
        _give_up(run, error)
        return
    was_no_start = isinstance(error, Busy) and error.operation == START
    _save(run, claim=None, error=_said(error), **({"tried_at": None} if was_no_start else {}))


def _give_up(run: GlueRun, error: ServiceError) -> None:
    """End what cannot be started. What runs is followed on: a permission may come back."""
    if run.run_id:
        _save(run, claim=None, error=_said(error))
    elif run.tried_at is None or (
        error.operation == START and (isinstance(error, Busy) or not isinstance(error, ServiceUnavailable))
    ):
        _end(run, State.REFUSED, _said(error))
    else:
        words = _("It is not known whether Glue began it. %(said)s")
        _end(run, State.ERROR, words % {"said": _said(error)})


def _said(error: ServiceError) -> str:
    return f"{error} ({error.operation}: {error.code})" if error.code else str(error)
