"""Buckets in the admin: the list, a bucket's page, and below it the browser and the objects."""

from django.contrib import admin
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import spelling
from portal.display import ago, count_text
from portal.model_admin import RecordAdmin
from storage_admin.analytics.register import AnalyticsExportAdmin
from storage_admin.arrivals.register import ArrivalAdmin
from storage_admin.buckets.columns import BucketColumns
from storage_admin.buckets.filters import FailedChecks
from storage_admin.buckets.pages import BucketPages
from storage_admin.buckets.posture_pages import PosturePages
from storage_admin.buckets.usage_pages import UsagePages
from storage_admin.buckets.visibility_pages import VisibilityPages
from storage_admin.connections.pages import ConnectionPages
from storage_admin.glue.register import GlueRunAdmin
from storage_admin.inventory.pages import InventoryPages
from storage_admin.jobs import facts, kinds
from storage_admin.jobs.filters import HandedOver, OfKind, WithFailures
from storage_admin.jobs.pages import JobPages, NewJobPages
from storage_admin.mirror.register import MirrorItemAdmin
from storage_admin.models import AnalyticsExport, Arrival, Bucket, GlueRun, Job, MirrorItem, ShareLink
from storage_admin.objects.browser_pages import BrowserPages
from storage_admin.objects.form_pages import ObjectFormPages
from storage_admin.objects.pages import ObjectPages
from storage_admin.objects.upload_pages import UploadPages
from storage_admin.objects.version_pages import VersionPages
from storage_admin.reconciliation.pages import ReconciliationPages
from storage_admin.schedules.pages import SchedulePages
from storage_admin.sharing.register import ShareLinkAdmin
from storage_admin.time_machine.pages import TimeMachinePages

admin.site.register(ShareLink, ShareLinkAdmin)
admin.site.register(MirrorItem, MirrorItemAdmin)
admin.site.register(AnalyticsExport, AnalyticsExportAdmin)
admin.site.register(GlueRun, GlueRunAdmin)
admin.site.register(Arrival, ArrivalAdmin)


@admin.register(Bucket)
class BucketAdmin(
    BrowserPages,
    UploadPages,
    VersionPages,
    BucketPages,
    ObjectPages,
    ObjectFormPages,
    PosturePages,
    VisibilityPages,
    ConnectionPages,
    UsagePages,
    InventoryPages,
    ReconciliationPages,
    TimeMachinePages,
    NewJobPages,
    BucketColumns,
    RecordAdmin,
):
    """The list and a bucket's own page show rows: they ask the store nothing."""

    list_display = (
        "name", "contents", "where", "versioning_read", "encryption_read", "public_read", "lifecycle_read",
        "usage_total", "posture_read", "state_and_check",
    )  # fmt: skip
    list_filter = ("connection", "versioning", "public", FailedChecks)
    search_fields = ("name",)
    ordering = ("connection", "name")
    fields = (
        "name", "connection", "region", "versioning_read", "encryption_read", "public_read", "lifecycle_read",
        "usage_by_class", "posture_read", "posture_checked", "state", "first_seen", "checked", "last_error",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name not in {"name", "connection", "region"})
    change_form_template = "admin/storage_admin/bucket/change_form.html"
    change_list_template = "admin/storage_admin/bucket/change_list.html"
    empty_words = _("The portal looks for buckets by itself soon after its start. Or look now.")

    def get_urls(self) -> list[URLPattern]:
        return [
            *self.browser_urls(),
            *self.upload_urls(),
            *self.version_urls(),
            *self.bucket_urls(),
            *self.object_urls(),
            *self.object_form_urls(),
            *self.setting_urls(),
            *self.posture_urls(),
            *self.visibility_urls(),
            *self.connection_urls(),
            *self.usage_urls(),
            *self.inventory_urls(),
            *self.reconciliation_urls(),
            *self.time_machine_urls(),
            *self.job_urls(),
            *super().get_urls(),
        ]

    @admin.display(description=_("objects"))
    def contents(self, bucket: Bucket) -> SafeString:
        """The way to the browser."""
        address = reverse("admin:storage_admin_bucket_browse", args=[bucket.pk])
        return format_html(
            '<a href="{}">{}<span class="visually-hidden"> {}</span></a>', address, gettext("Browse"), bucket
        )

    @admin.display(description=_("connection"), ordering="connection")
    def connection_named(self, bucket: Bucket) -> SafeString | str:
        """Its name, and whether what is there is kept."""
        if not bucket.is_simulated:
            return bucket.connection
        return format_html(
            '{} <span class="badge badge-older" title="{}">{}</span>',
            bucket.connection, gettext("It is gone when the simulator ends."),
            gettext("simulated, nothing is kept"),
        )  # fmt: skip

    @admin.display(description=_("versioning"), ordering="versioning")
    def versioning_read(self, bucket: Bucket) -> str:
        """What was read when the bucket was opened last."""
        return bucket.get_versioning_display() or gettext("not read yet")

    @admin.display(description=_("state"))
    def state(self, bucket: Bucket) -> SafeString | str:
        """Whether it is there, as far as was seen last."""
        if bucket.gone_since is not None:
            return format_html(
                '<span class="badge badge-failed">{}</span> {}', gettext("gone"), ago(bucket.gone_since)
            )
        if not bucket.is_connected:
            return format_html('<span class="badge badge-failed">{}</span>', gettext("connection gone"))
        if bucket.last_error:
            return format_html(
                '<span class="badge badge-failed" title="{}">{}</span>', bucket.last_error, gettext("error")
            )
        return gettext("there")

    @admin.display(description=_("last check"), ordering="last_checked")
    def checked(self, bucket: Bucket) -> str | SafeString:
        """When the store was asked last, relative."""
        return ago(bucket.last_checked)


