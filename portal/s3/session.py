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
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import CredentialResolver, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.session import Session as BotocoreSession
from django.conf import settings
from django.utils.translation import gettext as _

from portal.s3 import renewal, unrelated
from portal.s3.answers import read_fast, read_times_fast
from portal.s3.direct import send_directly
from portal.s3.errors import Unsupported, translate, translated
from portal.s3.light_calls import make_light
from portal.s3.pace import is_bulk, pace_bulk
from portal.s3.patience import make_patient
from portal.s3.role import KeysOfRole
from portal.s3.types import Connection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DEFAULT = "default"
# Given whole: botocore puts its own together twice for each request, an eighth of the time of a call.
USER_AGENT = f"PetTracker-portal Boto3/{boto3.__version__}"
FALLBACK_REGION = "us-east-1"  # what S3-compatible stores expect when nobody names a region
RETIRED_SECONDS = 1_800  # longer than all attempts of one call


class Timeouts(Enum):
    """How long a call may take: (connect seconds, read seconds, requests in all)."""

    # For one call; what all calls of a page may take together is portal.s3.patience's.
    WEB = (2, 5, 2)
    # Transfers of large objects; `total_max_attempts` counts requests, `max_attempts` retries.
    WORKER = (5, 300, 4)


_lock = threading.Lock()
_sessions: dict[tuple[int, str], boto3.Session] = {}
_clients: dict[tuple[int, str, Timeouts, bool], S3Client] = {}
_neighbours: dict[tuple[int, str, str], Any] = {}


def connection(alias: str = DEFAULT) -> Connection:
    """Return the connection that settings call `alias`. KeyError when there is none."""
    said: Any = settings.S3_CONNECTIONS[alias]
    return Connection(alias=alias, **said)


def session(alias: str = DEFAULT) -> boto3.Session:
    """Return this process's session for the connection."""
    key = (os.getpid(), alias)  # a forked worker must not share its parent's sockets
    with _lock:
        if key not in _sessions:
            chosen = connection(alias)
            _sessions[key] = _make_session(chosen)
        return _sessions[key]


def _make_session(chosen: Connection) -> boto3.Session:
    core = BotocoreSession(profile=chosen.profile or None)
    read_times_fast(core)
    try:
        made = boto3.Session(botocore_session=core, region_name=chosen.region or None)
        if chosen.role_arn:
            role = KeysOfRole(chosen, made.region_name or FALLBACK_REGION, _as_for_a_page(), renew)
            core.register_component("credential_provider", CredentialResolver([role]))
    except BotoCoreError as error:
        raise translate(error, "CreateSession") from error
    if chosen.expected_owner:
        made.events.register("provide-client-params.s3", _ExpectOwner(chosen.expected_owner))
    return made


