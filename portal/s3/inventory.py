"""The report that S3 Inventory makes of a bucket: which, how often, and where it is delivered.

Asked of Amazon alone, and of nobody else under any name: a store that does not know `?inventory` takes
the DELETE of a configuration for the DELETE of the bucket (moto, MiniStack and SeaweedFS do, and the
bucket is gone). Reports are plain objects; `inventory_reports` reads them wherever they lie.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from portal.s3 import policy, session
from portal.s3.capabilities import server
from portal.s3.differences import Server
from portal.s3.errors import NotConfigured, S3Error, Unsupported, translated

# What the portal reads of a report, beside what each has (API:InventoryConfiguration).
FIELDS = (
    "Size",
    "LastModifiedDate",
    "StorageClass",
    "ETag",
    "IsMultipartUploaded",
    "EncryptionStatus",
    "ChecksumAlgorithm",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "IntelligentTieringAccessTier",
)
_AMAZONS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")


class Format(StrEnum):
    """How the rows are written; the portal reads these."""

    CSV = "CSV"
    PARQUET = "Parquet"


class Frequency(StrEnum):
    """How often a report is made; weekly ones on Sundays."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


@dataclass(frozen=True)
class Inventory:
    """One report of a bucket. `frequency` is None where none is set up: then nothing else is said.

    `format` is S3's word: somebody else may have chosen one that the portal does not read (ORC).
    `below` is the prefix of the keys it is about, empty for all; `encryption` is "", "SSE-S3" or the
    KMS key that the report's files are encrypted with.
    """

    frequency: Frequency | None = None
    bucket: str = ""
    prefix: str = ""
    format: str = ""
    all_versions: bool = False
    is_on: bool = False
    fields: tuple[str, ...] = ()
    account: str = field(default="", compare=False)  # the destination's; where empty, `write` says ours
    below: str = ""
    encryption: str = ""


def read(bucket: str, config_id: str, *, alias: str = session.DEFAULT) -> Inventory:
    """Return the report of this name; none is a state. Unsupported but at Amazon."""
    client = _amazon(alias, "GetBucketInventoryConfiguration")
    try:
        with translated("GetBucketInventoryConfiguration"):
            answer = client.get_bucket_inventory_configuration(Bucket=bucket, Id=config_id)
    except NotConfigured:
        return Inventory()
    return _parsed(answer["InventoryConfiguration"])


def all_of(bucket: str, *, alias: str = session.DEFAULT) -> dict[str, Inventory]:
    """Return the bucket's reports by their names, whoever set them up. Unsupported but at Amazon."""
    return {said["Id"]: _parsed(said) for said in _listed(bucket, alias)}


def write(bucket: str, config_id: str, wanted: Inventory, *, alias: str = session.DEFAULT) -> None:
    """Set the report up, or remove it; reports that were made stay. Unsupported but at Amazon.

    The first one may take 48 hours. S3 does not look whether it may write into the destination: see
    `let_in`.
    """
    if wanted.frequency is None:
        client = _amazon(alias, "DeleteBucketInventoryConfiguration")
        with translated("DeleteBucketInventoryConfiguration"):
            client.delete_bucket_inventory_configuration(Bucket=bucket, Id=config_id)
        return
    client = _amazon(alias, "PutBucketInventoryConfiguration")
    partition = _partition(alias)
    # Without it S3 delivers to whoever has a bucket of that name by then.
    wanted = wanted if wanted.account else replace(wanted, account=session.account_id(alias))
    with translated("PutBucketInventoryConfiguration"):
        client.put_bucket_inventory_configuration(
            Bucket=bucket, Id=config_id, InventoryConfiguration=_sent(config_id, wanted, partition)
        )


def let_in(
    destination: str, source: str, config_id: str, prefix: str = "", *, alias: str = session.DEFAULT
) -> None:
    """Let S3 put the source's reports, and nothing else, into the destination; its other rules stay.

    Unsupported but at Amazon. BadRequest where the policy would grow too large.
    """
    _amazon(alias, "PutBucketPolicy")
    document = _document(destination, alias)
    statement = _statement(
        destination, source, f"{folder_of(prefix, source, config_id)}*",
        account=session.account_id(alias), partition=_partition(alias),
    )  # fmt: skip
    kept = _others(document, source)
    if [*kept, statement] != document["Statement"]:
        _write_policy(destination, document | {"Statement": [*kept, statement]}, alias)


def shut_out(destination: str, source: str, *, alias: str = session.DEFAULT) -> None:
    """Take away what `let_in` gave; fine when it is gone already. Unsupported but at Amazon."""
    _amazon(alias, "PutBucketPolicy")
    document = _document(destination, alias)
    kept = _others(document, source)
    if kept == document["Statement"]:
        return
    if kept:
        _write_policy(destination, document | {"Statement": kept}, alias)
    else:
        policy.delete(destination, alias=alias)


