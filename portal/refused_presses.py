"""Keeps every button that somebody pressed without the right to: refused tries belong to the audit."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal import audit
from portal.audit import AuditEvent

_LOOKING = {"GET", "HEAD", "OPTIONS", "TRACE"}
MAX_PAGE_CHARACTERS = 2_000


class RefusedPressMiddleware:
    """Writes `page.refused` for a PermissionDenied on anything but looking, wherever it was raised.

    Here and not in `access.admin_page`, so that the admin's own forms and the services count, too.
    What a service has written itself carries `audit.RECORDED`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Record, and let the refusal go on to its page."""
        if (
            isinstance(exception, PermissionDenied)
            and request.method not in _LOOKING
            and request.user.is_authenticated
            and audit.RECORDED not in getattr(exception, "__notes__", ())
        ):
            audit.record(
                "page.refused",
                actor=request.user,
                after={"page": request.get_full_path()[:MAX_PAGE_CHARACTERS]},
                outcome=AuditEvent.Outcome.REFUSED,
                message=str(exception) or _("The account lacks a right that this page needs."),
            )
