"""Filters of the audit's list; each goes along an index, at a million events as at a hundred."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import audit, counts
from portal.audit import AuditEvent

MOST_CHOICES = 100  # more do not fit beside a list; the search finds the others
FROM, TO = "from", "to"


class _ValueFilter(admin.SimpleListFilter):
    """The values of one column, found by hopping along its index."""

    field = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (value, value) for value in counts.distinct(AuditEvent.objects.all(), self.field, MOST_CHOICES)
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        value = self.value()
        if not value:
            return queryset
        # PostgreSQL takes no text with a NUL in it, not even to look for.
        return queryset.none() if "\0" in value else queryset.filter(**{self.field: value})


class ActionFilter(_ValueFilter):
    """What was done."""

    title = _("what")
    parameter_name = "action"
    field = "action"


class ActorFilter(_ValueFilter):
    """Who did it, by the name that was kept: the account may be gone."""

    title = _("who")
    parameter_name = "who"
    field = "actor_name"


class BucketFilter(_ValueFilter):
    """In which bucket."""

    title = _("bucket")
    parameter_name = "bucket"
    field = "bucket"


class OutcomeFilter(admin.SimpleListFilter):
    """How it went."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(outcome.value, outcome.label) for outcome in AuditEvent.Outcome]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        known = self.value() in AuditEvent.Outcome.values
        return queryset.filter(outcome=self.value()) if known else queryset


class WhenFilter(admin.ListFilter):
    """From one day to another, both included, in the time zone of whoever looks."""

    title = _("when")
    template = "portal/filter_days.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            if name in params:
                # A list of values, as the address may name one twice: the last one counts.
                self.used_parameters[name] = params.pop(name)[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [FROM, TO]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        first, last = self._day(FROM), self._day(TO)
        since = _midnight(first) if first else None
        return audit.between(queryset, since, _midnight(last + timedelta(days=1)) if last else None)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """Yield one entry, the form: its two days, what else the address holds, and the usual spans."""
        today = timezone.localdate()
        spans = ((gettext("Today"), 0), (gettext("7 days"), 6), (gettext("30 days"), 29))
        yield {
            "from": self.used_parameters.get(FROM, ""),
            "to": self.used_parameters.get(TO, ""),
            "kept": [
                (name, value)
                for name, values in changelist.filter_params.items()
                if name not in {FROM, TO, PAGE_VAR}
                for value in values
            ],
            "query": changelist.query,
            "is_set": bool(self.used_parameters),
            "clear": changelist.get_query_string(remove=[FROM, TO]),
            "spans": [
                {
                    "label": label,
                    "url": changelist.get_query_string(
                        {FROM: (today - timedelta(days=days)).isoformat()}, [TO]
                    ),
                }
                for label, days in spans
            ],
        }

    def _day(self, name: str) -> date | None:
        """Return the day that the address names; None for none, and for what is no day."""
        try:
            return parse_date(str(self.used_parameters.get(name, "")))
        except ValueError:  # well formed, but no day, such as 2026-02-30
            return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
