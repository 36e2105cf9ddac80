"""`arb replay`: the mode in which stored prices are traded through once more, at the clock of the past.

What belongs here: the options, joining books, model and paper buyers, and the output. The walk is
`backtest/replay_mode.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arb_pipelines.cli.backtest import End, Start, fail, load_past, predictor, read_moment
from arb_pipelines.settings import Mode, Settings

if TYPE_CHECKING:
    from arb_pipelines.adapters.sql.books import SqlBooks
    from arb_pipelines.backtest.replay import Past, Span
    from arb_pipelines.backtest.replay_mode import ReplayClock, Trading
    from arb_pipelines.domain.site import Site

COMMAND = "replay"
PARTS = ("", "-wal", "-shm")  # of an SQLite database on disk


def replay(
    start: Start = None,
    end: End = None,
    step_hours: Annotated[float, typer.Option(min=0.001, help="Hours between two looks at the offers.")] = 24.0,
    retrain_days: Annotated[float, typer.Option(min=0.001, help="Days between two trainings of the model.")] = 7.0,
    books: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL of the books to replay. Default: those of ARB_MODE.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Trade through the stored prices of a time: decide, approve by the policy, claim, buy on paper. Asks no shop.

    The trade of the replay is kept in `books-replay.sqlite` of the home, anew each time; look at it with
    ARB_MODE=replay and `arb purchases`, `arb explain`, `arb verify`. Exit status 1 if an invariant is broken there.

    Examples:

      arb replay --from 2026-01-01 --to 2026-03-31

      arb replay --from 2026-01-01 --step-hours 6 --json
    """
    limits = (read_moment("--from", start, COMMAND), read_moment("--to", end, COMMAND))
    step, retrain = timedelta(hours=step_hours), timedelta(days=retrain_days)
    told = replay_into(Settings(), books, limits, step, retrain)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        for name, value in told.items():
            typer.echo(f"{name:16} {value}")
    raise typer.Exit(1 if told["broken"] else 0)


def replay_into(
    settings: Settings,
    source: str | None,
    limits: tuple[datetime | None, datetime | None],
    step: timedelta,
    retrain: timedelta,
) -> dict[str, Any]:
    """Replay the source books into the replay's own and return what came out."""
    from rich.console import Console
    from rich.progress import Progress

    from arb_pipelines.adapters.checkout.paper import PaperBuyers
    from arb_pipelines.backtest.replay_mode import ReplayClock, realised, replay_trade
    from arb_pipelines.scraping.registry import load_sites

    values = replay_settings(settings)
    sites = load_sites(values.sites_dir).sites
    past, span = load_source(source or source_url(settings), limits, step, retrain)
    clock = ReplayClock(span.start)
    opened = fresh_books(values.home / "books-replay.sqlite", clock)
    try:
        copy_products(source or source_url(settings), opened)
        trading = trading_of(values, sites, step)
        predict = predictor(opened, past, trading.rules)
        paper = PaperBuyers(sites, lambda: opened.opportunities.load_offers(clock.now() - trading.rules.max_age), clock)
        with Progress(console=Console(file=sys.stderr)) as progress:
            bar = progress.add_task("replaying", total=sum(1 for _ in span.moments()))
            told = replay_trade(past, predict, trading, span, opened, paper, clock, lambda _: progress.advance(bar))
        counts = {name: getattr(told, name) for name in ("moments", "offers", "opportunities", "approvals")}
        about = {"from": span.start.isoformat(), "to": span.end.isoformat(), **counts}
        reasons = {"outcomes": dict(told.outcomes), "refused": dict(told.refused)}
        return {**about, **realised(opened, past), **reasons, "broken": opened.broken_invariants()}
    finally:
        opened.close()


def replay_settings(settings: Settings) -> Settings:
    """Return the settings in replay mode: the same rules, and nothing of the sandbox."""
    return Settings(**{**settings.model_dump(), "mode": Mode.REPLAY, "sandbox_url": None, "start_sensors": False})


def source_url(settings: Settings) -> str:
    """Return the books that are replayed when none are named: those of the mode, in replay mode those of paper."""
    if settings.mode is Mode.REPLAY:
        return f"sqlite:///{settings.home / 'books-paper.sqlite'}"
    return settings.books_url


def load_source(
    url: str, limits: tuple[datetime | None, datetime | None], step: timedelta, retrain: timedelta
) -> tuple[Past, Span]:
    """Return the prices and sales of the books at `url`, and the span.

    Raises:
        typer.Exit: they cannot be read, or hold no price in that time (exit code 2).
    """
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.sql.books import open_books
    from arb_pipelines.backtest.replay import Span

    end = limits[1] or datetime.now(UTC)
    try:
        source = open_books(url)
        try:
            past = load_past(source, limits[0], end)
        finally:
            source.close()
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise fail(f"cannot read the books at {url}: {reason}; name others with --books", COMMAND) from error
    if past.points.is_empty():
        raise fail("the books hold no prices in that time; give another --from and --to, or --books", COMMAND)
    return past, Span(limits[0] or past.points.row(0, named=True)["observed_at"], end, step, retrain)


def fresh_books(path: Path, clock: ReplayClock) -> SqlBooks:
    """Open new books of replay mode at `path`; those of an earlier replay would know what came later."""
    from arb_pipelines.adapters.sql.books import open_books

    for part in PARTS:
        path.with_name(path.name + part).unlink(missing_ok=True)
    opened = open_books(f"sqlite:///{path}", mode=Mode.REPLAY.value, now=clock.now)
    opened.migrate()
    return opened


def copy_products(url: str, target: SqlBooks) -> None:
    """Copy products, matches and people's verdicts; matches are those of today, as in `arb backtest`."""
    from arb_pipelines.adapters.sql.books import open_books

    source = open_books(url)
    try:
        target.products.insert(source.products.load())
        target.products.store_matches(source.products.load_matches())
        target.products.store_feedback(source.products.load_feedback())
    finally:
        source.close()


def trading_of(values: Settings, sites: Sequence[Site], step: timedelta) -> Trading:
    """Return what binds the replayed trade; a reading may be as old as the step between two looks."""
    from arb_pipelines.backtest.replay_mode import Trading
    from arb_pipelines.domain.fees import load_schedules
    from arb_pipelines.ml.selection_deals import calibrate_by, fit_deals

    book, rules = values.rule_book, values.buying_rules(sites)
    submit = book.submit_rules({site.key: site for site in sites}, values.all_outlet_terms, values.two_person_limit)
    return Trading(
        rules=replace(rules, max_age=max(rules.max_age, step), calibrate=calibrate_by(fit_deals(()))),
        submit=replace(submit, max_age=max(submit.max_age, step)),
        losses=book.loss_rules(values.capital),
        policy=values.approval_policy(sites),
        limits=values.spend_limits,
        schedules=load_schedules(),
        sizing=values.sizing,
    )
