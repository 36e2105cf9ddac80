"""The docs fail the build when they lie: settings, commands, assets and links are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

from arb_pipelines.cli.main import app
from arb_pipelines.definitions import defs
from arb_pipelines.settings import Settings

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text()
PAGES = {path: path.read_text() for path in [TOP / "README.md", TOP / "CONTRIBUTING.md", *(TOP / "docs").glob("*.md")]}


def test_readme_is_short() -> None:
    """At most 150 lines, with the two commands."""
    assert README.count("\n") <= 150
    assert "make demo" in README
    assert "make test" in README


def test_every_setting_is_in_the_example_file() -> None:
    """`.env.example` names every setting and no other."""
    named = set(re.findall(r"^#?\s*(ARB_[A-Z_]+)=", (TOP / ".env.example").read_text(), re.MULTILINE))
    assert named == {f"ARB_{name.upper()}" for name in Settings.model_fields}


def test_settings_in_the_docs_exist() -> None:
    """No page names a setting that is not there."""
    known = {f"ARB_{name.upper()}" for name in Settings.model_fields}
    tests_only = {"ARB_SHARED_DIR", "ARB_CONTRACTS_DIR", "ARB_TEST_MONGO_URL"}
    for path, text in PAGES.items():
        assert set(re.findall(r"\bARB_[A-Z_]+\b", text)) <= known | tests_only, path


def test_commands_in_the_docs_exist() -> None:
    """Every `arb ...` in a page is a command."""
    group = typer.main.get_command(app)
    known = set(group.commands)  # type: ignore[attr-defined]
    for path, text in PAGES.items():
        for command in re.findall(r"\barb ([a-z][a-z-]+)\b", text):
            assert command in known, f"{path.name}: arb {command}"


def test_every_command_has_help_with_an_example() -> None:
    """`--help` says what a command does and shows a call."""
    group = typer.main.get_command(app)
    for name, stand_in in group.commands.items():  # type: ignore[attr-defined]
        command = stand_in.load()
        subcommands = getattr(command, "commands", {name: command})
        for each in subcommands.values():
            assert each.help, name
            assert "xample" in each.help, f"{name} {each.name}"


def test_assets_are_described() -> None:
    """docs/architecture.md names every asset, job, sensor and schedule."""
    text = (TOP / "docs" / "architecture.md").read_text()
    names = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    names |= {sensor.name for sensor in defs.sensors or ()} | {schedule.name for schedule in defs.schedules or ()}
    assert not {name for name in names if f"`{name}`" not in text}


def test_links_lead_somewhere() -> None:
    """Relative links in the pages point to files."""
    for path, text in PAGES.items():
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
