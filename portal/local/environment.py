"""The environment of the demo's processes; imports no Django, as settings are read later."""

import argparse
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from portal.local import valkey
from portal.local.ports import LOOPBACK
from portal.local.seaweedfs import SeaweedFS
from portal.local.simulator import Simulator
from portal.local.state import State

BUCKET = "pettracker-photos"
# Somebody's keys, profile or endpoint must not get mixed with the embedded store's.
_FOREIGN = ("AWS_", "S3_")


def prepare(arguments: Sequence[str]) -> None:
    """Let `manage.py demo` itself read its settings where nothing at all is set.

    `arguments` are those after "demo". The supervisor signs nothing, so its SECRET_KEY is
    thrown away with it; the children get the one that is kept in the data directory.
    """
    if not is_given("SECRET_KEY"):
        os.environ["SECRET_KEY"] = secrets.token_urlsafe(50)
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--data")
    known, _others = parser.parse_known_args(arguments)
    if known.data:
        os.environ["PORTAL_DATA_DIR"] = str(Path(known.data).expanduser().resolve())


def is_given(name: str) -> bool:
    """Return whether the variable, or the name of a file that holds it, is set."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def for_children(
    inherited: Mapping[str, str],
    *,
    state: State,
    root: Path,
    web_port: int,
    queue_port: int | None,
    store: SeaweedFS | None,
    simulator: Simulator | None = None,
) -> dict[str, str]:
    """Return the variables of every child. Without a port or a store, what is inherited names the server.

    A simulator is beside the embedded store alone: given ones come with connections of their own.
    """
    environment = dict(inherited)
    environment.pop("SECRET_KEY_FILE", None)
    environment.update(
        PORTAL_DATA_DIR=str(root),
        SECRET_KEY=state.secret_key,
        ALLOWED_HOSTS=f"{LOOPBACK},localhost",
        PORTAL_ORIGINS=f"http://{LOOPBACK}:{web_port},http://localhost:{web_port}",
        HTTPS_ONLY="false",
        VIPS_BLOCK_UNTRUSTED="1",
        VIPS_CONCURRENCY="1",
        PYTHONUNBUFFERED="1",
        DJANGO_SETTINGS_MODULE="portal.settings",
    )
    if queue_port is not None:
        environment.pop("CELERY_BROKER_URL", None)
        environment["REDIS_URL"] = valkey.url(queue_port)
    if store is not None:
        environment = {name: text for name, text in environment.items() if not name.startswith(_FOREIGN)}
        environment.update(
            AWS_ENDPOINT_URL_S3=store.endpoint_url,
            S3_SERVER="seaweedfs",
            S3_BROWSER_ENDPOINT_URL=store.endpoint_url,
            AWS_ACCESS_KEY_ID=store.keys.access_key,
            AWS_SECRET_ACCESS_KEY=store.keys.secret_key,
            AWS_REGION="us-east-1",
            AWS_STORAGE_BUCKET_NAME=BUCKET,
            AWS_CONFIG_FILE=os.devnull,
            AWS_SHARED_CREDENTIALS_FILE=os.devnull,
            AWS_EC2_METADATA_DISABLED="true",
        )
        if simulator is not None:
            environment.update(simulator.variables(BUCKET))
    return environment
