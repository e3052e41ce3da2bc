"""The one door to custom admin pages: `@admin_page(permission=...)`.

`AdminSite.admin_view` asks only for `is_staff`; each page of our own also names the
permission it needs. A test walks the URLs and refuses a custom page without it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from django.contrib.admin import AdminSite, ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from portal.errors import method_not_allowed
from portal.models import User

Owner: TypeAlias = "ModelAdmin[Any] | AdminSite"
# None is the portal itself: demo data, sweeps, imports. It has every right.
Actor = User | None

Page = Callable[..., HttpResponseBase]


def admin_page(
    *, permission: str | None, post_only: bool = False, cacheable: bool = False
) -> Callable[[Page], Page]:
    """Guard a view method of a `ModelAdmin` or `AdminSite`.

    `permission` is "app.codename"; None lets every member of staff in and says so at the
    place. Anonymous users are sent to the log-in, the wrong role gets 403 in words, another
    method than POST on a `post_only` page gets 405. CSRF protection and no-cache headers
    come from `admin_view`; a `cacheable` page says itself for how long browsers may keep it.
    """

    def decorate(method: Page) -> Page:
        @wraps(method)
        def page(
            owner: "ModelAdmin[Any] | AdminSite", request: HttpRequest, *args: Any, **kwargs: Any
        ) -> Any:
            def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                if permission is not None:
                    require(staff(request), permission)
                if post_only and request.method != "POST":
                    return method_not_allowed(request, ["POST"])
                return method(owner, request, *args, **kwargs)

            site = owner if isinstance(owner, AdminSite) else owner.admin_site
            return site.admin_view(guarded, cacheable=cacheable)(request, *args, **kwargs)

        page.portal_permission = permission  # type: ignore[attr-defined]  # read by the test that walks the URLs
        return page

    return decorate


def require(actor: Actor, permission: str) -> None:
    """Raise PermissionDenied, with the right's name in the sentence, unless the actor has it."""
    if actor is not None and not actor.has_perm(permission):
        raise PermissionDenied(
            _("Your account lacks the right “%(permission)s”.") % {"permission": permission}
        )


def staff(request: HttpRequest) -> User:
    """Return who asks, as the services want it; PermissionDenied for a stranger."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
