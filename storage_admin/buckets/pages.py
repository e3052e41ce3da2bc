"""Making a bucket, and deleting an empty one."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from portal.access import admin_page, staff
from portal.s3 import capabilities, session
from portal.s3.differences import Capability
from portal.s3.errors import (
    BadRequest,
    BucketNameTaken,
    BucketNotEmpty,
    PartlyDone,
    S3Error,
    StorageUnavailable,
)
from storage_admin import addresses, bucket_settings
from storage_admin.addresses import Mode
from storage_admin.buckets import services as bucket_services
from storage_admin.buckets.forms import NewBucketForm
from storage_admin.buckets.services import Made
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket
from storage_admin.store_pages import StorePages

# What a bucket gets at birth, and the setting that mends it.
_SLUGS = {
    "public_access_block": "public-access",
    "ownership": "ownership",
    "versioning": "versioning",
    "encryption": "encryption",
}


class BucketPages(StorePages):
    """Pages that make and delete buckets. A mixin for a `ModelAdmin`."""

    def bucket_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [
            path("create/", self.create_view, name="storage_admin_bucket_create"),
            path("<int:bucket_id>/remove/", self.remove_view, name="storage_admin_bucket_remove"),
        ]

    @admin_page(permission="storage_admin.add_bucket")
    def create_view(self, request: HttpRequest) -> HttpResponseBase:
        """Show the form of one connection, or make the bucket that was filled in."""
        alias = request.GET.get("connection", session.DEFAULT)
        if alias not in settings.S3_CONNECTIONS:
            return redirect("admin:storage_admin_bucket_create")
        form = NewBucketForm(
            request.POST if request.method == "POST" else None, alias=alias, user=staff(request)
        )
        if not form.is_valid():
            return self._create_form(request, alias, form)
        try:
            made = bucket_services.create(
                actor=staff(request), connection=alias, name=form.cleaned_data["name"], birth=form.birth()
            )
        except (BadRequest, BucketNameTaken) as error:
            form.add_error("name", str(error))
            return self._create_form(request, alias, form)
        except StorageUnavailable as error:
            words = _("Whether the bucket was made is not known: look for buckets before you try again.")
            form.add_error(None, f"{error} {words}")
            return self._create_form(request, alias, form, status=503)
        except S3Error as error:
            form.add_error(None, f"{error} ({error.code})")
            return self._create_form(request, alias, form, status=502)
        _tell(request, made)
        return redirect("admin:storage_admin_bucket_change", made.bucket.pk)

    def _create_form(
        self, request: HttpRequest, alias: str, form: NewBucketForm, *, status: int = 200
    ) -> TemplateResponse:
        here = reverse("admin:storage_admin_bucket_create")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Create a bucket"),
            "form": form,
            "alias": alias,
            "bucket": Bucket(connection=alias),  # the frame says whether that is a simulator
            "region": _region(alias),
            "at_amazon": not session.connection(alias).endpoint_url,
            "endpoint": session.connection(alias).endpoint_url,
            "connections": [
                {"name": one, "url": f"{here}?{urlencode({'connection': one})}", "is_on": one == alias}
                for one in settings.S3_CONNECTIONS
            ],
        }
        return TemplateResponse(request, "storage_admin/bucket_create.html", context, status=status)

    @admin_page(permission="storage_admin.delete_bucket")
    def remove_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show what is in the bucket, and delete it when it is empty and its name was typed."""

        def ask(bucket: Bucket) -> HttpResponseBase:
            if request.method != "POST":
                return self._remove_form(request, bucket)
            try:
                bucket_services.delete(
                    actor=staff(request), bucket=bucket, typed_name=request.POST.get("name", "").strip()
                )
            except (NotPossible, BucketNotEmpty) as error:
                return self._remove_form(request, bucket, refusal=str(error))
            except PartlyDone as error:
                messages.warning(request, str(error))
                return redirect("admin:storage_admin_bucket_change", bucket.pk)
            messages.success(
                request,
                _("The bucket “%(name)s” is deleted. Its name is free now, for anybody.")
                % {"name": bucket.name},
            )
            return redirect("admin:storage_admin_bucket_changelist")

        return self.asked(request, bucket_id, ask)

    def _remove_form(self, request: HttpRequest, bucket: Bucket, *, refusal: str = "") -> TemplateResponse:
        never = bucket_services.why_not_deleted(bucket)
        known = capabilities.known(capabilities.server(bucket.connection))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Delete the bucket %(name)s") % {"name": bucket.name},
            "bucket": bucket,
            "never": never,
            "refusal": "" if refusal == never else refusal,
            "contents": None if never else bucket_services.contents(bucket),
            "deletes_all": known.get(Capability.NOT_EMPTY, ""),
            "empty_url": (
                addresses.of_bucket(bucket, "new_job", "empty")
                if request.user.has_perm("storage_admin.empty_bucket")
                else ""
            ),
            "versions_url": addresses.folder(bucket, "", Mode.VERSIONS),
            "lifecycle_url": addresses.of_setting(bucket, "lifecycle"),
            "deleted_url": addresses.folder(bucket, "", Mode.DELETED),
        }
        status = 409 if refusal else 200
        return TemplateResponse(request, "storage_admin/bucket_remove.html", context, status=status)


def _region(alias: str) -> str:
    try:
        return session.region(alias)
    except S3Error:  # no keys, no profile: the page shows, and creating says why it fails
        return ""


def _tell(request: HttpRequest, made: Made) -> None:
    """Tell what became of the bucket, with every part that it did not get."""
    if made.failure:
        links = format_html_join(
            ", ",
            '<a href="{}">{}</a>',
            (
                (addresses.of_setting(made.bucket, found.slug), found.title)
                for name in made.missing
                if (found := bucket_settings.find(_SLUGS[name])) is not None
            ),
        )
        words = _("Set what is missing before anything is stored there:")
        messages.error(request, format_html("{} {} {}", made.failure, words, links))
        return
    messages.success(request, _("The bucket “%(name)s” is there.") % {"name": made.bucket.name})
    for sentence in made.lacking:
        messages.warning(request, _("The store lacks it: %(what)s") % {"what": sentence})
    if made.unseen:
        messages.warning(
            request,
            _("The store does not say yet that the bucket has this: %(what)s. Look at it again in a minute.")
            % {"what": ", ".join(made.unseen)},
        )
