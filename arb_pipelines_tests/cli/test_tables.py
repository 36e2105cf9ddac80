"""Tables show what shops wrote, letter by letter, and keep ids whole in a pipe."""

from __future__ import annotations

import pytest
from rich.table import Table

from arb_pipelines.cli.tables import print_table


def test_cells_are_no_markup_and_ids_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """A closing tag in a title would end the command, another be swallowed, `:star:` become a picture."""
    long_id = "op-" + "0123456789" * 12
    table = Table("id", "title")
    table.add_row(long_id, "Lamp [/b] [new] :star:")
    print_table(table)
    shown = capsys.readouterr().out
    assert "Lamp [/b] [new] :star:" in shown
    assert long_id in shown
