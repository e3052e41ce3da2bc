"""Staff accounts; the audit trail is in `portal.audit`."""

from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.audit import AuditEvent

__all__ = ["AuditEvent", "User"]


def validate_time_zone(name: str) -> None:
    """Refuse a name that the time zone database does not know."""
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone; try Europe/Berlin."), params={"name": name})


class User(AbstractUser):
    """A member of staff."""

    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text=_("For example Europe/Berlin. Empty: the portal's own."),
    )
