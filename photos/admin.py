"""Photos in the admin: the list as a grid, one photo's page, bulk actions."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from photos import display, filters, renditions, search, services
from photos.choices import PhotoStatus
from photos.errors import PhotoError
from photos.forms import PhotoForm, ReplaceForm
from photos.models import Photo
from photos.querysets import PhotoQuerySet
from photos.upload_views import UploadPages
from photos.views import PhotoPages
from portal import audit
from portal.access import require, staff
from portal.display import ago, size
from portal.model_admin import LateList, PortalModelAdmin
from storage_admin.jobs.from_photos import StorageJobAction

MAX_AT_ONCE = 1_000  # photos that one request changes; more is a job's work


class PhotoList(LateList):
    """The list with each photo's tile, in one query more."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Photo]:
        """Return what the filters and the search leave, and have the tiles fetched with a page of it."""
        return display.with_tiles(super().get_queryset(request, exclude_parameters))


@admin.register(Photo)
class PhotoAdmin(StorageJobAction, UploadPages, PhotoPages, PortalModelAdmin):
    """No list or page here asks S3 anything: rows only, and links signed locally."""

    form = PhotoForm
    list_per_page = 48  # full rows of two, three, four or six tiles
    list_display = ("tile", "title", "pet_link", "status_badge", "uploaded")
    list_display_links = ("title",)
    list_filter = (filters.StatusFilter, filters.PetFilter, "is_published", "content_type")
    list_select_related = ("pet",)
    search_fields = ("file_name",)  # shows the field; `search.find` does the work
    search_help_text = _("Pet, chip, file name, object key or photo id")
    sortable_by = ("uploaded",)
    ordering = ("-created_at", "-id")
    actions = (
        "trash_selected",
        "restore_selected",
        "publish_selected",
        "unpublish_selected",
        "retry_selected",
        "draft_storage_job",
    )
    autocomplete_fields = ("pet", "also_shows")
    change_form_template = "admin/photos/photo/change_form.html"
    change_list_template = "admin/photos/photo/change_list.html"
    view_on_site = False  # its page is this one
    body_class = "photo-grid"  # the skin lays the rows out as tiles
    empty_words = _("No photos yet. Upload some, or drop them on a pet's page.")

    class Media:
        css = {"all": ["photos/photos.css"]}
        js = ["photos/pictures.js"]

    # --- What is shown -----------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [*self.upload_urls(), *self.photo_urls(), *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LateList]:
        """Let the list, and only the list, bring the tiles."""
        return PhotoList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Photo], search_term: str
    ) -> tuple[QuerySet[Photo], bool]:
        if not search_term.strip():
            return queryset, False
        photos = cast("PhotoQuerySet", queryset)
        see_contact = request.user.has_perm("pets.view_owner_contact")
        return search.find(search_term, photos=photos, see_contact=see_contact), False

    @admin.display(description=_("picture"))
    def tile(self, photo: Photo) -> SafeString:
        return display.tile(photo, link=True)

    @admin.display(description=_("photo"))
    def title(self, photo: Photo) -> str:
        return str(photo)

    @admin.display(description=_("pet"))
    def pet_link(self, photo: Photo) -> str | SafeString:
        if photo.pet is None:
            return gettext("not known yet")
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:pets_pet_change", args=[photo.pet_id]), photo.pet
        )

    @admin.display(description=_("status"))
    def status_badge(self, photo: Photo) -> SafeString:
        return display.badge(photo)

    @admin.display(description=_("uploaded"), ordering="created_at")
    def uploaded(self, photo: Photo) -> str | SafeString:
        return ago(photo.created_at)

    # --- One photo ---------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A photo begins with its file: the upload page is the form to add one."""
        require(staff(request), "photos.add_photo")
        return redirect("admin:photos_photo_upload")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Show the photo above its form, and what is known of the file."""
        photo = kwargs.get("obj")
        facts = self._facts(request, photo) if photo is not None else {}
        buttons = {"show_save_and_add_another": False, "show_delete": False}
        return super().render_change_form(request, {**context, **buttons, **facts}, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Photo, form: Any, change: bool) -> None:
        """Save what staff wrote; which pet it shows goes through the service, with its rules."""
        texts = [name for name in form.changed_data if name not in {"pet", "also_shows"}]
        if texts:
            before = {name: form.initial.get(name) for name in texts}
            obj.save(update_fields=[*texts, "updated_at"])
            after = {name: getattr(obj, name) for name in texts}
            audit.record("photo.edited", actor=staff(request), target=obj, before=before, after=after)
        if "pet" in form.changed_data:
            chosen = form.cleaned_data["pet"]
            obj.pet_id = form.initial["pet"]
            try:
                services.assign(actor=staff(request), photo=obj, pet=chosen)
            except PhotoError as error:
                messages.error(request, str(error))

    def delete_model(self, request: HttpRequest, obj: Photo) -> None:
        """The admin's delete means the trash: what destroys lives in `storage_admin`."""
        services.trash(actor=staff(request), photo=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Photo]) -> None:
        for photo in queryset:
            services.trash(actor=staff(request), photo=photo)

    def _facts(self, request: HttpRequest, photo: Photo) -> dict[str, Any]:
        photo = (
            display.with_tiles(Photo.objects.filter(pk=photo.pk), *display.ALL).select_related("pet").get()
        )
        shown = {made.name: made for made in photo.shown}  # type: ignore[attr-defined]  # by `with_tiles`
        return {
            "photo": photo,
            "picture": display.picture_url(photo, renditions.FULL),
            "picture_rendition": shown.get(renditions.FULL),
            "alt": display.describe(photo),
            "badge": display.badge(photo),
            "facts": _rows(photo, see_location=request.user.has_perm("photos.view_photo_location")),
            "renditions": sorted(shown.values(), key=lambda made: made.name),
            "replace_form": ReplaceForm(),
            "is_ready": photo.status == PhotoStatus.READY,
            "is_failed": photo.status == PhotoStatus.FAILED,
            "is_trashed": photo.status == PhotoStatus.TRASHED,
            "can_trash": photo.status not in {PhotoStatus.TRASHED, PhotoStatus.REJECTED, PhotoStatus.PENDING}
            and self.has_delete_permission(request, photo),
        }

    # --- Many photos -------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # there is a trash
        return actions

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Whether the publishing actions are offered."""
        return request.user.has_perm("photos.publish_photo")

    @admin.action(description=_("Move to the trash"), permissions=["delete"])
    def trash_selected(self, request: HttpRequest, queryset: QuerySet[Photo]) -> None:
        self._each(request, queryset, services.trash, gettext("%(count)s moved to the trash."))

    @admin.action(description=_("Restore from the trash"), permissions=["delete"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[Photo]) -> None:
        self._each(request, queryset, services.restore, gettext("%(count)s restored."))

    @admin.action(description=_("Try failed ones again"), permissions=["change"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Photo]) -> None:
        self._each(request, queryset, services.retry, gettext("%(count)s queued again."))

    @admin.action(description=_("Publish"), permissions=["publish"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Photo]) -> None:
        self._publish(request, queryset, published=True)

    @admin.action(description=_("Take back from publication"), permissions=["publish"])
    def unpublish_selected(self, request: HttpRequest, queryset: QuerySet[Photo]) -> None:
        self._publish(request, queryset, published=False)

    def _publish(self, request: HttpRequest, queryset: QuerySet[Photo], *, published: bool) -> None:
        photos = self._few(request, queryset)
        changed = services.publish(actor=staff(request), photos=photos, published=published)
        words = gettext("%(count)s published.") if published else gettext("%(count)s no longer published.")
        messages.success(request, words % {"count": changed})
        if len(photos) > changed:
            skipped = gettext("%(count)s left as they were: not ready, or so already.")
            messages.warning(request, skipped % {"count": len(photos) - changed})

    def _each(self, request: HttpRequest, queryset: QuerySet[Photo], act: Any, words: str) -> None:
        """Do it to each photo; one refusal stops nothing and is told with its reason."""
        done, refused = 0, []
        for photo in self._few(request, queryset):
            try:
                act(actor=staff(request), photo=photo)
            except PhotoError as error:
                refused.append(f"{photo}: {error}")
            else:
                done += 1
        if done:
            messages.success(request, words % {"count": done})
        for sentence in refused[:10]:
            messages.warning(request, sentence)
        if len(refused) > 10:
            messages.warning(request, gettext("and %(count)s more.") % {"count": len(refused) - 10})

    def _few(self, request: HttpRequest, queryset: QuerySet[Photo]) -> list[Photo]:
        photos = list(queryset[: MAX_AT_ONCE + 1])
        if len(photos) > MAX_AT_ONCE:
            messages.warning(
                request,
                gettext("At most %(most)s photos are changed at once; these were the first.")
                % {"most": MAX_AT_ONCE},
            )
        return photos[:MAX_AT_ONCE]


def _rows(photo: Photo, *, see_location: bool) -> list[tuple[str, Any]]:
    """Return what is known of the file, as label and value."""
    dimensions = f"{photo.width} × {photo.height}" if photo.width else gettext("not known yet")
    rows = [
        (gettext("File"), photo.file_name),
        (gettext("Size"), f"{size(photo.bytes)}, {dimensions}, {photo.get_content_type_display().upper()}"),
        (gettext("Taken"), f"{photo.taken_at or gettext('unknown')} {photo.camera}".strip()),
        (gettext("Uploaded"), format_html("{}, {}", ago(photo.created_at), photo.uploaded_by_name)),
        (gettext("Stored as"), f"{photo.bucket} / {photo.key}"),
        (gettext("Version"), photo.version_id or "–"),
        ("SHA-256", photo.sha256 or "–"),
    ]
    if see_location and photo.latitude is not None:
        rows.insert(3, (gettext("Place"), f"{photo.latitude}, {photo.longitude}"))
    if photo.status == PhotoStatus.TRASHED:
        rows.insert(0, (gettext("Gone for good"), ago(photo.purge_at)))
    return rows
