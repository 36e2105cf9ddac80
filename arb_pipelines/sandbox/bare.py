"""A bare world in a process of its own: many equal pages and nothing that goes wrong, to measure a crawler with.

What belongs here: starting and stopping it. What makes a world bare is said in `world.py` and `server.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from arb_pipelines.sandbox.pages.frame import BodySize

REAL_SIZES_KB: BodySize = (60, 150)
STARTING_S = 120.0
STOPPING_S = 10.0
_POLL_S = 0.05


class BareWorldError(RuntimeError):
    """The server did not start; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class BareWorld:
    """A running bare world: its process id, the folder of its site declarations, its shops and product pages."""

    pid: int
    port: int
    channel_url: str
    sites_dir: Path
    shops: int
    pages: int


@contextmanager
def bare_world(
    folder: Path,
    shops: int = 500,
    pages_a_shop: int = 20,
    body_kb: BodySize | None = None,
    *,
    seed: int = 7,
    interval_s: int = 300,
) -> Iterator[BareWorld]:
    """Run a world without faults or latency in another process until the block ends.

    Args:
        folder: Takes the site declarations (`sites/`), the ready-file and the log.
        shops: Number of shops, each on an address of its own.
        pages_a_shop: Product pages of each; the declarations visit all of them, without delay.
        body_kb: Smallest and largest product page in kB (`REAL_SIZES_KB` as real shops have them); None: 15 to 55.
        seed: The same seed makes the same pages.
        interval_s: The interval in the declarations.

    Raises:
        BareWorldError: it ended, or did not answer within `STARTING_S`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "bare-world.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "arb_pipelines.sandbox.server", "--bare", "--shops", str(shops)]
    command += ["--pages-a-shop", str(pages_a_shop), "--seed", str(seed), "--interval-s", str(interval_s)]
    # World time stands almost still: the same pages for the whole of a measurement.
    command += ["--speed", "1", "--sites-dir", str(folder / "sites"), "--ready-file", str(ready)]
    if body_kb is not None:
        command += ["--body-kb", f"{body_kb[0]}-{body_kb[1]}"]
    log = folder / "bare-world.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield _wait_for(ready, process, log)
    finally:
        _stop(process)


def _wait_for(ready: Path, process: subprocess.Popen[bytes], log: Path) -> BareWorld:
    deadline = time.monotonic() + STARTING_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise BareWorldError(f"the bare world did not start: {said or 'it said nothing in time'}")
        time.sleep(_POLL_S)
    told = json.loads(ready.read_text(encoding="utf-8"))
    return BareWorld(
        pid=process.pid,
        port=told["port"],
        channel_url=told["channel_url"],
        sites_dir=Path(told["sites_dir"]),
        shops=told["shops"],
        pages=told["pages"],
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOPPING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
