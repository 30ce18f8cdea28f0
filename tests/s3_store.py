"""An S3 store for tests: moto on a free port, in a process of its own, so that memory can be measured."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

import boto3

BUCKET = "artifacts"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


_SERVE = """
import threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://{}:{}".format(*server.get_host_and_port()), flush=True)
threading.Event().wait()
"""


@contextlib.contextmanager
def s3_store() -> Iterator[str]:
    """Serve an empty store with one bucket; yield its address."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            client_of(url).create_bucket(Bucket=BUCKET)
            yield url
        finally:
            process.kill()


def client_of(url: str):
    """Return boto3's client of a store."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        region_name=ENVIRONMENT["AWS_DEFAULT_REGION"],
    )


def environment_of(url: str) -> dict[str, str]:
    """Return what a process needs in its environment to use the store."""
    return {**ENVIRONMENT, "MLFLOW_S3_ENDPOINT_URL": url}


def is_empty(url: str, prefix: str = "") -> bool:
    """Return whether nothing lies below a prefix, finished or half uploaded."""
    client = client_of(url)
    objects = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    uploads = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    return not objects and not uploads
