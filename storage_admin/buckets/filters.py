"""Filters of the list of buckets."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from storage_admin.buckets.posture_checks import Outcome
from storage_admin.models import Bucket

FAILED = "failed"


def with_failed_checks() -> QuerySet[Bucket]:
    """Return the buckets that are there and whose last check found something that fails."""
    return Bucket.objects.filter(gone_since=None, **{f"posture__{Outcome.FAIL.value}__gt": 0})


class FailedChecks(admin.SimpleListFilter):
    """Buckets with failed checks."""

    title = _("posture")
    parameter_name = "posture"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Return the one choice."""
        return [(FAILED, _("with failed checks"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Bucket]) -> QuerySet[Bucket]:
        """Keep those, if they were asked for."""
        if self.value() != FAILED:
            return queryset
        return queryset.filter(pk__in=with_failed_checks().values("pk"))
