"""What the S3 verbs take and return: frozen values, no boto types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit


class VersioningState(StrEnum):
    """A bucket's versioning. Once set it can be suspended, never switched off again."""

    NEVER_SET = "never set"
    ENABLED = "Enabled"
    SUSPENDED = "Suspended"


class StorageClass(StrEnum):
    """The classes that an object may be put into; stores other than Amazon's have some of them."""

    STANDARD = "STANDARD"
    INTELLIGENT_TIERING = "INTELLIGENT_TIERING"
    STANDARD_IA = "STANDARD_IA"
    ONEZONE_IA = "ONEZONE_IA"
    GLACIER_IR = "GLACIER_IR"
    GLACIER = "GLACIER"
    DEEP_ARCHIVE = "DEEP_ARCHIVE"
    REDUCED_REDUNDANCY = "REDUCED_REDUNDANCY"


class StoreWord(StrEnum):
    """A word that stores say. Amazon adds words, and other stores have their own."""

    @classmethod
    def told(cls, said: str) -> Self:
        """Return the member, or for a word that is not known here one more, which holds it literally."""
        try:
            return cls(said)
        except ValueError:
            unknown = str.__new__(cls, said)
            unknown._name_ = unknown._value_ = said
            return unknown


class Algorithm(StoreWord):
    """How an object is encrypted at rest."""

    NONE = ""
    SSE_S3 = "AES256"
    SSE_KMS = "aws:kms"
    DSSE_KMS = "aws:kms:dsse"


class RetentionMode(StoreWord):
    """Governance can be bypassed with a permission of its own; compliance by nobody."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


_SIMULATORS = frozenset({"ministack", "moto", "localstack"})


@dataclass(frozen=True)
class Connection:
    """One store and the account used there. Keys are never part of it: boto3's own chain finds them."""

    alias: str
    endpoint_url: str = ""
    browser_endpoint_url: str = ""
    region: str = ""
    profile: str = ""
    addressing_style: str = "auto"
    checksums: str = "when_supported"
    role_arn: str = ""  # a role to take on with the keys found
    external_id: str = ""  # what that role's account wants to hear
    expected_owner: str = ""  # the account that must own every bucket we ask about
    requests_a_second: int = 0  # that bulk work may make, all workers together; 0: no limit
    server: str = ""  # which software it is, for what that is known to lack

    @property
    def reachable_by_browsers(self) -> bool:
        """Whether signed URLs of this store open in a browser: AWS itself, or an address given for them."""
        return bool(self.browser_endpoint_url) or not self.endpoint_url

    @property
    def is_at_amazon(self) -> bool:
        """Whether Amazon answers there, be it by an endpoint of a private network."""
        host = urlsplit(self.endpoint_url).hostname or ""
        return not self.endpoint_url or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))

    @property
    def sts_endpoint_url(self) -> str:
        """Where to ask whose keys these are, and for a role's: a store of another kind itself; else empty."""
        return "" if self.is_at_amazon else self.endpoint_url

    @property
    def is_simulated(self) -> bool:
        """Whether the settings say that a simulator of Amazon S3 answers there, which keeps nothing."""
        return self.server in _SIMULATORS


@dataclass(frozen=True)
class ObjectInfo:
    """What HEAD tells of an object. `etag` is without its quotes, `version_id` empty if unversioned."""

    key: str
    bytes: int
    etag: str
    version_id: str = ""
    content_type: str = ""
    sha256: str = ""
    last_modified: datetime | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DeleteOutcome:
    """What became of one version in a DeleteObjects call. `code` is empty when it is gone."""

    key: str
    version_id: str
    code: str = ""
    message: str = ""


@dataclass(frozen=True)
class SignedUpload:
    """A PUT that a browser may do once: the address, and the headers that were signed."""

    url: str
    headers: dict[str, str]


def lower_cased(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return user metadata by the names that S3 gives it; others write them as headers: Pet for pet."""
    return {name.lower(): value for name, value in metadata.items()}
