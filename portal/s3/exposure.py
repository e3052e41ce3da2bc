"""Can the world see into a bucket? Policy, ACL, ownership and Block Public Access together.

None of them tells alone: a public ACL is without effect under IgnorePublicAcls, a public policy
under RestrictPublicBuckets, any ACL where ownership is enforced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from portal.s3 import acl, ownership, policy, policy_match, public_access_block, session
from portal.s3.answer import Answer
from portal.s3.errors import AccessRefused, Unsupported
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock

T = TypeVar("T")


class Public(StrEnum):
    """UNKNOWN: a part that decides could not be read."""

    YES = "public"
    NO = "not public"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Exposure:
    """The parts, None where one could not be read, and what follows from them.

    `public_policy` and `public_acl` say what is stored; the switches and ownership, whether it counts.
    """

    public_policy: bool | None
    public_acl: bool | None
    ownership: Ownership | None
    block: PublicAccessBlock | None

    @property
    def by_policy(self) -> Public:
        return _effect(self.public_policy, self.block.restrict_public_buckets if self.block else None)

    @property
    def by_acl(self) -> Public:
        if self.ownership is Ownership.ENFORCED:
            return Public.NO
        found = _effect(self.public_acl, self.block.ignore_public_acls if self.block else None)
        if found is Public.YES and self.ownership is None:
            return Public.UNKNOWN
        return found

    @property
    def verdict(self) -> Public:
        both = {self.by_policy, self.by_acl}
        for first in (Public.YES, Public.UNKNOWN):
            if first in both:
                return first
        return Public.NO

    @property
    def unread(self) -> tuple[str, ...]:
        """The parts that could not be read."""
        parts = {
            "policy": self.public_policy,
            "acl": self.public_acl,
            "ownership": self.ownership,
            "public access block": self.block,
        }
        return tuple(name for name, value in parts.items() if value is None)


def read(bucket: str, *, alias: str = session.DEFAULT) -> Exposure:
    """Ask for the parts (four to six calls). A part that may not be read is None, never "not public"."""
    return Exposure(
        public_policy=_part(lambda: _public_policy(bucket, alias), None),
        public_acl=_part(lambda: bool(acl.of_bucket(bucket, alias=alias).public_grants), None),
        ownership=_part(lambda: ownership.read(bucket, alias=alias), Ownership.OBJECT_WRITER),
        block=_part(lambda: public_access_block.in_force(bucket, alias=alias), None),
    )


def _public_policy(bucket: str, alias: str) -> bool | None:
    """Ask the store's own judgement; where it has none, see whom the policy's statements name.

    None for one that lets strangers in under a condition: what that comes to, only the store knows.
    """
    try:
        found = policy.is_public(bucket, alias=alias)
    except Unsupported:
        found = None
    if found is False:
        return False
    text = policy.read(bucket, alias=alias)
    if found:  # to Ceph an ACL makes it public, too
        return bool(text)
    answer = policy_match.opens_anything(policy.parsed(text)) if text else Answer.NO
    return {Answer.YES: True, Answer.NO: False}.get(answer)


def _part(ask: Callable[[], T | None], where_lacking: T | None) -> T | None:
    try:
        return ask()
    except AccessRefused:
        return None
    except Unsupported:
        return where_lacking


def _effect(is_stored: bool | None, is_shut: bool | None) -> Public:
    if is_stored is False or is_shut:
        return Public.NO
    if is_stored is None or is_shut is None:
        return Public.UNKNOWN
    return Public.YES
