"""The report of a backtest as one HTML page: figures, charts and the ledger; nothing is loaded from elsewhere.

What belongs here: the page. Every text from a shop is escaped, charts are embedded, scripts are forbidden.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

import polars as pl

from arb_pipelines.backtest.charts import draw_bands, draw_profit, draw_returns
from arb_pipelines.backtest.ledger import known_trades
from arb_pipelines.domain.money import Money

SHOWN_TRADES = 500
LABELS = {
    "trades": "bought",
    "sale_known_share": "share whose sale is known",
    "promised_median": "promised return, median",
    "realised_median": "realised return, median",
    "losing_share": "share of losing trades",
    "return_sum": "profit in stakes (equal stakes)",
    "realised_over_promised": "realised / promised profit",
    "price_error_median": "median error of the price",
    "interval_coverage": "sales inside the 80 % interval",
    "reached_low_share": "sales at the low price or above",
    "predicted_days_median": "days to sell, predicted (median)",
    "realised_days_median": "days to sell, realised (median)",
    "drawdown": "drawdown in stakes",
}
_STYLE = """
body { font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .2rem .7rem; border-bottom: 1px solid #ddd }
th { text-align: left } td.n { text-align: right; font-variant-numeric: tabular-nums } img { max-width: 100% }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def build_report(title: str, ledger: pl.DataFrame, figures: Mapping[str, Any], refused: Mapping[str, int]) -> str:
    """Return the page.

    Args:
        title: what was replayed; escaped.
        ledger: LEDGER_SCHEMA.
        figures: as `ledger.ledger_figures` gives them.
        refused: how many offers each reason refused.
    """
    trades = known_trades(ledger)
    bands = list(figures.get("bands", {}).values()) or [0.0, 0.0, 0.0]
    charts = (draw_profit(trades), draw_returns(trades), draw_bands(trades, bands))
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        "<p>Simulated purchases and sales through the rules and fees of the live trade. "
        "A trade whose sale is not known is in no profit.</p>",
        _table(("figure", ""), [(label, figures.get(name)) for name, label in LABELS.items()]),
        *(_image(chart, label) for chart, label in zip(charts, ("profit", "returns", "redrawn"), strict=True)),
        "<h2>Refused</h2>",
        _table(("reason", "offers"), sorted(refused.items(), key=lambda item: -item[1])),
        f"<h2>Ledger</h2><p>{ledger.height} trades, the first {min(SHOWN_TRADES, ledger.height)} are shown.</p>",
        _table(_HEADS, [_trade(row) for row in ledger.sort("bought_at").head(SHOWN_TRADES).iter_rows(named=True)]),
        "</body></html>",
    ]
    return "\n".join(parts)


_HEADS = ("bought", "what", "where", "cost", "predicted sale", "sale", "predicted profit", "profit", "days")


def _trade(row: Mapping[str, Any]) -> tuple[Any, ...]:
    currency, cost = row["currency"], row["cost_minor"]

    def money(minor: int | None) -> str | None:
        return None if minor is None else str(Money(minor, currency))

    nets = (row["predicted_net_minor"], row["realised_net_minor"])
    profits = [money(None if net is None else net - cost) for net in nets]
    what = (row["title"], row["site"], money(cost), money(row["middle_minor"]), money(row["realised_minor"]))
    return (row["bought_at"], *what, *profits, row["realised_days"])


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>\n" for row in rows)
    return f"<table><tr>{top}</tr>\n{body}</table>"


def _cell(value: Any) -> str:
    if value is None:
        return '<td class="n">unknown</td>'
    if isinstance(value, datetime):
        return f"<td>{value:%Y-%m-%d %H:%M}</td>"
    if isinstance(value, (int, float)):
        return f'<td class="n">{value:,.4g}</td>' if isinstance(value, float) else f'<td class="n">{value:,}</td>'
    return f"<td>{escape(str(value))}</td>"


def _image(content: bytes, label: str) -> str:
    data = base64.b64encode(content).decode()
    return f'<p><img alt="{escape(label)}" src="data:image/png;base64,{data}"></p>'
