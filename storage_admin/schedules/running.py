"""The worker's side: claims a line that is due, acts, and keeps what came of it."""

from __future__ import annotations

import time

import structlog
from django.utils.translation import gettext as _

from portal.s3.errors import S3Error, StorageUnavailable
from storage_admin.errors import StorageError
from storage_admin.schedules import acts, claims
from storage_admin.schedules.act import RETRY_SECONDS, Act, Outcome, Went
from storage_admin.schedules.claims import Claim

logger = structlog.get_logger(__name__)

RUN_SECONDS = 200  # one call to the store, or a batch, may come on top


def run(name: str, *, is_asked: bool = False) -> Went | None:
    """Run the line once if it is due, or asked for; None when it is not, or somebody runs it.

    Nothing is raised but the unexpected, which is kept as the failure that it is.
    """
    claim = claims.take(name, is_asked=is_asked)
    if claim is None:
        return None
    try:
        went = _acted(acts.named(name), claim)
    except Exception as error:
        claims.end(claim, Went(Outcome.FAILED, _("Unexpected: %(name)s") % {"name": type(error).__name__}))
        raise
    claims.end(claim, went)
    logger.info("schedule_ran", schedule=name, outcome=went.outcome.value, message=went.words)
    return went


def would(name: str) -> str:
    """Return what a run of the line would do now, in a sentence; changes nothing."""
    try:
        return acts.named(name).would()
    except S3Error as error:
        return f"{error} ({error.code})" if error.code else str(error)


def _acted(act: Act, claim: Claim) -> Went:
    try:
        return act.run(claim.began, time.monotonic() + RUN_SECONDS)
    except StorageUnavailable as error:
        words = _("The store does not answer (%(code)s). Tried again in %(minutes)s minutes.")
        told = words % {"code": error.code, "minutes": RETRY_SECONDS // 60}
        return Went(Outcome.FAILED, told, RETRY_SECONDS)
    except S3Error as error:
        return Went(Outcome.FAILED, f"{error} ({error.code})" if error.code else str(error))
    except StorageError as error:
        return Went(Outcome.FAILED, str(error))
