"""`arb lookup` and `arb budget`: facts with their cost, and refusals in one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.main import app
from arb_pipelines.domain.api_budget import Budget, Pool
from arb_pipelines.domain.product_facts import ProductFacts
from arb_pipelines.settings import Settings
from arb_pipelines_tests.fakes.clock import START

RUNNER = CliRunner()


class Source:
    """Knows one product, for one token."""

    def __init__(self, budget: Budget, error: Exception | None) -> None:
        self._budget, self._error = budget, error

    def look_up(self, code: str, wanted: Any = ()) -> ProductFacts | None:
        if self._error:
            raise self._error
        self._budget.settle(self._budget.reserve("keepa", "product", 1), 1, Pool(9, 1.0, START))
        return ProductFacts("keepa", "USD", asin="B000000001", current_minor={"new": 999})


@pytest.fixture
def home(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """Books, and one price interface that fails with what is put under `error`."""
    failing: dict[str, Exception] = {}

    @contextmanager
    def opened(self: Settings, budget: Budget, now: Any) -> Iterator[dict[str, Any]]:
        yield {"keepa": Source(budget, failing.get("error"))}

    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.setenv("ARB_DATABASE_URL", sqlite_url)
    monkeypatch.setattr(Settings, "open_price_sources", opened)
    return failing


def test_facts_and_cost(home: dict[str, Exception]) -> None:
    done = RUNNER.invoke(app, ["lookup", "B000000001", "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)["sources"]["keepa"]
    assert answer["cost"] == {"keepa product": 1}
    assert answer["facts"] == {
        "source": "keepa", "currency": "USD", "asin": "B000000001", "current_minor": {"new": 999}
    }  # fmt: skip
    assert "cost 1 for" in RUNNER.invoke(app, ["lookup", "B000000001"]).stdout
    (keepa,) = [
        row for row in json.loads(RUNNER.invoke(app, ["budget", "--json"]).stdout)["budgets"] if row["used_24h"]
    ]
    assert (keepa["api"], keepa["used_24h"]) == ("keepa", 2)
    assert "bookscouter" in RUNNER.invoke(app, ["budget"]).stdout


def test_a_refusal_is_told(home: dict[str, Exception]) -> None:
    home["error"] = ValueError("neither")
    done = RUNNER.invoke(app, ["lookup", "x", "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["sources"]["keepa"]["error"] == "refused"


def test_nothing_set_up_is_one_line(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_DATABASE_URL", sqlite_url)
    done = RUNNER.invoke(app, ["lookup", "B000000001"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
