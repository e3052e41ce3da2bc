"""Whether this process lives, and whether what it leans on answers. No versions, hosts or keys are told.

`/health/live` asks nothing: a failed one means "restart me". `/health/ready` asks the
database, Redis and the photo storage. Only the database is vital: without the other two
pages still open, so a balancer must not take every process away at once (they are told
as "degraded", with 200).
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import redis
import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from portal.s3 import photo_bucket

logger = structlog.get_logger(__name__)

REDIS_SECONDS = 2
# The page is open to all: asked a thousand times a second it asks S3 (which bills) once in this time.
REMEMBER_SECONDS = 5


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_redis() -> None:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
    )
    with client:
        client.ping()


def _ask_storage() -> None:
    photo_bucket.check()


@dataclass(frozen=True)
class Check:
    """One thing that the portal leans on; `ask` raises when it does not answer."""

    name: str
    ask: Callable[[], None]
    is_vital: bool = False


@dataclass(frozen=True)
class Answer:
    """`status` is "ok" or "failed"; `ms` is how long the answer took."""

    status: str
    ms: float


CHECKS = (
    Check("database", _ask_database, is_vital=True),
    Check("redis", _ask_redis),
    Check("storage", _ask_storage),
)


@dataclass(frozen=True)
class Report:
    """All answers, and when (monotonic seconds) they were given."""

    answers: dict[str, Answer]
    at: float

    @property
    def status(self) -> str:
        """ "ok"; "degraded" when pages open but something is missing; "failed" when they do not."""
        failed = {name for name, answer in self.answers.items() if answer.status != "ok"}
        if failed & {check.name for check in CHECKS if check.is_vital}:
            return "failed"
        return "degraded" if failed else "ok"


def _ask(check: Check) -> Answer:
    began = time.perf_counter()
    try:
        check.ask()
    except Exception:
        # Any failure is the answer; its text may name hosts and goes to the log alone.
        logger.warning("health_check_failed", check=check.name, exc_info=True)
        status = "failed"
    else:
        status = "ok"
    return Answer(status, round((time.perf_counter() - began) * 1000, 1))


class _Memory:
    """The last report of this process."""

    report: Report | None = None


def report() -> Report:
    """Ask every check, or return the last report while it is younger than REMEMBER_SECONDS."""
    last = _Memory.report
    if last is None or time.monotonic() - last.at > REMEMBER_SECONDS:
        last = Report({check.name: _ask(check) for check in CHECKS}, time.monotonic())
        _Memory.report = last
    return last


def forget() -> None:
    """Drop the remembered report."""
    _Memory.report = None


@never_cache
def live(_request: HttpRequest) -> JsonResponse:
    """Answer 200: the process takes requests."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """Answer 200, or 503 when the database does not answer."""
    found = report()
    body = {
        "status": found.status,
        "checks": {name: asdict(answer) for name, answer in found.answers.items()},
    }
    return JsonResponse(body, status=503 if found.status == "failed" else 200)
