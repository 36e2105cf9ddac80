"""The worker process: warm, single-threaded, forking one child for each job; the child is what gets killed.

What belongs here: the parent side of one round. Run as `python -m arb_pipelines_tests.faults.worker`: one JSON job a
line in, one JSON result a line out. A job with `outside_s` is killed from outside after that time.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from typing import Any

# The children use polars, this process never does: no thread of it exists when it forks.
os.environ["POLARS_ALLOW_FORKING_THREAD"] = "1"

from arb_pipelines.domain.fees import load_schedules
from arb_pipelines_tests.faults.failpoints import Failpoints
from arb_pipelines_tests.faults.jobs import Job, run_job

CHILD_S = 60.0


def be_child(job: Job, pipe: int) -> None:
    """Do the job in the forked child; never returns."""

    def tell(fields: dict[str, Any]) -> None:
        os.write(pipe, json.dumps(fields).encode() + b"\n")

    points = Failpoints(job.kill_at, lambda label: tell({"killed": label}))
    try:
        result = run_job(job, points)
    except Exception as error:  # noqa: BLE001 - reported to the test, which fails on it
        tell({"error": f"{type(error).__name__}: {error}"[:3000], "points": len(points.labels)})
    else:
        tell({"result": dict(result), "points": len(points.labels), "labels": sorted(set(points.labels))})
    os._exit(0)


def run_round(fields: dict[str, Any]) -> dict[str, Any]:
    """Fork a child for the job, kill it from outside if so asked, and return what it told."""
    outside_s = fields.pop("outside_s", None)
    job = Job(**{**fields, "sites": tuple(fields["sites"])})
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        be_child(job, writing)
    os.close(writing)
    told = read_all(reading, outside_s, child)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    by_signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if by_signal and "killed" not in told:
        told = {"killed": "outside" if outside_s is not None else f"signal {by_signal}"}
    return told


def read_all(pipe: int, outside_s: float | None, child: int) -> dict[str, Any]:
    """Return the last line that the child wrote; after `outside_s`, or a minute, it is killed."""
    text = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], CHILD_S if outside_s is None else outside_s)
        if not ready:
            os.kill(child, signal.SIGKILL)
            outside_s = CHILD_S
            continue
        part = os.read(pipe, 65_536)
        if not part:
            break
        text += part
    lines = text.splitlines()
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return found


def main() -> None:
    """Answer jobs until the input ends."""
    load_schedules()  # kept in memory: each child would read the files again
    for line in sys.stdin:
        print(json.dumps(run_round(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
