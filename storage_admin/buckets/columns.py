"""What the list of buckets and a bucket's own page say of it: from rows alone, the store is not asked."""

from typing import Any

from django.contrib import admin
from django.db.models import JSONField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal.display import ago, size, whole
from portal.s3.exposure import Public
from storage_admin.buckets import posture, usage
from storage_admin.buckets.posture_checks import Outcome
from storage_admin.models import Bucket, UsageSnapshot

Text = SafeString | str


class BucketColumns:
    """Columns and read-only fields. A mixin for a `ModelAdmin`."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add each bucket's last finished count."""
        ended = UsageSnapshot.objects.filter(bucket=OuterRef("pk"), ended_at__isnull=False, error="")
        last = Subquery(ended.order_by("-pk").values("counts")[:1], output_field=JSONField())
        found: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]  # the ModelAdmin's
        return found.annotate(last_counts=last)

    body_class = "bucket-list"  # the filters go below: the list is wide
    connection_named: Any  # the ModelAdmin's own columns
    state: Any
    checked: Any

    @admin.display(description=_("connection"), ordering="connection")
    def where(self, bucket: Bucket) -> Text:
        """Both in one column: the list is wide."""
        named, region = self.connection_named(bucket), bucket.region or gettext("region not known")
        return format_html('{}<br><span class="quiet">{}</span>', named, region)

    @admin.display(description=_("last check"), ordering="last_checked")
    def state_and_check(self, bucket: Bucket) -> Text:
        """Whether it is there, and when the store was asked last."""
        return format_html('{}<br><span class="quiet">{}</span>', self.state(bucket), self.checked(bucket))

    @admin.display(description=_("encryption"), ordering="encryption")
    def encryption_read(self, bucket: Bucket) -> Text:
        """The default for new objects."""
        if bucket.encryption == posture.NO_ENCRYPTION:
            return gettext("none")
        return bucket.encryption or _not_read()

    @admin.display(description=_("public"), ordering="public")
    def public_read(self, bucket: Bucket) -> Text:
        """Whether the world can see into it; "unknown" where a part could not be read."""
        if bucket.public == Public.YES:
            return format_html('<span class="badge badge-failed">{}</span>', bucket.get_public_display())
        return bucket.get_public_display() or _not_read()

    @admin.display(description=_("lifecycle"), ordering="lifecycle_rules")
    def lifecycle_read(self, bucket: Bucket) -> Text:
        """How many rules there are."""
        count = bucket.lifecycle_rules
        if count is None:
            return _not_read()
        return ngettext("%(count)d rule", "%(count)d rules", count) % {"count": count}

    @admin.display(description=_("size and count"))
    def usage_total(self, bucket: Bucket) -> Text:
        """All that is billed, in the last count that came to its end."""
        counts = getattr(bucket, "last_counts", None)
        if counts is None:
            return format_html('<span class="quiet">{}</span>', gettext("not counted yet"))
        number = sum(one["objects"] + one["older"] for one in counts.values())
        total = sum(one["bytes"] + one["older_bytes"] for one in counts.values())
        return format_html('{}<br><span class="quiet">{}</span>', size(total), _versions(number))

    @admin.display(description=_("posture"), ordering="posture_at")
    def posture_read(self, bucket: Bucket) -> Text:
        """What the last check found, and the way to the next."""
        address = reverse("admin:storage_admin_bucket_posture", args=[bucket.pk])
        return format_html(
            '<a href="{}">{}<span class="visually-hidden"> {}</span></a>', address, _outcome(bucket), bucket
        )

    @admin.display(description=_("posture checked"), ordering="posture_at")
    def posture_checked(self, bucket: Bucket) -> Text:
        """When that was."""
        return ago(bucket.posture_at) if bucket.posture_at else _not_read()

    @admin.display(description=_("what lies in it"))
    def usage_by_class(self, bucket: Bucket) -> Text:
        """The last count by storage class, and what became of a later one."""
        done, newest = usage.latest(bucket), UsageSnapshot.objects.filter(bucket=bucket).first()
        said = _table(done) if done else format_html("<p>{}</p>", gettext("not counted yet"))
        if newest is None or newest == done:
            return said
        if newest.ended_at is None:
            words = gettext("A count is under way, begun")
            return format_html(
                "{}<p>{} {}. {}</p>", said, words, ago(newest.begun_at), newest.error or _progress(newest)
            )
        words = gettext("The last count did not come to its end:")
        return format_html('{}<p class="notice">{} {}</p>', said, words, newest.error)


def _not_read() -> Text:
    return format_html('<span class="quiet">{}</span>', gettext("not read yet"))


def _outcome(bucket: Bucket) -> Text:
    counts = bucket.posture
    if not counts:
        return gettext("not checked yet")
    failed, warned = counts.get(Outcome.FAIL, 0), counts.get(Outcome.WARN, 0)
    if failed:
        words = ngettext("%(count)d failed", "%(count)d failed", failed) % {"count": failed}
        return format_html('<span class="badge badge-failed">{}</span>', words)
    if warned:
        return ngettext("%(count)d warning", "%(count)d warnings", warned) % {"count": warned}
    return gettext("passed")


def _versions(count: int) -> str:
    return ngettext("%(count)s version", "%(count)s versions", count) % {"count": whole(count)}


def _progress(snapshot: UsageSnapshot) -> str:
    count = sum(one["objects"] + one["older"] for one in snapshot.counts.values())
    return gettext("So far: %(versions)s.") % {"versions": _versions(count)}


def _table(snapshot: UsageSnapshot) -> SafeString:
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>',
        (
            (name, whole(one["objects"]), size(one["bytes"]), whole(one["older"]),
             size(one["older_bytes"]))
            for name, one in sorted(snapshot.counts.items())
        ),
    )  # fmt: skip
    heads = format_html_join(
        "",
        '<th scope="col">{}</th>',
        (
            (name,)
            for name in (
                gettext("Class"), gettext("Objects"), gettext("Size"), gettext("Older versions"),
                gettext("Their size"),
            )
        ),
    )  # fmt: skip
    words = gettext("Delete markers: %(markers)s, open uploads: %(uploads)s. Counted") % {
        "markers": whole(snapshot.markers),
        "uploads": whole(snapshot.uploads),
    }
    return format_html(
        '<div class="usage" role="region" aria-label="{}" tabindex="0"><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div><p>{} {}.</p>",
        gettext("What lies in it, by class"), heads, rows, words, ago(snapshot.ended_at),
    )  # fmt: skip
