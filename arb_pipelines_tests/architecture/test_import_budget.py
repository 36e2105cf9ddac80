"""Every Dagster process imports `definitions`, so nothing heavy may come in with it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# One eager scikit-learn import took `definitions` from 4 to 14 CPU seconds, paid by every run of every tick.
HEAVY = ("sklearn", "statsmodels", "mlflow", "spacy", "nltk", "scrapy", "playwright", "pandas", "matplotlib", "pymongo")


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("statement", ["import arb_pipelines.definitions", "import arb_pipelines.cli.main"])
def test_no_heavy_library_at_import(statement: str) -> None:
    """Model, scraping and browser libraries are imported where they are used."""
    assert not modules_after(statement) & set(HEAVY)


def test_the_command_line_starts_without_dagster() -> None:
    """`arb --help` must not wait for Dagster's import, nor for the settings', which cost 0.4 CPU seconds."""
    assert not modules_after("import arb_pipelines.cli.main") & {"dagster", "pydantic", "httpx", "rich"}


def test_no_command_imports_dagster_or_a_heavy_library() -> None:
    """Each command's help is there at once: what it needs to run is imported when it runs."""
    statement = "from arb_pipelines.cli.main import Commands\nfor command in Commands.table: command.load()"
    assert not modules_after(statement) & {"dagster", *HEAVY}
