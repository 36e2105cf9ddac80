"""The `arb` command: every sub-command in one place, each imported only when it is called for.

What belongs here: the table of commands and the last line of defence for errors. A command's own code is in
its module beside this one.
"""

from __future__ import annotations

from typing import Annotated

import typer

from arb_pipelines.cli import (
    approvals,
    assist,
    backtest,
    bid,
    demo,
    describe,
    dev,
    doctor,
    explain,
    extract,
    fees,
    forecast,
    history,
    keeping,
    keys,
    lookup,
    matches,
    messages,
    orders,
    outbox,
    predict,
    purchases,
    recommend,
    replay,
    reports,
    returns,
    serve,
    settle,
    sites,
    storage,
    support,
    switches,
    understand,
    users,
    verify,
    workers,
)
from arb_pipelines.cli.bench import app as bench

app = typer.Typer(
    name="arb",
    help="Resale arbitrage as a pipeline: watch shops, price, buy once, sell, keep the books.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals may hold a token
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="First steps: [bold]arb demo[/] shows the whole loop; [bold]arb doctor[/] says what is missing.",
)
app.command()(demo.demo)
app.command()(dev.dev)
app.command()(doctor.doctor)
app.command()(extract.extract)
app.command()(understand.understand)
app.command()(verify.verify)
app.command()(approvals.opportunities)
app.command()(approvals.approve)
app.command()(bid.bid)
app.command()(assist.buy)
app.command()(assist.bought)
app.command("not-bought")(assist.not_bought)
app.command()(assist.received)
app.command()(purchases.purchases)
app.command()(purchases.reconcile)
app.command()(orders.orders)
app.command()(orders.pick)
app.command()(orders.pack)
app.command()(orders.ship)
app.command()(settle.settle)
app.command()(describe.describe)
app.command()(recommend.recommend)
app.command()(backtest.backtest)
app.command()(replay.replay)
app.command()(explain.explain)
app.command()(forecast.forecast)
app.command()(history.history)
app.command()(lookup.lookup)
app.command()(lookup.budget)
app.command()(predict.predict)
app.command()(serve.serve)
app.command()(switches.halt)
app.command()(switches.resume)
app.command()(keeping.migrate)
app.command()(keeping.backup)
app.command()(keeping.restore)
app.add_typer(storage.app, name="storage")
app.add_typer(workers.app, name="workers")
app.add_typer(keys.app, name="key")
app.add_typer(sites.app, name="site")
app.add_typer(users.app, name="user")
app.add_typer(fees.app, name="fees")
app.add_typer(matches.app, name="match")
app.add_typer(reports.app, name="report")
app.add_typer(returns.app, name="return")
app.add_typer(outbox.app, name="outbox")
app.add_typer(messages.app, name="messages")
app.add_typer(support.app, name="support")
app.add_typer(bench.app, name="bench")


# What they were given stays off the screen.
SECRET_SETTINGS = (
    "ARB_PROXY_URLS",
    "ARB_DATABASE_URL",
    "ARB_RAW_STORE_URL",
    "ARB_CELERY_BROKER_URL",
    "ARB_CELERY_BACKEND_URL",
    "ARB_VAULT_SECRET_ID",
)

SECRET_WORDS = {"KEY", "LOGINS", "PASSWORD", "SECRET", "TOKEN"}


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
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line; a wrong setting is one clear line, not a traceback."""
    from pydantic import ValidationError

    from arb_pipelines.adapters.secrets.port import SecretError

    try:
        app()
    except SecretError as error:
        typer.echo(f"arb: {error}", err=True)
        raise SystemExit(2) from error
    except ValidationError as error:
        for fault in error.errors():
            name = "ARB_" + "_".join(str(part) for part in fault["loc"]).upper()
            # Of a part of a setting, or of all together, the input may be an account with its secrets.
            is_shown = len(fault["loc"]) == 1 and name not in SECRET_SETTINGS and not isinstance(fault["input"], dict)
            got = f" (got {fault['input']!r})" if is_shown and not SECRET_WORDS & set(name.split("_")) else ""
            typer.echo(f"arb: setting {name}: {fault['msg']}{got}", err=True)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
