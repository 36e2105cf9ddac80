"""How commands print their tables.

What belongs here: the one way to print a table whose cells come from shops and buyers.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

# Into a file or a pipe there is no screen that cuts: an id must stay whole for the next command.
PIPE_WIDTH = 200


def print_table(table: Table) -> None:
    """Print a table with its cells as they are: a shop's title such as `Lamp [new] :star:` is no markup."""
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPE_WIDTH)
    console.print(table)
