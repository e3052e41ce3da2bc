"""The register of share links in the admin: who gave what to whom, why, until when; rows are only read."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal import spelling
from portal.access import admin_page, staff
from portal.display import ago
from portal.model_admin import RecordAdmin
from storage_admin import addresses
from storage_admin.errors import NotPossible, StorageError
from storage_admin.models import ShareLink, ShareLinkQuerySet
from storage_admin.sharing import links as share_links
from storage_admin.sharing.pages import SharePages

SEE = "storage_admin.view_sharelink"


class StateFilter(admin.SimpleListFilter):
    """Whether links still open."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("ended", _("ended")), ("revoked", _("revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ShareLink]) -> QuerySet[ShareLink]:
        by_state = {
            "open": ShareLinkQuerySet.live,
            "ended": ShareLinkQuerySet.expired,
            "revoked": ShareLinkQuerySet.revoked,
        }
        chosen = by_state.get(self.value() or "")
        return chosen(queryset) if chosen else queryset  # type: ignore[arg-type]  # the model's own class


class MineFilter(admin.SimpleListFilter):
    """Whose links."""

    title = _("who")
    parameter_name = "mine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("made by me"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ShareLink]) -> QuerySet[ShareLink]:
        return queryset.filter(made_by=staff(request)) if self.value() == "yes" else queryset


class ShareLinkAdmin(SharePages, RecordAdmin):
    """The register asks the store nothing; making a link, from an object or a photo, does."""

    list_display = (
        "recipient", "what", "size", "made_by_name", "reason", "made", "ends", "opened", "state",
    )  # fmt: skip
    list_filter = (StateFilter, MineFilter, "size", "bucket")
    list_select_related = ("bucket", "made_by")
    search_fields = ("key__startswith", "recipient__icontains")
    search_help_text = _("The beginning of an object key, or a part of for whom.")
    ordering = ("-id",)
    actions = ("revoke_selected",)
    fields = (
        "recipient", "reason", "what", "size", "version_id", "made_by_name", "made", "ends", "state",
        "revoked_by_name", "opened", "last_opened", "refused_count",
    )  # fmt: skip
    readonly_fields = fields
    change_form_template = "admin/storage_admin/sharelink/change_form.html"
    empty_words = _("Nobody has shared anything yet. “Share” stands on the page of a photo or an object.")

    def get_urls(self) -> list[URLPattern]:
        revoke = path("<int:link_id>/revoke/", self.revoke_view, name="storage_admin_sharelink_revoke")
        return [revoke, *self.share_urls(), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Offer to revoke what is still open, to those who may."""
        link: ShareLink | None = kwargs.get("obj")
        revoke_url = ""
        if link is not None and link.is_live and share_links.may_revoke(staff(request), link):
            revoke_url = reverse("admin:storage_admin_sharelink_revoke", args=[link.pk])
        return super().render_change_form(request, {**context, "revoke_url": revoke_url}, *args, **kwargs)

    @admin_page(permission=SEE, post_only=True)
    def revoke_view(self, request: HttpRequest, link_id: int) -> HttpResponseBase:
        """Close one link; whoever needs one again makes a new one."""
        link = get_object_or_404(ShareLink.objects.select_related("bucket"), pk=link_id)
        try:
            share_links.revoke(actor=staff(request), link=link)
        except StorageError as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, gettext("The link is revoked: it opens nothing from now on."))
        return redirect("admin:storage_admin_sharelink_change", link.pk)

    @admin.action(description=_("Revoke, for good"), permissions=["view"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ShareLink]) -> None:
        """Close each that the user may close; the others are counted, with the reason."""
        user, done, closed, foreign = staff(request), 0, 0, 0
        for link in queryset.select_related("bucket"):
            if not share_links.may_revoke(user, link):
                foreign += 1
                continue
            try:
                share_links.revoke(actor=user, link=link)
            except NotPossible:
                closed += 1
            else:
                done += 1
        if done:
            words = ngettext("%(count)s link is revoked.", "%(count)s links are revoked.", done)
            messages.success(request, words % {"count": done})
        if closed:
            messages.warning(request, gettext("%(count)s were revoked already.") % {"count": closed})
        if foreign:
            words = gettext("%(count)s were made by others, and stay: revoking them takes “change bucket”.")
            messages.warning(request, words % {"count": foreign})

    @admin.display(description=_("what"))
    def what(self, link: ShareLink) -> SafeString:
        """The object or the photo, with the way to it."""
        if link.photo_uuid is not None:
            address = reverse("admin:photos_photo_change", args=[link.photo_uuid])
        else:
            address = addresses.of_object(link.bucket, link.key, link.version_id)
        return format_html('<a href="{}">{} / {}</a>', address, link.bucket, spelling.html(link.key))

    @admin.display(description=_("made"), ordering="id")
    def made(self, link: ShareLink) -> str | SafeString:
        return ago(link.made_at)

    @admin.display(description=_("ends"), ordering="expires_at")
    def ends(self, link: ShareLink) -> str | SafeString:
        return ago(link.expires_at)

    @admin.display(description=_("opened"), ordering="opened_count")
    def opened(self, link: ShareLink) -> str:
        return ngettext("once", "%(count)s times", link.opened_count) % {"count": link.opened_count}

    @admin.display(description=_("last opened"))
    def last_opened(self, link: ShareLink) -> str | SafeString:
        return ago(link.last_opened_at)

    @admin.display(description=_("state"))
    def state(self, link: ShareLink) -> SafeString | str:
        """Open, or why it does not open any more, as far as rows tell."""
        if link.revoked_at is not None:
            return format_html(
                '<span class="badge badge-failed">{}</span> {}', gettext("revoked"), ago(link.revoked_at)
            )
        if not link.is_live:
            return format_html('<span class="badge badge-older">{}</span>', gettext("ended"))
        if link.made_by is None or not (link.made_by.is_active and link.made_by.is_staff):
            return format_html(
                '<span class="badge badge-failed" title="{}">{}</span>',
                gettext("A link carries its maker's rights, and the maker's account is closed."),
                gettext("opens nothing"),
            )
        return format_html('<span class="badge badge-ready">{}</span>', gettext("open"))
