"""Filters of the photo list; each has an index that fits it."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from pets.models import Pet
from photos.choices import PhotoStatus
from photos.models import Photo, without_photo
from photos.querysets import PhotoQuerySet

UNDER_WAY = "under_way"
UNDER_WAY_STATUSES = (PhotoStatus.PENDING, PhotoStatus.STORED, PhotoStatus.PROCESSING)
STUCK = "stuck"


class StatusFilter(admin.SimpleListFilter):
    """Without a choice: all that is live. The trash and the refused are asked for."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            (PhotoStatus.READY, PhotoStatus.READY.label),
            (UNDER_WAY, _("under way")),
            (STUCK, _("stuck")),
            (PhotoStatus.FAILED, PhotoStatus.FAILED.label),
            (PhotoStatus.REJECTED, PhotoStatus.REJECTED.label),
            (PhotoStatus.TRASHED, PhotoStatus.TRASHED.label),
        ]

    def choices(self, changelist: Any) -> Any:
        live, *rest = super().choices(changelist)
        yield {**live, "display": _("all but the trash")}
        yield from rest

    def queryset(self, request: HttpRequest, queryset: QuerySet[Photo]) -> QuerySet[Photo]:
        photos = cast("PhotoQuerySet", queryset)
        match self.value():
            case None:
                return photos.live()
            case "under_way":
                return queryset.filter(status__in=UNDER_WAY_STATUSES)
            case "stuck":
                return photos.stuck()
            case PhotoStatus.READY:
                # Nearly all are ready. Asked for as "status = ready" SQLite reads them all by the index
                # of the status; so it leaves the few others out, on its way along a better one.
                return photos.live().exclude(status__in=[*UNDER_WAY_STATUSES, PhotoStatus.FAILED])
            case status:
                return queryset.filter(status=status)


class PhotoFilter(admin.SimpleListFilter):
    """For the pets' list: those without a picture."""

    title = _("photo")
    parameter_name = "photo"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("without a photo"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Pet]) -> QuerySet[Pet]:
        return without_photo(queryset) if self.value() == "none" else queryset


class PetFilter(admin.SimpleListFilter):
    """Photos that wait for somebody who knows the pet."""

    title = _("pet")
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("not known yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Photo]) -> QuerySet[Photo]:
        return queryset.filter(pet__isnull=True) if self.value() == "no" else queryset
