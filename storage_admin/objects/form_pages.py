"""The pages of the forms that change an object: one view for all of them."""

from __future__ import annotations

from types import MethodType
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from portal import spelling
from portal.access import admin_page, require, staff
from portal.display import ago
from portal.s3.errors import PartlyDone, S3Error, StorageUnavailable
from portal.undo import offer_undo
from storage_admin import addresses
from storage_admin.errors import ChangedMeanwhile, StorageError, TakesJob
from storage_admin.models import Bucket
from storage_admin.objects import browsing
from storage_admin.objects.access_forms import AclForm, PrivateForm, PublicForm
from storage_admin.objects.class_form import ClassForm
from storage_admin.objects.copy_forms import CopyForm, MoveForm
from storage_admin.objects.destroy_forms import DeleteForm, DestroyForm
from storage_admin.objects.encryption_form import EncryptionForm
from storage_admin.objects.forms import ObjectForm
from storage_admin.objects.gathering import Gathered, gather
from storage_admin.objects.lock_forms import HoldForm, RetentionForm
from storage_admin.objects.metadata_form import MetadataForm
from storage_admin.objects.restore_form import RestoreForm
from storage_admin.objects.tags_form import TagsForm
from storage_admin.objects.upload_forms import UploadVersionForm
from storage_admin.store_pages import StorePages

FORMS: tuple[type[ObjectForm], ...] = (
    MetadataForm, TagsForm, ClassForm, RestoreForm, EncryptionForm,
    AclForm, PublicForm, PrivateForm, RetentionForm, HoldForm, CopyForm, MoveForm,
    UploadVersionForm, DeleteForm, DestroyForm,
)  # fmt: skip


class ObjectFormPages(StorePages):
    """GET shows the form with fresh state; POST does what it says. A mixin for a `ModelAdmin`."""

    def object_form_urls(self) -> list[URLPattern]:
        """Return a pattern for each form, to go before the admin's own."""
        return [
            path(
                f"<int:bucket_id>/object/{form_class.page}/",
                MethodType(_view_of(form_class), self),
                name=f"storage_admin_bucket_{form_class.page}",
            )
            for form_class in FORMS
        ]

    def answer(self, request: HttpRequest, bucket_id: int, form_class: type[ObjectForm]) -> HttpResponseBase:
        """Show the form, or do what was sent; what the state forbids is told instead of the form."""
        key, version_id = request.GET.get("key", ""), request.GET.get("version", "")
        if not key:
            raise Http404

        for right in form_class.kind().also:
            require(staff(request), right)

        def ask(bucket: Bucket) -> HttpResponseBase:
            found = gather(bucket, key, version_id)
            why_not = form_class.kind().why_not(found)
            fitting = form_class.about(found)
            if fitting is not None and request.method == "POST":
                return self._sent(request, fitting, found, why_not)
            if why_not or fitting is None:
                status = 409 if request.method == "POST" else 200
                return self._page(request, form_class, found, None, why_not=why_not, status=status)
            return self._page(request, fitting, found, fitting(found=found, user=staff(request)))

        return self.asked(request, bucket_id, ask)

    def _sent(
        self, request: HttpRequest, form_class: type[ObjectForm], found: Gathered, why_not: str
    ) -> HttpResponseBase:
        """Let the service decide, also about what the page would not offer: it keeps the refusal."""
        form = form_class(request.POST, request.FILES, found=found, user=staff(request))
        if not form.is_valid():
            offered = None if why_not else form
            status = 409 if why_not else 200
            return self._page(request, form_class, found, offered, why_not=why_not, status=status)
        try:
            saved = form.save()
        except ChangedMeanwhile as error:
            return self._stale(request, form, str(error))
        except PartlyDone as error:
            # What is there now is not what the form is about any more.
            messages.error(request, with_code(error))
            return redirect(addresses.of_object(found.bucket, found.key))
        except StorageUnavailable:
            raise
        except (StorageError, S3Error) as error:
            form.add_error(None, with_code(error))
            status = 409 if isinstance(error, StorageError) else 502
            takes_job = isinstance(error, TakesJob)
            return self._page(request, form_class, found, form, status=status, takes_job=takes_job)
        if saved.undo_url:
            offer_undo(request, saved.said(), saved.undo_url)
        else:
            messages.success(request, saved.said())
        return redirect(form.done_url(saved))

    def _stale(self, request: HttpRequest, form: ObjectForm, words: str) -> HttpResponseBase:
        """Say what changed; what was typed stays, and the form is about what is there now."""
        found, form_class = form.found, type(form)
        now = gather(found.bucket, found.key, found.version_id if form.version_stays else "")
        why_not = form_class.kind().why_not(now)
        if form_class.about(now) is not form_class or why_not:
            return self._page(request, form_class, now, None, why_not=f"{words} {why_not}", status=409)
        fresh = form_class(found=now, user=form.user)
        kept = request.POST.copy()
        kept["seen"] = fresh.sealed()
        again = form_class(kept, found=now, user=form.user)
        for sentence in (words, *form.differences(now.facts, fresh.state())):
            again.add_error(None, sentence)
        return self._page(request, form_class, now, again, status=409)

    def _page(
        self,
        request: HttpRequest,
        form_class: type[ObjectForm],
        found: Gathered,
        form: ObjectForm | None,
        *,
        why_not: str = "",
        status: int = 200,
        takes_job: bool = False,
    ) -> TemplateResponse:
        bucket, key = found.bucket, found.key
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": form_class.kind().label,
            "subtitle": spelling.plain(key),
            "bucket": bucket,
            "found": found,
            "facts": found.facts,
            "key_text": spelling.html(key),
            "crumbs": browsing.crumbs(bucket, key, addresses.Mode.CURRENT),
            "top_url": addresses.folder(bucket, ""),
            "object_url": addresses.of_object(bucket, key, found.version_id),
            "form_url": addresses.of_bucket(bucket, form_class.page, key=key, version=found.shown_id),
            "as_of": ago(timezone.now()),
            "kind": form_class.kind(),
            "form": form,
            "why_not": why_not,
            "button": form_class.button,
            "key": key,
            "jobs_url": addresses.of_bucket(bucket, "jobs", prefix=addresses.folder_of(key))
            if takes_job
            else "",
        }
        return TemplateResponse(request, "storage_admin/object_form.html", context, status=status)


def _view_of(form_class: type[ObjectForm]) -> Any:
    """Return the view of one form, guarded by the right that its line in the table names."""

    @admin_page(permission=form_class.kind().right)
    def object_form_view(pages: ObjectFormPages, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        return pages.answer(request, bucket_id, form_class)

    return object_form_view


def with_code(error: Exception) -> str:
    """Return an error's sentence, with the store's code where there is one."""
    code = getattr(error, "code", "")
    return f"{error} ({code})" if code else str(error)
