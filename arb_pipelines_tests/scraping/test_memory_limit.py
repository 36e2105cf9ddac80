"""The crawl is bounded by what it holds, not by what the process that started it once held."""

from __future__ import annotations

import subprocess
import sys

import pytest

from arb_pipelines.scraping.process_memory import own_memory_bytes

CHILD = """
import resource
from arb_pipelines.scraping.process_memory import own_memory_bytes
inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(inherited, own_memory_bytes("VmRSS"), own_memory_bytes("VmHWM"))
"""
PARENT = """
import subprocess, sys
ballast = bytearray(400_000_000)
ballast[::4096] = b"x" * len(ballast[::4096])
print(subprocess.run([sys.executable, "-c", sys.argv[1]], capture_output=True, text=True, check=True).stdout)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_large_parent_is_not_counted() -> None:
    done = subprocess.run([sys.executable, "-c", PARENT, CHILD], capture_output=True, text=True, check=True)
    inherited, now, most = (int(word) for word in done.stdout.split())
    assert now <= most < 200_000_000
    assert inherited > 300_000_000, "the kernel hands the parent's peak down, so this test can fail"


def test_a_field_that_is_not_told_is_unknown() -> None:
    assert own_memory_bytes("NoSuchField") is None
