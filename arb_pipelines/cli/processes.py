"""Child processes of `arb demo` and `arb dev`: started with their output in a log file, stopped by their own id.

What belongs here: starting, watching and stopping. What the processes are is said by the callers.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO


class StartError(Exception):
    """Something cannot be started; the message says what and how to mend it."""


def refuse_busy_port(port: int, what: str, option: str) -> None:
    """Raise `StartError` if a program on this machine already listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartError(
                f"port {port} for {what} is in use: stop the program that holds it, or choose another with {option}"
            ) from error


def find_free_port() -> int:
    """Return a TCP port that was free a moment ago on 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Child:
    """One child process with its log file."""

    name: str
    process: subprocess.Popen[bytes]
    log_path: Path
    log_file: IO[bytes]

    def last_lines(self, count: int = 8) -> str:
        """Return the end of its log."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-count:])


@dataclass
class ProcessGroup:
    """The children of one command; used as a context manager it leaves none behind."""

    log_dir: Path
    environment: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    def __enter__(self) -> ProcessGroup:
        """Make the log folder."""
        self.log_dir.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop every child."""
        self.stop()

    def start(self, name: str, command: Sequence[str]) -> Child:
        """Start a child in its own process group, so that Ctrl-C reaches us alone and we stop it in order."""
        log_path = self.log_dir / f"{name}.log"
        log_file = log_path.open("ab")
        process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=subprocess.STDOUT,
            env=dict(self.environment),
            start_new_session=True,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )
        child = Child(name, process, log_path, log_file)
        self.children.append(child)
        return child

    def refuse_dead(self) -> None:
        """Raise `StartError` with the end of its log if a child has ended."""
        for child in self.children:
            code = child.process.poll()
            if code is not None:
                raise StartError(
                    f"{child.name} ended with status {code}; its log {child.log_path}:\n{child.last_lines()}"
                )

    def stop(self, grace_s: float = 15.0) -> None:
        """Ask the children to end, newest first, and kill what has not ended after `grace_s`."""
        for child in reversed(self.children):
            signal_group(child.process, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        for child in reversed(self.children):
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                signal_group(child.process, signal.SIGKILL)
                child.process.wait()
            signal_group(child.process, signal.SIGKILL)  # grandchildren that outlived their parent
            child.log_file.close()
        self.children.clear()


def die_with_parent() -> None:
    """Ask the Linux kernel to end this process when its parent is killed, so that no server is left behind."""
    parent_death_signal = 1
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGTERM)


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a child's whole process group; a group that has gone is no error."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return
