"""What a job's page shows of handing it over, by rows alone: the ways there are, or how far Amazon is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.models import User
from portal.s3 import batch_operations
from storage_admin.bucket_settings.lifecycle_words import in_words
from storage_admin.handover import operations, rules, services
from storage_admin.jobs import costs
from storage_admin.models import HandoverStep as Step
from storage_admin.models import HandoverWay as Way
from storage_admin.models import Job, JobHandover, JobState
from storage_admin.prices import dollars


def panel(job: Job, user: User) -> dict[str, Any] | None:
    """Return what the page needs; None where there is nothing to say."""
    handover = job.handed_over
    if handover is not None:
        return _handed(job, handover, user)
    if job.state != JobState.PLANNED or not services.is_large(job):
        return None
    offers = [_offer(job, way, user) for way in Way if _concerns(job, way)]
    return {"offers": offers, "most": settings.HANDOVER_OBJECTS} if offers else None


def buttons(job: Job) -> list[tuple[str, Any, bool]]:
    """Return the buttons that only such jobs have, as `jobs.facts` lists them."""
    handover = job.handed_over
    waits = handover is not None and handover.step == Step.CONFIRMING and job.state == JobState.PAUSED
    return [("confirm", _("Confirm: let Amazon begin"), waits)]


def _concerns(job: Job, way: Way) -> bool:
    """Whether the page says anything of this way: nothing of what the store cannot, or no one set up."""
    if way is Way.RULE:
        return job.kind in rules.SLUGS
    if batch_operations.refusal(job.bucket.connection):
        return job.kind not in rules.SLUGS  # one calm sentence, where there is no other way
    return operations.is_set_up() or job.kind not in rules.SLUGS


def _offer(job: Job, way: Way, user: User) -> dict[str, Any]:
    said: dict[str, Any] = {
        "way": way.value,
        "title": _("S3 Batch Operations") if way is Way.BATCH else _("A lifecycle rule"),
        "button": _("Hand over to S3 Batch Operations")
        if way is Way.BATCH
        else _("Let a lifecycle rule do it"),
        "refusal": services.refusal(job, way),
    }
    if said["refusal"]:
        return said
    if way is Way.BATCH:
        said["meaning"] = [
            _("Amazon's own engine works through a list that the portal writes. It counts first, and waits "
              "until somebody confirms on this page; its report then tells of each object."),
            *_price(job),
            *operations.meaning(job),
        ]  # fmt: skip
    else:
        said["meaning"] = [in_words(rules.of(job, "")), *rules.meaning(job)]
    return said | {
        "asks_for_name": services.asks_for_name(job, way),
        "may": user.has_perms(services.rights(job, way)),
    }


def _price(job: Job) -> list[str]:
    price = costs.prices_of(job).batch(job.total)
    words = _("For the job itself Amazon bills %(price)s, beside what its requests and copies cost.")
    return [] if price is None else [words % {"price": dollars(round(price, 2))}]


def _handed(job: Job, handover: JobHandover, user: User) -> dict[str, Any]:
    told = handover.told
    said: dict[str, Any] = {
        "way": handover.get_way_display(),
        "step": handover.get_step_display(),
        "is_rule": handover.is_rule,
        "has_ended": job.has_ended,
        "made_at": handover.made_at,
        "confirmed_by": handover.confirmed_by_name,
    }
    if handover.is_rule:
        looked = told.get("at")
        return said | {
            "rule": rules.name_of(handover),
            "rule_words": in_words(handover.rule) if handover.rule else "",
            "left": told.get("left"),
            "looked_at": parse_datetime(looked) if looked else None,
            "look_at": handover.look_at,
        }
    return said | {
        "aws_job": handover.aws_job,
        "status": told.get("status", ""),
        "rows": handover.manifest.get("rows"),
        "total": told.get("total"),
        "priority": handover.priority,
        "may_set_priority": handover.step in services.LIVE
        and user.has_perms(services.rights(job, Way.BATCH)),
    }
