"""What a job's page shows: how far it is, how fast, and what went wrong, by rows alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.forms import DateTimeField
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal import spelling
from portal.display import ago, size
from portal.models import User
from portal.s3 import session
from storage_admin import addresses
from storage_admin.handover import facts as handing
from storage_admin.jobs import choosing, costs, kinds, services
from storage_admin.jobs.outcomes import PACE_SECONDS
from storage_admin.models import HandoverStep, Job, JobItem, JobState

SILENT_SECONDS = 60  # after so long without a sign of life the page says since when
SHOWN_ERRORS = 20  # of each code; the CSV has all
# Below this many outcomes in the last minute the time that is left is a guess.
ENOUGH_FOR_ETA = 20

TONES: dict[str, str] = {
    JobState.FAILED: "badge-failed",
    JobState.PARTIAL: "badge-failed",
    JobState.PAUSED: "badge-older",
    JobState.CANCELLED: "badge-older",
}


@dataclass(frozen=True)
class Pace:
    """How fast it goes: outcomes a second over the last minute, and the seconds left, if that can be said."""

    per_second: float
    seconds_left: float | None


def pace(job: Job, now: float | None = None) -> Pace:
    """Return the pace of a running job; nought where nothing happened in the last minute."""
    now = now or time.time()
    recent = [(at, handled) for at, handled in job.pace if at > now - PACE_SECONDS]
    handled = sum(count for _at, count in recent)
    if not recent or not handled:
        return Pace(0, None)
    rate = handled / max(1.0, now - min(at for at, _handled in recent))
    left = job.total - job.done - job.failed
    if handled < ENOUGH_FOR_ETA or job.passes or left <= 0:
        return Pace(rate, None)
    return Pace(rate, left / rate)


def progress(job: Job) -> dict[str, Any]:
    """Return what the part of the page needs that is fetched again while a worker is at it."""
    now = pace(job)
    silent = (
        job.handed_over is None  # Amazon may take hours over what the portal has nothing to do with
        and job.state in {*services.WORKING, JobState.DRAFT}
        and job.beat_at is not None
        and timezone.now() - job.beat_at > timedelta(seconds=SILENT_SECONDS)
    )
    settled = min(job.total, job.done + job.failed)
    return {
        "job": job,
        "state": JobState(job.state),
        "tone": TONES.get(job.state, ""),
        "moves": job.is_at_work or job.state == JobState.DRAFT,
        "settled": settled,
        "percent": 100 * settled // job.total if job.total else None,
        "rate": f"{now.per_second:.1f}" if now.per_second else "",
        "left": _duration(now.seconds_left) if now.seconds_left else "",
        "took": _duration((job.ended_at - job.started_at).total_seconds())
        if job.ended_at and job.started_at
        else "",
        "silent_since": ago(job.beat_at) if silent else "",
        "skips": _skips(job),
        "limit": session.connection(job.bucket.connection).requests_a_second
        if job.bucket.is_connected
        else 0,
        "told": kinds.of(job).told(job),
        "uses_bytes": _in_brackets(job.done_bytes),
    }


def _in_brackets(count: int) -> str:
    """Return a size to stand behind a number; nothing for nought: uploads are listed without one."""
    return f" ({size(count)})" if count else ""


def _duration(seconds: float) -> str:
    """Return a length of time in whole units of the largest that fits, as no guess is finer."""
    for length, words in (
        (86_400, _("%(count)d d")),
        (3_600, _("%(count)d h")),
        (60, _("%(count)d min")),
        (1, _("%(count)d s")),
    ):
        if seconds >= 2 * length or length == 1:
            return words % {"count": max(1, round(seconds / length))}
    raise AssertionError


def context(job: Job, user: User) -> dict[str, Any]:
    """Return all that the page shows, and which buttons this user has."""
    kind = kinds.of(job)
    wants_approval = services.needs_approval(job) and not job.approved_by_name
    return {
        **progress(job),
        "kind": kind,
        "handover": handing.panel(job, user),
        "bucket": job.bucket,
        "prefix_text": spelling.html(job.prefix) if job.prefix else "",
        "place_url": addresses.folder(job.bucket, job.prefix),
        "parameters": _parameters(job),
        "photos": choosing.in_words(job.selection),
        "photos_url": choosing.list_url(job.selection),
        "plan": job.plan,
        "plan_bytes": _in_brackets(job.total_bytes),
        "classes": [
            {"name": name, "count": count, "bytes": size(held)}
            for name, (count, held) in sorted(job.plan.get("by_class", {}).items())
        ],
        "planned_skips": [
            {**said, "bytes": size(said["bytes"])} for said in job.plan.get("skips", {}).values()
        ],
        "samples": [
            {
                **one,
                "key_text": spelling.html(one["key"]),
                "url": addresses.of_object(job.bucket, one["key"], one["version"]),
            }
            for one in job.plan.get("samples", [])
        ],
        "requests": job.plan.get("requests", {}),
        "costs": costs.lines(job),
        "meaning": kind.meaning(job),
        "is_unfit": bool(kind.unfit(job)),
        "errors": _errors(job),
        "buttons": [one for one in _buttons(job) if user.has_perms(services.rights(job, one["press"]))],
        "may_start": user.has_perms(services.rights(job, "start")) and not wants_approval,
        "may_approve": wants_approval and _may_approve(job, user),
        "wants_approval": wants_approval,
        "is_much": services.destroys_much(job),
        "most_objects": services.APPROVAL_OBJECTS,
        "most_percent": round(100 * services.APPROVAL_SHARE),
    }


def _may_approve(job: Job, user: User) -> bool:
    return user.pk != job.made_by_id and user.has_perms(services.rights(job, "approve"))


def _parameters(job: Job) -> list[tuple[str, Any]]:
    fields = kinds.of(job).form_class().fields
    return [
        (str(fields[name].label or name), _said(fields[name], value))
        for name, value in job.parameters.items()
        if name in fields and value not in (None, "")
    ]


def _said(field: Any, value: Any) -> Any:
    """Return a parameter in the form's words. Some are lists: what was ticked; moments are kept as text."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(_said(field, one)) for one in value)
    if isinstance(field, DateTimeField):
        moment = parse_datetime(str(value))
        return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else value
    choices = dict(getattr(field, "choices", ()))
    return choices.get(value, value) if isinstance(value, str | int) else value


