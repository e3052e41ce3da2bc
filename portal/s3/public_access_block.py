"""Block Public Access: four switches, on the bucket and on its account; the stricter one counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import elsewhere, session
from portal.s3.errors import NotConfigured, Unsupported, translated

_NAMES = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


@dataclass(frozen=True)
class PublicAccessBlock:
    """The switches; all off where nothing was ever set."""

    block_public_acls: bool = False  # refuses to store a public ACL
    ignore_public_acls: bool = False  # stored ones no longer count
    block_public_policy: bool = False  # refuses to store a public policy
    restrict_public_buckets: bool = False  # a stored one lets nobody in from outside

    @classmethod
    def all_on(cls) -> PublicAccessBlock:
        return cls(True, True, True, True)

    def __or__(self, other: PublicAccessBlock) -> PublicAccessBlock:
        """Return what is in force when both are: of each switch, the stricter."""
        return PublicAccessBlock(
            *(getattr(self, one.name) or getattr(other, one.name) for one in fields(self))
        )

    @property
    def is_complete(self) -> bool:
        return self == PublicAccessBlock.all_on()


def read(bucket: str, *, alias: str = session.DEFAULT) -> PublicAccessBlock:
    """Return the bucket's own switches."""
    try:
        with translated("GetPublicAccessBlock"):
            answer = session.client(alias).get_public_access_block(Bucket=bucket)
    except NotConfigured:
        return PublicAccessBlock()
    return _parsed(answer)


def write(bucket: str, wanted: PublicAccessBlock, *, alias: str = session.DEFAULT) -> None:
    """Set the bucket's switches. Stored ACLs and policies stay: switched off, they count again."""
    with translated("PutPublicAccessBlock"):
        session.client(alias).put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=_sent(wanted)
        )


def shut(bucket: str, wanted: PublicAccessBlock, *, alias: str = session.DEFAULT) -> None:
    """Set the switches of a new, empty bucket, and try whether it still takes an object.

    Some stores refuse every upload where public ACLs are blocked (Ceph 16.2.15 does): there that
    switch stays off, the others on, and Unsupported says so. Amazon is not asked.
    """
    write(bucket, wanted, alias=alias)
    if not wanted.block_public_acls or elsewhere.takes_uploads(bucket, alias=alias):
        return
    write(bucket, replace(wanted, block_public_acls=False), alias=alias)
    if elsewhere.takes_uploads(bucket, alias=alias):
        raise Unsupported(
            _("It refuses every upload where public ACLs are blocked, so that switch is off."),
            operation="PutPublicAccessBlock",
        )
    write(bucket, wanted, alias=alias)  # it was not the switch: these keys may not upload


def read_account(*, alias: str = session.DEFAULT) -> PublicAccessBlock:
    """Return the account's switches, which count for all its buckets. Unsupported but at Amazon."""
    client = session.control_client(alias)
    try:
        with translated("Account.GetPublicAccessBlock"):
            answer = client.get_public_access_block(AccountId=session.account_id(alias))
    except NotConfigured:
        return PublicAccessBlock()
    return _parsed(answer)


def write_account(wanted: PublicAccessBlock, *, alias: str = session.DEFAULT) -> None:
    """Set the account's switches. Unsupported but at Amazon."""
    client = session.control_client(alias)
    with translated("Account.PutPublicAccessBlock"):
        client.put_public_access_block(
            AccountId=session.account_id(alias), PublicAccessBlockConfiguration=_sent(wanted)
        )


def in_force(bucket: str, *, alias: str = session.DEFAULT) -> PublicAccessBlock:
    """Return what counts for the bucket: its own switches and its account's together.

    A store that lacks such switches blocks nothing. AccessRefused when one of both may not be read.
    """
    found = PublicAccessBlock()
    for ask in (lambda: read(bucket, alias=alias), lambda: read_account(alias=alias)):
        try:
            found = found | ask()
        except Unsupported:
            continue
    return found


def _parsed(answer: Any) -> PublicAccessBlock:
    said = answer["PublicAccessBlockConfiguration"]
    return PublicAccessBlock(**{ours: bool(said.get(theirs)) for ours, theirs in _NAMES.items()})


def _sent(wanted: PublicAccessBlock) -> Any:
    return {_NAMES[ours]: is_on for ours, is_on in asdict(wanted).items()}
