"""`arb backtest`: what the rules would have bought in the past, what that promised and what it realised.

What belongs here: the options, joining books, model and replay, and the output. The replay is `backtest/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from arb_pipelines.backtest.pair_trades import Replayed
    from arb_pipelines.backtest.replay import Past, Predict, Span
    from arb_pipelines.domain.presets import Preset
    from arb_pipelines.domain.scoring_rules import BuyingRules
    from arb_pipelines.domain.stores import Books

HISTORY_DAYS = 180  # of shelf prices before the first decision, as the live training takes
OUTCOME_DAYS = 180  # of sales after the last decision
SHOWN = ("trades", "sale_known", "promised_median", "realised_median", "losing_share", "return_sum", "drawdown")

Start = Annotated[str | None, typer.Option("--from", help="First moment, YYYY-MM-DD or ISO 8601, UTC.")]
End = Annotated[str | None, typer.Option("--to", help="Last moment, as --from. Default: now, or the end of the data.")]
SpellFolder = Annotated[
    Path | None, typer.Option("--spells", help="Replay gaps between shops in this folder of price spells instead.")
]


def backtest(
    start: Start = None,
    end: End = None,
    preset: Annotated[str | None, typer.Option(help="Buying rules: a shipped preset's name or a TOML file.")] = None,
    step_hours: Annotated[float, typer.Option(min=0.001, help="Hours between two looks at the offers.")] = 24.0,
    retrain_days: Annotated[float, typer.Option(min=0.001, help="Days between two trainings of the model.")] = 7.0,
    spells: SpellFolder = None,
    days: Annotated[int, typer.Option(min=1, max=90, help="With --spells: days between buying and selling.")] = 7,
    report: Annotated[Path | None, typer.Option(help="Also write an HTML page with charts and the ledger.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Replay the price history point in time through the live rules and fees: a ledger of purchases and sales.

    The model is trained again as time goes on, each time on what was known by then. Nothing is bought or sold.

    Examples:

      arb backtest --from 2026-01-01 --to 2026-03-31 --preset online_arbitrage --report backtest.html

      arb backtest --spells prices/ --days 7 --json
    """
    limits = (read_moment("--from", start), read_moment("--to", end))
    held_to = read_preset(preset)
    if spells is not None:
        replayed, about = replay_spells(spells, days, limits, held_to)
    else:
        step, retrain = timedelta(hours=step_hours), timedelta(days=retrain_days)
        replayed, about = replay_books(limits, step, retrain, held_to)
    show(replayed, {"preset": preset, **about}, report, as_json=as_json)


def fail(fault: str, command: str = "backtest") -> typer.Exit:
    """Print one line on standard error and return the exit to raise."""
    typer.echo(f"arb {command}: {fault}", err=True)
    return typer.Exit(2)


