"""The page that takes files into a folder of a bucket, with and without script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import spelling
from portal.access import admin_page, staff
from portal.display import size
from portal.s3 import versioning
from portal.s3.errors import S3Error, StorageUnavailable
from storage_admin import addresses
from storage_admin.errors import StorageError
from storage_admin.models import Bucket
from storage_admin.objects import browsing, uploading
from storage_admin.objects.destroying import DESTROY
from storage_admin.objects.upload_forms import UploadObjectsForm
from storage_admin.store_pages import StorePages


@dataclass(frozen=True)
class Answer:
    """What became of one file. `error` is empty when it is stored."""

    name: SafeString
    url: str
    error: str = ""
    trouble: StorageUnavailable | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is stored."""
        return not self.error


class UploadPages(StorePages):
    """A mixin for a `ModelAdmin`."""

    def upload_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [
            path(
                "<int:bucket_id>/browse/upload/", self.upload_here_view,
                name="storage_admin_bucket_upload_here",
            )
        ]  # fmt: skip

    @admin_page(permission=uploading.UPLOAD)
    def upload_here_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show the form, or store each file under the folder and its name: one answer for each."""
        folder = addresses.folder_of(request.GET.get("prefix", ""))

        def ask(bucket: Bucket) -> HttpResponseBase:
            if uploading.place_against(bucket, folder):
                return self._upload_page(request, bucket, folder, None)
            if request.method != "POST":
                return self._upload_page(request, bucket, folder, UploadObjectsForm())
            form = UploadObjectsForm(request.POST, request.FILES)
            if not form.is_valid():
                return self._upload_page(request, bucket, folder, form)
            answers = [_stored(request, bucket, folder, one, form) for one in form.cleaned_data["files"]]
            if answers[0].trouble is not None and not any(answer.is_done for answer in answers):
                raise answers[0].trouble
            if not all(answer.is_done for answer in answers):
                return self._upload_page(request, bucket, folder, form, answers)
            words = ngettext("%(count)s file is uploaded.", "%(count)s files are uploaded.", len(answers))
            messages.success(request, words % {"count": len(answers)})
            return redirect(addresses.folder(bucket, folder))

        return self.asked(request, bucket_id, ask)

    def _upload_page(
        self,
        request: HttpRequest,
        bucket: Bucket,
        folder: str,
        form: UploadObjectsForm | None,
        answers: list[Answer] | None = None,
    ) -> TemplateResponse:
        state = versioning.read(bucket.name, alias=bucket.connection)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Upload here"),
            "bucket": bucket,
            "folder": folder,
            "folder_text": spelling.html(folder),
            "crumbs": browsing.crumbs(bucket, folder, addresses.Mode.CURRENT),
            "top_url": addresses.folder(bucket, ""),
            "back_url": addresses.folder(bucket, folder),
            "form": form,
            "answers": answers or [],
            "why_not": uploading.place_against(bucket, folder),
            "most": size(settings.MAX_UPLOAD_BYTES),
            "loses": state.plain_delete_destroys,
            "may_lose": request.user.has_perm(DESTROY),
        }
        is_refused = bool(answers) or (form is None and request.method == "POST")
        return TemplateResponse(
            request, "storage_admin/upload.html", context, status=409 if is_refused else 200
        )


def _stored(
    request: HttpRequest, bucket: Bucket, folder: str, file: UploadedFile, form: UploadObjectsForm
) -> Answer:
    key = folder + str(file.name)
    given = form.cleaned_data
    name, url = spelling.html(str(file.name)), addresses.of_object(bucket, key)
    try:
        uploading.upload(
            actor=staff(request), bucket=bucket, key=key, file=file, content_type=given["content_type"],
            storage_class=given["storage_class"], overwrite=given["overwrite"], reason=given["reason"],
        )  # fmt: skip
    except StorageUnavailable as error:
        # Other files of the form may be stored: each has an answer of its own.
        words = _("%(error)s It may be stored all the same: look before you send it again.")
        return Answer(name, url, words % {"error": error}, error)
    except (StorageError, PermissionDenied) as error:
        return Answer(name, url, str(error))
    except S3Error as error:
        return Answer(name, url, f"{error} ({error.code})")
    return Answer(name, url)