class _ExpectOwner:
    """Adds ExpectedBucketOwner to every call that takes it.

    A name that was given up may be somebody else's by now: the store then answers 403, and no
    photo goes into a stranger's bucket. Not for signed URLs: browsers would have to send it.
    """

    def __init__(self, account: str) -> None:
        self.account = account

    def __call__(self, params: dict[str, Any], model: Any, context: Any = None, **_event: Any) -> None:
        if (context or {}).get("is_presign_request"):
            return
        members = model.input_shape.members if model.input_shape else {}
        for name in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner"):
            if name in members:
                params.setdefault(name, self.account)


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
                new: S3Client = made.client(
                    "s3",
                    region_name=made.region_name or FALLBACK_REGION,
                    endpoint_url=endpoint or None,
                    config=Config(
                        signature_version="s3v4",  # botocore presigns with SigV2 otherwise
                        user_agent=USER_AGENT,
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
            read_fast(new)
            send_directly(new, when=is_bulk)
            make_patient(new)
            make_light(new, when=is_bulk)
            pace_bulk(new, alias, chosen.requests_a_second)
            unrelated.notice(new, is_at_amazon=chosen.is_at_amazon)
            if not chosen.is_at_amazon:
                unrelated.ask_first(new)
            renewal.watch(new, made, alias, renew)
            _clients[key] = new
        return _clients[key]


def region(alias: str = DEFAULT) -> str:
    """Return the region that requests to the connection are signed for."""
    return client(alias).meta.region_name


def credentials(alias: str = DEFAULT) -> ReadOnlyCredentials:
    """Return the keys now in force; temporary ones are refreshed when they are due. AccessRefused if none."""
    with translated("GetCredentials"):
        found = session(alias).get_credentials()
        if found is None:
            raise NoCredentialsError
        return found.get_frozen_credentials()


def control_client(alias: str = DEFAULT) -> Any:
    """Return the client for Amazon's account-level calls (s3control). Unsupported elsewhere."""
    if connection(alias).endpoint_url:
        raise Unsupported(_("Accounts have settings at Amazon S3 alone."), operation="S3Control")
    return _neighbour("s3control", alias)


def account_id(alias: str = DEFAULT) -> str:
    """Return the account whose buckets the connection looks after: as set, else that of its keys."""
    chosen = connection(alias)
    if chosen.expected_owner:
        return chosen.expected_owner
    if chosen.endpoint_url:
        raise Unsupported(_("Accounts have numbers at Amazon alone."), operation="GetCallerIdentity")
    with translated("GetCallerIdentity"):
        return str(sts(alias).get_caller_identity()["Account"])


def sts(alias: str = DEFAULT) -> Any:
    """Return the client that asks whose keys these are: Amazon, or a store of another kind itself."""
    return _neighbour("sts", alias, endpoint_url=connection(alias).sts_endpoint_url)


def _neighbour(service: Any, alias: str, *, endpoint_url: str = "") -> Any:
    """Return this process's client for a service beside S3, with the time-outs of a web request."""
    key = (os.getpid(), alias, str(service))
    made = session(alias)
    with _lock:
        if key not in _neighbours:
            with translated("CreateClient"):
                new = made.client(
                    service,
                    region_name=made.region_name or FALLBACK_REGION,
                    endpoint_url=endpoint_url or None,
                    config=_as_for_a_page(),
                )
            make_patient(new)
            renewal.watch(new, made, alias, renew)
            _neighbours[key] = new
        return _neighbours[key]


def stranger(alias: str = DEFAULT) -> S3Client:
    """Return this process's client without keys, for the address that browsers use: what the world has."""
    chosen = connection(alias)
    address = chosen.browser_endpoint_url or chosen.endpoint_url
    key = (os.getpid(), alias, f"s3 unsigned {address}")
    region_name = region(alias)
    with _lock:
        if key not in _neighbours:
            style: Any = {"addressing_style": chosen.addressing_style}
            with translated("CreateClient"):
                # Not the connection's session: that adds the owner we expect, as nobody outside does.
                new = boto3.Session(botocore_session=BotocoreSession()).client(
                    "s3",
                    region_name=region_name,
                    endpoint_url=address or None,
                    config=_as_for_a_page().merge(Config(signature_version=UNSIGNED, s3=style)),
                )
            make_patient(new)
            _neighbours[key] = new
        return _neighbours[key]


def _as_for_a_page() -> Config:
    connect_seconds, read_seconds, requests = Timeouts.WEB.value
    return Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": requests},
    )


def renew(alias: str = DEFAULT) -> None:
    """Let the next call of this process read the connection's keys anew, where boto3 finds them.

    What is under way keeps its clients.
    """
    with _lock:
        dropped = [_taken_out(known, alias) for known in (_sessions, _clients, _neighbours)]
    retire([*dropped[1], *dropped[2]])


def _taken_out(known: Any, alias: str) -> list[Any]:
    return [known.pop(key) for key in list(known) if key[:2] == (os.getpid(), alias)]


def retire(clients: list[Any]) -> None:
    """Close clients that nobody asks any more, when whatever is under way with them must have ended."""
    if clients:
        timer = threading.Timer(RETIRED_SECONDS, _close, [clients])
        timer.daemon = True
        timer.start()


def _close(clients: list[Any]) -> None:
    for one in clients:
        one.close()


def forget() -> None:
    """Drop all sessions and clients; for tests that change the settings."""
    with _lock:
        for made in (*_clients.values(), *_neighbours.values()):
            made.close()  # else their sockets wait for the garbage collector
        _sessions.clear()
        _clients.clear()
        _neighbours.clear()
