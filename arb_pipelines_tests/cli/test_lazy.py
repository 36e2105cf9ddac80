"""Commands that are imported when they are called: each is there, and none of them is loaded for the help page."""

from __future__ import annotations

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from arb_pipelines.cli.lazy import LazyCommand, unwrapped
from arb_pipelines.cli.main import COMMANDS, Commands, app

RUN = CliRunner()


@pytest.mark.parametrize("command", Commands.table, ids=lambda command: command.name)
def test_the_place_of_each_command_is_right(command: LazyCommand) -> None:
    """A name in the table leads to a command with options, or to a group of commands."""
    loaded = command.load()
    assert isinstance(loaded, TyperGroup) == command.place.endswith(":app")
    assert loaded.help
    assert command.help is not None
    assert len(command.help) <= 66, "one line of 80 columns"


def test_the_help_page_names_every_command_by_part() -> None:
    """Parts and commands in the order of the table."""
    page = RUN.invoke(app, ["--help"]).stdout
    places = [page.index(f"\n{panel}:") for panel in COMMANDS]
    assert places == sorted(places)
    for command in Commands.table:
        assert f"\n  {command.name} " in page


def test_a_command_reads_its_own_arguments() -> None:
    """Options, help and usage errors are those of the real command; a slip gets a suggestion."""
    assert "--ceiling" in RUN.invoke(app, ["approve", "--help"]).stdout
    wrong = RUN.invoke(app, ["halt", "everything"])
    assert (wrong.exit_code, "arb halt" in wrong.stderr) == (2, True)
    assert "'extract'" in RUN.invoke(app, ["extrac"]).stderr


def test_paragraphs_are_broken_where_the_terminal_ends() -> None:
    """Not where the source was broken; an example keeps its lines."""
    assert unwrapped("One\nline.\n\nExample:\n\n  arb a\n  arb b") == "One line.\n\nExample:\n\n  arb a\n  arb b"
