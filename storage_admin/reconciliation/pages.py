"""The page below the photos' bucket: the last scans, what the newest found, and what can be done about it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import admin_page, staff
from portal.s3.errors import S3Error, StorageUnavailable
from portal.spreadsheet import Line, cell
from portal.undo import offer_undo
from storage_admin import addresses, quarantine
from storage_admin.bucket_settings import reading
from storage_admin.bucket_settings.lifecycle import LifecycleSetting
from storage_admin.buckets import changes
from storage_admin.buckets.setting_pages import SettingPages
from storage_admin.errors import NotPossible, StorageError
from storage_admin.inventory import reports
from storage_admin.jobs import services as jobs
from storage_admin.jobs.kinds.repairing import RepairForm
from storage_admin.models import Bucket, Finding, Job, Scan
from storage_admin.reconciliation import repairing, services, shown

SEE = "storage_admin.view_bucket"
PAGE = "reconciliation"
PER_PAGE = 50
MOST_AT_ONCE = 50  # repairs by one press: each asks the store a few times
SCANS_SHOWN = 5
_FIELDS = ("kind", "state", "key", "version_id", "photo", "found_at", "message")


class ReconciliationPages(SettingPages):
    """A mixin for a `ModelAdmin`. What is shown are rows: only repairs, and the quarantine, ask the store."""

    def reconciliation_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        below = "<int:bucket_id>/reconciliation/"
        name = "storage_admin_bucket_reconciliation"
        return [
            path(below, self.reconciliation_view, name=name),
            path(f"{below}begin/", self.begin_scan_view, name=f"{name}_begin"),
            path(f"{below}repair/", self.repair_view, name=f"{name}_repair"),
            path(f"{below}repair-all/", self.repair_all_view, name=f"{name}_repair_all"),
            path(f"{below}ignore/", self.ignore_view, name=f"{name}_ignore"),
            path(f"{below}reopen/", self.reopen_view, name=f"{name}_reopen"),
            path(f"{below}quarantine/", self.quarantine_view, name=f"{name}_quarantine"),
            path(f"{below}findings.csv", self.findings_view, name=f"{name}_csv"),
        ]

    @admin_page(permission=SEE)
    def reconciliation_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show the last scans and the findings of one kind."""
        bucket = get_object_or_404(Bucket, pk=bucket_id)
        kinds = shown.kinds_of(bucket)
        kind = request.GET.get("kind", "")
        if kind not in {*Finding.Kind.values, shown.IGNORED}:
            kind = next((one["kind"] for one in kinds), "")
        found = shown.findings_of(bucket, kind)
        page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
        last = repairing.newest(bucket)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Reconciliation"),
            "subtitle": bucket.name,
            "bucket": bucket,
            "top_url": addresses.folder(bucket, ""),
            "has_photos": services.has_photos(bucket),
            "scans": [shown.scan_of(scan) for scan in bucket.scans.all()[:SCANS_SHOWN]],
            "has_reports": reports.are_expected(),
            "is_running": Scan.objects.filter(state=Scan.State.RUNNING).exists(),
            "last": last,
            "not_compared": shown.not_compared(last) if last and last.state == Scan.State.COMPLETE else [],
            "kinds": kinds,
            "kind": kind,
            "is_ignored": kind == shown.IGNORED,
            "advice": shown.ADVICE.get(kind, ""),
            "may_be_quarantined": kind in shown.PHOTOS_OWN,
            "page": page,
            "rows": shown.rows_of(bucket, list(page), last),
            "repairs": shown.offered(kind, staff(request), found),
            "may": staff(request).has_perm(repairing.RIGHT),
        }
        return TemplateResponse(request, "storage_admin/reconciliation.html", context)

    @admin_page(permission=repairing.RIGHT, post_only=True)
    def begin_scan_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Let a worker compare now."""

        def act(bucket: Bucket) -> None:
            services.begin(
                actor=staff(request), bucket=bucket, all_acls="all_acls" in request.POST,
                from_inventory="inventory" in request.POST,
            )  # fmt: skip
            messages.success(request, _("A worker compares rows and objects; reload this page in a while."))

        return self.done(request, bucket_id, act, _address(bucket_id))

    @admin_page(permission=repairing.RIGHT, post_only=True)
    def repair_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Repair the findings that were chosen; tell of each that did not go."""

        def act(bucket: Bucket) -> None:
            told = Counter[tuple[int, str]]()
            for finding in bucket.findings.select_related("bucket").filter(_ticked(request)):
                told[_tried(request, finding, request.POST.get("repair", ""))] += 1
            for (level, said), count in told.items():
                messages.add_message(request, level, f"{count} × {said}" if count > 1 else said)

        return self.done(request, bucket_id, act, _address(bucket_id))

    @admin_page(permission=repairing.RIGHT, post_only=True)
    def repair_all_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Draft the job that repairs all findings of a kind, and show its plan."""
        made: list[Job] = []

        def act(bucket: Bucket) -> None:
            form = RepairForm({"found": request.POST.get("kind"), "repair": request.POST.get("repair")})
            if not form.is_valid():
                raise NotPossible(_("There is no such repair for this."))
            made.append(
                jobs.draft(actor=staff(request), kind="repair", bucket=bucket, parameters=form.cleaned_data)
            )

        response = self.done(request, bucket_id, act, _address(bucket_id))
        return redirect("admin:storage_admin_job_change", made[0].pk) if made else response

    @admin_page(permission=repairing.RIGHT, post_only=True)
    def ignore_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Ignore the findings that were chosen, or all open ones of a kind, and offer Undo."""

        def act(bucket: Bucket) -> None:
            count, at = services.ignore(actor=staff(request), bucket=bucket, chosen=_chosen(request))
            words = ngettext("%(count)d finding is ignored.", "%(count)d findings are ignored.", count)
            undo = addresses.of_bucket(bucket, f"{PAGE}_reopen", at=at.isoformat())
            offer_undo(request, words % {"count": count}, undo)

        return self.done(request, bucket_id, act, _address(bucket_id))

    @admin_page(permission=repairing.RIGHT, post_only=True)
    def reopen_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Open ignored findings again: those that were chosen, or that were ignored together."""
        at = _moment(request.GET.get("at", ""))

        def act(bucket: Bucket) -> None:
            chosen = Q(closed_at=at) if at else _chosen(request)
            count = services.reopen(actor=staff(request), bucket=bucket, chosen=chosen)
            words = ngettext("%(count)d finding is open again.", "%(count)d findings are open again.", count)
            messages.success(request, words % {"count": count})

        return self.done(request, bucket_id, act, _address(bucket_id))

    @admin_page(permission=changes.CONFIGURE)
    def quarantine_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show the lifecycle rule that takes what is in quarantine out of sight, for review.

        Nothing is changed here: the review's own button applies it, and offers Undo.
        """
        setting = LifecycleSetting()

        def ask(bucket: Bucket) -> HttpResponseBase:
            found = reading.read(setting, changes.place_of(bucket))
            if found.error is not None:
                raise found.error
            if not found.is_known or found.value.rule(quarantine.RULE_ID) is not None:
                return redirect(addresses.of_setting(bucket, setting.slug))
            return self._show_review(request, bucket, found, found.value.merged(quarantine.RULE))

        return self.asked(request, bucket_id, ask)

    @admin_page(permission=SEE)
    def findings_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """All findings, the closed ones too, as CSV."""
        bucket = get_object_or_404(Bucket, pk=bucket_id)

        def lines() -> Iterator[str]:
            writer = csv.writer(Line())
            yield writer.writerow(_FIELDS)
            for values in bucket.findings.values_list(*_FIELDS).iterator(chunk_size=1_000):
                yield writer.writerow([cell(value) for value in values])

        headers = {"Content-Disposition": f'attachment; filename="findings-{bucket.pk}.csv"'}
        return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8", headers=headers)


def _chosen(request: HttpRequest) -> Q:
    """Return which findings the form names: all of a kind, or those that were ticked."""
    if "all" in request.POST:
        return Q(kind=request.POST.get("kind", ""))
    return _ticked(request)


def _ticked(request: HttpRequest) -> Q:
    ticked = [one for one in request.POST.getlist("finding") if one.isdecimal()][:MOST_AT_ONCE]
    if not ticked:
        raise NotPossible(_("No finding was chosen."))
    return Q(pk__in=ticked)


def _moment(text: str) -> datetime | None:
    """Return the moment of an address; None where it is none."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _tried(request: HttpRequest, finding: Finding, name: str) -> tuple[int, str]:
    """Do what was chosen to one finding; return what came of it, as a message's level and words.

    An outage of the store ends the rest.
    """
    try:
        outcome = repairing.repair(actor=staff(request), finding=finding, name=name)
    except StorageUnavailable:
        raise
    except (StorageError, S3Error) as error:
        return messages.WARNING, str(error)
    level = messages.INFO if outcome.state == Finding.State.GONE else messages.SUCCESS
    return level, outcome.message


def _address(bucket_id: int) -> str:
    return addresses.of_bucket(Bucket(pk=bucket_id), PAGE)
