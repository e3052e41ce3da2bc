"""The buckets that the peers work on, and what each is told to do."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import boto3
from botocore.config import Config

LISTED = "listed"  # versioned: every second key has two versions, every fourth is hidden by a marker
WORKED = "worked"  # has no versions: what is deleted and copied is made for it
THREADS = 16


@dataclass
class Store:
    """The store, and how many keys and entries of versions the listed bucket has."""

    endpoint: str
    access_key: str
    secret_key: str
    counts: dict[str, dict[str, int]] = field(default_factory=dict)  # by work and prefix
    made: int = 0  # objects to copy

    @cached_property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(max_pool_connections=THREADS, s3={"addressing_style": "path"}),
        )

    def task(self, work: str, prefix: str, *, count: int = 0, copies_to: str = "") -> dict[str, Any]:
        """Return what a peer is told; objects that the work takes away or copies are made for it."""
        task = {"endpoint": self.endpoint, "bucket": WORKED, "prefix": prefix, "keys": [], "warm": "warm.jpg"}
        if work in self.counts:
            return task | {"bucket": LISTED, "objects": self.counts[work][prefix], "warm": key_of(1)}
        folder = "gone/" if work == "delete" else "from/"
        keys = [folder + key_of(number) for number in range(count)]
        if work == "delete":
            task["warm"] = "no-such-key"
            self.put(WORKED, keys)
        else:
            self.put(WORKED, keys[self.made :])
            self.made = max(self.made, count)
        return task | {"keys": keys, "from": folder, "to": copies_to, "objects": count}

    def put(self, bucket: str, keys: Iterable[str]) -> None:
        """Store an object of a few bytes under each key."""
        _at_once(lambda key: self.client.put_object(Bucket=bucket, Key=key, Body=b"photo"), keys)


def key_of(number: int) -> str:
    """Return a key like those of the portal's originals; a quarter of them begin with `a/`."""
    return f"{'abcd'[number % 4]}/originals/{UUID(int=number * 0x9E3779B97F4A7C15 % 2**128)}.jpg"


def fill(store: Store, keys: int) -> None:
    """Make both buckets."""
    for bucket in (LISTED, WORKED):
        store.client.create_bucket(Bucket=bucket)
    store.client.put_bucket_versioning(Bucket=LISTED, VersioningConfiguration={"Status": "Enabled"})
    all_keys = [key_of(number) for number in range(keys)]
    # Of each quarter: half have a second version, half of those a marker on top.
    changed = [key for number, key in enumerate(all_keys) if number // 4 % 2]
    hidden = [key for number, key in enumerate(all_keys) if number // 4 % 4 == 1]
    store.put(LISTED, all_keys)
    store.put(LISTED, changed)
    _at_once(lambda key: store.client.delete_object(Bucket=LISTED, Key=key), hidden)
    store.put(WORKED, ["warm.jpg"])
    entries = [*all_keys, *changed, *hidden]
    current = sorted(set(all_keys) - set(hidden))
    store.counts |= {
        "list": {part: sum(key.startswith(part) for key in current) for part in ("", "a/")},
        "versions": {part: sum(key.startswith(part) for key in entries) for part in ("", "a/")},
    }


def _at_once(call: Callable[[str], Any], keys: Iterable[str]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for _done in pool.map(call, keys):
            pass
