"""The real thing, once for all end-to-end tests: `arb demo` with its daemon, web server and sandbox world."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

TOP = Path(__file__).resolve().parents[2]
ARB = Path(sys.executable).with_name("arb")
DEMO = (ARB, "demo", "--cycles", "3", "--exit", "--json")


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class RunningDemo:
    """A demo under way."""

    process: subprocess.Popen[str]
    url: str
    home: Path

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask the page's own API."""
        answer = httpx.post(f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=30)
        answer.raise_for_status()
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]

    def wait_for(self, ready: Callable[[], Any], what: str, timeout_s: float = 240) -> Any:
        """Return the first true answer of `ready`; fail with the logs if the demo dies or time runs out."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                if answer := ready():
                    return answer
            except httpx.HTTPError:
                pass
            if self.process.poll() is not None:
                pytest.fail(f"the demo ended while waiting for {what}: {self.process.stderr.read()[-3000:]}")
            time.sleep(1)
        pytest.fail(f"{what} did not happen within {timeout_s:.0f} s\n{self.logs()}")

    def logs(self) -> str:
        """Return the ends of the children's logs."""
        return "\n".join(f"== {p.name}\n{p.read_text()[-1500:]}" for p in sorted((self.home / "logs").glob("*.log")))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """`arb demo --cycles 3 --exit --json` over 500 shops, in a home and on ports of its own."""
    home = tmp_path_factory.mktemp("demo") / "home"
    port, desk_port = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ARB_")}
    process = subprocess.Popen(
        [*DEMO, "--port", str(port), "--desk-port", str(desk_port), "--home", str(home)],
        cwd=home.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    running = RunningDemo(process, f"http://127.0.0.1:{port}", home)
    try:
        running.wait_for(lambda: httpx.get(f"{running.url}/server_info", timeout=2).is_success, "the Dagster page")
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        for pipe in (process.stdout, process.stderr):
            pipe.close()
        keep_logs(home)


def keep_logs(home: Path) -> None:
    """Keep the servers' logs beside the screenshots, outside git."""
    target = TOP / "artifacts" / "e2e-logs"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(home / "logs", target, dirs_exist_ok=True)


def read_summary(process: subprocess.Popen[str], timeout_s: float) -> dict[str, Any]:
    """Wait for the demo's own end and return the JSON of its last line."""
    out, err = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, err[-3000:]
    return json.loads(out.splitlines()[-1])
