"""System checks: settings that are each allowed but do not fit together.

E001  a photo of the allowed size cannot be decoded in the allowed memory
E002  a claim goes stale while its worker may still be at work
E003  an upload address outlives the upload it was made for
E004  a storage address is no http(s) URL
E005  the upload prefix of other programs is no folder of their own
E006  a source of arrivals names no connection of the settings
W001  no region and no endpoint: every S3 call fails unless a profile names a region (--deploy)
W002  SQLite where the portal is served to a network (--deploy)

`portal.apps` registers them.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.db import connection

# RGBA once decoded and once more for the step that reads it.
DECODE_BYTES_PER_PIXEL = 8
# What the portal writes itself: the keys of photos.keys, which nothing here may import.
OWN_FOLDERS = ("photos/", "renditions/")
LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "testserver"}


def check_photo_limits(**_kwargs: Any) -> list[CheckMessage]:
    """E001 to E003."""
    found: list[CheckMessage] = []
    needed = settings.MAX_PHOTO_PIXELS * DECODE_BYTES_PER_PIXEL
    if needed > settings.PROCESSING_MEMORY_BYTES:
        found.append(
            Error(
                f"A photo of {settings.MAX_PHOTO_PIXELS:,} pixels takes {needed:,} bytes to decode, "
                f"but a worker may use {settings.PROCESSING_MEMORY_BYTES:,}.",
                hint="Lower MAX_PHOTO_PIXELS or raise PROCESSING_MEMORY_BYTES.",
                id="portal.E001",
            )
        )
    if settings.CLAIM_STALE_SECONDS <= settings.CELERY_TASK_TIME_LIMIT:
        found.append(
            Error(
                f"A claim goes stale after {settings.CLAIM_STALE_SECONDS} s, but a task may run for "
                f"{settings.CELERY_TASK_TIME_LIMIT} s: two workers would process one photo.",
                hint="Raise CLAIM_STALE_SECONDS above the hard time limit of a task.",
                id="portal.E002",
            )
        )
    if settings.UPLOAD_URL_SECONDS > settings.UPLOAD_ABANDONED_HOURS * 3600:
        found.append(
            Error(
                f"An upload address works for {settings.UPLOAD_URL_SECONDS} s, but its upload counts as "
                f"abandoned after {settings.UPLOAD_ABANDONED_HOURS} h: late photos would be thrown away.",
                hint="Lower UPLOAD_URL_SECONDS or raise UPLOAD_ABANDONED_HOURS.",
                id="portal.E003",
            )
        )
    return found


def check_storage_addresses(**_kwargs: Any) -> list[CheckMessage]:
    """E004."""
    found: list[CheckMessage] = []
    for name in ("AWS_ENDPOINT_URL_S3", "S3_BROWSER_ENDPOINT_URL"):
        address = getattr(settings, name)
        parts = urlsplit(address)
        if address and (parts.scheme not in {"http", "https"} or not parts.netloc):
            found.append(
                Error(
                    f"{name} is {address!r}, which is no address.",
                    hint="Write it with its scheme, for example https://s3.example.org:9000.",
                    id="portal.E004",
                )
            )
    return found


def check_arrivals(**_kwargs: Any) -> list[CheckMessage]:
    """E005 and E006. Events and looks must never take what the portal itself writes for an arrival."""
    found: list[CheckMessage] = []
    prefix = settings.ARRIVALS_PREFIX
    if not prefix.endswith("/") or prefix.startswith(("/", *OWN_FOLDERS)):
        found.append(
            Error(
                f"ARRIVALS_PREFIX is {prefix!r}: it must be a folder of its own, not below "
                f"{' or '.join(OWN_FOLDERS)}.",
                hint="For example incoming/.",
                id="portal.E005",
            )
        )
    for source in settings.ARRIVALS_SOURCES:
        connection, _slash, bucket = source.rpartition("/")
        if not bucket or (connection and connection not in settings.S3_CONNECTIONS):
            found.append(
                Error(
                    f"ARRIVALS_SOURCES holds {source!r}, which is no bucket, or of no connection.",
                    hint="Write a bucket's name, or connection/name; S3_CONNECTION_NAMES has the names.",
                    id="portal.E006",
                )
            )
    return found


def check_region(**_kwargs: Any) -> list[CheckMessage]:
    """W001. A warning, for a boto3 profile may name the region, which settings cannot see."""
    if settings.AWS_ENDPOINT_URL_S3 or settings.AWS_REGION:
        return []
    return [
        CheckWarning(
            "Neither AWS_ENDPOINT_URL_S3 nor AWS_REGION is set.",
            hint="Set AWS_REGION for Amazon S3, or AWS_ENDPOINT_URL_S3 for another store.",
            id="portal.W001",
        )
    ]


def check_database_fits(**_kwargs: Any) -> list[CheckMessage]:
    """W002: SQLite's file locks hold on one machine only."""
    if connection.vendor != "sqlite" or set(settings.ALLOWED_HOSTS) <= LOOPBACK:
        return []
    return [
        CheckWarning(
            "The database is SQLite, but the portal is served to a network.",
            hint="Fine while web and workers share one machine; move to PostgreSQL before a second.",
            id="portal.W002",
        )
    ]
