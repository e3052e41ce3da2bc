"""What lies in a bucket, by class and folder; counting it now, by the button."""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from portal.access import admin_page
from portal.spreadsheet import Line, cell
from storage_admin import addresses, tasks
from storage_admin.buckets import usage, usage_facts
from storage_admin.inventory import reports
from storage_admin.models import Bucket
from storage_admin.store_pages import StorePages

SEE, COUNT = "storage_admin.view_usagesnapshot", "storage_admin.count_usage"


class UsagePages(StorePages):
    """A mixin for a `ModelAdmin`. The pages show rows alone: the store is not asked."""

    admin_site: Any

    def usage_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [
            path("<int:bucket_id>/usage/", self.usage_view, name="storage_admin_bucket_usage"),
            path("<int:bucket_id>/usage.csv", self.usage_csv_view, name="storage_admin_bucket_usage_csv"),
            path("<int:bucket_id>/count/", self.count_view, name="storage_admin_bucket_count"),
        ]

    @admin_page(permission=SEE)
    def usage_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show the last count, how it differs from the one before, and those of the last weeks."""
        bucket, level = get_object_or_404(Bucket, pk=bucket_id), _level(request)
        context = {
            **self.admin_site.each_context(request),
            **usage_facts.context(bucket, level),
            "title": _("Usage"),
            "bucket": bucket,
            "has_reports": reports.are_expected(),
            "top_url": addresses.folder(bucket, ""),
            "csv_url": addresses.of_bucket(bucket, "usage_csv", level=str(level)),
        }
        return TemplateResponse(request, "storage_admin/usage.html", context)

    @admin_page(permission=SEE)
    def usage_csv_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """All folders of the last count that were kept one by one."""
        bucket, level = get_object_or_404(Bucket, pk=bucket_id), _level(request)
        counts = usage.ended(bucket)
        if not counts:
            raise Http404

        def lines() -> Iterator[str]:
            writer = csv.writer(Line())
            yield writer.writerow(usage_facts.COLUMNS)
            for name, *numbers in usage_facts.lines(counts[0], level):
                yield writer.writerow([cell(name), *numbers])

        name = f'attachment; filename="usage-{bucket.pk}-{counts[0].pk}.csv"'
        headers = {"Content-Disposition": name}
        return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8", headers=headers)

    @admin_page(permission=COUNT, post_only=True)
    def count_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Let a worker count the bucket: it only lists, and one count runs at a time."""

        def act(bucket: Bucket) -> None:
            piece = usage.begin(
                bucket, reports.newest_of_versions(bucket) if "inventory" in request.POST else None
            )
            if piece is None:
                messages.info(request, _("A count of this bucket is under way already."))
                return
            tasks.enqueue_count(piece)
            messages.success(request, _("A worker counts the bucket; reload this page in a while."))

        back = addresses.of_bucket(get_object_or_404(Bucket, pk=bucket_id), "usage")
        return self.done(request, bucket_id, act, back)


def _level(request: HttpRequest) -> int:
    asked = request.GET.get("level", "")
    return int(asked) if asked in {str(one) for one in usage_facts.LEVELS} else usage_facts.LEVELS[0]
