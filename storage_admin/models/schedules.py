"""What the portal does by itself, at its times: a row for each line of the timetable."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Schedule(models.Model):
    """When a line of the timetable ran last, what came of it, and when it is due next.

    What is done, and when, is in the settings and in `storage_admin.schedules`; the row is the truth
    about whose turn it is. `claim` is held by the worker that runs it. `timing` is the setting by
    which `next_due_at` was reckoned: another one reckons anew. Sweeps, which beat sends by
    themselves, have no `next_due_at` and no `started_at`.
    """

    class Outcome(models.TextChoices):
        """BEGUN: what it began goes on by itself. WAITS: something is in its way, and it says what."""

        DONE = "done", _("done")
        NOTHING = "nothing", _("nothing to do")
        BEGUN = "begun", _("begun")
        WAITS = "waits", _("waits")
        FAILED = "failed", _("failed")
        DIED = "died", _("its worker died")

    name = models.CharField(_("name"), max_length=32, unique=True, editable=False)
    timing = models.CharField(max_length=32, blank=True, editable=False)
    next_due_at = models.DateTimeField(_("next run"), null=True, editable=False)
    claim = models.UUIDField(null=True, editable=False)
    started_at = models.DateTimeField(_("last start"), null=True, editable=False)
    ended_at = models.DateTimeField(_("last end"), null=True, editable=False)
    outcome = models.CharField(
        _("outcome"), max_length=8, choices=Outcome.choices, blank=True, editable=False
    )
    message = models.TextField(_("message"), blank=True, editable=False)
    # Who pressed "Run now", until that run has ended.
    asked_by_name = models.CharField(_("asked for by"), max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["name"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(claim__isnull=True) | Q(started_at__isnull=False, ended_at__isnull=True),
                name="schedule_claimed_while_it_runs",
            ),
        ]

    def __str__(self) -> str:
        return self.name
