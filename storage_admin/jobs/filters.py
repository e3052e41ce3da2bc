"""Filters of the list of jobs."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from storage_admin.jobs import kinds
from storage_admin.models import HandoverStep, HandoverWay, Job, JobState

UNNOTED, SOME = "unnoted", "some"
UNCONFIRMED = "unconfirmed"


def with_failures() -> QuerySet[Job]:
    """Return the jobs that failed, wholly or partly, and that nobody has taken note of."""
    return Job.objects.filter(state__in=(JobState.FAILED, JobState.PARTIAL), acknowledged_at=None)


def unconfirmed() -> QuerySet[Job]:
    """Return the jobs with which Amazon begins when somebody has confirmed its count."""
    return Job.objects.filter(state=JobState.PAUSED, handover__step=HandoverStep.CONFIRMING)


class OfKind(admin.SimpleListFilter):
    """Jobs of one kind, by its title."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Return the kinds that this version of the portal has."""
        return [(kind.slug, kind.title) for kind in kinds.EVERY]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Keep the jobs of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class WithFailures(admin.SimpleListFilter):
    """Jobs with failures: those that nobody has taken note of, or all."""

    title = _("failures")
    parameter_name = "failures"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices: what Today counts, and all."""
        return [(UNNOTED, _("not noted yet")), (SOME, _("some, noted or not"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Keep those, if they were asked for."""
        if self.value() == SOME:
            return queryset.filter(Q(failed__gt=0) | Q(state=JobState.FAILED))
        return queryset.filter(pk__in=with_failures().values("pk")) if self.value() == UNNOTED else queryset


class HandedOver(admin.SimpleListFilter):
    """Jobs that Amazon works off, and among them those that wait for a person."""

    title = _("handed over")
    parameter_name = "handed"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices: what Today counts, and the two ways."""
        return [(UNCONFIRMED, _("to be confirmed")), *HandoverWay.choices]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Keep those, if they were asked for."""
        if self.value() in HandoverWay.values:
            return queryset.filter(handover__way=self.value())
        return queryset.filter(pk__in=unconfirmed().values("pk")) if self.value() else queryset
