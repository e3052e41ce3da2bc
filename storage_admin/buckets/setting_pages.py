"""The settings of a bucket: all at a glance, each with its form, the review before a change, the history."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access import admin_page, staff
from portal.display import ago
from portal.paging import LatePaginator
from portal.s3.errors import BucketNotFound, S3Error, StorageUnavailable
from portal.s3.versioning import Versioning
from portal.undo import offer_undo
from storage_admin import addresses, bucket_settings
from storage_admin.bucket_settings import reading
from storage_admin.bucket_settings.reading import Reading
from storage_admin.bucket_settings.setting import Level, Setting, SettingForm
from storage_admin.buckets import changes, looking
from storage_admin.buckets import history as change_history
from storage_admin.models import Bucket, BucketChange
from storage_admin.store_pages import StorePages

SEE = "storage_admin.view_bucket"
HISTORY_PAGE = 50
FORM_SECONDS = 12 * 3600
# What a form carries is signed: a person changes it by the form's fields alone.
_SEEN, _WANTED = "storage_admin.setting.seen", "storage_admin.setting.wanted"


class SettingPages(StorePages):
    """Pages of settings. A mixin for a `ModelAdmin`."""

    def setting_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        below = "<int:bucket_id>/settings/"
        history, one = f"{below}history/", f"{below}<slug:slug>/"
        return [
            path(below, self.settings_view, name="storage_admin_bucket_settings"),
            path(history, self.history_of_settings_view, name="storage_admin_bucket_changes"),
            path(f"{history}<int:change_id>/undo/", self.undo_view, name="storage_admin_bucket_undo"),
            path(one, self.setting_view, name="storage_admin_bucket_setting"),
            path(f"{one}review/", self.review_view, name="storage_admin_bucket_review"),
            path(f"{one}apply/", self.apply_view, name="storage_admin_bucket_apply"),
        ]

    @admin_page(permission=SEE)
    def settings_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show all settings as the store says them now; a part that cannot be read says why."""

        def ask(bucket: Bucket) -> HttpResponseBase:
            found = reading.read_all(bucket_settings.ALL, changes.place_of(bucket))
            _raise_if_nothing_came(found)
            for one in found:
                _note(bucket, one.value)
            rows = [(one, addresses.of_setting(bucket, one.setting.slug)) for one in found]
            return self._settings_page(request, bucket, "settings", _("Settings"), {"rows": rows})

        return self.asked(request, bucket_id, ask)

    @admin_page(permission=SEE)
    def setting_view(self, request: HttpRequest, bucket_id: int, slug: str) -> HttpResponseBase:
        """Show one setting as the store says it now, and its form to those who may change it."""
        setting = _setting(slug)

        def ask(bucket: Bucket) -> HttpResponseBase:
            return self._show_setting(request, bucket, reading.read(setting, changes.place_of(bucket)))

        return self.asked(request, bucket_id, ask)

    @admin_page(permission=changes.CONFIGURE, post_only=True)
    def review_view(self, request: HttpRequest, bucket_id: int, slug: str) -> HttpResponseBase:
        """Show what the form would change and what that means; nothing is changed yet."""
        setting = _setting(slug)

        def ask(bucket: Bucket) -> HttpResponseBase:
            carried = _opened(request, "seen", bucket, setting, _SEEN)
            if carried is None:
                return redirect(addresses.of_setting(bucket, slug))
            found = reading.read(setting, changes.place_of(bucket))
            form = _form(request, bucket, found)
            if form is None:
                return self._show_setting(request, bucket, found)
            seen = setting.from_data(carried["seen"])
            if seen != found.value:
                # What was typed stays; what it would do is looked at again over what is there now.
                return self._show_setting(
                    request, bucket, found, form=form, meanwhile=setting.difference(seen, found.value)
                )
            if not form.is_valid():
                return self._show_setting(request, bucket, found, form=form)
            wanted = form.wanted()
            if wanted == found.value:
                form.add_error(None, _("That is what the bucket has already: nothing would change."))
                return self._show_setting(request, bucket, found, form=form)
            return self._show_review(request, bucket, found, wanted)

        return self.asked(request, bucket_id, ask)

    @admin_page(permission=changes.CONFIGURE, post_only=True)
    def apply_view(self, request: HttpRequest, bucket_id: int, slug: str) -> HttpResponseBase:
        """Make the change that was reviewed, and offer Undo."""
        setting = _setting(slug)

        def act(bucket: Bucket) -> None:
            carried = _opened(request, "reviewed", bucket, setting, _WANTED)
            if carried is None:
                return
            made = changes.change(
                actor=staff(request), bucket=bucket, setting=setting,
                seen=setting.from_data(carried["seen"]), wanted=setting.from_data(carried["wanted"]),
                typed_name=request.POST.get("name", "").strip(),
            )  # fmt: skip
            _tell(request, bucket, made, _("%(setting)s is changed.") % {"setting": setting.title})

        return self.done(request, bucket_id, act, addresses.of_setting(Bucket(pk=bucket_id), slug))

    @admin_page(permission=SEE)
    def history_of_settings_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show what was done to the settings, newest first; also where the store is gone."""
        bucket = get_object_or_404(Bucket, pk=bucket_id)
        rows = BucketChange.objects.filter(bucket=bucket).order_by("-pk")
        page = LatePaginator(rows, HISTORY_PAGE).get_page(request.GET.get("page"))
        extra = {
            "page": page,
            "entries": change_history.entries(bucket, page.object_list),
            "can_undo": bucket.is_connected and request.user.has_perm(changes.CONFIGURE),
        }
        return self._settings_page(request, bucket, "settings_history", _("History of the settings"), extra)

    @admin_page(permission=changes.CONFIGURE, post_only=True)
    def undo_view(self, request: HttpRequest, bucket_id: int, change_id: int) -> HttpResponseBase:
        """Give the bucket back what it had before a change."""
        made = get_object_or_404(BucketChange, pk=change_id, bucket=bucket_id)
        setting = _setting(made.setting)

        def act(bucket: Bucket) -> None:
            row = changes.undo(actor=staff(request), bucket=bucket, made=made, setting=setting)
            _tell(request, bucket, row, _("%(setting)s is as it was before.") % {"setting": setting.title})

        return self.done(request, bucket_id, act, addresses.of_setting(Bucket(pk=bucket_id), setting.slug))

    def _show_setting(
        self,
        request: HttpRequest,
        bucket: Bucket,
        found: Reading,
        *,
        form: SettingForm | None = None,
        **extra: Any,
    ) -> TemplateResponse:
        if found.error is not None:
            raise found.error
        setting = found.setting
        extra |= {"setting": setting, "found": found, "part": request.GET.get("part")}
        if found.is_known:
            _note(bucket, found.value)
            place = changes.place_of(bucket)
            may = request.user.has_perm(changes.CONFIGURE)
            asked = reading.also(
                found,
                fixed=partial(setting.fixed, found.value, place),
                beside=partial(setting.beside, found.value, place),
            )
            fixed = asked["fixed"]
            if form is None and may and not fixed:
                form = _form(request, bucket, found)
            extra |= {
                "facts": setting.facts(found.value),
                "beside": asked["beside"],
                "fixed": fixed,
                "may_change": may,
                "form": form,
                "parts": _parts(bucket, found) if may and not fixed else None,
                "seen": _signed(bucket, setting, _SEEN, seen=setting.as_data(found.value)),
                "review_url": addresses.of_setting(bucket, setting.slug, "review", **_part(request)),
            }
        return self._settings_page(request, bucket, "setting", str(setting.title), extra)

    def _show_review(
        self, request: HttpRequest, bucket: Bucket, found: Reading, wanted: Any
    ) -> TemplateResponse:
        setting, now, place = found.setting, found.value, changes.place_of(bucket)
        asked = reading.also(
            found,
            meaning=partial(setting.meaning, now, wanted, place),
            refusals=partial(setting.why_not, now, wanted, place),
        )
        no_right = changes.lacking_right(staff(request), setting, now, wanted)
        extra = {
            "setting": setting,
            "difference": setting.difference(now, wanted),
            "meaning": asked["meaning"],
            "is_danger": any(one.level is Level.DANGER for one in asked["meaning"]),
            "refusals": [*([no_right] if no_right else []), *asked["refusals"]],
            "asks_for_name": setting.asks_for_name(now, wanted, place),
            "no_way_back": setting.no_way_back(now, wanted),
            "reviewed": _signed(
                bucket, setting, _WANTED, seen=setting.as_data(now), wanted=setting.as_data(wanted)
            ),
            "apply_url": addresses.of_setting(bucket, setting.slug, "apply"),
        }
        return self._settings_page(request, bucket, "setting_review", str(setting.title), extra)

    def _settings_page(
        self, request: HttpRequest, bucket: Bucket, template: str, title: str, extra: dict[str, Any]
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{title} · {bucket.name}",
            "heading": title,
            "bucket": bucket,
            "as_of": ago(timezone.now()),
            "reload_url": request.get_full_path(),
            **extra,
        }
        return TemplateResponse(request, f"storage_admin/{template}.html", context)


def _setting(slug: str) -> Setting[Any]:
    found = bucket_settings.find(slug)
    if found is None:
        raise Http404
    return found


def _form(request: HttpRequest, bucket: Bucket, found: Reading) -> SettingForm | None:
    """Return the form over what was read, filled with what was posted; None where nothing was read."""
    if not found.is_known:
        return None
    data = request.POST if request.method == "POST" else None
    try:
        return found.setting.form_class(
            data, now=found.value, place=changes.place_of(bucket), part=request.GET.get("part")
        )
    except KeyError:  # the part is gone, or never was
        raise Http404 from None


def _part(request: HttpRequest) -> dict[str, str]:
    return {"part": request.GET["part"]} if "part" in request.GET else {}


def _parts(bucket: Bucket, found: Reading) -> list[Any] | None:
    parts = found.setting.parts(found.value)
    if parts is None:
        return None
    slug = found.setting.slug
    return [(part, addresses.of_setting(bucket, slug, part=part.name)) for part in parts]


def _signed(bucket: Bucket, setting: Setting[Any], salt: str, **data: Any) -> str:
    return signing.dumps({"bucket": bucket.pk, "setting": setting.slug, **data}, salt=salt, compress=True)


def _opened(
    request: HttpRequest, name: str, bucket: Bucket, setting: Setting[Any], salt: str
) -> dict[str, Any] | None:
    """Return what the form carried; None, and a message, where it is old, damaged or another's."""
    try:
        carried: dict[str, Any] = signing.loads(request.POST.get(name, ""), salt=salt, max_age=FORM_SECONDS)
    except signing.BadSignature:
        carried = {}
    if (carried.get("bucket"), carried.get("setting")) != (bucket.pk, setting.slug):
        messages.error(request, _("This form is too old or damaged. Nothing was changed; here it is anew."))
        return None
    return carried


def _raise_if_nothing_came(found: list[Reading]) -> None:
    """Let the page say that the bucket or the store is gone, rather than many times "unknown"."""
    errors: list[S3Error] = [one.error for one in found if one.error is not None]
    for error in errors:
        if isinstance(error, BucketNotFound):
            raise error
    away = [error for error in errors if isinstance(error, StorageUnavailable)]
    if away and not any(one.is_known for one in found):
        raise away[0]


def _note(bucket: Bucket, value: Any) -> None:
    if isinstance(value, Versioning):
        looking.note_versioning(bucket, value.state)


def _tell(request: HttpRequest, bucket: Bucket, made: BucketChange, words: str) -> None:
    if reason := changes.why_no_undo(made):
        messages.success(request, f"{words} {reason}")
    else:
        offer_undo(request, words, addresses.undo(bucket, made.pk))
