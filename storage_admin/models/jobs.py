"""Jobs and what became of each object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from storage_admin.models.handovers import JobHandover


class JobState(models.TextChoices):
    """Where a job stands. PARTIAL: it came to its end, and some objects failed."""

    DRAFT = "draft", _("being planned")
    PLANNED = "planned", _("planned")
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    PAUSING = "pausing", _("pausing")
    PAUSED = "paused", _("paused")
    CANCELLING = "cancelling", _("cancelling")
    CANCELLED = "cancelled", _("cancelled")
    DONE = "done", _("done")
    PARTIAL = "partial", _("partly done")
    FAILED = "failed", _("failed")


# A worker is, or soon will be, at work on it.
AT_WORK = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSING, JobState.CANCELLING)
ENDED = (JobState.CANCELLED, JobState.DONE, JobState.PARTIAL, JobState.FAILED)


class Job(models.Model):
    """One piece of work on many objects of a bucket.

    `selection` names the objects by a rule and is read again while the job runs (see
    `targets`); `parameters` are the kind's own. Counts are of objects or versions; bytes are
    theirs. `cursor` is where the next batch begins, `batch` the targets that are being worked
    on, `pace` the last minute as pairs of (unix time, handled so far).
    """

    class Trigger(models.TextChoices):
        PERSON = "person", _("a person")
        SCHEDULE = "schedule", _("the timetable")
        COMMAND = "command", _("a command")
        SELF_HEAL = "self-heal", _("the portal itself")

    kind = models.CharField(_("kind"), max_length=32, editable=False)
    bucket = models.ForeignKey(
        "storage_admin.Bucket", models.PROTECT, related_name="jobs", verbose_name=_("bucket"), editable=False
    )
    prefix = models.CharField(_("prefix"), max_length=1024, blank=True, editable=False)
    selection = models.JSONField(_("selection"), editable=False)
    parameters = models.JSONField(_("parameters"), default=dict, encoder=DjangoJSONEncoder, editable=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    state = models.CharField(
        _("state"), max_length=10, choices=JobState.choices, default=JobState.DRAFT, editable=False
    )
    stopped_because = models.TextField(_("stopped because"), blank=True, editable=False)
    plan = models.JSONField(_("plan"), default=dict, editable=False)
    total = models.PositiveBigIntegerField(_("planned"), default=0, editable=False)
    total_bytes = models.PositiveBigIntegerField(_("planned bytes"), default=0, editable=False)
    done = models.PositiveBigIntegerField(_("done"), default=0, editable=False)
    done_bytes = models.PositiveBigIntegerField(_("bytes done"), default=0, editable=False)
    skipped = models.PositiveBigIntegerField(_("skipped"), default=0, editable=False)
    failed = models.PositiveBigIntegerField(_("failed"), default=0, editable=False)
    result = models.JSONField(_("result"), default=dict, editable=False)

    passes = models.PositiveIntegerField(default=0, editable=False)
    cursor = models.JSONField(null=True, editable=False)
    batch = models.JSONField(null=True, editable=False)
    claim = models.UUIDField(null=True, editable=False)
    beat_at = models.DateTimeField(_("last sign of life"), null=True, editable=False)
    pace = models.JSONField(default=list, editable=False)

    trigger = models.CharField(
        _("trigger"), max_length=10, choices=Trigger.choices, default=Trigger.PERSON, editable=False
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    made_by_name = models.CharField(_("who"), max_length=150, editable=False)
    approved_by_name = models.CharField(_("approved by"), max_length=150, blank=True, editable=False)
    request_id = models.CharField(max_length=64, blank=True, editable=False)
    retry_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="retries", editable=False)
    made_at = models.DateTimeField(_("made"), auto_now_add=True, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, editable=False)
    acknowledged_by_name = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "bucket", "prefix"],
                condition=Q(state__in=AT_WORK),
                name="one_job_at_work",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, ended_at__isnull=False)
                | (~Q(state__in=ENDED) & Q(ended_at__isnull=True)),
                name="job_ended_at",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "beat_at"], name="job_by_state"),
            models.Index(fields=["bucket", "-id"], name="job_of_bucket"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_at_work(self) -> bool:
        return self.state in AT_WORK

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def handled(self) -> int:
        """How many targets have an outcome."""
        return self.done + self.skipped + self.failed

    @property
    def handed_over(self) -> JobHandover | None:
        """How the job is worked off at Amazon; None where workers of the portal do it."""
        return getattr(self, "handover", None)


class JobItem(models.Model):
    """What became of one target: failures always, successes where the kind keeps them.

    `target` is the SHA-256 of key and version: keys are too long for an index of PostgreSQL.
    """

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    job = models.ForeignKey(Job, models.CASCADE, related_name="items", verbose_name=_("job"))
    target = models.CharField(max_length=64)
    key = models.CharField(_("key"), max_length=1024)
    version_id = models.CharField(_("version"), max_length=1024, blank=True)
    bytes = models.PositiveBigIntegerField(_("bytes"), default=0)
    outcome = models.CharField(_("outcome"), max_length=6, choices=Outcome.choices)
    code = models.CharField(_("code"), max_length=64, blank=True)
    message = models.TextField(_("message"), blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=1)
    # What the act made, for its undo: a marker's id, a new version's.
    made = models.CharField(max_length=1024, blank=True)
    at = models.DateTimeField(_("when"), auto_now=True)

    class Meta:
        verbose_name = _("object of a job")
        verbose_name_plural = _("objects of jobs")
        ordering = ["id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["job", "target"], name="job_item_once")]
        indexes = [models.Index(fields=["job", "outcome", "code", "id"], name="job_item_by_outcome")]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.key}"
