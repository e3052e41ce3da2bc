"""The door for strangers: the address of a share link. No account, no page, only the file or a few words."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.errors import RETRY_AFTER_SECONDS
from portal.s3.errors import S3Error
from storage_admin.errors import LinkDead
from storage_admin.objects import downloads
from storage_admin.sharing import links as share_links

DEAD, UNAVAILABLE = 404, 503


@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Redirect to a fresh signature of at most 300 seconds, or pass the bytes on.

    A link that never was, has ended, was revoked or lost its file gets one and the same page.
    """
    try:
        opened = share_links.opened(token)
        response = downloads.answer(opened.download, seconds=opened.seconds)
    except LinkDead:
        response = _page(
            request,
            DEAD,
            _("This link does not work"),
            _(
                "It may have ended, been taken back, or lost a character on its way to you."
                " Ask whoever sent it for a new one."
            ),
        )
    except S3Error:
        response = _page(
            request,
            UNAVAILABLE,
            _("The file cannot be fetched just now"),
            _("The link may be as good as ever. Try again in a few minutes."),
        )
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    # Neither a shared cache, nor a search engine, nor the site that comes next may learn the address.
    add_never_cache_headers(response)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _page(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    content = render_to_string(
        "storage_admin/share_words.html", {"title": title, "words": words, "status": status}, request
    )
    return HttpResponse(content, status=status)
