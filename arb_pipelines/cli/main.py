"""The `arb` command: every sub-command in one table, each imported only when it is called for.

What belongs here: the table of commands and the last line of defence for errors. A command's own code is in
its module beside this one.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from arb_pipelines.cli.faults import describe_error, forget_closed_pipe, survive_odd_letters
from arb_pipelines.cli.lazy import LazyCommand, LazyGroup

# Part of the help page -> command -> where it is, and its one line there.
COMMANDS = {
    "Start here": {
        "demo": ("demo:demo", "The whole trade over 500 shops on this machine, with paper money."),
        "doctor": ("doctor:doctor", "What is missing on this machine, and how to mend it."),
        "extract": ("extract:extract", "Name, price, stock and more from saved product pages."),
        "site": ("sites:app", "The shops you watch: add, check and mend them."),
        "dev": ("dev:dev", "Start the Dagster page, daemon and desk over your own sites."),
    },
    "Decide and buy": {
        "opportunities": ("approvals:opportunities", "What is worth buying, best first."),
        "approve": ("approvals:approve", "Give leave to buy an opportunity once, up to a ceiling."),
        "bid": ("bid:bid", "Bid on approved auctions, up to the true maximum."),
        "buy": ("assist:buy", "Hold the money of an approval and get the shop's link."),
        "bought": ("assist:bought", "Say that you bought: the money held becomes the money paid."),
        "not-bought": ("assist:not_bought", "Say that no order exists: the money is free again."),
        "received": ("assist:received", "Say that the goods arrived."),
        "purchases": ("purchases:purchases", "What was bought, newest first, and what became of it."),
        "reconcile": ("purchases:reconcile", "Compare purchases with the shops' order histories."),
        "explain": ("explain:explain", "Why a purchase was made, to the cent and to the page."),
        "halt": ("switches:halt", "Stop buying, listing, repricing or messages at once."),
        "resume": ("switches:resume", "Allow an action again."),
    },
    "Sell": {
        "orders": ("orders:orders", "The pick list: what must ship first stands on top."),
        "pick": ("orders:pick", "Record that orders were taken from the shelf."),
        "pack": ("orders:pack", "Record that orders are in their parcels."),
        "ship": ("orders:ship", "Record that a carrier has the parcel."),
        "return": ("returns:app", "Returns and refunds."),
        "settle": ("settle:settle", "Import an outlet's statement: fees taken, payouts."),
        "describe": ("describe:describe", "Title, text and photos that buyers see of a product."),
        "fees": ("fees:app", "What a sale costs: quotes, floor prices, highest cost."),
        "messages": ("messages:app", "Offers to sellers and words to buyers."),
        "support": ("support:app", "What customers write: understood, answered or handed over."),
        "report": ("reports:app", "Profit and loss, ageing stock, deals, manners at shops."),
    },
    "Prices, products and models": {
        "history": ("history:history", "A product's prices over time and who offers it now."),
        "predict": ("predict:predict", "Sale price with its interval, and days to sell."),
        "forecast": ("forecast:forecast", "The coming week's sales, and when to restock."),
        "recommend": ("recommend:recommend", "What is bought together with a product."),
        "understand": ("understand:understand", "Brand, model, condition and quantity from a title."),
        "match": ("matches:app", "Which offers are the same product, and your word on it."),
        "lookup": ("lookup:lookup", "What price interfaces know of a product code."),
        "budget": ("lookup:budget", "What metered interfaces may cost and did cost."),
        "backtest": ("backtest:backtest", "The price history through the live rules and fees."),
        "replay": ("replay:replay", "Trade on paper through the stored prices of a time."),
        "bench": ("bench.app:app", "Measure every rule and model on your own data."),
    },
    "Run and keep": {
        "serve": ("serve:serve", "The API, the live feed and the desk."),
        "user": ("users:app", "Who can log in at the desk, and as what."),
        "key": ("keys:app", "API keys for programs."),
        "outbox": ("outbox:app", "Messages that leave: alerts, offers, answers."),
        "verify": ("verify:verify", "Check that the books hold: nothing twice, all balanced."),
        "migrate": ("keeping:migrate", "Create the books, or bring them to the newest form."),
        "backup": ("keeping:backup", "Back up books, raw scrapes, models and evidence."),
        "restore": ("keeping:restore", "Put a backup in place of this installation."),
        "storage": ("storage:app", "Move what is kept from this machine to servers."),
        "workers": ("workers:app", "Start and stop EC2 machines, never above a cost a day."),
    },
}


class Commands(LazyGroup):
    """The commands of the table."""

    table = tuple(
        LazyCommand(name, place, summary, panel)
        for panel, commands in COMMANDS.items()
        for name, (place, summary) in commands.items()
    )


app = typer.Typer(
    cls=Commands,
    name="arb",
    help="Resale arbitrage as a pipeline: watch shops, price, buy once, sell, keep the books.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich's help page costs 180 CPU milliseconds more than the plain one
    pretty_exceptions_enable=False,  # they would show a traceback, and its locals may hold a token
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="First steps: `arb demo` shows the whole loop, `arb doctor` says what is missing, and "
    "`arb COMMAND --help` shows examples.",
)


def print_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"arb_pipelines {version('arb-pipelines')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version.")
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show where an unexpected error came from, for a bug report.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line; an error that no command foresaw is one clear line, not a traceback."""
    survive_odd_letters()
    try:
        app()
    except Exception as error:
        if "--traceback" in sys.argv[1:2]:
            raise
        lines, status = describe_error(error)
        for line in lines:
            typer.echo(line, err=True)
        raise SystemExit(status) from error
    finally:
        forget_closed_pipe()


if __name__ == "__main__":
    main()
