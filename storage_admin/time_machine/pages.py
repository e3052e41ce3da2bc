"""The time machine's page: what became of a bucket or a folder since a moment, and taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.access import admin_page, staff
from portal.s3 import versioning
from portal.s3.types import VersioningState
from storage_admin import addresses
from storage_admin.addresses import Mode
from storage_admin.buckets import looking as buckets_looking
from storage_admin.jobs import history, services
from storage_admin.jobs.choosing import MAX_NAMED
from storage_admin.jobs.history import Change
from storage_admin.jobs.kinds.time_machine import MomentForm, RollBack, Undelete
from storage_admin.jobs.targets import Selection
from storage_admin.models import Bucket
from storage_admin.objects import browsing
from storage_admin.store_pages import StorePages
from storage_admin.time_machine import looking, moments
from storage_admin.time_machine.looking import Row, Seen

SEE = "storage_admin.view_bucket"
HIDE = "storage_admin.hide_object"
CHOSEN = "chosen"  # what `which` says for the ticked keys; else a kind of change, or EVERYTHING
EVERYTHING = "everything"
LABELS = {
    Change.DELETED: gettext_lazy("deleted"),
    Change.CHANGED: gettext_lazy("changed"),
    Change.ADDED: gettext_lazy("added"),
}
_TONES = {Change.DELETED: "badge-marker", Change.CHANGED: "badge-older", Change.ADDED: ""}


class TimeMachinePages(StorePages):
    """A mixin for a `ModelAdmin`."""

    def time_machine_urls(self) -> list[URLPattern]:
        """Return the patterns that go before the admin's own."""
        below, name = "<int:bucket_id>/time-machine/", "storage_admin_bucket_time_machine"
        return [
            path(below, self.time_machine_view, name=name),
            path(f"{below}draft/", self.time_machine_draft_view, name=f"{name}_draft"),
        ]

    @admin_page(permission=SEE)
    def time_machine_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Show what was added, changed and deleted below a prefix since a moment."""
        query = request.GET
        prefix, only = query.get("prefix", ""), query.get("change", "")
        only = only if only in history.EVERY_CHANGE else ""
        typed = query.get("moment", "")
        if "begins" in query:  # one address for what was asked, whoever asks
            asked = get_object_or_404(Bucket, pk=bucket_id)
            prefix = unquote(query.get("folder", "")) + query["begins"]
            return redirect(
                addresses.time_machine(asked, prefix, moment=query.get("moment", ""), change=only)
            )
        moment, error = _moment(query.get("moment", ""))

        def ask(bucket: Bucket) -> HttpResponseBase:
            state = versioning.read(bucket.name, alias=bucket.connection).state
            buckets_looking.note_versioning(bucket, state)
            seen = None
            if moment is not None and state != VersioningState.NEVER_SET:
                seen = looking.look(bucket, prefix, moment, only=only, after=query.get("after", ""))
            context = {
                **self.admin_site.each_context(request),
                **_place(bucket, prefix),
                **_choices(bucket, prefix, moment, only),
                "title": _("Time machine"),
                "moment_error": error,
                "moment_form": MomentForm(initial={"moment": moment} if moment else None, label_suffix=""),
                "moment_typed": typed if error else "",
                "never_versioned": state == VersioningState.NEVER_SET,
                "is_suspended": state == VersioningState.SUSPENDED,
            }
            if seen is not None and moment is not None:
                context |= _shown(bucket, prefix, moment, only, seen)
                context["destroyed"] = moments.destroyed_since(bucket, prefix, moment)
                context["is_later_page"] = "after" in query
                may = request.user.has_perm(RollBack.right) and state == VersioningState.ENABLED
                context |= _ways_back(bucket, moment, only, request) if may else {}
            return TemplateResponse(request, "storage_admin/time_machine.html", context)

        return self.asked(request, bucket_id, ask)

    @admin_page(permission=RollBack.right, post_only=True)
    def time_machine_draft_view(self, request: HttpRequest, bucket_id: int) -> HttpResponseBase:
        """Draft the job that rolls back what was chosen; its plan shows what it would do."""
        form, asked = request.POST, get_object_or_404(Bucket, pk=bucket_id)
        prefix, which = unquote(form.get("prefix", "")), form.get("which", "")
        moment, error = _moment(form.get("moment", ""))
        back = addresses.time_machine(asked, prefix, moment=form.get("moment", ""))
        changes = _changes(request, which)
        keys = [unquote(one) for one in form.getlist("key")[:MAX_NAMED]]
        if moment is None or not changes or (which == CHOSEN and not keys):
            messages.error(request, error or _("No object was chosen."))
            return redirect(back)
        selection: Selection = {
            "what": "history", "prefix": prefix, "moment": moment.isoformat(), "changes": changes,
        }  # fmt: skip
        if which == CHOSEN:
            selection["keys"] = keys
        drafted: list[int] = []

        def act(bucket: Bucket) -> None:
            job = services.draft(
                actor=staff(request), kind=RollBack.slug, bucket=bucket, prefix=prefix, selection=selection,
                parameters={"moment": moment, "changes": changes}, reason=form.get("reason", "")[:200],
            )  # fmt: skip
            drafted.append(job.pk)

        answer = self.done(request, bucket_id, act, back)
        return redirect("admin:storage_admin_job_change", drafted[0]) if drafted else answer


def _moment(text: str) -> tuple[datetime | None, str]:
    """Return the moment, or why it is none. Without a zone it is in the person's own."""
    if not text:
        return None, ""
    try:
        moment = MomentForm().fields["moment"].clean(text)
    except ValidationError as error:
        return None, " ".join(error.messages)
    if moment > timezone.now():
        return None, _("This moment is still to come.")
    return moment, ""