def _skips(job: Job) -> list[dict[str, Any]]:
    sentences = {code: said["sentence"] for code, said in job.plan.get("skips", {}).items()}
    return [
        {"count": count, "sentence": sentences.get(code, code)}
        for code, count in sorted(job.result.get("skips", {}).items())
    ]


def _errors(job: Job) -> list[dict[str, Any]]:
    """Return the failures by code, the most frequent first, with the first of each."""
    failed = job.items.filter(outcome=JobItem.Outcome.FAILED)
    groups = failed.values("code").annotate(count=Count("id")).order_by("-count", "code")
    return [
        {
            "code": group["code"],
            "count": group["count"],
            "more": max(0, group["count"] - SHOWN_ERRORS),
            "items": [
                {
                    "item": item,
                    "key_text": spelling.html(item.key),
                    "url": addresses.of_object(job.bucket, item.key, item.version_id),
                }
                for item in failed.filter(code=group["code"])[:SHOWN_ERRORS]
            ],
        }
        for group in groups
    ]


def _buttons(job: Job) -> list[dict[str, Any]]:
    """Return the buttons that the job's state allows. Nothing is planned anew where the bucket is gone."""
    is_there = job.bucket.gone_since is None
    handover = job.handed_over
    by_rule = handover is not None and handover.is_rule
    is_confirmed = handover is None or handover.step != HandoverStep.CONFIRMING
    offers: list[tuple[str, Any, bool]] = [
        *handing.buttons(job),
        ("pause", _("Pause"), job.state in {JobState.QUEUED, JobState.RUNNING} and handover is None),
        ("resume", _("Resume"), job.state == JobState.PAUSED and is_confirmed),
        ("cancel", _("Cancel"), not job.has_ended and job.state != JobState.CANCELLING),
        (
            "retry",
            _("Retry the %(count)s that failed") % {"count": job.failed},
            job.has_ended and job.failed > 0 and is_there,
        ),
        (
            "undo",
            _("Undo it"),
            job.has_ended and job.done > 0 and bool(kinds.of(job).undone_by) and is_there and not by_rule,
        ),
        ("again", _("Run again"), job.has_ended and is_there),
        (
            "acknowledge",
            _("Noted"),
            job.state in {JobState.PARTIAL, JobState.FAILED} and job.acknowledged_at is None,
        ),
    ]
    return [
        {
            "label": label,
            "press": page,
            "url": reverse(f"admin:storage_admin_job_{page}", args=[job.pk]),
            "is_dangerous": page == "cancel",
        }
        for page, label, offered in offers
        if offered
    ]
