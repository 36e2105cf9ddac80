"""The command that runs the sandbox."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines.sandbox.server import main

COMMAND = [sys.executable, "-m", "arb_pipelines.sandbox.server"]
TOP = Path(__file__).resolve().parents[2]
STARTED_WITHIN_S = 20


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict]]:
    """A sandbox in a process of its own; the wait ends with its ready-file, or with the process."""
    ready_file = tmp_path / "ready.json"
    options = ["--shops", "40", "--sites-dir", str(tmp_path / "sites"), "--state-dir", str(tmp_path / "state")]
    process = subprocess.Popen([*COMMAND, *options, "--ready-file", str(ready_file)], cwd=TOP, stdout=subprocess.PIPE)
    try:
        yield process, _await_file(process, ready_file)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _await_file(process: subprocess.Popen[bytes], path: Path) -> dict:
    """Return the ready-file once it is there; a dead process ends the wait at once."""
    assert process.stdout is not None
    for _ in range(STARTED_WITHIN_S * 20):
        if path.exists():
            return json.loads(path.read_text())
        select.select([process.stdout], [], [], 0.05)
        assert process.poll() is None, "the sandbox ended"
    raise AssertionError("the sandbox did not start")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_stops_cleanly(
    started: tuple[subprocess.Popen[bytes], dict], web: httpx.Client, number: signal.Signals
) -> None:
    process, ready = started
    assert ready["expected_failures"] == {"shop-033": "unavailable"}
    assert (ready["shops"], ready["pid"]) == (40, process.pid)
    assert len(list(Path(ready["sites_dir"]).glob("*.toml"))) == 40
    assert web.get(f"http://127.0.1.40:{ready['port']}/products").status_code == 200
    assert web.get(f"{ready['channel_url']}/sandbox/state").json()["shop_orders"] == 0
    process.send_signal(number)
    assert process.wait(timeout=10) == 0


def test_a_taken_port_is_one_line_and_status_one(server: WorldServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--shops", "2", "--port", str(server.port)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"127.0.0.1:{server.port} cannot be used" in said
    assert "--port" in said


def test_a_damaged_state_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sandbox.sqlite3").write_bytes(b"no database at all " * 100)
    assert main(["--shops", "2", "--state-dir", str(tmp_path)]) == 1
    assert "--state-dir" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--shops", "0"], ["--shops", "9999"], ["--speed", "0"], ["--port", "70000"]])
def test_a_bad_option_is_explained(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(option)
    assert option[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [["--body-kb", "150-60"], ["--body-kb", "60"], ["--pages-a-shop", "0"], ["--pages-a-shop", "1000"]]
)
def test_bad_options_of_load_tests_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--bare", *options])
    assert stopped.value.code == 2
    assert options[0] in capsys.readouterr().err
