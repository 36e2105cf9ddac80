"""Counts the vendor operations that the tests used against their descriptions, and prints the number at the end.

The hooks are imported by the suite's conftest; the workers of a parallel run hand their names to the first process.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

USED: Counter[str] = Counter()  # requests that kept to the description, by "vendor operation"
TOLD: dict[str, str] = {}  # further figures of the run, by name
HANDED_OVER = "contract_operations_used"


def note(vendor: str, operation: str) -> None:
    """Count one good request."""
    USED[f"{vendor} {operation}"] += 1


def tell(name: str, figure: str) -> None:
    """Have a figure printed at the end of the run."""
    TOLD[name] = figure


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the names over, in a worker."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[HANDED_OVER] = {"used": dict(USED), "told": TOLD}


class _Collector:
    """Takes what the workers hand over; the hook exists only where tests run in parallel."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add a worker's names."""
        handed = getattr(node, "workeroutput", {}).get(HANDED_OVER, {})
        USED.update(handed.get("used", {}))
        TOLD.update(handed.get("told", {}))


def pytest_configure(config: pytest.Config) -> None:
    """Listen to the workers."""
    config.pluginmanager.register(_Collector(), HANDED_OVER)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many operations were used, where any were, and what else was told."""
    if USED:
        terminalreporter.write_line(summary())
    for name, figure in sorted(TOLD.items()):
        terminalreporter.write_line(f"{name}: {figure}")


def summary() -> str:
    """Return the count in one line, with the vendors."""
    vendors = Counter(name.split(" ", 1)[0] for name in USED)
    each = ", ".join(f"{vendor} {count}" for vendor, count in sorted(vendors.items()))
    return f"contract operations used: {len(USED)} ({each}; {USED.total()} requests)"
