"""Many questions at once: a page that needs thirty answers of a store cannot wait for one after the other.

The clients are safe for threads. An answer that is late is one that could not be read: pages end.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from django.utils.translation import gettext as _

from portal.s3.errors import S3Error, StorageUnavailable

AT_ONCE = 16  # more threads than this gain nothing in one process
PATIENCE_SECONDS = 7.0  # together with the one call before, a page stays below ten

Ask = Callable[[], Any]


def ask_all(asks: Mapping[str, Ask], *, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """Return for each name what its question came to: the answer, or the S3Error instead of it.

    What has not come after `seconds` is a StorageUnavailable; its call ends by its own time-out.
    """
    if not asks:
        return {}
    pool = ThreadPoolExecutor(max_workers=min(AT_ONCE, len(asks)), thread_name_prefix="ask")
    # Each thread with the caller's context: its language, the request's id.
    waiting = {name: pool.submit(contextvars.copy_context().run, ask) for name, ask in asks.items()}
    try:
        wait(waiting.values(), timeout=seconds)
        return {name: _answer(future, seconds) for name, future in waiting.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _answer(future: Future[Any], seconds: float) -> Any:
    if not future.done():
        return StorageUnavailable(
            _("No answer within %(seconds)g seconds.") % {"seconds": seconds}, code="TooSlow"
        )
    try:
        return future.result()
    except S3Error as error:
        return error
