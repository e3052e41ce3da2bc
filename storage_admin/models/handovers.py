"""Jobs that Amazon works off: how far the handing over is, and what Amazon said last."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from storage_admin.models.jobs import Job


class HandoverWay(models.TextChoices):
    """Who works the job off."""

    BATCH = "batch", _("S3 Batch Operations")
    RULE = "rule", _("a lifecycle rule")


class HandoverStep(models.TextChoices):
    """What is to be done next."""

    # Of a Batch job.
    WRITING = "writing", _("its list of objects is written")
    CREATING = "creating", _("Amazon is asked to make the job")
    COUNTING = "counting", _("Amazon reads the list and counts")
    CONFIRMING = "confirming", _("Amazon waits until a person confirms")
    RELEASING = "releasing", _("Amazon is told to begin")
    FOLLOWING = "following", _("Amazon works on it")
    READING = "reading", _("Amazon's report is read")
    # Of a lifecycle rule.
    PUTTING = "putting", _("the rule is put into the bucket")
    WATCHING = "watching", _("the store goes by the rule")
    REMOVING = "removing", _("the rule is taken away")

    ENDED = "ended", _("ended")


class JobHandover(models.Model):
    """What the next worker must know of a job that was handed over; the row comes before the first call.

    `token` names the job at Amazon: asked twice with it, Amazon makes one job. `told` is what Amazon
    said last: {"status", "total", "done", "failed", "reasons"}. `manifest` and `report` are how far
    these were written and read; `tail` is the end of the manifest that is too short for a part of
    its own. `rule` is the lifecycle rule as it was put, `look` how far the last look at what is left is.
    """

    job = models.OneToOneField(Job, models.CASCADE, related_name="handover", verbose_name=_("job"))
    way = models.CharField(_("way"), max_length=5, choices=HandoverWay.choices)
    step = models.CharField(_("step"), max_length=10, choices=HandoverStep.choices)
    token = models.UUIDField(default=uuid.uuid4)
    aws_job = models.CharField(_("job at Amazon"), max_length=64, blank=True)
    priority = models.PositiveIntegerField(_("priority"), default=10)
    confirmed_by_name = models.CharField(_("confirmed by"), max_length=150, blank=True)
    told = models.JSONField(default=dict)
    manifest = models.JSONField(default=dict)
    tail = models.TextField(blank=True)
    report = models.JSONField(default=dict)
    rule = models.JSONField(default=dict)
    look = models.JSONField(default=dict)
    look_at = models.DateTimeField(_("looked at next"), null=True)
    made_at = models.DateTimeField(_("handed over"), auto_now_add=True)

    class Meta:
        verbose_name = _("job handed over")
        verbose_name_plural = _("jobs handed over")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.way} {self.job_id}"

    @property
    def is_rule(self) -> bool:
        return self.way == HandoverWay.RULE
