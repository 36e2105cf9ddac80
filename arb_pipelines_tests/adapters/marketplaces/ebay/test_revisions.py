"""Revisions are counted over processes and forgotten after a day."""

from __future__ import annotations

from pathlib import Path

import pytest

from arb_pipelines.adapters.marketplaces.ebay.revisions import RevisionLog
from arb_pipelines.domain.outlet import OutletRefusedError


def test_two_processes_count_together(tmp_path: Path) -> None:
    """Each listing for itself."""
    logs = [RevisionLog(tmp_path / "r.sqlite", lambda: 10.0) for _ in range(2)]
    for number in range(4):
        logs[number % 2].take("11", most=4)
    for log in logs:
        with pytest.raises(
            OutletRefusedError, match=r"listing 11 was revised 4 times today; again in 24.0 h"
        ) as caught:
            log.take("11", most=4)
        assert caught.value.code == "revision_limit"
        log.take("12", most=4)
        log.close()


def test_a_day_later(tmp_path: Path) -> None:
    """The first ones count no more."""
    now_s = [0.0]
    log = RevisionLog(tmp_path / "r.sqlite", lambda: now_s[0])
    log.take("11", most=1)
    now_s[0] = 86_399.0
    with pytest.raises(OutletRefusedError):
        log.take("11", most=1)
    now_s[0] = 86_400.0
    log.take("11", most=1)
