"""Accounts; the audit trail is in `portal.audit_pages`."""

import json
from typing import Any

from axes.admin import AccessAttemptAdmin
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from portal.audit import AuditEvent, record
from portal.audit_pages import AuditEventAdmin
from portal.display import ago
from portal.models import User

# Wrong passwords that count towards a lockout; deleting one lets its owner in again. The
# package's other two lists would be empty or repeat "last signed in" (AXES_ENABLE_ADMIN is off).
admin.site.register(AccessAttempt, AccessAttemptAdmin)
admin.site.register(AuditEvent, AuditEventAdmin)


@admin.register(User)
class StaffAdmin(UserAdmin):
    """Accounts, with their roles in the list."""

    list_display = ("username", "full_name", "roles", "is_active", "is_superuser", "last_seen")
    list_filter = ("groups", "is_active", "is_superuser")
    # Rights come from roles; single ones stay possible, but out of the way.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "time_zone")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Single rights"), {"fields": ("user_permissions",), "classes": ("collapse",)}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    filter_horizontal = ("user_permissions",)
    readonly_fields = ("last_login", "date_joined")
    empty_words = _("Nobody has an account yet.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Fetch the roles of a page of accounts in one query."""
        return super().get_queryset(request).prefetch_related("groups")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the few roles as boxes to tick."""
        if db_field.name == "groups":
            kwargs["widget"] = CheckboxSelectMultiple()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep who made the account, in the same transaction."""
        record("account.added", actor=request.user, target=obj, after=_rights(obj))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep who changed the account and what it may do since; a password is only said to have changed."""
        record("account.changed", actor=request.user, target=obj, after=_rights(obj), message=_words(message))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep who deleted the accounts."""
        for user in queryset:
            record("account.deleted", actor=request.user, target=user, before=_rights(user))
        return super().log_deletions(request, queryset)

    @admin.display(description=_("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name()

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        """The names of the groups."""
        return ", ".join(group.name for group in user.groups.all())

    @admin.display(description=_("last signed in"), ordering="last_login")
    def last_seen(self, user: User) -> str | SafeString:
        """When the user last signed in, relative."""
        return ago(user.last_login)


def _rights(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "roles": sorted(user.groups.values_list("name", flat=True)),
        "single_rights": sorted(user.user_permissions.values_list("codename", flat=True)),
    }


def _words(message: Any) -> str:
    """Write the admin's change message, a list of field names, as text."""
    return message if isinstance(message, str) else json.dumps(message)
