"""Clients for the services beside S3: made once per process, and shared by its threads."""

from __future__ import annotations

import os
import threading
from typing import Any

from botocore.config import Config
from django.conf import settings

from portal.aws.errors import translated
from portal.s3 import renewal, session
from portal.s3.patience import make_patient

# Of one call; the standard mode retries what is throttled, with growing pauses and jitter.
_CONNECT_SECONDS = 3
_REQUESTS = 4
READ_SECONDS = 10
# At most this many calls at a time share one client's connections.
POOL = 16

_lock = threading.Lock()
# Each with the session that it was made by: another one has other keys.
_clients: dict[tuple[int, str, str, str, int, int], tuple[Any, Any]] = {}


def client(service: Any, *, read_seconds: int = READ_SECONDS, requests: int = _REQUESTS) -> Any:
    """Return this process's client for the service, with the keys of SERVICES_CONNECTION.

    `read_seconds` is how long an answer may take: long polling needs more than its own wait. `requests` is
    how often a call is sent at most: once, where what was done twice would be there twice.
    Raises the errors of `portal.s3.session` for a connection that cannot be made.
    """
    alias, endpoint = settings.SERVICES_CONNECTION, settings.SERVICES_ENDPOINT_URL
    key = (os.getpid(), alias, endpoint, str(service), read_seconds, requests)
    made = session.session(alias)
    with _lock:
        if key not in _clients or _clients[key][0] is not made:
            with translated("CreateClient"):
                new = made.client(
                    service,
                    region_name=made.region_name or session.FALLBACK_REGION,
                    endpoint_url=endpoint or None,
                    config=Config(
                        connect_timeout=_CONNECT_SECONDS,
                        read_timeout=read_seconds,
                        retries={"mode": "standard", "total_max_attempts": requests},
                        max_pool_connections=POOL,
                    ),
                )
            make_patient(new)
            renewal.watch(new, made, alias, session.renew)
            if key in _clients:
                session.retire([_clients[key][1]])
            _clients[key] = (made, new)
        return _clients[key][1]


def forget() -> None:
    """Drop all clients; for tests that change the settings."""
    with _lock:
        for _session, made in _clients.values():
            made.close()  # else their sockets wait for the garbage collector
        _clients.clear()
