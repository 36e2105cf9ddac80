"""The last line of defence for errors: a wrong setting or an unreadable secret is one line that shows no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from arb_pipelines.cli import main


def test_an_unreadable_secret_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For every command: the group and its store are named, and no traceback is shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_SECRET_GROUPS", "ebay_credentials")
    monkeypatch.setattr("sys.argv", ["arb", "workers", "status"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "the secret 'ebay_credentials' cannot be read from the environment" in told


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("ARB_EBAY", '{"client_id": "x", "client_secret": "planted-hidden-9"}', False),
        ("ARB_SENDGRID_API_KEY", "", True),
        ("ARB_SHARDS", "planted-hidden-9", True),
    ],
)
def test_a_wrong_setting_shows_no_secret(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    shown: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["arb", "workers", "status"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    assert ("planted-hidden-9" in capsys.readouterr().err) is (shown and bool(value))
