"""Files by name, in S3 or in a folder: one address decides.

What belongs here: the two stores and the choice between them. Both behave the same, and one set of tests runs on both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from arb_pipelines.domain.object_store import ObjectStore


class ObjectStoreError(OSError):
    """The store cannot be used; the message names it and says why."""


def open_objects(url: str, region: str | None = None) -> ObjectStore:
    """Return the store at `s3://bucket/prefix`, `file:///folder` or a folder's path.

    Raises:
        ObjectStoreError: an address of another kind, or without a bucket.
    """
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        return FolderObjects(Path(parts.path if parts.scheme else url))
    if parts.scheme != "s3" or not parts.netloc:
        raise ObjectStoreError(
            f"{parts.scheme}://{parts.netloc} is no place for files: use s3://bucket/prefix or a folder"
        )
    import boto3
    from botocore.config import Config

    limits = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 4})
    return S3Objects(boto3.client("s3", region_name=region, config=limits), parts.netloc, parts.path.strip("/"))


class FolderObjects:
    """Fulfils `ObjectStore` over a folder."""

    def __init__(self, folder: Path) -> None:
        """Keep files below `folder`, which is made when it is needed."""
        self._folder = folder

    def put_file(self, key: str, path: Path) -> None:
        """Copy a file under a name, whole or not at all."""
        target = self._folder / checked(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            shutil.copyfile(path, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def fetch(self, key: str) -> bytes | None:
        """Return the content under a name; None when there is none."""
        path = self._folder / checked(key)
        return path.read_bytes() if path.is_file() else None

    def load_sizes(self, prefix: str) -> Mapping[str, int]:
        """Return the sizes of everything whose name begins with `prefix`."""
        files = (path for path in self._folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        sizes = {path.relative_to(self._folder).as_posix(): path.stat().st_size for path in files}
        return {key: size for key, size in sizes.items() if key.startswith(prefix)}


class S3Objects:
    """Fulfils `ObjectStore` over a bucket; large files go in parts."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        """Keep files below `prefix` of a bucket that is there already."""
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    def put_file(self, key: str, path: Path) -> None:
        """Upload a file under a name, encrypted at rest.

        Raises:
            ObjectStoreError: S3 refuses it or does not answer.
        """
        from boto3.exceptions import S3UploadFailedError

        extra = {"ServerSideEncryption": "AES256"}
        try:
            self._client.upload_file(str(path), self._bucket, self._prefix + checked(key), ExtraArgs=extra)
        except S3UploadFailedError as error:
            raise ObjectStoreError(
                f"s3://{self._bucket} took no file: {_reason(error.__context__ or error)}"
            ) from error

    def fetch(self, key: str) -> bytes | None:
        """Return the content under a name; None when there is none.

        Raises:
            ObjectStoreError: S3 refuses or does not answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + checked(key))
        except self._client.exceptions.NoSuchKey:
            return None
        except (BotoCoreError, ClientError) as error:
            raise ObjectStoreError(f"s3://{self._bucket} cannot be read: {_reason(error)}") from error
        content: bytes = answer["Body"].read()
        return content

    def load_sizes(self, prefix: str) -> Mapping[str, int]:
        """Return the sizes of everything whose name begins with `prefix`.

        Raises:
            ObjectStoreError: S3 refuses or does not answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self._client.get_paginator("list_objects_v2")
        try:
            found = [
                item
                for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix)
                for item in page.get("Contents", ())
            ]
        except (BotoCoreError, ClientError) as error:
            raise ObjectStoreError(f"s3://{self._bucket} cannot be listed: {_reason(error)}") from error
        return {item["Key"].removeprefix(self._prefix): int(item["Size"]) for item in found}


def checked(key: str) -> str:
    """Return a name that stays inside its store.

    Raises:
        ValueError: it is empty, absolute or leads upwards.
    """
    parts = PurePosixPath(key).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise ValueError(f"{key!r} is no name inside a store of files")
    return "/".join(parts)


def _reason(error: BaseException) -> str:
    answer = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code") or type(error).__name__)
