"""Sessions and clients by connection alias, made once per process and shared by its threads.

Making a client costs tens of milliseconds (it reads the service model); using one
from several threads is safe. Keys come from boto3's own chain: environment,
shared profile, container or instance role.
"""

from __future__ import annotations

import os
import threading
from enum import Enum
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, NoCredentialsError
from django.conf import settings

from portal.s3.errors import translate
from portal.s3.types import Connection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DEFAULT = "default"
FALLBACK_REGION = "us-east-1"  # what S3-compatible stores expect when nobody names a region


class Timeouts(Enum):
    """How long a call may take: (connect seconds, read seconds, requests in all)."""

    # gunicorn kills a request at 30 s: 2 requests of at most 2 + 5 s stay below it.
    WEB = (2, 5, 2)
    # Transfers of large objects; `total_max_attempts` counts requests, `max_attempts` retries.
    WORKER = (5, 300, 4)


_lock = threading.Lock()
_sessions: dict[tuple[int, str], boto3.Session] = {}
_clients: dict[tuple[int, str, Timeouts, bool], S3Client] = {}


def connection(alias: str = DEFAULT) -> Connection:
    """Return the connection that settings call `alias`. KeyError when there is none."""
    return Connection(alias=alias, **settings.S3_CONNECTIONS[alias])


def session(alias: str = DEFAULT) -> boto3.Session:
    """Return this process's session for the connection."""
    key = (os.getpid(), alias)  # a forked worker must not share its parent's sockets
    with _lock:
        if key not in _sessions:
            chosen = connection(alias)
            _sessions[key] = boto3.Session(
                profile_name=chosen.profile or None, region_name=chosen.region or None
            )
        return _sessions[key]


def client(alias: str = DEFAULT, timeouts: Timeouts = Timeouts.WEB, *, for_browser: bool = False) -> S3Client:
    """Return this process's S3 client for the connection.

    `for_browser` gives the client that signs for the address a browser will use: a
    signature covers the host.
    """
    key = (os.getpid(), alias, timeouts, for_browser)
    found = _clients.get(key)
    if found is not None:
        return found
    made = session(alias)
    chosen = connection(alias)
    connect_seconds, read_seconds, requests = timeouts.value
    style: Any = {"addressing_style": chosen.addressing_style}
    checksums: Any = chosen.checksums  # settings allow botocore's two words only
    endpoint = (for_browser and chosen.browser_endpoint_url) or chosen.endpoint_url
    with _lock:
        if key not in _clients:
            try:
                _clients[key] = made.client(
                    "s3",
                    region_name=made.region_name or FALLBACK_REGION,
                    endpoint_url=endpoint or None,
                    config=Config(
                        signature_version="s3v4",  # botocore presigns with SigV2 otherwise
                        s3=style,
                        connect_timeout=connect_seconds,
                        read_timeout=read_seconds,
                        retries={"mode": "standard", "total_max_attempts": requests},
                        max_pool_connections=32,
                        request_checksum_calculation=checksums,
                        response_checksum_validation=checksums,
                    ),
                )
            except BotoCoreError as error:
                raise translate(error, "CreateClient") from error
        return _clients[key]


def region(alias: str = DEFAULT) -> str:
    """Return the region that requests to the connection are signed for."""
    return client(alias).meta.region_name


def credentials(alias: str = DEFAULT) -> ReadOnlyCredentials:
    """Return the keys now in force; temporary ones are refreshed when they are due. AccessRefused if none."""
    found = session(alias).get_credentials()
    if found is None:
        error = NoCredentialsError()
        raise translate(error, "GetCredentials") from error
    return found.get_frozen_credentials()


def forget() -> None:
    """Drop all sessions and clients; for tests that change the settings."""
    with _lock:
        _sessions.clear()
        _clients.clear()
