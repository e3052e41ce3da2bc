"""Buckets in the admin: the list, a bucket's page, and below it the browser and the objects."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.display import ago
from portal.model_admin import PortalModelAdmin
from storage_admin.browser_pages import BrowserPages
from storage_admin.models import Bucket
from storage_admin.object_pages import ObjectPages


@admin.register(Bucket)
class BucketAdmin(BrowserPages, ObjectPages, PortalModelAdmin):
    """The list and a bucket's own page show rows: they ask the store nothing."""

    list_display = ("name", "contents", "connection", "region", "versioning_read", "state", "checked")
    list_filter = ("connection", "versioning")
    search_fields = ("name",)
    ordering = ("connection", "name")
    actions = None
    fields = (
        "name", "connection", "region", "versioning_read", "state", "first_seen", "checked", "last_error",
    )  # fmt: skip
    readonly_fields = ("versioning_read", "state", "checked", "first_seen", "last_error")
    change_form_template = "admin/storage_admin/bucket/change_form.html"
    change_list_template = "admin/storage_admin/bucket/change_list.html"
    view_on_site = False
    empty_words = _("The portal looks for buckets by itself soon after its start. Or look now.")

    def get_urls(self) -> list[URLPattern]:
        return [*self.browser_urls(), *self.object_urls(), *super().get_urls()]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Rows come from looking for buckets."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """What a row says is read from the store."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """The row of a bucket that is gone says so."""
        return False

    @admin.display(description=_("objects"))
    def contents(self, bucket: Bucket) -> SafeString:
        """The way to the browser."""
        address = reverse("admin:storage_admin_bucket_browse", args=[bucket.pk])
        return format_html(
            '<a href="{}">{}<span class="visually-hidden"> {}</span></a>', address, gettext("Browse"), bucket
        )

    @admin.display(description=_("versioning"), ordering="versioning")
    def versioning_read(self, bucket: Bucket) -> str:
        """What was read when the bucket was opened last."""
        return bucket.get_versioning_display() or gettext("not read yet")

    @admin.display(description=_("state"))
    def state(self, bucket: Bucket) -> SafeString | str:
        """Whether it is there, as far as was seen last."""
        if bucket.gone_since is not None:
            return format_html(
                '<span class="badge badge-failed">{}</span> {}', gettext("gone"), ago(bucket.gone_since)
            )
        if not bucket.is_connected:
            return format_html('<span class="badge badge-failed">{}</span>', gettext("connection gone"))
        if bucket.last_error:
            return format_html(
                '<span class="badge badge-failed" title="{}">{}</span>', bucket.last_error, gettext("error")
            )
        return gettext("there")

    @admin.display(description=_("last check"), ordering="last_checked")
    def checked(self, bucket: Bucket) -> str | SafeString:
        """When the store was asked last, relative."""
        return ago(bucket.last_checked)