def read_moment(option: str, text: str | None, command: str = "backtest") -> datetime | None:
    """Return a moment, aware UTC; None where no text is given.

    Raises:
        typer.Exit: it is not a time (exit code 2).
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        fault = f"{option} {text} is not a time; write it as 2026-03-31 or 2026-03-31T12:00"
        raise fail(fault, command) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_preset(name: str | None) -> Preset | None:
    """Return a preset by name or path.

    Raises:
        typer.Exit: there is none, or it is wrong (exit code 2).
    """
    from arb_pipelines.domain.presets import PresetError, load_preset

    try:
        return None if name is None else load_preset(name)
    except PresetError as error:
        raise fail(str(error)) from error


def replay_spells(
    folder: Path, days: int, limits: tuple[datetime | None, datetime | None], preset: Preset | None
) -> tuple[Replayed, dict[str, Any]]:
    """Replay the gaps between two shops with the walk-forward haircut."""
    import polars as pl

    from arb_pipelines.adapters.parquet.price_spells import SpellFilesError, load_spell_set
    from arb_pipelines.backtest.haircut import walk_haircut
    from arb_pipelines.backtest.pair_bench import NoGapsError, PairTerms, find_pair_gaps
    from arb_pipelines.backtest.pair_trades import pair_rules, replay_pairs

    terms = PairTerms()
    try:
        found = load_spell_set(folder)
        typer.echo("cleaning, and refitting the haircut walk-forward ...", err=True)
        gaps, _ = find_pair_gaps(found, [days], terms.cost_share)
    except (SpellFilesError, NoGapsError) as error:
        raise fail(str(error)) from error
    asked = walk_haircut(gaps, days)
    start, end = (None if moment is None else moment.date() for moment in limits)
    if start is not None:
        asked = asked.filter(pl.col("found_on") >= start)
    if end is not None:
        asked = asked.filter(pl.col("found_on") <= end)
    rules = pair_rules(gaps["buy_store"].unique(), terms.cost_share, terms.haircut_roi)
    rules = rules if preset is None else rules.with_preset(preset)
    replayed = replay_pairs(asked, days, rules, low="low_minor", middle="middle_minor")
    about = {"source": "price spells", "offers": asked.height, "from": _text(start), "to": _text(end)}
    return replayed, {**about, "costs": float(terms.cost_share), "days_to_sale": days}


def replay_books(
    limits: tuple[datetime | None, datetime | None], step: timedelta, retrain: timedelta, preset: Preset | None
) -> tuple[Replayed, dict[str, Any]]:
    """Replay our own books."""
    from arb_pipelines.backtest.replay import Span, replay_history
    from arb_pipelines.cli.switches import opened_books
    from arb_pipelines.ml.selection_deals import calibrate_by, fit_deals
    from arb_pipelines.scraping.registry import load_sites
    from arb_pipelines.settings import Settings

    settings = Settings()
    rules = settings.buying_rules(load_sites(settings.sites_dir).sites)
    rules = rules if preset is None else rules.with_preset(preset)
    rules = replace(rules, calibrate=calibrate_by(fit_deals(())))
    end = limits[1] or datetime.now(UTC)
    with opened_books() as books:
        past = load_past(books, limits[0], end)
        if past.points.is_empty():
            raise fail("the books hold no prices in that time; give another --from and --to, or --spells FOLDER")
        span = Span(limits[0] or past.points.row(0, named=True)["observed_at"], end, step, retrain)
        predict = told(span, predictor(books, past, rules))
        replayed = replay_history(past, predict, rules, span)
    about = {"source": "books", "from": span.start.isoformat(), "to": span.end.isoformat()}
    return replayed, {**about, "step_hours": step / timedelta(hours=1)}


def load_past(books: Books, start: datetime | None, end: datetime) -> Past:
    """Return the observations (with their product) and sales that a replay until `end` needs."""
    import polars as pl

    from arb_pipelines.backtest.replay import Past
    from arb_pipelines.transforms.product_matching import identify_sales

    begin = datetime(1970, 1, 1, tzinfo=UTC) if start is None else start - timedelta(days=HISTORY_DAYS)
    products = pl.DataFrame(books.products.load())
    points = pl.DataFrame(books.price_history.load_between(begin, end))
    matches = pl.DataFrame(books.products.load_matches()).filter(pl.col("outcome") == "same")
    points = points.join(matches.select("offer_key", "product_id"), on="offer_key", how="left")
    named = points.join(products.select("product_id", known_as="category"), on="product_id", how="left")
    points = named.with_columns(category=pl.coalesce("category", "known_as")).drop("known_as")
    sales = identify_sales(pl.DataFrame(books.sold_prices.load_until(end + timedelta(days=OUTCOME_DAYS))), products)
    return Past(points.sort("observed_at"), sales)


def predictor(books: Books, past: Past, rules: BuyingRules) -> Predict:
    """Return a function that trains the price model on what lay before a moment and predicts every product."""
    import polars as pl

    from arb_pipelines.backtest.replay import with_prediction_keys
    from arb_pipelines.ml.price_model import prediction_keys, train

    products = pl.DataFrame(books.products.load())
    conditions = past.points["condition"].drop_nulls().unique().sort().to_list()
    named = past.points.filter(pl.col("product_id").is_not_null())

    def predict(moment: datetime) -> Any:
        model = train(past.sales, named, as_of=moment)
        outlets = (rules.terms, *rules.other_outlets)
        keys = pl.concat(prediction_keys(products, conditions, terms.outlet) for terms in outlets)
        return with_prediction_keys(model.predict(keys, moment))

    return predict


def told(span: Span, predict: Callable[[datetime], Any]) -> Predict:
    """Return `predict`, with a line on standard error at each training."""

    def loud(moment: datetime) -> Any:
        typer.echo(f"training on what was known at {moment:%F %T}, until {span.end:%F %T} ...", err=True)
        return predict(moment)

    return loud


def show(replayed: Replayed, about: dict[str, Any], report: Path | None, *, as_json: bool) -> None:
    """Print the figures and write the report."""
    from arb_pipelines.backtest.ledger import ledger_figures
    from arb_pipelines.backtest.report import build_report

    figures = ledger_figures(replayed.ledger)
    if report is not None:
        title = f"Backtest of {about['source']}, {about['from'] or 'the beginning'} to {about['to'] or 'the end'}"
        try:
            report.write_text(build_report(title, replayed.ledger, figures, replayed.refused), "utf-8")
        except OSError as error:
            raise fail(f"cannot write {report}: {error.strerror}; give --report another path") from error
        typer.echo(f"report in {report}", err=True)
    if as_json:
        typer.echo(json.dumps({**about, **figures, "refused": replayed.refused}, indent=2))
        return
    for name in SHOWN:
        typer.echo(f"{name:20} {figures.get(name, 'unknown')}")
    typer.echo("refused: " + (", ".join(f"{code} {n}" for code, n in replayed.refused.items()) or "nothing"))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
