"""Signature Version 4 for S3 requests without a body (API:sig-v4-header-based-auth). No network.

botocore's signer takes a fifth of a millisecond, and derives the key of the day anew for each request.
A property test holds both to equal signatures.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from functools import lru_cache
from urllib.parse import SplitResult

from botocore.auth import EMPTY_SHA256_HASH, SIGNED_HEADERS_BLACKLIST, SIGV4_TIMESTAMP
from botocore.credentials import ReadOnlyCredentials

_UNSIGNED = frozenset(SIGNED_HEADERS_BLACKLIST)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def sign(
    method: str,
    address: SplitResult,
    headers: dict[str, str],
    *,
    keys: ReadOnlyCredentials,
    region: str,
    now: datetime,
) -> None:
    """Add the headers that sign the request to `headers`, whose names differ not only by case.

    `address` is encoded as it is sent: path and query are signed literally. `now` is in UTC.
    """
    moment = now.strftime(SIGV4_TIMESTAMP)
    headers["X-Amz-Date"] = moment
    if keys.token:
        headers["X-Amz-Security-Token"] = keys.token
    headers["X-Amz-Content-SHA256"] = EMPTY_SHA256_HASH
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed = {name: value for name, value in signed.items() if name not in _UNSIGNED}
    signed["host"] = host_of(address.scheme, address.netloc)
    ordered = sorted(signed)
    names = ";".join(ordered)
    canonical = "\n".join(
        (
            method,
            address.path or "/",
            _sorted(address.query),
            *(f"{name}:{signed[name]}" for name in ordered),
            "",
            names,
            EMPTY_SHA256_HASH,
        )
    )
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = _key_of_day(keys.secret_key, moment[:8], region)
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )


@lru_cache(maxsize=8)  # connections that are in use at a time; botocore holds their keys as long
def _key_of_day(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _sorted(query: str) -> str:
    if not query:
        return ""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&"))
    return "&".join(f"{name}={value}" for name, value in pairs)


@lru_cache(maxsize=64)
def host_of(scheme: str, netloc: str) -> str:
    """Return the Host header as it is signed and sent: the port only where it is not the usual one."""
    address = SplitResult(scheme, netloc, "", "", "")
    host = address.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if address.port is None or address.port == _DEFAULT_PORTS.get(scheme):
        return host
    return f"{host}:{address.port}"
