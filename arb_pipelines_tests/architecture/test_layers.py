"""The import contracts hold: who may know whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def test_import_contracts_hold() -> None:
    """import-linter's contracts in .importlinter are all kept."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_settings_read_the_environment() -> None:
    """`os.environ` and `os.getenv` stand in the settings, and where a child process's environment is made."""
    allowed = {"cli/instance.py", "adapters/mlflow/model_store.py"}  # the latter sets MLflow's own switches
    package = TOP / "arb_pipelines"
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if "os.environ" in path.read_text() or "os.getenv" in path.read_text()
    }
    assert found <= allowed
