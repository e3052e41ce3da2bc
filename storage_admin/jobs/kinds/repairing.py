"""Repairing what reconciliation found, finding by finding; each asks row and store again, none destroys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3.errors import S3Error, StorageUnavailable
from storage_admin.errors import StorageError
from storage_admin.jobs.kind import Beat, Done, Failed, Kind, Outcome, Skip, Skipped
from storage_admin.jobs.one_by_one import stops_job
from storage_admin.jobs.targets import Selection, Target
from storage_admin.models import Bucket, Finding, Job
from storage_admin.reconciliation import repairing
from storage_admin.reconciliation.repairs import REPAIRS

_GONE = Skip("gone", gettext_lazy("It is not as it was found any more: nothing had to be done."))
_NO_FINDING = Skip("no-finding", gettext_lazy("There is no such finding any more."))
_DEALT_WITH = {Finding.State.REPAIRED, Finding.State.SET_ASIDE}


class RepairForm(forms.Form):
    """Which findings, and what is done about them."""

    found = forms.ChoiceField(label=gettext_lazy("Findings"), choices=Finding.Kind.choices)
    repair = forms.ChoiceField(
        label=gettext_lazy("Repair"), choices=[(name, one.label) for name, one in REPAIRS.items()]
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a repair that is none for such findings."""
        given = self.cleaned_data
        if not self.errors and given["repair"] not in repairing.repairs_of(given["found"]):
            self.add_error("repair", _("There is no such repair for this."))
        return given


class Repair(Kind):
    """Does to all findings of a kind what a person could do to each."""

    slug = "repair"
    title = gettext_lazy("Repair what reconciliation found")
    explanation = gettext_lazy("Repairs all findings of a kind, each after row and store were asked again.")
    right = repairing.RIGHT
    keeps_successes = True
    is_drafted_elsewhere = True
    selections = ("findings",)
    form_class = RepairForm
    batch_size = 20  # a few calls each, one after the other: below ten seconds

    def selection(self, job_prefix: str, parameters: dict[str, Any]) -> Selection:
        states = [state.value for state in REPAIRS[parameters["repair"]].states]
        return {"what": "findings", "kind": parameters["found"], "states": states, "prefix": job_prefix}

    def rights(self, bucket: Bucket, parameters: dict[str, Any]) -> tuple[str, ...]:
        further = REPAIRS[parameters["repair"]].right
        return (self.right, further) if further else (self.right,)

    def obstacle(self, job: Job) -> str:
        """Return why nothing may rest on the last scan: it is incomplete, or raised the alarm."""
        if REPAIRS[job.parameters["repair"]].is_retreat:
            return ""
        return repairing.distrust(repairing.newest(job.bucket))

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        found, last = _found(job, targets), repairing.newest(job.bucket)
        chosen = REPAIRS[job.parameters["repair"]]
        return [_judged(found.get(_name(target)), last, chosen) for target in targets]

    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        """Repair one after the other: each asks the database, which threads may not."""
        found = _found(job, targets)
        outcomes = []
        for target in targets:
            outcomes.append(_repaired(job, target, found.get(_name(target))))
            beat()
        return outcomes

    def requests(self, targets: int) -> dict[str, int]:
        return {"HeadObject": targets}

    def meaning(self, job: Job) -> list[str | Promise]:
        return [
            gettext_lazy("Row and store are asked again before each repair. No object is deleted."),
            gettext_lazy("What came of each stands beside the finding, and in its history."),
        ]


def _name(target: Target) -> str:
    return Finding.target_of(target.key, target.version_id)


def _found(job: Job, targets: Sequence[Target]) -> dict[str, Finding]:
    named = [_name(target) for target in targets]
    rows = Finding.objects.select_related("bucket").filter(
        bucket=job.bucket_id, kind=job.parameters["found"], target__in=named
    )
    return {row.target: row for row in rows}


def _judged(finding: Finding | None, last: Any, chosen: Any) -> Skip | None:
    if finding is None:
        return _NO_FINDING
    against = repairing.obstacle(finding, last, chosen)
    return Skip(against.code, against.sentence) if against else None


def _repaired(job: Job, target: Target, finding: Finding | None) -> Outcome:
    if finding is None:
        return Skipped(target, _NO_FINDING)
    if _was_done_by_this(job, finding):
        return Done(target, note=finding.message)
    actor = job.made_by if job.trigger == Job.Trigger.PERSON else None
    try:
        outcome = repairing.repair(actor=actor, finding=finding, name=job.parameters["repair"])
    except StorageUnavailable:
        raise
    except S3Error as error:
        if stops_job(error):
            raise
        return Failed(target, error.code or type(error).__name__, str(error))
    except StorageError as error:
        return Failed(target, "NotPossible", str(error))
    if outcome.state == Finding.State.GONE:
        return Skipped(target, _GONE)
    return Done(target, note=outcome.message)


def _was_done_by_this(job: Job, finding: Finding) -> bool:
    """Whether a worker before this one did it and died before it could say so."""
    return bool(
        job.started_at and finding.closed_at and finding.closed_at >= job.started_at
        and finding.state in _DEALT_WITH
        and finding.state not in REPAIRS[job.parameters["repair"]].states
    )  # fmt: skip