def folder_of(prefix: str, source: str, config_id: str) -> str:
    """Return the folder below which S3 puts the reports of this name (UG:storage-inventory-location).

    A prefix must not end in "/": S3 then names keys in the manifest that do not exist.
    """
    return "/".join([*([prefix.rstrip("/")] if prefix else []), source, config_id, ""])


def _amazon(alias: str, operation: str) -> Any:
    """Return the client, or raise before anything is sent: by the settings, and by where it leads.

    AWS_ENDPOINT_URL may lead boto3 elsewhere, whatever the portal's settings say.
    """
    if server(alias) is Server.AMAZON:
        client = session.client(alias)
        if (urlsplit(client.meta.endpoint_url).hostname or "").endswith(_AMAZONS_HOSTS):
            return client
    raise Unsupported(
        _("Inventories are set up at Amazon S3 alone: other stores take their removal for the bucket's."),
        operation=operation,
    )


def _listed(bucket: str, alias: str) -> Iterator[Any]:
    client = _amazon(alias, "ListBucketInventoryConfigurations")
    onward: dict[str, Any] = {}
    while True:
        with translated("ListBucketInventoryConfigurations"):
            answer: Any = client.list_bucket_inventory_configurations(Bucket=bucket, **onward)
        yield from answer.get("InventoryConfigurationList", [])
        token = answer.get("NextContinuationToken", "")
        if not answer.get("IsTruncated") or not token:
            return
        if token == onward.get("ContinuationToken"):  # it would never end
            raise S3Error(
                _("The store's list does not go on."), operation="ListBucketInventoryConfigurations"
            )
        onward = {"ContinuationToken": token}


def _parsed(said: Any) -> Inventory:
    to = said["Destination"]["S3BucketDestination"]
    encryption: Any = to.get("Encryption", {})
    return Inventory(
        frequency=Frequency(said["Schedule"]["Frequency"]),
        bucket=to["Bucket"].rpartition(":")[2],
        prefix=to.get("Prefix", ""),
        format=to["Format"],
        all_versions=said["IncludedObjectVersions"] == "All",
        is_on=bool(said["IsEnabled"]),
        fields=tuple(sorted(said.get("OptionalFields", []))),
        account=to.get("AccountId", ""),
        below=said.get("Filter", {}).get("Prefix", ""),
        encryption=encryption.get("SSEKMS", {}).get("KeyId", "SSE-S3" if "SSES3" in encryption else ""),
    )


def _sent(config_id: str, wanted: Inventory, partition: str) -> Any:
    to: dict[str, Any] = {"Bucket": f"arn:{partition}:s3:::{wanted.bucket}", "Format": wanted.format}
    if wanted.account:
        to["AccountId"] = wanted.account
    if wanted.prefix:
        to["Prefix"] = wanted.prefix
    if wanted.encryption:
        by_key = {"SSEKMS": {"KeyId": wanted.encryption}}
        to["Encryption"] = {"SSES3": {}} if wanted.encryption == "SSE-S3" else by_key
    return {
        "Id": config_id,
        "IsEnabled": wanted.is_on,
        "IncludedObjectVersions": "All" if wanted.all_versions else "Current",
        "OptionalFields": list(wanted.fields),
        "Schedule": {"Frequency": wanted.frequency},
        "Destination": {"S3BucketDestination": to},
        **({"Filter": {"Prefix": wanted.below}} if wanted.below else {}),
    }


def _statement(destination: str, source: str, keys: str, *, account: str, partition: str) -> dict[str, Any]:
    """Return what lets S3's reports in: of this bucket and account, so that nobody else's come."""
    return {
        "Sid": _sid(source),
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:{partition}:s3:::{destination}/{keys}",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:s3:::{source}"},
            "StringEquals": {
                "aws:SourceAccount": account,
                "s3:x-amz-acl": "bucket-owner-full-control",
            },
        },
    }


def _sid(source: str) -> str:
    # Of letters and digits alone, and a name of a bucket has more.
    return f"PortalInventory{hashlib.sha256(source.encode()).hexdigest()[:16]}"


def _document(bucket: str, alias: str) -> dict[str, Any]:
    text = policy.read(bucket, alias=alias)
    document = policy.parsed(text) if text else {"Version": "2012-10-17", "Statement": []}
    said = document["Statement"]
    return document | {"Statement": said if isinstance(said, list) else [said]}


def _others(document: dict[str, Any], source: str) -> list[Any]:
    return [one for one in document["Statement"] if one.get("Sid") != _sid(source)]


def _write_policy(bucket: str, document: dict[str, Any], alias: str) -> None:
    policy.write(bucket, json.dumps(document, ensure_ascii=False), alias=alias)


def _partition(alias: str) -> str:
    return session.session(alias).get_partition_for_region(session.region(alias))
