"""What the page of the connections tells. Nothing of it is a key, nor a part of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from portal.s3 import capabilities, identity, session
from portal.s3.differences import Server
from portal.s3.errors import S3Error, Unsupported
from portal.s3.identity import Identity, Source
from portal.s3.together import ask_all
from portal.s3.types import Connection
from storage_admin.models import Bucket


@dataclass(frozen=True)
class Problem:
    """What was told instead of an answer, when a bucket of the connection was asked last."""

    bucket: Bucket
    sentence: str
    told_at: datetime | None


@dataclass(frozen=True)
class Line:
    """One connection: what the settings say, what STS says, and what the rows of its buckets say."""

    chosen: Connection
    address: str
    region: str
    server: str
    source: Source | None
    source_problem: str
    identity: Identity | None
    identity_problem: str
    has_no_sts: bool  # calm: most stores have none
    buckets: int
    buckets_gone: int
    problem: Problem | None
    of_services: bool  # its keys are those of DynamoDB and the like, too

    @property
    def source_words(self) -> str:
        """Return where the keys come from, in words."""
        return identity.place(self.source.method) if self.source else ""

    @property
    def of_another_account(self) -> bool:
        """Whether the keys belong to another account than the buckets must."""
        owner = self.chosen.expected_owner
        return bool(owner and self.identity and self.identity.account != owner)


def lines() -> list[Line]:
    """Return a line for each connection of the settings, in their order; all stores are asked at once.

    Keys first and then STS, in one thread each: a role's keys are fetched for both. What is late, or
    was refused, stands in its line in words.
    """
    answers = ask_all({alias: _asking(alias) for alias in settings.S3_CONNECTIONS})
    counts = _counts()
    return [_line(alias, answers[alias], counts.get(alias, (0, 0))) for alias in settings.S3_CONNECTIONS]


def _asking(alias: str) -> Callable[[], tuple[Source, Identity | S3Error | None]]:
    def ask() -> tuple[Source, Identity | S3Error | None]:
        source = identity.source(alias)
        if not source.method:
            return source, None  # nobody to ask about
        try:
            return source, identity.of(alias)
        except S3Error as error:
            return source, error

    return ask


def _line(alias: str, answer: Any, counts: tuple[int, int]) -> Line:
    chosen = session.connection(alias)
    source, said = (None, None) if isinstance(answer, S3Error) else answer
    return Line(
        chosen=chosen,
        address=_without_secrets(chosen.endpoint_url),
        region=_region(alias, chosen),
        server=_server(chosen),
        source=source,
        source_problem=_sentence(answer) if isinstance(answer, S3Error) else "",
        identity=said if isinstance(said, Identity) else None,
        identity_problem=_sentence(said) if isinstance(said, S3Error) else "",
        has_no_sts=isinstance(said, Unsupported),
        buckets=counts[0],
        buckets_gone=counts[1],
        problem=_problem(alias),
        of_services=alias == settings.SERVICES_CONNECTION and settings.DYNAMODB_MIRROR,
    )


def _without_secrets(address: str) -> str:
    """Return scheme, host and port: somebody may have put a password before the host."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""


def _region(alias: str, chosen: Connection) -> str:
    if chosen.region:
        return chosen.region
    try:
        return session.region(alias)  # of the profile, or what stores expect when nobody names one
    except S3Error:
        return ""


def _server(chosen: Connection) -> str:
    words = {
        Server.AMAZON: "Amazon S3",
        Server.SEAWEEDFS: "SeaweedFS",
        Server.CEPH: "Ceph",
        Server.MINISTACK: _("MiniStack, a simulator"),
        Server.MOTO: _("moto, a simulator"),
        Server.LOCALSTACK: _("LocalStack, a simulator"),
        Server.RCLONE: "rclone",
        Server.OTHER: _("not named (S3_SERVER)"),
    }
    return words[Server.AMAZON if chosen.is_at_amazon else capabilities.server(chosen.alias)]


def _counts() -> dict[str, tuple[int, int]]:
    """Return by connection how many buckets are known, and how many were and are gone."""
    gone = Q(gone_since__isnull=False)
    counted = Bucket.objects.values("connection").annotate(
        there=Count("pk", filter=~gone), lost=Count("pk", filter=gone)
    )
    return {one["connection"]: (one["there"], one["lost"]) for one in counted.order_by()}


def _problem(alias: str) -> Problem | None:
    """Return the newest, of a bucket that is still there: the row loses it when the bucket answers."""
    last = (
        Bucket.objects.filter(connection=alias, gone_since=None)
        .exclude(last_error="")
        .order_by("-last_checked")
        .first()
    )
    return Problem(last, last.last_error, last.last_checked) if last else None


def _sentence(error: S3Error) -> str:
    return f"{error} ({error.code})" if error.code else str(error)
