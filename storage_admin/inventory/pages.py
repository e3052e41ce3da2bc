"""The page below a bucket that searches its newest inventory report, and what was found as CSV."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import spelling
from portal.access import admin_page
from portal.display import ago, size, whole
from portal.s3.inventory_reports import Report
from portal.s3.inventory_rows import Entry, Wanted
from portal.spreadsheet import Line, cell
from storage_admin import addresses
from storage_admin.errors import NotPossible
from storage_admin.inventory import reports, searching
from storage_admin.inventory.search_form import SearchForm
from storage_admin.inventory.searching import Found
from storage_admin.models import Bucket
from storage_admin.store_pages import StorePages

SEE = "storage_admin.view_bucket"
PAGE = "inventory"
SEARCH = "look"  # in the query when somebody pressed the button: a page that is only opened reads no file


class InventoryPages(StorePages):
    """A mixin for a `ModelAdmin`."""

    admin_site: Any

    def inventory_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        below, name = "<int:bucket_id>/inventory", "storage_admin_bucket_inventory"
        return [
            path(f"{below}/", self.inventory_view, name=name),
            path(f"{below}.csv", self.inventory_csv_view, name=f"{name}_csv"),
        ]

    @admin_page(permission=SEE)
    def inventory_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show the fields, of when the report is, and what of it was found."""

        def ask(bucket: Bucket) -> HttpResponseBase:
            is_search = SEARCH in request.GET
            form = SearchForm(request.GET if is_search else None, label_suffix="")
            context: dict[str, Any] = {"form": form, "place": reports.place(bucket), "search": SEARCH}
            try:
                report = reports.newest(bucket)
                context |= _told(report)
                if is_search and form.is_valid():
                    _check_size(report)
                    found = searching.search(bucket, report, form.wanted(), most=searching.SHOWN)
                    context |= _shown(bucket, found, request.GET)
            except NotPossible as error:
                context["why_not"] = str(error)
            context |= {
                **self.admin_site.each_context(request),
                "title": _("Search the inventory"),
                "bucket": bucket,
                "top_url": addresses.folder(bucket, ""),
                "setting_url": addresses.of_setting(bucket, "inventory"),
                "is_expected": reports.are_expected(),
            }
            return TemplateResponse(request, "storage_admin/inventory.html", context)

        return self.asked(request, bucket_id, ask)

    @admin_page(permission=SEE)
    def inventory_csv_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """All that was found, with every column that the report has; the last line says if it is partial."""

        def ask(bucket: Bucket) -> HttpResponseBase:
            form = SearchForm(request.GET)
            back = redirect(addresses.of_bucket(bucket, PAGE))
            if not form.is_valid():
                return back
            try:
                report = reports.newest(bucket)
                _check_size(report)
            except NotPossible as error:
                messages.error(request, str(error))
                return back
            name = f'attachment; filename="inventory-{bucket.pk}-{report.at:%Y-%m-%d}.csv"'
            return StreamingHttpResponse(
                _csv(bucket, report, form.wanted()),
                content_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": name},
            )

        return self.asked(request, bucket_id, ask)


def _check_size(report: Report) -> None:
    if report.bytes > searching.MOST_PAGE_BYTES:
        words = _(
            "The report has %(size)s, more than the %(most)s that a page reads: “manage.py find_keys” has"
            " no limit."
        )
        said = {"size": size(report.bytes), "most": size(searching.MOST_PAGE_BYTES)}
        raise NotPossible(words % said)


def _told(report: Report) -> dict[str, Any]:
    return {
        "report": report,
        "report_ago": ago(report.at),
        "report_size": size(report.bytes),
        "report_versions": report.has_versions,
    }


def _shown(bucket: Bucket, found: Found, query: QueryDict) -> dict[str, Any]:
    given = query.copy()
    given.pop(SEARCH, None)
    count = len(found.entries)
    return {
        "found": found,
        "said": ngettext(
            "%(count)s entry, of %(looked)s that were looked at.",
            "%(count)s entries, of %(looked)s that were looked at.",
            count,
        )
        % {"count": whole(count), "looked": whole(found.looked_at)},
        "rows": [_row(bucket, one) for one in found.entries],
        "csv_url": f"{addresses.of_bucket(bucket, 'inventory_csv')}?{given.urlencode()}",
        "most_lines": whole(searching.MOST_LINES),
    }


def _row(bucket: Bucket, one: Entry) -> dict[str, Any]:
    version_id = "" if one.is_latest else one.version_id
    return {
        "url": addresses.of_object(bucket, one.key, version_id),
        "key": spelling.html(one.key),
        "size": "" if one.is_marker else size(one.bytes),
        "storage_class": one.storage_class,
        "modified": timezone.localtime(one.modified),
        "is_marker": one.is_marker,
        "is_older": not one.is_latest,
    }


def _csv(bucket: Bucket, report: Report, wanted: Wanted) -> Iterator[str]:
    writer = csv.writer(Line())
    yield writer.writerow([*Entry._fields, f"report of {report.at.isoformat()}"])
    until = time.monotonic() + searching.CSV_SECONDS
    for number, entry in enumerate(searching.lines(bucket, report, wanted)):
        if number >= searching.MOST_LINES or time.monotonic() >= until:
            yield writer.writerow([_("PARTIAL: there is more. “manage.py find_keys” has no limit.")])
            return
        yield writer.writerow([cell(value) for value in entry])
