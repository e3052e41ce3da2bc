"""Is this bucket fit? The checks of one bucket, what mends them, and connecting a bucket by its name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access import admin_page, staff
from portal.errors import storage_unavailable
from portal.s3 import capabilities
from portal.s3.errors import BadRequest, S3Error, StorageUnavailable
from storage_admin import addresses, bucket_settings
from storage_admin.bucket_settings import reading
from storage_admin.buckets import changes, connecting, posture, posture_fixes
from storage_admin.buckets.posture import Posture
from storage_admin.buckets.posture_checks import Check
from storage_admin.buckets.setting_pages import SettingPages
from storage_admin.errors import StorageError
from storage_admin.models import Bucket


class ConnectForm(forms.Form):
    """Which bucket, by its connection and name."""

    connection = forms.ChoiceField(label=gettext_lazy("Connection"))
    name = forms.CharField(label=gettext_lazy("Name of the bucket"), max_length=255)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        field = self.fields["connection"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for mypy: declared above
        field.choices = [(alias, alias) for alias in settings.S3_CONNECTIONS]
        self.fields["name"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}


class PosturePages(SettingPages):
    """Pages of the posture. A mixin for a `ModelAdmin`; mending goes by the review of settings."""

    def posture_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        below = "<int:bucket_id>/posture/"
        return [
            path("connect/", self.connect_view, name="storage_admin_bucket_connect"),
            path(below, self.posture_view, name="storage_admin_bucket_posture"),
            path(f"{below}<slug:slug>/", self.fix_view, name="storage_admin_bucket_fix"),
        ]

    @admin_page(permission="storage_admin.view_bucket")
    def posture_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Check the bucket now, and keep what came of it."""

        def ask(bucket: Bucket) -> HttpResponseBase:
            extra = _shown(bucket, posture.check(bucket), may_fix=request.user.has_perm(changes.CONFIGURE))
            return self._settings_page(request, bucket, "posture", _("Posture"), extra)

        return self.asked(request, bucket_id, ask)

    @admin_page(permission=changes.CONFIGURE)
    def fix_view(self, request: HttpRequest, bucket_id: int, slug: str) -> HttpResponseBase:
        """Show what would mend a check as a change of its setting, to be reviewed; nothing is changed."""
        fix = posture_fixes.find(slug)
        setting = bucket_settings.find(fix.setting) if fix else None
        if fix is None or setting is None:
            raise Http404

        def ask(bucket: Bucket) -> HttpResponseBase:
            found = reading.read(setting, changes.place_of(bucket))
            if not found.is_known or fix.propose is None:
                return redirect(addresses.of_setting(bucket, setting.slug))  # it says why, or what is there
            lacks = capabilities.known(capabilities.server(bucket.connection))
            wanted = fix.propose(found.value, lacks)
            if wanted == found.value:
                messages.info(request, _("The bucket has that already: nothing would change."))
                return redirect(addresses.of_bucket(bucket, "posture"))
            return self._show_review(request, bucket, found, wanted)

        return self.asked(request, bucket_id, ask)

    @admin_page(permission=connecting.RIGHT)
    def connect_view(self, request: HttpRequest) -> HttpResponseBase:
        """Check a bucket that is named, show the checks, and add it to the list when that is confirmed."""
        data = request.POST if request.method == "POST" else request.GET
        form = ConnectForm(data if "name" in data else None, initial={"connection": data.get("connection")})
        context: dict[str, Any] = {"form": form}
        if form.is_valid():
            named = {one: form.cleaned_data[one] for one in ("connection", "name")}
            try:
                if request.method == "POST":
                    bucket = connecting.connect(actor=staff(request), **named)
                    messages.success(request, _("“%(name)s” is connected.") % {"name": bucket.name})
                    return redirect(addresses.of_bucket(bucket, "posture"))
                bucket = connecting.look_at(**named)
                context |= {"bucket": bucket, **_shown(bucket, posture.check(bucket), may_fix=False)}
            except StorageUnavailable as error:
                return storage_unavailable(request, self.admin_site.each_context(request), error=error)
            except (StorageError, BadRequest) as error:
                form.add_error("name", str(error))
            except S3Error as error:
                form.add_error(None, f"{error} ({error.code})")
        context |= {**self.admin_site.each_context(request), "title": _("Connect a bucket")}
        return TemplateResponse(request, "storage_admin/connect.html", context)


def _shown(bucket: Bucket, found: Posture, *, may_fix: bool) -> dict[str, Any]:
    """Return what the template of the checks shows."""
    return {
        "rows": [
            {"check": check, "fix_url": _fix_url(bucket, check) if may_fix else ""} for check in found.checks
        ],
        "counts": found.counts,
        "findings": found.facts.findings,
        "checked_at": timezone.localtime(),
    }


def _fix_url(bucket: Bucket, check: Check) -> str:
    fix = posture_fixes.fix_of(check)
    if fix is None:
        return ""
    if fix.propose is None:
        return addresses.of_setting(bucket, fix.setting)
    return addresses.of_bucket(bucket, "fix", check.slug)
