"""Tell which software a store runs by what it says of itself: one list of buckets, which changes nothing.

A name in the settings (`S3_SERVER`) always counts more: a proxy may speak for the store.
"""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from portal.s3 import session
from portal.s3.differences import Server

# How the header `Server` begins, in small letters.
_BY_HEADER = {
    "seaweedfs": Server.SEAWEEDFS,
    "amazons3": Server.AMAZON,
    "ceph object gateway": Server.CEPH,
}
# Older ones of Ceph have no such header: transaction, seconds, instance and zone (16.2.15).
_CEPHS_REQUEST = re.compile(r"tx[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-.+")
# Some name the same owner everywhere: (id, display name).
_BY_OWNER = {
    ("bcaf1ffd86f41161ca5fb16fd081034f", "webfile"): Server.MOTO,
    ("75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a", "webfile"): Server.LOCALSTACK,
    # It calls itself AmazonS3 in its headers.
    ("fe7272ea58be830e56fe1663b10fafef", "GoFakeS3"): Server.RCLONE,
    ("f7b11509f4d675c3c44f0dd37ca830bb02e8cfa58f04c46283c4bfcbdce1ff45", "ministack"): Server.MINISTACK,
}


def recognised(alias: str = session.DEFAULT) -> Server:
    """Return which of the known servers answers, else OTHER: also where it may not be asked, or is away."""
    try:
        answer: Any = session.client(alias).list_buckets()
    except ClientError as error:
        answer = error.response
    except BotoCoreError:
        return Server.OTHER
    owner = answer.get("Owner", {})
    if found := _BY_OWNER.get((owner.get("ID", ""), owner.get("DisplayName", ""))):
        return found
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    said = str(headers.get("server", "")).lower()
    for beginning, server in _BY_HEADER.items():
        if said.startswith(beginning):
            return server
    if _CEPHS_REQUEST.fullmatch(headers.get("x-amz-request-id", "")):
        return Server.CEPH
    return Server.OTHER