@admin.register(Job)
class JobAdmin(JobPages, SchedulePages, RecordAdmin):
    """All jobs, newest first, below the timetable."""

    list_display = ("what", "where", "state_shown", "counts", "made_by_name", "made")
    list_filter = (
        WithFailures, HandedOver, OfKind, "state", ("bucket", admin.RelatedOnlyFieldListFilter),
        ("made_by_name", admin.AllValuesFieldListFilter), "trigger", "made_at",
    )  # fmt: skip
    list_select_related = ("bucket",)
    search_fields = ("prefix__startswith", "made_by_name__startswith")
    ordering = ("-id",)
    change_list_template = "admin/storage_admin/job/change_list.html"
    empty_words = _("Nothing has been done to many objects yet. Jobs begin on a bucket's page “Jobs”.")

    def get_urls(self) -> list[URLPattern]:
        return [*self.own_urls(), *self.schedule_urls(), *super().get_urls()]

    @admin.display(description=_("job"))
    def what(self, job: Job) -> str:
        """Which kind it is, with its number."""
        return f"{kinds.of(job).title} #{job.pk}"

    @admin.display(description=_("where"))
    def where(self, job: Job) -> str:
        """The bucket and the prefix."""
        return f"{job.bucket.name}/{spelling.plain(job.prefix)}"

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, job: Job) -> SafeString | str:
        """The state, marked where it needs somebody."""
        tone = facts.TONES.get(job.state, "")
        return format_html('<span class="badge {}">{}</span>', tone, job.get_state_display())

    @admin.display(description=_("done, passed over, failed"))
    def counts(self, job: Job) -> str:
        """What came of it so far."""
        return " / ".join(count_text(number, number) for number in (job.done, job.skipped, job.failed))

    @admin.display(description=_("made"), ordering="id")
    def made(self, job: Job) -> str | SafeString:
        """When it was drafted, and how it ended: one column, for six have room beside the filters."""
        if job.ended_at is None:
            return ago(job.made_at)
        return format_html(
            '{}<br><span class="quiet">{} {}</span>', ago(job.made_at), gettext("ended"), ago(job.ended_at)
        )
