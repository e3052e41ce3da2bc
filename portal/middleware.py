"""How long a page waits for a store, and per-user time zones."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.s3.patience import PAGE_SECONDS, Budget, limited

_READS = {"GET", "HEAD", "OPTIONS"}


class PatienceMiddleware:
    """Give each request one budget of seconds for all that it asks of a store.

    Bytes that are streamed follow when the block has ended, and take as long as they take.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with limited(Budget(PAGE_SECONDS, has_much_to_do=request.method not in _READS)):
            return self.get_response(request)


class TimeZoneMiddleware:
    """Show times in the zone that the signed-in user chose, else in TIME_ZONE."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "")
        if not name:
            return self.get_response(request)
        with timezone.override(ZoneInfo(name)):
            return self.get_response(request)
