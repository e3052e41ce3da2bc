"""The runs of Glue jobs that the portal was asked to start."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class GlueRun(models.Model):
    """One ask for a run: written before Glue is asked, so that it is started once, and followed to its end.

    `marker` travels as an argument of the run: whoever finds `tried_at` set and no `run_id` looks for it
    among Glue's runs before anything is started. `state` is Glue's own word, but for the first two.
    """

    class State(models.TextChoices):
        ASKED = "ASKED", _("waits to be started")
        REFUSED = "REFUSED", _("not started")
        STARTING = "STARTING", _("starting")
        WAITING = "WAITING", _("waits for room")
        RUNNING = "RUNNING", _("running")
        STOPPING = "STOPPING", _("stopping")
        STOPPED = "STOPPED", _("stopped")
        SUCCEEDED = "SUCCEEDED", _("done")
        FAILED = "FAILED", _("failed")
        TIMEOUT = "TIMEOUT", _("ran too long")
        ERROR = "ERROR", _("error of Glue")
        EXPIRED = "EXPIRED", _("found no room in time")

    class Trigger(models.TextChoices):
        PERSON = "person", _("by a person")
        EXPORT = "export", _("after an export")
        SCHEDULE = "schedule", _("by the timetable")

    job = models.CharField(_("Glue job"), max_length=255, editable=False)
    arguments = models.JSONField(_("arguments"), default=dict, editable=False)
    # One run for each: of a form that was sent twice, an export that ended twice, a line that ran twice.
    ask = models.CharField(max_length=300, unique=True, editable=False)
    trigger = models.CharField(_("trigger"), max_length=8, choices=Trigger.choices, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    made_by_name = models.CharField(_("who"), max_length=150, editable=False)
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True, editable=False)
    marker = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # No choices: Glue may learn new words.
    state = models.CharField(_("state"), max_length=32, default=State.ASKED, editable=False)
    error = models.TextField(_("error"), blank=True, editable=False)
    tried_at = models.DateTimeField(null=True, editable=False)
    run_id = models.CharField(_("run"), max_length=255, blank=True, editable=False)
    log_group = models.CharField(max_length=512, blank=True, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    seconds = models.PositiveIntegerField(_("seconds at work"), null=True, editable=False)
    stop_asked_at = models.DateTimeField(null=True, editable=False)
    stop_asked_by_name = models.CharField(_("stopped by"), max_length=150, blank=True, editable=False)
    acknowledged_at = models.DateTimeField(_("noted"), null=True, editable=False)
    acknowledged_by_name = models.CharField(_("noted by"), max_length=150, blank=True, editable=False)
    claim = models.UUIDField(null=True, editable=False)
    beat_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("Glue run")
        verbose_name_plural = _("Glue runs")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("run_glue", _("Can start and stop Glue jobs"))]
        indexes = [
            models.Index(fields=["id"], condition=Q(ended_at__isnull=True), name="glue_run_open"),
            models.Index(fields=["id"], condition=Q(acknowledged_at__isnull=True), name="glue_run_unnoted"),
        ]

    def __str__(self) -> str:
        return f"{self.job} #{self.pk}"

    def get_state_display(self) -> str:
        """Return Glue's word in the reader's language, or the word itself where it is a new one."""
        return str(dict(self.State.choices).get(self.state, self.state))
