"""Wait until a store takes writes; for servers that open their port before they do.

Needs no settings: the embedded services are started before there are any.
As a program it reads boto3's own variables: `python -m portal.s3.probe SECONDS`.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "portal-probe"
_BODY = b"Can this be read again?"
_PAUSE_SECONDS = 0.1
_THERE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}
_LEFT_TO_OTHERS = {"BucketNotEmpty", "NoSuchBucket"}


def wait_for_writes(endpoint_url: str, access_key: str, secret_key: str, timeout_seconds: float) -> None:
    """Write, read and delete an object until that works; leave nothing behind.

    Raises TimeoutError, with the store's last answer in its sentence.
    """
    client = boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name="us-east-1",
        # One try each: the loop below is the retry, and must notice the time.
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            _write_read_delete(client)
        except (BotoCoreError, ClientError) as error:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{endpoint_url} took no write in {timeout_seconds:g} s: {error}"
                ) from error
        else:
            return
        time.sleep(_PAUSE_SECONDS)


def _write_read_delete(client: S3Client) -> None:
    """Do it in the probes' own bucket, which the last of several at once removes.

    A probe whose bucket another one removes meanwhile is refused, and tries again.
    """
    try:
        client.create_bucket(Bucket=BUCKET)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _THERE:
            raise
    key = f"probe-{uuid4()}"
    client.put_object(Bucket=BUCKET, Key=key, Body=_BODY)
    client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    client.delete_object(Bucket=BUCKET, Key=key)
    try:
        client.delete_bucket(Bucket=BUCKET)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _LEFT_TO_OTHERS:
            raise


def main() -> None:
    try:
        wait_for_writes(
            os.environ["AWS_ENDPOINT_URL_S3"],
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
            float(sys.argv[1]),
        )
    except TimeoutError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
