"""The mirror in the admin: the items, which ask nobody, and one page of how both sides stand."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from pets.models import Pet
from photos.models import Photo
from portal.access import admin_page, staff
from portal.aws import tables
from portal.aws.errors import NotThere, ServiceError
from portal.display import ago
from portal.model_admin import LateList, RecordAdmin
from portal.s3.errors import S3Error
from storage_admin.mirror import items, services, writing
from storage_admin.models import MirrorCheck, MirrorItem

SEE = "storage_admin.view_mirroritem"
DUE, REFUSED = "due", "refused"
_MODELS: dict[str, type[Pet] | type[Photo]] = {MirrorItem.Table.PETS: Pet, MirrorItem.Table.PHOTOS: Photo}


class StateFilter(admin.SimpleListFilter):
    """Whether DynamoDB has the newest."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("sent", _("sent")), (DUE, _("due")), (REFUSED, _("refused"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[MirrorItem]) -> QuerySet[MirrorItem]:
        if self.value() == "sent":
            return queryset.filter(sent__gte=F("changes"))
        if self.value() in {DUE, REFUSED}:
            due = queryset.filter(writing.DUE)
            return due.exclude(error="") if self.value() == REFUSED else due
        return queryset


class NamedList(LateList):
    """A page of items that knows what they are called: two queries, whatever its length."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and the names of its pets and photos."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        for which, model in _MODELS.items():
            of_table = [one for one in self.result_list if one.table == which]
            rows = model._default_manager.in_bulk([one.item for one in of_table])
            for one in of_table:
                one.row = rows.get(one.item)


class MirrorItemAdmin(RecordAdmin):
    """Rows are only read. Hidden where the mirror is off."""

    list_display = ("named", "table", "state", "due_since", "attempts", "error")
    list_filter = (StateFilter, "table")
    search_fields = ("item__exact",)
    search_help_text = _("The number of a pet or a photo.")
    ordering = ("-id",)
    fields = ("item", "of", "table", "state", "changes", "sent", "due_since", "attempts", "error")
    readonly_fields = fields
    change_list_template = "admin/storage_admin/mirroritem/change_list.html"
    empty_words = _("`manage.py setup_dynamodb` makes the tables, and an item for each pet and photo.")

    def get_urls(self) -> list[URLPattern]:
        return [
            path("status/", self.status_view, name="storage_admin_mirroritem_status"),
            path("compare/", self.compare_view, name="storage_admin_mirroritem_compare"),
            path("send/", self.send_view, name="storage_admin_mirroritem_send"),
            *super().get_urls(),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LateList]:
        """Return the class of the list."""
        return NamedList

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Silent where it is off."""
        return settings.DYNAMODB_MIRROR and super().has_module_permission(request)

    @admin.display(description=_("item"))
    def named(self, item: MirrorItem) -> str:
        """What the pet or the photo is called; a number where its row is gone."""
        row = getattr(item, "row", None)
        return str(row) if row else f"{item.item} ({gettext('gone')})"

    @admin.display(description=_("of"))
    def of(self, item: MirrorItem) -> SafeString | str:
        """The way to the pet or the photo."""
        model = _MODELS[item.table]
        row = model._default_manager.filter(pk=item.item).first()
        if row is None:
            return gettext("The row is gone; DynamoDB keeps its number, with the status “deleted”.")
        url = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
        return format_html('<a href="{}">{}</a>', url, row)

    @admin.display(description=_("state"))
    def state(self, item: MirrorItem) -> str:
        if item.sent >= item.changes:
            return gettext("sent")
        return gettext("refused") if item.error else gettext("due")

    @admin.display(description=_("due since"), ordering="since")
    def due_since(self, item: MirrorItem) -> str | SafeString:
        return ago(item.since) if item.since and item.sent < item.changes else "–"

    @admin_page(permission=SEE)
    def status_view(self, request: HttpRequest) -> HttpResponseBase:
        """Both tables as DynamoDB tells them now, what is due, and the last comparisons."""
        count, oldest = writing.lag()
        context = {
            **self.admin_site.each_context(request),
            "title": _("The mirror in DynamoDB"),
            "is_on": settings.DYNAMODB_MIRROR,
            "tables": [_asked(which) for which in MirrorItem.Table] if settings.DYNAMODB_MIRROR else [],
            "due": count,
            "due_since": oldest,
            "refused": writing.due().exclude(error="").count(),
            "checks": MirrorCheck.objects.all()[:5],
            "may_check": staff(request).has_perm(services.RIGHT),
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "storage_admin/mirror.html", context)

    @admin_page(permission=SEE, post_only=True)
    def compare_view(self, request: HttpRequest) -> HttpResponseBase:
        """Let a worker compare both sides."""
        services.compare(actor=staff(request))
        messages.success(request, _("A worker compares both sides, and sends what differs."))
        return redirect("admin:storage_admin_mirroritem_status")

    @admin_page(permission=SEE, post_only=True)
    def send_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send again what was refused."""
        count = services.send_refused(actor=staff(request))
        words = ngettext("%(count)d item is sent again.", "%(count)d items are sent again.", count)
        messages.success(request, words % {"count": count})
        return redirect("admin:storage_admin_mirroritem_status")


def _asked(which: str) -> dict[str, Any]:
    """Return what DynamoDB says of a table, or why it says nothing."""
    table = items.table(which)
    told: dict[str, Any] = {"name": table.name, "rows": MirrorItem.objects.filter(table=which).count()}
    try:
        return told | {"state": tables.state(table)}
    except NotThere:
        return told | {"problem": gettext("It is not there: run `manage.py setup_dynamodb`.")}
    except (ServiceError, S3Error) as error:
        return told | {"problem": str(error), "code": error.code}
