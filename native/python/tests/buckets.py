"""A bucket of the local S3, seen by a client that is not ours."""

from __future__ import annotations

from typing import Any

import boto3


class Bucket:
    """A new bucket, and what is in it as another client sees it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client: Any = boto3.client("s3", region_name="us-east-1")
        self.client.create_bucket(Bucket=name)

    def uri(self, key: str) -> str:
        return f"s3://{self.name}/{key}"

    def put(self, key: str, body: bytes) -> str:
        self.client.put_object(Bucket=self.name, Key=key, Body=body)
        return self.uri(key)

    def get(self, key: str) -> bytes:
        body: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def keys(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [item["Key"] for item in found]

    def uploads(self) -> int:
        return len(self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", []))
