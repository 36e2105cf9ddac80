"""`arb bench`: our rules and models measured on a data set of yours, each beside a simple baseline.

What belongs here: the table of benchmark commands. Each command's own code is in its module beside this one,
and imports the ML stack inside the function that needs it.
"""

from __future__ import annotations

import typer

from arb_pipelines.cli.bench.backtest import backtest
from arb_pipelines.cli.bench.days_to_sell import days_to_sell
from arb_pipelines.cli.bench.forecast import forecast
from arb_pipelines.cli.bench.history import history
from arb_pipelines.cli.bench.intents import intents
from arb_pipelines.cli.bench.matching import matching
from arb_pipelines.cli.bench.price_strings import price_strings
from arb_pipelines.cli.bench.prices import prices
from arb_pipelines.cli.bench.recommend import recommend
from arb_pipelines.cli.bench.titles import titles

app = typer.Typer(
    name="bench",
    help="Measure matching, prices and the other models on your own data, beside a simple baseline.",
    no_args_is_help=True,
)


@app.callback()
def options() -> None:
    """Measure a rule or model on a data set; `--json` prints one object."""


app.command("intents")(intents)
app.command("price-strings")(price_strings)
app.command("titles")(titles)
app.command("matching")(matching)
app.command("prices")(prices)
app.command("days-to-sell")(days_to_sell)
app.command("history")(history)
app.command("backtest")(backtest)
app.command("forecast")(forecast)
app.command("recommend")(recommend)
