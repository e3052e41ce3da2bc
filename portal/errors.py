"""Error pages: a person's words first, then the code and the request id.

They read no database and no session, so that they also work when those do not.
"""

from collections.abc import Sequence

import structlog
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseServerError,
    JsonResponse,
)
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

logger = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 30


def request_id() -> str:
    """Return the id that this request's log lines carry; empty outside a request."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """400. The exception's text is not shown: it may repeat what an attacker sent."""
    return _page(
        request,
        400,
        _("That request made no sense to us"),
        _("The address or the form was damaged on its way. Go back, reload the page and try again."),
    )


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, with the sentence that was raised, if any."""
    return _page(
        request,
        403,
        _("Your account may not do this"),
        _("Nothing was changed. If you need it for your work, ask whoever looks after the accounts."),
        detail=str(exception or ""),
    )


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """404."""
    return _page(
        request,
        404,
        _("There is nothing at this address"),
        _("It may have been moved or deleted for good. The search finds pets, owners and photos."),
    )


def method_not_allowed(request: HttpRequest, methods: Sequence[str]) -> HttpResponse:
    """405 for a page that only takes the named methods."""
    response = _page(
        request,
        405,
        _("This address only takes a button press"),
        _("Opening it as a link changes nothing. Go back to the page before and use its button."),
    )
    response["Allow"] = HttpResponseNotAllowed(methods)["Allow"]
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500. Falls back to plain text when even the template cannot be shown."""
    title = _("Something broke on our side")
    words = _("It was recorded. What you were doing may not be saved: check it, then try again.")
    try:
        return _page(request, 500, title, words)
    except Exception:
        # For example a static file that is missing from the manifest.
        logger.exception("error_page_failed")
        return HttpResponseServerError(f"{title}. {words} (500 {request_id()})", content_type="text/plain")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing or old (CSRF_FAILURE_VIEW)."""
    logger.warning("csrf_failure", reason=reason)
    return _page(
        request,
        403,
        _("This form is too old"),
        _("Your sign-in changed after it was opened. Go back, reload the page and send it again."),
    )


def locked_out(request: HttpRequest, *_args: object, **_kwargs: object) -> HttpResponse:
    """429 after too many wrong passwords (AXES_LOCKOUT_CALLABLE)."""
    return _page(
        request,
        429,
        _("Too many wrong passwords"),
        _("Signing in with this name is paused from here for a while. Try later, or ask for a new password."),
    )


def storage_unavailable(
    request: HttpRequest, context: dict[str, object] | None = None, *, error: Exception | None = None
) -> TemplateResponse:
    """503 for a page whose storage does not answer: calm words, Retry, everything else still usable.

    Give `admin_site.each_context(request)` as `context` to keep the navigation. Retry opens the
    same address again for a GET; after a POST it leads back to where the form was.
    """
    retry_url = request.get_full_path() if request.method == "GET" else _page_before(request)
    return TemplateResponse(
        request,
        "portal/storage_unavailable.html",
        {
            "title": _("The photo storage does not answer"),
            **(context or {}),
            "error_code": getattr(error, "code", "") or type(error).__name__ if error else "",
            "request_id": request_id(),
            "retry_url": retry_url,
        },
        status=503,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _page_before(request: HttpRequest) -> str:
    """Return the portal's own page that the request came from, else the home page."""
    url = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if ours else reverse("admin:index")


def _page(request: HttpRequest, status: int, title: str, words: str, *, detail: str = "") -> HttpResponse:
    if not request.accepts("text/html"):
        # A script of ours asked: it shows the same words beside the file.
        body = {"error": title, "detail": detail or words, "request_id": request_id()}
        return JsonResponse(body, status=status)
    content = render_to_string(
        "portal/error.html",
        {"title": title, "words": words, "detail": detail, "status": status, "request_id": request_id()},
    )
    return HttpResponse(content, status=status)
