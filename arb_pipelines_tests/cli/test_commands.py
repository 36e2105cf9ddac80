"""The `arb` command as a newcomer meets it: help, clear errors, exit statuses."""

from __future__ import annotations

import json
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli import instance
from arb_pipelines.cli.main import app, main
from arb_pipelines.cli.processes import ProcessGroup, StartError, refuse_busy_port
from arb_pipelines.settings import Settings

RUN = CliRunner()
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a working folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ARB_SITES_DIR", str(tmp_path / "sites"))
    return tmp_path


def test_doctor_finds_everything_that_make_setup_installs() -> None:
    """Packages, stores and ports are listed, each that is amiss with its mend."""
    done = RUN.invoke(app, ["doctor", "--json"])
    findings = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert {"Python", "dagster", "disk", "SQLite", "books", "raw store", "browser", "port"} <= set(findings)
    assert all(finding["mend"] for finding in findings.values() if finding["status"] != "ok")
    assert done.exit_code == 0


def test_doctor_names_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 1, the password hidden, how to mend it."""
    monkeypatch.setenv("ARB_DATABASE_URL", "postgresql://arb:secret-word@127.0.0.1:1/arb")
    done = RUN.invoke(app, ["doctor", "--json"])
    books = next(finding for finding in json.loads(done.stdout) if finding["check"] == "books")
    assert done.exit_code == 1
    assert books["status"] == "error"
    assert "secret-word" not in done.stdout
    assert "ARB_DATABASE_URL" in books["mend"]


def test_a_broken_site_file_costs_itself_alone(own_home: Path) -> None:
    """One line for the broken file, the other is read, exit status 1."""
    sites = own_home / "sites"
    sites.mkdir()
    (sites / "good.toml").write_text('name = "Good"\nurl = "https://good.example"\nstart_urls = ["/a"]\n')
    (sites / "bad.toml").write_text("name = ")
    done = RUN.invoke(app, ["site", "check"])
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert "bad.toml" in lines[0]
    assert "1 sites can be read, 1 cannot" in lines[-1]


def test_verify_without_books_says_how_to_make_them() -> None:
    """One line, exit status 2."""
    done = RUN.invoke(app, ["verify"])
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "arb demo" in done.stderr


def test_halt_and_resume_turn_the_switch() -> None:
    """The switch is in the books, where every claim reads it."""
    books = open_books(Settings().books_url)
    books.migrate()
    books.close()
    assert "active -> halted" in RUN.invoke(app, ["halt", "buy", "--reason", "test"]).stdout
    assert "halted -> active" in RUN.invoke(app, ["resume", "buy"]).stdout
    told = json.loads(RUN.invoke(app, ["halt", "buy", "--json"]).stdout)
    assert (told["before"], told["state"]) == ("active", "halted")
    assert RUN.invoke(app, ["verify"]).exit_code == 0


def test_books_that_are_not_there_are_not_made_by_looking(own_home: Path) -> None:
    """To ask makes no empty file; the line says what makes books, and where the demo's are."""
    done = RUN.invoke(app, ["purchases"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "arb migrate" in done.stderr
    assert "ARB_HOME=.arb/demo" in done.stderr
    assert not (own_home / "home").exists()


def test_unusable_books_are_one_line_without_their_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer, and a database of another make."""
    for url in ("postgresql://arb:secret-word@127.0.0.1:1/arb", "mysql://arb:secret-word@h/arb"):
        monkeypatch.setenv("ARB_DATABASE_URL", url)
        done = RUN.invoke(app, ["purchases"])
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert "secret-word" not in done.stderr


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The name of the setting, what is wrong, what was given; exit status 2, no traceback."""
    monkeypatch.setenv("ARB_SHARDS", "many")
    monkeypatch.setattr("sys.argv", ["arb", "doctor"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert "ARB_SHARDS" in error
    assert "'many'" in error
    assert len(error.splitlines()) == 1


def test_a_full_disk_is_said_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing and how to mend it."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 10**6))
    with pytest.raises(StartError, match=r"only 1 MB free.*ARB_HOME"):
        instance.prepare_home(Settings())


def test_a_home_that_cannot_be_made_is_said(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file stands where the folder should be."""
    (own_home / "file").write_text("")
    monkeypatch.setenv("ARB_HOME", str(own_home / "file" / "home"))
    with pytest.raises(StartError, match=r"cannot write to .*ARB_HOME"):
        instance.prepare_home(Settings())


def test_a_busy_port_is_said() -> None:
    """The port, what wants it, and the option that changes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        with pytest.raises(StartError, match=r"port \d+ for the page is in use.*--port"):
            refuse_busy_port(held.getsockname()[1], "the page", "--port")


def test_one_home_serves_one_command(own_home: Path) -> None:
    """The second is refused while the first holds the lock, and let in afterwards."""
    home = own_home / "home"
    with (
        instance.single_instance(home),
        pytest.raises(StartError, match="already in use"),
        instance.single_instance(home),
    ):
        pass
    with instance.single_instance(home):
        pass


def test_children_are_watched_and_stopped(tmp_path: Path) -> None:
    """A child that ends is told with its log; the others are stopped by their own process id."""
    with ProcessGroup(tmp_path / "logs", {"PATH": "/usr/bin:/bin"}) as group:
        lasting = group.start("lasting", ["sleep", "60"])
        short = group.start("short", ["sh", "-c", "echo broken thing; exit 3"])
        short.process.wait(10)
        with pytest.raises(StartError, match=r"(?s)short ended with status 3.*broken thing"):
            group.refuse_dead()
    assert lasting.process.returncode is not None
