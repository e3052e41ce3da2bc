"""The pages of jobs: a new one, its plan, its progress, its end. Mixins for the admins."""

import csv
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from pets.owner_services import CONTACT_PERMISSION
from portal import spelling
from portal.access import admin_page, require, staff
from portal.models import User
from portal.s3.errors import S3Error
from portal.spreadsheet import Line, cell
from storage_admin import addresses
from storage_admin.errors import NotPossible, StorageError
from storage_admin.exports import panel, register
from storage_admin.exports import services as exports
from storage_admin.handover import services as handing
from storage_admin.jobs import facts, kinds, photo_rows, services
from storage_admin.jobs.choosing import Choice
from storage_admin.jobs.kind import Kind
from storage_admin.models import Bucket, HandoverWay, Job, JobItem
from storage_admin.objects import downloads

SEE = "storage_admin.view_job"
RECENT = 5  # jobs of the bucket that stand below the kinds
_ANYTHING = Choice()


def offered(user: User, choice: Choice = _ANYTHING) -> list[Kind]:
    """Return what the user may draft from the list of kinds for this choice."""
    return [
        kind
        for kind in kinds.EVERY
        if user.has_perm(kind.right)
        and not kind.is_drafted_elsewhere
        and choice.fits(kind)
        and not (kind.takes_whole_bucket and choice.prefix)
    ]


# What the buttons of a job do, by their address; some make a new job, which is shown then.
PRESSES: dict[str, Callable[..., Job | None]] = {
    "approve": services.approve,
    "confirm": handing.confirm,
    "pause": services.pause,
    "resume": services.resume,
    "cancel": services.cancel,
    "retry": services.retry,
    "again": services.run_again,
    "undo": services.undo,
    "acknowledge": services.acknowledge,
}


class NewJobPages:
    """Drafting a job for a bucket. A mixin for the admin of buckets."""

    admin_site: Any

    def job_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [
            path("<int:bucket_id>/job/", self.kinds_view, name="storage_admin_bucket_jobs"),
            path("<int:bucket_id>/job/<slug:kind>/", self.new_job_view, name="storage_admin_bucket_new_job"),
        ]

    @admin_page(permission="storage_admin.view_bucket")
    def kinds_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Offer the kinds of jobs that the user may draft, for a path or for keys that were chosen."""
        bucket = get_object_or_404(Bucket, pk=bucket_id)
        choice = _choice(request, bucket)
        if request.method == "POST" and not choice.is_named:
            messages.error(request, _("No object was chosen."))
            return redirect(addresses.folder(bucket, choice.prefix))
        offers = [
            {"kind": kind, "url": _first_page(bucket, kind, choice), "refusal": kind.refusal(bucket)}
            for kind in offered(staff(request), choice)
        ]
        return self._job_page(
            request, bucket, "storage_admin/job_kinds.html", choice,
            offered=offers, recent=[
                {"job": job, "title": kinds.of(job).title, "tone": facts.TONES.get(job.state, "")}
                for job in Job.objects.filter(bucket=bucket)[:RECENT]
            ],
        )  # fmt: skip

    @admin_page(permission="storage_admin.view_bucket")
    def new_job_view(self, request: HttpRequest, bucket_id: int, kind: str) -> HttpResponseBase:
        """Ask for the kind's parameters; draft the job, which a worker then plans."""
        bucket = get_object_or_404(Bucket, pk=bucket_id)
        chosen = kinds.named(kind)
        if chosen is None or chosen.is_drafted_elsewhere:
            raise Http404
        require(staff(request), chosen.right)
        choice = _choice(request, bucket)
        form = chosen.form_class(request.POST if "draft" in request.POST else None, label_suffix="")
        if "draft" in request.POST and form.is_valid():
            try:
                job = services.draft(
                    actor=staff(request), kind=kind, bucket=bucket, prefix=choice.prefix,
                    selection=choice.selection(chosen),
                    parameters=form.cleaned_data, reason=request.POST.get("reason", "")[:200],
                )  # fmt: skip
            except StorageError as error:
                messages.error(request, str(error))
            else:
                return redirect("admin:storage_admin_job_change", job.pk)
        return self._job_page(
            request, bucket, "storage_admin/job_new.html", choice, form=form, kind=chosen,
            refusal=chosen.refusal(bucket),
        )  # fmt: skip

    def _job_page(
        self, request: HttpRequest, bucket: Bucket, template: str, choice: Choice, **extra: Any
    ) -> HttpResponseBase:
        contact = staff(request).has_perm(CONTACT_PERMISSION)
        try:
            photos = choice.words(contact=contact) if choice.is_of_photos else ""
        except NotPossible as error:
            messages.error(request, str(error))
            return redirect("admin:photos_photo_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("A job for many objects"),
            "bucket": bucket,
            "top_url": addresses.folder(bucket, ""),
            "choice": choice,
            "photos": photos,
            "prefix": choice.prefix,
            "prefix_text": spelling.html(choice.prefix) if choice.prefix else "",
            "all_url": f"{reverse('admin:storage_admin_job_changelist')}?bucket__id__exact={bucket.pk}",
            **extra,
        }
        return TemplateResponse(request, template, context)


def _first_page(bucket: Bucket, kind: Kind, choice: Choice) -> str:
    """Return where drafting begins: the form, or a page that shows first what it is about."""
    if kind.place and not (choice.is_named or choice.is_of_photos):
        return addresses.of_bucket(bucket, kind.place, prefix=choice.prefix)
    return addresses.of_bucket(bucket, "new_job", kind.slug, **choice.query)


