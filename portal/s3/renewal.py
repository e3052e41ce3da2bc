"""Keys that a store does not take any more are read anew.

boto3 reads a profile's keys once for each session, and ours lives as long as the process. Who puts new
keys into the profile (an agent that writes temporary ones, a person who exchanges lasting ones) would
have to restart every worker. So the answer that keys are over makes the process forget its session, and
the next call reads them where boto3 finds them. Keys with an end that boto3 knows (a role's, an
instance's, a `credential_process` that says one) are renewed by botocore before it comes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from botocore.credentials import RefreshableCredentials

OVER = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
# A refused HEAD has no body: with keys that have ended it is 400, and nothing more.
_NO_REASON = "400"
LEAST_SECONDS = 1  # between two renewals of a connection: each makes a session and clients anew

_renewed: dict[tuple[int, str], float] = {}


def watch(client: Any, session: Any, alias: str, renew: Callable[[str], None]) -> None:
    """Call `renew(alias)` when the client is told that its keys are over; `session` is who made it."""

    def look(parsed: Any, **_event: Any) -> None:
        code = parsed.get("Error", {}).get("Code", "") if isinstance(parsed, dict) else ""
        if code in OVER or (code == _NO_REASON and _may_have_ended(session)):
            now, key = time.monotonic(), (os.getpid(), alias)
            if now - _renewed.get(key, -LEAST_SECONDS) >= LEAST_SECONDS:
                _renewed[key] = now
                renew(alias)

    client.meta.events.register(f"after-call.{client.meta.service_model.service_id.hyphenize()}", look)


def _may_have_ended(session: Any) -> bool:
    """Whether these are temporary keys of which nobody told boto3 an end."""
    found = session.get_credentials()
    return bool(found and not isinstance(found, RefreshableCredentials) and found.token)
