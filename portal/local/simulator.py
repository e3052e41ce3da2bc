"""The demo's second connection: MiniStack, a simulator of Amazon S3 in one process, which keeps nothing.

The demo's photo store lacks what is most dangerous at Amazon. Of the two simulators that pip installs,
MiniStack shows it more truly; tests/contract holds both to the same statements, and
portal/s3/differences.py lists where each differs:

* it refuses ACLs where ownership is enforced, and ownership over grants that are left; moto takes both
* it refuses public ACLs under Block Public Access; moto takes them
* a restore from the archive takes its time, and a second one is refused; moto's is there at once
* a suspended bucket keeps its versions, and a delete leaves a marker; moto loses the versions
* it sends lifecycle rules, grants and events back as they were written; moto drops parts of them

Neither asks for keys, so "why can the world see this?" is judged there but not tried. It starts in
0.3 s, takes 40 MB, and ends with the demo.
"""

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from portal.local.ports import LOOPBACK

# How the connection is called: in the settings' variables, in its profile, and on the pages.
NAME = "simulator"
# Where the demo's other program puts its files.
OUTSIDE_BUCKET = "sample-arrivals"
START_SECONDS = 30
# What `simulator_samples` makes there for the exports, which the portal's settings then name.
ANALYTICS_BUCKET = "sample-analytics"
GLUE_JOB = "sample-report"
_REGION = "us-east-1"
# It asks nobody for keys; boto3 must have some to sign with.
_CREDENTIALS = f"""\
[{NAME}]
aws_access_key_id = simulated
aws_secret_access_key = simulated-and-asked-by-nobody
"""


def is_installed() -> bool:
    """Whether the package is there: production has it not."""
    return find_spec("ministack") is not None


@dataclass(frozen=True)
class Simulator:
    """One simulator: where its files are, and its port on loopback."""

    directory: Path
    port: int

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def credentials(self) -> Path:
        """The file in which boto3 finds the connection's keys."""
        return self.directory / "credentials"

    def prepare(self) -> None:
        """Write the keys, readable by their owner alone."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.credentials, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_CREDENTIALS)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "ministack"]

    def environment(self) -> dict[str, str]:
        """Return its whole environment: nothing is inherited, and only what the portal uses is offered.

        Left alone it also listens for MQTT and SFTP, on all interfaces.
        """
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.directory),
            "TMPDIR": str(self.directory),
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "SERVICES": "s3,sts,kms,sqs,dynamodb,glue,iam",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        }

    def variables(self, photo_bucket: str) -> dict[str, str]:
        """Return what the portal's processes are told of the connection."""
        prefix = f"S3_{NAME.upper()}"
        return {
            "S3_CONNECTION_NAMES": NAME,
            f"{prefix}_ENDPOINT_URL": self.endpoint_url,
            f"{prefix}_REGION": _REGION,
            f"{prefix}_PROFILE": NAME,
            f"{prefix}_SERVER": "ministack",
            "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials),
            "SERVICES_CONNECTION": NAME,
            "SERVICES_ENDPOINT_URL": self.endpoint_url,
            "DYNAMODB_MIRROR": "true",
            "ANALYTICS_BUCKET": f"{NAME}/{ANALYTICS_BUCKET}",
            "GLUE_JOBS": GLUE_JOB,
            "GLUE_AFTER_EXPORT": GLUE_JOB,
            "S3_EVENTS": "true",
            "ARRIVALS": "true",
            # The photos' own bucket tells nothing; the simulator's sends events.
            "ARRIVALS_SOURCES": f"{photo_bucket},{NAME}/{OUTSIDE_BUCKET}",
            "ARRIVALS_LOOK_SECONDS": "15",
        }
