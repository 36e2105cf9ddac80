"""What is said of an error that no command foresaw."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from arb_pipelines.cli import faults, main


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (PermissionError(13, "Permission denied", "/srv/arb"), 2, "cannot use /srv/arb: Permission denied"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (ModuleNotFoundError("No module named 'spacy'", name="spacy"), 2, "'spacy' is not installed"),
        (KeyError("surprise"), 1, "KeyError: 'surprise'"),
        (RuntimeError("at postgresql://arb:hunter2hunter2@db/arb\nsecond line"), 1, "[masked]@db/arb"),
        (ValueError("x" * 5000), 1, "--traceback"),
        (ValueError(), 1, "ValueError"),
    ],
)
def test_an_error_is_one_short_line(error: Exception, status: int, words: str) -> None:
    """Status 2 where the caller can mend it, 1 where the fault is ours; no second line, no secret."""
    lines, found = faults.describe_error(error)
    assert found == status
    assert len(lines) == 1
    assert words in lines[0]
    assert "\n" not in lines[0]
    assert "hunter2" not in lines[0]
    assert len(lines[0]) < 600


def broken(*_: object) -> None:
    """Fail as a command with a fault does."""
    raise KeyError("surprise")


def test_no_traceback_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--traceback` before the command lets the error through."""
    monkeypatch.setattr(main, "app", broken)
    monkeypatch.setattr("sys.argv", ["arb", "verify"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 1
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["arb", "--traceback", "verify"])
    with pytest.raises(KeyError):
        main.main()


def test_a_letter_that_the_terminal_lacks_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown as a question mark."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    faults.survive_odd_letters()
    print("café")
    terminal.flush()
    assert terminal.buffer.getvalue() == b"caf?\n"  # type: ignore[attr-defined]


def test_a_reader_that_has_gone_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`arb ... | head` ends without a word from the interpreter."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        pipe.write("nobody reads this")
        faults.forget_closed_pipe()
        pipe.write("nor this")
        pipe.flush()
