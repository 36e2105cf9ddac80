"""Commands that are imported when they are called, so that `arb --help` does not wait for all of them.

What belongs here: the stand-in that the help page lists and that fetches the real command before it reads the
arguments. Importing all commands cost 1.2 CPU seconds at each start, of which the help page used nothing.
"""

from __future__ import annotations

from importlib import import_module
from itertools import groupby
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

PACKAGE = "arb_pipelines.cli"


class LazyCommand(TyperCommand):
    """A command known by its name and one line of help; its module is imported when it is called.

    Args:
        name: What is typed after `arb`.
        place: `module:function`, or `module:app` for a group of commands, below `arb_pipelines.cli`.
        summary: Its line on the help page: the first sentence of its own help.
        panel: The part of the help page where it stands.
    """

    def __init__(self, name: str, place: str, summary: str, panel: str) -> None:
        super().__init__(name, help=summary, rich_help_panel=panel)
        self.place = place

    def load(self) -> TyperCommand | TyperGroup:
        """Import the real command or group."""
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(f"{PACKAGE}.{module}"), attribute)
        if isinstance(found, typer.Typer):
            group = typer.main.get_group(found)
            for command in group.commands.values():
                command.help = unwrapped(command.help or "")
            return group
        single = typer.Typer(add_completion=False, rich_markup_mode="rich")
        single.command(self.name)(found)
        loaded = typer.main.get_command(single)
        assert isinstance(loaded, TyperCommand)
        loaded.help = unwrapped(loaded.help or "")
        return loaded

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the arguments by the real command; what is invoked afterwards is that one."""
        return self.load().make_context(info_name, args, parent, **extra)


def unwrapped(text: str) -> str:
    """Return a docstring with each paragraph on one line, to be broken where the terminal ends; examples stay."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(part if part.startswith(" ") else part.replace("\n", " ") for part in paragraphs)


class LazyGroup(TyperGroup):
    """The top of the command line: its commands are those of a table."""

    table: tuple[LazyCommand, ...] = ()

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for command in self.table:
            self.add_command(command)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands part by part, as the table has them."""
        for panel, commands in groupby(self.table, key=lambda command: command.rich_help_panel):
            with formatter.section(panel):
                formatter.write_dl([(command.name, command.help) for command in commands])
