"""Pages on disk: whole frames only, a mark that never passes an unshipped page, and an archive by day."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb_pipelines.scraping.segments import (
    Leftover,
    RawPage,
    SegmentWriter,
    delete_before,
    find_leftovers,
    load_page,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SITES = [{"key": "a", "name": "A", "url": "https://a.example"}]


def raw(number: int, body: bytes = b"<html>") -> RawPage:
    return RawPage("a", f"https://a.example/{number}", NOW, {"Content-Type": "text/html"}, body)


def die(writer: SegmentWriter) -> None:
    """Let go of the lock as the kernel does for a killed process, and of nothing else."""
    writer._lock.release()


def leftover_pages(folder: Path) -> list[RawPage]:
    found = []
    for leftover in find_leftovers(folder):
        found += [page for _, page in leftover.pages()]
        leftover.close(done=False)
    return found


def test_a_killed_writer_leaves_every_page_with_its_sites(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "tick-1", SITES)
    for number in range(3):
        writer.append(raw(number, bytes([number]) * 100))
    assert list(find_leftovers(tmp_path)) == [], "a living writer's segment is nobody else's"
    die(writer)
    (leftover,) = find_leftovers(tmp_path)
    assert (leftover.tick_id, leftover.sites) == ("tick-1", SITES)
    assert [page for _, page in leftover.pages()] == [raw(n, bytes([n]) * 100) for n in range(3)]
    leftover.close(done=False)


def test_the_mark_stays_below_the_first_page_that_waits(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "tick-1", SITES)
    first, second, third = (writer.append(raw(number)) for number in range(3))
    writer.release(third)
    writer.release(first)
    writer.move_mark()
    die(writer)
    assert [page.url[-1] for page in leftover_pages(tmp_path)] == ["1", "2"]
    assert second == 2


def test_a_leftover_goes_on_where_its_shipper_stopped(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "tick-1", SITES)
    for number in range(4):
        writer.append(raw(number))
    die(writer)
    (leftover,) = find_leftovers(tmp_path)
    ends = [end for end, _ in leftover.pages()]
    leftover.move_mark(ends[1])
    leftover.close(done=False)
    assert [page.url[-1] for page in leftover_pages(tmp_path)] == ["2", "3"]


def test_a_shipped_segment_is_the_archive_of_its_day(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "tick-1", SITES)
    writer.release(writer.append(raw(1, b"one")))
    writer.close()
    assert list(find_leftovers(tmp_path)) == []
    assert sorted(entry.suffix for entry in (tmp_path / "open").iterdir()) == []
    page = load_page(tmp_path, "tick-1", "https://a.example/1")
    assert page is not None
    assert page.body == b"one"
    assert load_page(tmp_path, "tick-1", "https://a.example/2") is None
    assert load_page(tmp_path, "tick-2", "https://a.example/1") is None
    assert delete_before(tmp_path, date(2000, 1, 1)) == 0
    assert delete_before(tmp_path, date(9999, 1, 1)) > 0
    assert load_page(tmp_path, "tick-1", "https://a.example/1") is None


def test_a_shard_without_pages_leaves_nothing(tmp_path: Path) -> None:
    SegmentWriter(tmp_path, "tick-1", SITES).close()
    assert list((tmp_path / "open").iterdir()) == []


def test_a_finished_leftover_is_archived(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "tick-1", SITES)
    writer.append(raw(1))
    die(writer)
    (leftover,) = find_leftovers(tmp_path)
    leftover.close(done=True)
    assert leftover_pages(tmp_path) == []
    assert load_page(tmp_path, "tick-1", raw(1).url) == raw(1)


def segment_of(folder: Path) -> Path:
    (path,) = (folder / "open").glob("*.pages")
    return path


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, 700), flip=st.none() | st.integers(0, 1_000_000))
def test_a_torn_or_damaged_tail_costs_only_itself(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int | None
) -> None:
    folder = tmp_path_factory.mktemp("segment")
    writer = SegmentWriter(folder, "tick-1", SITES)
    bodies = [bytes([65 + number]) * 90 for number in range(4)]
    for number, body in enumerate(bodies):
        writer.append(raw(number, body))
    die(writer)
    path = segment_of(folder)
    content = bytearray(path.read_bytes())
    if flip is not None:
        content[flip % len(content)] ^= 0x40
    path.write_bytes(content[: max(0, len(content) - cut)])
    found = [page.body for page in leftover_pages(folder)]
    assert found == bodies[: len(found)], "what is read back is an exact beginning of what was written"


def test_a_full_disk_keeps_no_half_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SegmentWriter(tmp_path, "tick-1", SITES)
    writer.append(raw(1))
    real_write = __import__("os").write
    monkeypatch.setattr("os.write", lambda file, data: real_write(file, data[:10]))
    with pytest.raises(OSError, match="No space left"):
        writer.append(raw(2))
    monkeypatch.undo()
    writer.append(raw(3))
    die(writer)
    assert [page.url[-1] for page in leftover_pages(tmp_path)] == ["1", "3"]


def test_pages_that_come_together_share_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fdatasync", synced.append)

    async def arrive(writer: SegmentWriter, number: int) -> None:
        writer.append(raw(number))
        await writer.flush()

    async def scenario() -> None:
        writer = SegmentWriter(tmp_path, "tick-1", SITES)
        await asyncio.gather(*(arrive(writer, number) for number in range(50)))
        await writer.flush()
        die(writer)

    asyncio.run(scenario())
    assert 1 <= len(synced) <= 3


def test_a_segment_cut_before_its_first_frame_is_empty(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "tick-1", SITES)
    die(writer)
    segment_of(tmp_path).write_bytes(b"")
    found: list[Leftover] = list(find_leftovers(tmp_path))
    assert [(one.tick_id, one.sites, list(one.pages())) for one in found] == [("", [], [])]
