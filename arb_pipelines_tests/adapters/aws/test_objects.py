"""A folder and a bucket keep files in the same way; the same cases run on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="moto is not installed: it comes with the developers' packages")

from arb_pipelines.adapters.aws.objects import ObjectStoreError, open_objects
from arb_pipelines.domain.object_store import ObjectStore
from arb_pipelines.services.artifacts import keep_files


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="ours")
        yield


@pytest.fixture(params=["folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return open_objects(str(tmp_path / "store"))
    request.getfixturevalue("bucket")
    return open_objects("s3://ours/arb", "us-east-1")


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    (folder / "shop-1").mkdir(parents=True)
    (folder / "shop-1" / "page.html").write_bytes(b"<p>thanks</p>")
    (folder / "shop-1" / ".draft").write_bytes(b"half")
    return folder


def test_a_file_comes_back(objects: ObjectStore, evidence: Path) -> None:
    assert objects.fetch("a/b.html") is None
    objects.put_file("a/b.html", evidence / "shop-1" / "page.html")
    assert objects.fetch("a/b.html") == b"<p>thanks</p>"
    assert objects.load_sizes("a/") == {"a/b.html": 13}
    assert objects.load_sizes("b/") == {}


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../up", "a/../../b"])
def test_a_name_stays_inside(objects: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="no name inside"):
        objects.fetch(key)


def test_files_are_kept_once_and_drafts_never(objects: ObjectStore, evidence: Path, tmp_path: Path) -> None:
    folders = {"checkout_evidence": evidence, "models": tmp_path / "absent"}
    assert keep_files(folders, objects) == {"checkout_evidence": 1}
    assert keep_files(folders, objects) == {"checkout_evidence": 0}
    (evidence / "shop-1" / "page.html").write_bytes(b"<p>thank you</p>")
    assert keep_files(folders, objects) == {"checkout_evidence": 1}
    assert objects.fetch("checkout_evidence/shop-1/page.html") == b"<p>thank you</p>"
    assert list(objects.load_sizes("")) == ["checkout_evidence/shop-1/page.html"]


def test_what_cannot_be_used_is_named(bucket: None, evidence: Path) -> None:
    with pytest.raises(ObjectStoreError, match="s3://absent cannot be listed: NoSuchBucket"):
        open_objects("s3://absent", "us-east-1").load_sizes("")
    with pytest.raises(ObjectStoreError, match="s3://absent took no file: NoSuchBucket"):
        open_objects("s3://absent", "us-east-1").put_file("a", evidence / "shop-1" / "page.html")
    with pytest.raises(ObjectStoreError, match="use s3://bucket/prefix or a folder"):
        open_objects("ftp://host/x")
