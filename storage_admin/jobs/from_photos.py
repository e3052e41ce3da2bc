"""The way from the photos' list to a job: a mixin for the photos' admin, which is a leaf."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from photos.models import Photo
from portal import filter_token
from portal.s3 import session
from storage_admin import addresses
from storage_admin.jobs import pages
from storage_admin.jobs.choosing import Choice
from storage_admin.models import Bucket


class StorageJobAction:
    """Adds the action `draft_storage_job`, for those who may draft any kind of job on originals."""

    def has_storage_job_permission(self, request: HttpRequest) -> bool:
        """Whether the action is offered: the page that it leads to must open, and offer a kind."""
        user = request.user
        if isinstance(user, AnonymousUser) or not user.has_perm("storage_admin.view_bucket"):
            return False
        return bool(pages.offered(user, Choice(filter="")))

    @admin.action(description=_("Storage job for these…"), permissions=["storage_job"])
    def draft_storage_job(self, request: HttpRequest, queryset: QuerySet[Photo]) -> HttpResponseBase | None:
        """Lead to the kinds of jobs: with the list's filter for all that match, else with what is ticked."""
        bucket = Bucket.objects.filter(
            connection=session.DEFAULT, name=settings.AWS_STORAGE_BUCKET_NAME
        ).first()
        if bucket is None:
            messages.error(request, gettext("The photos' bucket is not in the list of buckets yet."))
            return None
        if request.POST.get("select_across") == "1":
            choice = Choice(filter=filter_token.canonical(request.GET))
            return redirect(addresses.of_bucket(bucket, "jobs", **choice.query))
        # The browser sends the same form there: as many as are ticked fit into no address.
        return redirect(addresses.of_bucket(bucket, "jobs"), preserve_request=True)
