"""Ways from an audit event to what it is about. Apps register theirs in their `AppConfig.ready()`."""

from collections.abc import Callable
from dataclasses import dataclass

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from portal.audit import AuditEvent


@dataclass(frozen=True)
class Way:
    """A link in words."""

    label: str
    url: str


# Given the request and the event; None where there is no page, or the user may not open it.
Provider = Callable[[HttpRequest, AuditEvent], Way | None]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Let an app show the way to things of its own that are no rows."""
    if provider not in _providers:
        _providers.append(provider)


def ways(request: HttpRequest, event: AuditEvent) -> list[Way]:
    """Return the pages of what the event is about that this user may open: its row, then what apps add."""
    found = [_row(request, event), *(provider(request, event) for provider in _providers)]
    return [way for way in found if way is not None]


def _row(request: HttpRequest, event: AuditEvent) -> Way | None:
    """Return the way to the row, while it is there."""
    try:
        model = apps.get_model(event.target_type)
        model_admin = admin.site.get_model_admin(model)
        row = model._default_manager.filter(pk=model._meta.pk.to_python(event.target_id)).first()
    except (LookupError, ValueError, NotRegistered, ValidationError):
        return None
    if row is None or not model_admin.has_view_or_change_permission(request, row):
        return None
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
    return Way(f"{model._meta.verbose_name}: {row}", address)