def _changes(request: HttpRequest, which: str) -> list[str]:
    """Return the kinds of change that the button means; additions only for those who may hide."""
    may_hide = request.user.has_perm(HIDE)
    if which in {CHOSEN, EVERYTHING}:
        return [one.value for one in history.EVERY_CHANGE if one != Change.ADDED or may_hide]
    return [which] if which in history.EVERY_CHANGE else []


def _place(bucket: Bucket, prefix: str) -> dict[str, Any]:
    folder = addresses.folder_of(prefix)
    return {
        "bucket": bucket,
        "prefix": prefix,
        "prefix_field": quote(prefix, safe=""),  # a line feed would not survive in a field
        "prefix_text": spelling.html(prefix) if prefix else "",
        "folder": folder,
        "folder_field": quote(folder, safe=""),
        "folder_text": spelling.html(folder),
        "rest": prefix.removeprefix(folder),
        "crumbs": browsing.crumbs(bucket, prefix, Mode.CURRENT),
        "top_url": addresses.folder(bucket, ""),
        "objects_url": addresses.folder(bucket, prefix),
    }


def _choices(bucket: Bucket, prefix: str, moment: datetime | None, only: str) -> dict[str, Any]:
    """Return the ways to other moments and places, which keep all else."""

    def at(one: moments.Moment) -> dict[str, Any]:
        url = addresses.time_machine(bucket, prefix, moment=one.at.isoformat(), change=only)
        return {"label": one.label, "at": one.at, "url": url, "is_on": one.at == moment, "job": one.job}

    told = moment.isoformat() if moment else ""
    return {
        "quick": [at(one) for one in moments.quick()],
        "before_jobs": [at(one) for one in moments.before_jobs(bucket)],
        "whole_url": addresses.time_machine(bucket, "", moment=told),
        "folder_url": addresses.time_machine(bucket, addresses.folder_of(prefix), moment=told),
        # Where a folder was meant, its neighbours that begin so are not.
        "as_folder_url": addresses.time_machine(bucket, f"{prefix}/", moment=told)
        if prefix and not prefix.endswith("/")
        else "",
    }


def _shown(bucket: Bucket, prefix: str, moment: datetime, only: str, seen: Seen) -> dict[str, Any]:
    told = moment.isoformat()
    return {
        "moment": moment,
        "seen": seen,
        "changed_count": seen.counts.total(),
        "rows": [_row(bucket, prefix, row) for row in seen.rows],
        "filters": [
            {
                "label": label, "count": count, "is_on": only == value,
                "url": addresses.time_machine(bucket, prefix, moment=told, change=value),
            }
            for value, label, count in [
                ("", _("All"), seen.counts.total()),
                *((one.value, label, seen.counts[one]) for one, label in LABELS.items()),
            ]
        ],
        "next_url": seen.next_after
        and addresses.time_machine(bucket, prefix, moment=told, change=only, after=seen.next_after),
        "first_url": addresses.time_machine(bucket, prefix, moment=told, change=only),
        "may_lack_keys": history.may_lack(bucket) if seen.next_after or seen.answers > 1 else "",
        "undelete_url": addresses.of_bucket(bucket, "new_job", Undelete.slug, prefix=prefix),
    }  # fmt: skip


def _row(bucket: Bucket, prefix: str, row: Row) -> dict[str, Any]:
    name = row.key.removeprefix(addresses.folder_of(prefix))
    return {
        "row": row,
        "name": spelling.html(name or row.key),
        "plain_name": spelling.plain(row.key),
        "field": quote(row.key, safe=""),
        "label": LABELS[row.change],
        "tone": _TONES[row.change],
        "url": addresses.of_object(bucket, row.key),
        "was_url": addresses.of_object(bucket, row.key, row.was.version_id) if row.was else "",
    }


def _ways_back(bucket: Bucket, moment: datetime, only: str, request: HttpRequest) -> dict[str, Any]:
    """Return the buttons that draft a job: of the kind of change that is shown, or of every one."""
    ways = [
        (Change.DELETED.value, _("Bring back what was deleted")),
        (Change.CHANGED.value, _("Take back the changes")),
    ]
    if request.user.has_perm(HIDE):
        ways += [
            (Change.ADDED.value, _("Hide what was added")),
            (EVERYTHING, _("Roll everything back")),
        ]
    else:
        ways += [(EVERYTHING, _("Bring back and take back"))]
    return {
        "draft_url": addresses.of_bucket(bucket, "time_machine_draft"),
        "moment_field": moment.isoformat(),
        "ways": [{"which": which, "label": label} for which, label in ways if not only or which == only],
        "chosen": CHOSEN,
        "most_chosen": MAX_NAMED,
    }
