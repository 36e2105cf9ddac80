"""Only a browser's processes are seen, below one process, and only one is ended by its id."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from arb_pipelines.scraping.process_memory import browser_processes, end_process

SLEEPER = "import sys; sys.stdin.read()"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_page_process_is_told_from_other_programs() -> None:
    commands = [["--type=renderer", "chromium"], ["chromium"], ["unrelated"]]
    children = [
        subprocess.Popen([sys.executable, "-c", SLEEPER, *arguments], stdin=subprocess.PIPE) for arguments in commands
    ]
    try:
        found = {process.pid: process for process in browser_processes(os.getpid())}
        assert [child.pid in found for child in children] == [True, True, False]
        assert [found[child.pid].is_page for child in children[:2]] == [True, False]
        assert found[children[0].pid].anonymous_mb > 0
        end_process(children[0].pid)
        assert children[0].wait(timeout=10) == -9
        end_process(children[0].pid)
    finally:
        for child in children:
            child.kill()
            child.communicate()