class JobPages:
    """One job. A mixin for the admin of jobs."""

    admin_site: Any

    def own_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        return [
            path("<int:job_id>/change/", self.job_view, name="storage_admin_job_change"),
            path("<int:job_id>/progress/", self.progress_view, name="storage_admin_job_progress"),
            path("<int:job_id>/failures.csv", self.failures_view, name="storage_admin_job_failures"),
            path("<int:job_id>/zip/", self.zip_view, name="storage_admin_job_zip"),
            path("<int:job_id>/start/", self.start_view, name="storage_admin_job_start"),
            path("<int:job_id>/hand-over/", self.hand_over_view, name="storage_admin_job_hand_over"),
            path("<int:job_id>/priority/", self.priority_view, name="storage_admin_job_priority"),
            *(
                path(f"<int:job_id>/{name}/", self.press_view, {"press": name}, f"storage_admin_job_{name}")
                for name in PRESSES
            ),
        ]

    @admin_page(permission=SEE)
    def job_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """Show the plan, how far it is, and what came of it."""
        job = _job(job_id)
        context = {
            **self.admin_site.each_context(request),
            **facts.context(job, staff(request)),
            "zip": panel.facts(job, staff(request)),
            "title": str(kinds.of(job).title),
            "subtitle": job.bucket.name,
        }
        return TemplateResponse(request, "storage_admin/job.html", context)

    @admin_page(permission=SEE)
    def progress_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """The part of the page that a script fetches again while a worker is at it."""
        return TemplateResponse(request, "storage_admin/job_progress.html", facts.progress(_job(job_id)))

    @admin_page(permission=SEE)
    def failures_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """All failures as CSV."""
        job = _job(job_id)

        def lines() -> Iterator[str]:
            writer = csv.writer(Line())
            yield writer.writerow(["key", "version", "code", "message", "attempts"])
            failed = job.items.filter(outcome=JobItem.Outcome.FAILED)
            for item in failed.iterator(chunk_size=1_000):
                said = (item.key, item.version_id, item.code, item.message)
                yield writer.writerow([*(cell(one) for one in said), item.attempts])

        name = f'attachment; filename="job-{job.pk}-failures.csv"'
        headers = {"Content-Disposition": name}
        return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8", headers=headers)

    @admin_page(permission=SEE)
    def zip_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """Hand out the ZIP that the job made; the service asks for the rights to what is in it."""
        job = get_object_or_404(Job.objects.select_related("bucket"), pk=job_id, kind=register.KIND)
        try:
            found = exports.opened_for_download(actor=staff(request), job=job)
            wanted = downloads.as_attachment(
                register.bucket_of(job), register.key_of(job), found.version_id, found.headers.content_type
            )
            return downloads.answer(wanted, seconds=settings.ORIGINAL_URL_SECONDS)
        except (StorageError, S3Error) as error:
            messages.error(request, str(error))
            return redirect("admin:storage_admin_job_change", job.pk)

    @admin_page(permission=SEE, post_only=True)
    def start_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """Start what was planned."""
        typed = request.POST.get("typed", "")
        return _pressed(
            request, job_id, lambda job: services.start(actor=staff(request), job=job, typed=typed)
        )

    @admin_page(permission=SEE, post_only=True)
    def hand_over_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """Hand what was planned over to Amazon's engines."""
        way, typed = request.POST.get("way", ""), request.POST.get("typed", "")
        if way not in HandoverWay.values:
            raise Http404

        def hand_over(job: Job) -> None:
            handing.hand_over(actor=staff(request), job=job, way=HandoverWay(way), typed=typed)

        return _pressed(request, job_id, hand_over)

    @admin_page(permission=SEE, post_only=True)
    def priority_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """Set which of the account's jobs Amazon prefers."""
        said = request.POST.get("priority", "")
        priority = int(said) if said.isascii() and said.isdigit() else -1
        return _pressed(
            request, job_id,
            lambda job: handing.set_priority(actor=staff(request), job=job, priority=priority),
        )  # fmt: skip

    @admin_page(permission=SEE, post_only=True)
    def press_view(self, request: HttpRequest, job_id: int, press: str) -> HttpResponseBase:
        """Do what one of the other buttons says."""
        return _pressed(request, job_id, lambda job: PRESSES[press](actor=staff(request), job=job))


def _choice(request: HttpRequest, bucket: Bucket) -> Choice:
    """Return what the request is about. Photos are for those who may see them, and in their own bucket."""
    choice = Choice.of(request)
    if choice.is_of_photos:
        require(staff(request), photo_rows.RIGHT)
        if not bucket.holds_photos:
            raise Http404
    return choice


def _job(job_id: int) -> Job:
    rows = Job.objects.select_related("bucket", "made_by", "retry_of", "handover")
    return get_object_or_404(rows, pk=job_id)


def _pressed(request: HttpRequest, job_id: int, act: Callable[[Job], Job | None]) -> HttpResponseBase:
    """Do what the button says; show the job, or the new one that it made."""
    job = _job(job_id)
    try:
        made = act(job)
    except PermissionDenied:
        raise
    except (StorageError, S3Error) as error:
        messages.error(request, str(error))
        made = None
    return redirect("admin:storage_admin_job_change", (made or job).pk)
