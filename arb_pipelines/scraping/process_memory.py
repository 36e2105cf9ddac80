"""How much memory the processes below this one hold, and the ending of one that holds too much.

What belongs here: reading `/proc` (Linux; elsewhere nothing is seen and nothing is ended). Only anonymous memory
counts, because a browser's processes share the pages of their program file.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """One process: `anonymous_mb` is what only it holds; `is_page` for a browser's page process."""

    pid: int
    anonymous_mb: float
    is_page: bool


def browser_processes(root: int) -> list[ProcessMemory]:
    """Return the processes below `root` (not itself) that belong to a browser."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in PROC.glob("[0-9]*"):
        parent = _parent_of(entry)
        if parent is not None:
            children[parent].append(int(entry.name))
    found: list[ProcessMemory] = []
    waiting = list(children[root])
    while waiting:
        pid = waiting.pop()
        waiting.extend(children[pid])
        memory = _memory_of(PROC / str(pid))
        if memory is not None:
            found.append(memory)
    return found


def own_memory_bytes(field: str) -> int | None:
    """Return what `/proc/self/status` says of `field` (`VmRSS` now, `VmHWM` at most), None where there is none."""
    try:
        lines = (PROC / "self" / "status").read_text("latin-1").splitlines()
    except OSError:
        return None
    told = next((line.split() for line in lines if line.startswith(f"{field}:")), None)
    return int(told[1]) * 1024 if told else None


def end_process(pid: int) -> None:
    """Kill one process by its id; one that is gone already is no fault."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _parent_of(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text("latin-1").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _memory_of(entry: Path) -> ProcessMemory | None:
    """Return a browser process's memory, None for another program's (the driver's) or one that is gone."""
    try:
        command = (entry / "cmdline").read_bytes()
        status = (entry / "status").read_text("latin-1")
    except OSError:
        return None
    kilobytes = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:")]
    if not kilobytes or not any(name in command for name in (b"chrom", b"headless_shell", b"firefox")):
        return None
    is_page = b"--type=renderer" in command or b"-contentproc" in command
    return ProcessMemory(int(entry.name), int(kilobytes[0]) / 1024, is_page)
