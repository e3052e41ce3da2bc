"""Why can the world see this? What opens a thing to strangers, what shuts it, and what they get.

The chain is Amazon's: ownership decides whether ACLs count, Block Public Access what public ACLs
and policies still do, and a denial in the policy goes before everything. At its end stands a real
request without keys: a store may do other things than its settings say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from portal.s3 import (
    acl,
    anonymous,
    attributes,
    ownership,
    policy,
    policy_match,
    public_access_block,
    together,
)
from portal.s3.acl import ANY_ACCOUNT, EVERYBODY, Acl, Permission
from portal.s3.anonymous import Attempt
from portal.s3.answer import Answer
from portal.s3.attributes import Attributes
from portal.s3.errors import (
    BadRequest,
    BucketNotFound,
    ObjectNotFound,
    S3Error,
    StorageUnavailable,
    Unsupported,
    VersionNotFound,
)
from portal.s3.ownership import Ownership
from portal.s3.policy_match import Judgement
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import Algorithm
from storage_admin.models import Bucket

SILENT = Judgement(Answer.NO, Answer.NO)
READING = {Permission.READ, Permission.FULL_CONTROL}  # for a bucket: listing
_SIGNED_ONLY = {Algorithm.SSE_KMS.value, Algorithm.DSSE_KMS.value}


@dataclass(frozen=True)
class Thing:
    """What is asked about: a version of an object, its current one, or (without a key) the bucket's list."""

    bucket: Bucket
    key: str = ""
    version_id: str = ""

    @property
    def action(self) -> str:
        """What a stranger must be allowed to do."""
        if not self.key:
            return "s3:ListBucket"
        return "s3:GetObjectVersion" if self.version_id else "s3:GetObject"


@dataclass(frozen=True)
class Doors:
    """The parts of the chain; None, or Answer.UNKNOWN, where one could not be read."""

    ownership: Ownership | None
    account: PublicAccessBlock | None
    own: PublicAccessBlock | None
    policy: Judgement | None
    is_public_policy: bool | None  # as the store judges it
    acl: Acl | None
    encryption: str = ""
    errors: tuple[tuple[str, S3Error], ...] = ()
    lacking: frozenset[str] = frozenset()  # the parts that the store has not

    @property
    def acls_count(self) -> Answer:
        return Answer.of(None if self.ownership is None else self.ownership.has_acls)

    @property
    def acl_grants(self) -> Answer:
        """Whether the ACL gives everybody the right to read (for a bucket: to list)."""
        if self.acl is None:
            return Answer.UNKNOWN
        return Answer.of(
            any(one.grantee == EVERYBODY and one.permission in READING for one in self.acl.grants)
        )

    @property
    def grants_any_account(self) -> bool:
        """Whether everybody with an account at Amazon may read: no stranger, but no friend either."""
        return self.acl is not None and any(one.grantee == ANY_ACCOUNT for one in self.acl.grants)

    @property
    def ignores_acls(self) -> Answer:
        return self._switch("ignore_public_acls")

    @property
    def restricts_policies(self) -> Answer:
        return self._switch("restrict_public_buckets")

    @property
    def by_acl(self) -> Answer:
        return self.acl_grants & self.acls_count & ~self.ignores_acls

    @property
    def by_policy(self) -> Answer:
        if self.policy is None:
            return Answer.UNKNOWN & ~self.restricts_policies
        # What names everybody without a condition is public, whatever a store makes of it.
        is_public = Answer.YES if self.policy.allowed is Answer.YES else Answer.of(self.is_public_policy)
        return self.policy.allowed & ~(self.restricts_policies & is_public)

    @property
    def denied(self) -> Answer:
        return Answer.UNKNOWN if self.policy is None else self.policy.denied

    @property
    def needs_signature(self) -> Answer:
        """Objects under a KMS key are for signed requests alone."""
        return Answer.of(self.encryption in _SIGNED_ONLY)

    @property
    def verdict(self) -> Answer:
        """Whether strangers can read it, as far as settings say."""
        return (self.by_policy | self.by_acl) & ~self.denied & ~self.needs_signature

    def _switch(self, name: str) -> Answer:
        return self._of(self.account, name) | self._of(self.own, name)

    @staticmethod
    def _of(block: PublicAccessBlock | None, name: str) -> Answer:
        return Answer.of(None if block is None else getattr(block, name))


