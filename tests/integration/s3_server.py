"""SeaweedFS, a real S3-compatible store, out of its wheel: one process, on ports of 127.0.0.1."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

BUCKET, START_SECONDS, STOP_SECONDS = "images", 120, 30
KEYS = {"service": "secret-of-the-service", "fetch": "secret-of-the-fetchers"}
# The fetching workers read what is kept, and write where others look before they take it in.
RIGHTS = {
    "service": ["Admin", "Read", "Write", "List"],
    "fetch": [
        f"{right}:{BUCKET}/ntf/{kind}/*"
        for right, kind in (
            ("Read", "bytes"),
            ("Read", "incoming"),
            ("Write", "incoming"),
            ("Write", "pixels"),
        )
    ],
}
PARTS = ("master", "volume", "filer", "s3")


def client_of(url: str, key: str = "service", secret: str | None = None) -> Any:
    """A client of the tests' own, which looks behind the product's back."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret or KEYS[key],
    )


def free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def running_s3(folder: Path, ports: list[int]) -> Iterator[str]:
    """The store's address, with a bucket in it. What it keeps lies in the folder."""
    data, config = folder / "data", folder / "keys.json"
    data.mkdir(parents=True, exist_ok=True)
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": name, "secretKey": KEYS[name]}],
            "actions": RIGHTS[name],
        }
        for name in KEYS
    ]
    config.write_text(json.dumps({"identities": identities}))
    command = [str(Path(sys.executable).with_name("weed")), "-logtostderr=true", "server"]
    command += [f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-s3.iam=false"]
    command += [
        f"-s3.config={config}",
        "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]
    command += ["-master.volumeSizeLimitMB=64", "-volume.max=40"]
    for part, port, grpc in zip(PARTS, ports[::2], ports[1::2], strict=True):
        command += [f"-{part}.port={port}", f"-{part}.port.grpc={grpc}"]
    url = f"http://127.0.0.1:{ports[6]}"
    with (folder / "output").open("ab") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until_it_keeps(server, url)
        yield url
    finally:
        server.terminate()
        server.wait(STOP_SECONDS)


def wait_until_it_keeps(server: subprocess.Popen[bytes], url: str) -> None:
    """It answers before it has a volume to write to, so an object must have been kept."""
    client, deadline = client_of(url), time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "SeaweedFS has ended"
        try:
            if BUCKET not in {one["Name"] for one in client.list_buckets()["Buckets"]}:
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"1")
            client.delete_object(Bucket=BUCKET, Key="ready")
            return
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
    raise AssertionError("SeaweedFS keeps nothing")
