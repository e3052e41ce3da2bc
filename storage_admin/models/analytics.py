"""The exports for analysis: one row for each, whether it came to its end or not."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class AnalyticsExport(models.Model):
    """One export of pets, photos and usage as Parquet; at most one is under way.

    `name` is the moment of the beginning, in UTC, to the microsecond: the later of two has the higher name,
    and the files lie in folders of that name. `cursor` says which table is being written, after which key,
    and the number of its next part; `files` are the parts that lie in the bucket: table, key, rows, bytes,
    SHA-256.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    name = models.CharField(_("name"), max_length=32, unique=True, editable=False)
    day = models.DateField(_("day"), editable=False)
    connection = models.CharField(_("connection"), max_length=64, editable=False)
    bucket = models.CharField(_("bucket"), max_length=255, editable=False)
    prefix = models.CharField(_("prefix"), max_length=255, blank=True, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.RUNNING, editable=False
    )
    cursor = models.JSONField(default=dict, editable=False)
    files = models.JSONField(_("files"), default=list, editable=False)
    error = models.TextField(_("error"), blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)  # since the last part
    claim = models.UUIDField(null=True, editable=False)
    beat_at = models.DateTimeField(_("last sign of life"), null=True, editable=False)
    made_by_name = models.CharField(_("who"), max_length=150, editable=False)
    begun_at = models.DateTimeField(_("begun"), editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    class Meta:
        verbose_name = _("export for analysis")
        verbose_name_plural = _("exports for analysis")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("export_analytics", _("Can export pets, photos and usage for analysis"))]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="one_export_runs"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rows(self) -> int:
        """How many rows its files hold so far."""
        return sum(one["rows"] for one in self.files)

    @property
    def bytes(self) -> int:
        """How large its files are together so far."""
        return sum(one["bytes"] for one in self.files)