@dataclass(frozen=True)
class Seen:
    """The doors, and what a stranger got when he tried."""

    thing: Thing
    doors: Doors
    attempt: Attempt


def look(thing: Thing) -> Seen:
    """Ask for all parts at once, and send a request without keys.

    ObjectNotFound, VersionNotFound or BucketNotFound when it is not there; StorageUnavailable if
    nothing came. A part that may not be read is unknown.
    """
    name, alias = thing.bucket.name, thing.bucket.connection
    asks: dict[str, together.Ask] = {
        "ownership": partial(ownership.read, name, alias=alias),
        "account": partial(public_access_block.read_account, alias=alias),
        "own": partial(public_access_block.read, name, alias=alias),
        "policy": partial(policy.read, name, alias=alias),
        "status": partial(policy.is_public, name, alias=alias),
    }
    if thing.key:
        named: dict[str, Any] = {"version_id": thing.version_id, "alias": alias}
        asks["head"] = partial(attributes.read, name, thing.key, **named)
        asks["acl"] = partial(acl.of_object, name, thing.key, **named)
        asks["attempt"] = partial(anonymous.read, name, thing.key, **named)
    else:
        asks["acl"] = partial(acl.of_bucket, name, alias=alias)
        asks["attempt"] = partial(anonymous.browse, name, alias=alias)
    answers = together.ask_all(asks)
    _raise_if_not_there(answers)
    attempt = answers["attempt"]
    if isinstance(attempt, S3Error):
        attempt = Attempt(anonymous.Seen.UNKNOWN, code=attempt.code, reason=str(attempt))
    return Seen(thing, _doors(thing, answers), attempt)


def _raise_if_not_there(answers: dict[str, Any]) -> None:
    for name in ("head", "policy", "acl"):
        if isinstance(answers.get(name), ObjectNotFound | VersionNotFound | BucketNotFound):
            raise answers[name]
    rest = [one for name, one in answers.items() if name not in {"attempt", "account"}]
    if all(isinstance(one, StorageUnavailable) for one in rest):
        raise rest[0]


def _doors(thing: Thing, answers: dict[str, Any]) -> Doors:
    """Return the parts; what a store lacks is as if it were off, what could not be read is None."""
    head = answers.get("head")
    status = _or(answers["status"], if_lacking=None)
    return Doors(
        ownership=_or(answers["ownership"], if_lacking=Ownership.OBJECT_WRITER),
        account=_or(answers["account"], if_lacking=PublicAccessBlock()),
        own=_or(answers["own"], if_lacking=PublicAccessBlock()),
        policy=_judged(thing, _or(answers["policy"], if_lacking="")),
        is_public_policy=status,
        acl=_or(answers["acl"], if_lacking=Acl("", ())),
        encryption=head.encryption if isinstance(head, Attributes) else "",
        errors=tuple(
            (name, one)
            for name, one in answers.items()
            if isinstance(one, S3Error) and not isinstance(one, Unsupported)
        ),
        lacking=frozenset(name for name, one in answers.items() if isinstance(one, Unsupported)),
    )


def _judged(thing: Thing, text: str | None) -> Judgement | None:
    if text is None:
        return None
    if not text:
        return SILENT
    try:
        found = policy.parsed(text)
    except BadRequest:
        return None  # a policy that nobody can read says something all the same
    return policy_match.judge(found, thing.action, bucket=thing.bucket.name, key=thing.key)


def _or(answer: Any, *, if_lacking: Any) -> Any:
    if isinstance(answer, Unsupported):
        return if_lacking
    return None if isinstance(answer, S3Error) else answer
