"""The audit trail: who did what to which thing, kept although the person or the thing goes.

Django's own `LogEntry` is no audit: it goes with the user (`on_delete=CASCADE`).
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import models
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

INDEXED_KEY_CHARACTERS = 200
# Ids follow time, but for the clocks of several machines: so far may they be apart.
CLOCK_SKEW = timedelta(hours=1)
# Put as a note on an exception whose refusal is in the audit already.
RECORDED = "This refusal is in the audit."


class AuditEvent(models.Model):
    """One thing that happened. Rows are only ever added."""

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")

    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    actor_name = models.CharField(_("who, as text"), max_length=150)
    action = models.CharField(_("what"), max_length=64)
    target_type = models.CharField(max_length=64, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    # Names of before 2018 may have 255 characters; S3 keys have at most 1,024 bytes.
    bucket = models.CharField(max_length=255, blank=True)
    key = models.CharField(max_length=1024, blank=True)
    version_id = models.CharField(max_length=1024, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.DONE)
    message = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit event")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["target_type", "target_id", "-id"], name="audit_target"),
            # One for each filter of the list, in the list's order.
            models.Index(fields=["action", "-id"], name="audit_action"),
            models.Index(fields=["actor_name", "-id"], name="audit_actor_name"),
            models.Index(fields=["bucket", "-id"], name="audit_bucket"),
            models.Index(fields=["outcome", "-id"], name="audit_outcome"),
            # Of a key its beginning: an entry of PostgreSQL's index holds 2,704 bytes at most.
            models.Index(
                "bucket", Left("key", INDEXED_KEY_CHARACTERS), models.F("id").desc(), name="audit_object"
            ),
        ]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target_type} {self.target_id}".strip()


def of_object(bucket: str, key: str) -> models.QuerySet[AuditEvent]:
    """Return what happened to one object, newest first; read along an index."""
    events = AuditEvent.objects.annotate(beginning=Left("key", INDEXED_KEY_CHARACTERS))
    return events.filter(beginning=key[:INDEXED_KEY_CHARACTERS], bucket=bucket, key=key)


def between(
    events: models.QuerySet[AuditEvent], since: datetime | None, until: datetime | None
) -> models.QuerySet[AuditEvent]:
    """Return those from `since` on and before `until`; both are aware, and None means no limit.

    The list is sorted by id: bounds of ids keep the database from sorting all that lies in between.
    """
    if since is not None:
        before = AuditEvent.objects.filter(at__lt=since - CLOCK_SKEW).order_by("-at").values("pk").first()
        events = events.filter(at__gte=since, pk__gt=before["pk"] if before else 0)
    if until is not None:
        after = AuditEvent.objects.filter(at__gte=until + CLOCK_SKEW).order_by("at").values("pk").first()
        events = events.filter(at__lt=until, **({"pk__lt": after["pk"]} if after else {}))
    return events


def record(
    action: str,
    *,
    actor: Any = None,
    target: models.Model | None = None,
    bucket: str = "",
    key: str = "",
    version_id: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    outcome: AuditEvent.Outcome = AuditEvent.Outcome.DONE,
    message: str = "",
    actor_name: str = "",
) -> AuditEvent:
    """Write one event, in the caller's transaction: the change and its trace stand or fall together.

    `actor` is a user, or None for the portal itself; `actor_name` is for somebody without an account,
    such as a store that a rule made delete something. The request id comes from the
    logging context, which requests and tasks share.
    """
    known = actor if actor is not None and actor.pk is not None else None
    return AuditEvent.objects.create(
        actor=known,
        actor_name=known.get_username() if known else (actor_name or "portal")[:150],
        action=action,
        target_type=target._meta.label_lower if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        bucket=bucket,
        key=key,
        version_id=version_id,
        before=before,
        after=after,
        outcome=outcome,
        message=message,
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
    )
