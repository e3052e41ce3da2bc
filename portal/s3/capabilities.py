"""What a store does not do, and why that matters; the rest of S3 it is taken to do.

Pages show the reasons beside the controls. Differences that can be asked for without changing anything
are probed; `portal.s3.differences` holds the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import (
    acl,
    encryption,
    lifecycle,
    notifications,
    object_lock,
    ownership,
    policy,
    public_access_block,
    session,
    tags,
)
from portal.s3.differences import KNOWN, Capability, Server
from portal.s3.errors import S3Error, Unsupported

# Whose bills are Amazon's, or simulate them; what others cost, nobody here knows.
_BILLED_AS_AMAZON = frozenset({Server.AMAZON, Server.MINISTACK, Server.MOTO, Server.LOCALSTACK})

# Reads that change nothing; each answers Unsupported where the store lacks the whole subject.
_PROBES: dict[Capability, Callable[..., Any]] = {
    Capability.ACLS: acl.of_bucket,
    Capability.DEFAULT_ENCRYPTION: encryption.read,
    Capability.EVENTS: notifications.read,
    Capability.LIFECYCLE: lifecycle.read,
    Capability.OBJECT_LOCK: object_lock.of_bucket,
    Capability.OWNERSHIP: ownership.read,
    Capability.POLICY: policy.read,
    Capability.POLICY_STATUS: policy.is_public,
    Capability.PUBLIC_ACCESS_BLOCK: public_access_block.read,
    Capability.TAGS_OF_BUCKET: tags.of_bucket,
}


def server(alias: str = session.DEFAULT) -> Server:
    """Return which software the connection talks to."""
    chosen = session.connection(alias)
    if chosen.server:
        return Server(chosen.server)
    return Server.OTHER if chosen.endpoint_url else Server.AMAZON


def bills_as_amazon(which: Server) -> bool:
    """Return whether Amazon's prices are the store's, or those of what it simulates."""
    return which in _BILLED_AS_AMAZON


def known(which: Server) -> dict[Capability, str]:
    """Return what the software is known to lack, each with its reason, in the reader's language."""
    return {capability: str(reason) for capability, reason in KNOWN[which].items()}


def lacking(bucket: str, *, alias: str = session.DEFAULT) -> dict[Capability, str]:
    """Return what the bucket's store lacks: what is known of it, and what ten reads of the bucket tell.

    A part that may not be read, or a store that is away, says nothing about what it can do.
    """
    found = known(server(alias))
    for capability, ask in _PROBES.items():
        if capability in found:
            continue
        try:
            ask(bucket, alias=alias)
        except Unsupported as error:
            found[capability] = _("The store answers %(code)s: it has no such call.") % {"code": error.code}
        except S3Error:
            continue
    return found
