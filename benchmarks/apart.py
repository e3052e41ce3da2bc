"""A part of a benchmark in a process of its own, in which Django is set up: so its memory is its own."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START = "import django; django.setup(); from {package} import parts; parts.main()"


def environment(folder: Path, *, database_url: str, endpoint: str, **more: str) -> dict[str, str]:
    """Return what such a process needs: a data folder, a database, a store, and nobody's own keys."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_"))}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only-for-the-benchmark-" + "x" * 40,
        "HTTPS_ONLY": "false",
        "LOG_LEVEL": "ERROR",
        "PORTAL_DATA_DIR": str(folder),
        "AWS_ENDPOINT_URL_S3": endpoint,
        "S3_ADDRESSING_STYLE": "path",
        "AWS_ACCESS_KEY_ID": "BENCHMARK",
        "AWS_SECRET_ACCESS_KEY": "a-secret-of-nobody",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        **more,
    }


def run(package: str, part: str, *args: str, environment: dict[str, str]) -> dict[str, Any]:
    """Let `parts.main` of the package do the part; return what `tell` printed there."""
    print(f"{part}: {environment['DATABASE_URL'].partition(':')[0]}", file=sys.stderr, flush=True)
    command = [sys.executable, "-c", START.format(package=package), part, *args]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def tell(do: Callable[[], Any]) -> None:
    """Do it, and print as JSON what it took, the process's peak memory, and what it told."""
    before, begin = time.process_time(), time.perf_counter()
    told = do()
    taken = {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - before}
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**taken, "peak_mb": peak_mb, "told": told}))
