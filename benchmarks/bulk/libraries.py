"""One library doing one kind of work in a process of its own; prints its figures as JSON.

    python libraries.py LIBRARY WORK   (what to work on comes as JSON on standard input)

Run by the path of this file, for obstore has an environment of its own: nothing of the project is
imported but by the seam's peer.
"""

# ruff: noqa: PLC0415 - a process runs one library, and must not carry the others

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

BATCH = 1_000  # keys that one DeleteObjects takes
REGION = "us-east-1"

Works = dict[str, Callable[[], int]]  # each returns how many objects it met


def seam(task: dict[str, Any], calls: list[str]) -> Works:
    """`portal.s3`, as the portal's jobs call it."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import django
    from django.conf import settings

    django.setup()
    settings.S3_CONNECTIONS = {
        "default": {"endpoint_url": task["endpoint"], "region": REGION, "addressing_style": "path"}
    }
    from portal.s3 import copying, listing, objects, pace, session
    from portal.s3.copying import Place
    from portal.s3.session import Timeouts

    for timeouts in Timeouts:
        _count(session.client(timeouts=timeouts), calls)
    bucket = task["bucket"]

    def list_keys() -> int:
        count, token = 0, ""
        while True:
            page = listing.keys_page(bucket, prefix=task["prefix"], token=token, size=listing.LARGEST_PAGE)
            count += len(page.objects)
            token = page.next_token
            if not token:
                return count

    def list_versions() -> int:
        return sum(1 for _ in objects.versions(bucket, task["prefix"]))

    def delete() -> int:
        outcomes = objects.delete_versions(bucket, [(key, "null") for key in task["keys"]])
        return sum(not one.code for one in outcomes)

    def copy() -> int:
        for key in task["keys"]:
            copying.copy(Place(bucket, key), Place(bucket, task["to"] + key), overwrite=True)
        return len(task["keys"])

    def head() -> int:
        return len([objects.head(bucket, key) for key in task["keys"]])

    works = {"list": list_keys, "versions": list_versions, "delete": delete, "copy": copy, "head": head}
    return {name: pace.bulk()(work) for name, work in works.items()}  # as a job's slice is


def boto3(task: dict[str, Any], calls: list[str]) -> Works:
    """boto3 as its manual shows it: paginators, DeleteObjects by the thousand, a call for each object."""
    import boto3 as library
    from botocore.config import Config

    client: Any = library.client(
        "s3",
        endpoint_url=task["endpoint"],
        region_name=REGION,
        config=Config(s3={"addressing_style": "path"}),
    )
    _count(client, calls)
    bucket = task["bucket"]

    def listed(operation: str, *members: str) -> int:
        pages = client.get_paginator(operation).paginate(Bucket=bucket, Prefix=task["prefix"])
        return sum(len(page.get(member, ())) for page in pages for member in members)

    def delete() -> int:
        count = 0
        for keys in _batches(task["keys"]):
            answer = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
            count += len(answer["Deleted"])
        return count

    def copy() -> int:
        for key in task["keys"]:
            source = {"Bucket": bucket, "Key": key}
            client.copy_object(Bucket=bucket, Key=task["to"] + key, CopySource=source)
        return len(task["keys"])

    return {
        "list": lambda: listed("list_objects_v2", "Contents"),
        "versions": lambda: listed("list_object_versions", "Versions", "DeleteMarkers"),
        "delete": delete,
        "copy": copy,
        "head": lambda: len([client.head_object(Bucket=bucket, Key=key) for key in task["keys"]]),
    }


def obstore(task: dict[str, Any], calls: list[str]) -> Works:
    """obstore (Rust's object_store); it has no list of versions. Its calls are those it must make."""
    import obstore as library  # type: ignore[import-not-found]  # in the peers' environment
    from obstore.store import S3Store  # type: ignore[import-not-found]  # likewise

    store = S3Store(
        task["bucket"],
        endpoint=task["endpoint"],
        region=REGION,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )

    def list_keys() -> int:
        count = sum(map(len, library.list(store, prefix=task["prefix"] or None, chunk_size=BATCH)))
        calls.extend(["ListObjectsV2"] * -(-count // BATCH))
        return count

    def delete() -> int:
        for keys in _batches(task["keys"]):
            library.delete(store, keys)
            calls.append("DeleteObjects")
        return len(task["keys"])

    def copy() -> int:
        for key in task["keys"]:
            library.copy(store, key, task["to"] + key)
            calls.append("CopyObject")
        return len(task["keys"])

    def head() -> int:
        for key in task["keys"]:
            library.head(store, key)
            calls.append("HeadObject")
        return len(task["keys"])

    return {"list": list_keys, "delete": delete, "copy": copy, "head": head}


LIBRARIES: dict[str, Callable[[dict[str, Any], list[str]], Works]] = {
    "seam": seam,
    "boto3": boto3,
    "obstore": obstore,
}


def main() -> None:
    library, work = sys.argv[1:]
    task = json.load(sys.stdin)
    calls: list[str] = []
    works = LIBRARIES[library](task, calls)
    # Connections, models and endpoint rules cost once: not the first objects shall pay for them.
    asked = dict(task)
    task |= {"prefix": "no-such-prefix/", "keys": [task["warm"]]}
    for begin in ("list", work):
        works[begin]()
    task |= asked
    calls.clear()
    # A full collection of all that a library is made of would fall on the one run, and not on the other.
    gc.collect()
    gc.freeze()
    before = time.process_time()
    count = works[work]()
    cpu = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"cpu": cpu, "objects": count, "calls": len(calls), "peak_mb": peak}))


def _count(client: Any, calls: list[str]) -> None:
    client.meta.events.register("before-call.s3", lambda model, **_event: calls.append(model.name))


def _batches(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main()
