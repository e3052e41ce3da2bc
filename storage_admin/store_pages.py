"""What all pages below a bucket share: finding its row, and words for a store that does not play along."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from portal.errors import request_id, storage_unavailable
from portal.s3.errors import (
    AccessRefused,
    BucketNotFound,
    ObjectNotFound,
    S3Error,
    StorageUnavailable,
    VersionNotFound,
)
from storage_admin.buckets import looking
from storage_admin.errors import NotConnected, StorageError
from storage_admin.models import Bucket

Ask = Callable[[Bucket], HttpResponseBase]


class StorePages:
    """A mixin for a `ModelAdmin`; the pages' own mixins build on it."""

    admin_site: Any

    def asked(self, request: HttpRequest, bucket_id: int, ask: Ask) -> HttpResponseBase:
        """Show what `ask(bucket)` makes of the store's answers, or why there are none."""
        bucket = get_object_or_404(Bucket, pk=bucket_id)
        response = self._answered(request, bucket, ask)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data.setdefault("bucket", bucket)  # every page says whose it is
        return response

    def _answered(self, request: HttpRequest, bucket: Bucket, ask: Ask) -> HttpResponseBase:
        try:
            return ask(_connected(bucket))
        except NotConnected as error:
            return self._no_answer(request, bucket, 404, _("This connection is gone"), str(error))
        except StorageUnavailable as error:
            looking.note_error(bucket, error, gone=False)
            return storage_unavailable(request, self.admin_site.each_context(request), error=error)
        except S3Error as error:
            if isinstance(error, BucketNotFound | AccessRefused):
                looking.note_error(bucket, error, gone=isinstance(error, BucketNotFound))
            status, title, words = _in_words(error)
            return self._no_answer(request, bucket, status, title, words, error)

    def done(
        self, request: HttpRequest, bucket_id: int, act: Callable[[Bucket], None], back: str
    ) -> HttpResponseBase:
        """Do what a button asks for, tell how it went, and go back to where it was."""
        bucket = get_object_or_404(Bucket, pk=bucket_id)
        try:
            act(_connected(bucket))
        except StorageError as error:
            messages.error(request, str(error))
        except StorageUnavailable as error:
            context = {**self.admin_site.each_context(request), "bucket": bucket}
            return storage_unavailable(request, context, error=error)
        except S3Error as error:
            messages.error(request, f"{error} ({error.code})")
        asked_for = request.POST.get("next", "")
        own = url_has_allowed_host_and_scheme(asked_for, allowed_hosts=None)
        return redirect(asked_for if own else back)

    def _no_answer(
        self,
        request: HttpRequest,
        bucket: Bucket,
        status: int,
        title: str,
        words: str,
        error: S3Error | None = None,
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": None,
            "bucket": bucket,
            "words": words,
            "status": status,
            "error_code": error.code if error else "",
            "operation": error.operation if error else "",
            "request_id": request_id(),
            "retry_url": request.get_full_path() if request.method == "GET" else reverse("admin:index"),
        }
        return TemplateResponse(request, "storage_admin/no_answer.html", context, status=status)


def _in_words(error: S3Error) -> tuple[int, str, str]:
    """Return status, title and sentence for a store that answered, but not with what was asked for."""
    if isinstance(error, BucketNotFound):
        return 404, _("This bucket is gone"), str(error)
    if isinstance(error, VersionNotFound):
        return 404, _("There is no such version"), _("The store has no such version of the object.")
    if isinstance(error, ObjectNotFound):
        return 404, _("There is no such object"), str(error)
    if isinstance(error, AccessRefused):
        return 502, _("The store refused access"), str(error)
    return 502, _("The store could not answer"), str(error)


def _connected(bucket: Bucket) -> Bucket:
    if not bucket.is_connected:
        raise NotConnected(
            _("The settings do not name the connection “%(connection)s” any more.")
            % {"connection": bucket.connection}
        )
    return bucket
