"""The page stands alone: texts escaped, charts embedded, nothing loaded from elsewhere."""

import re

from arb_pipelines.backtest.charts import draw_bands, draw_history, draw_profit, draw_returns
from arb_pipelines.backtest.ledger import empty_ledger, known_trades, ledger_figures
from arb_pipelines.backtest.report import build_report
from arb_pipelines_tests.backtest.test_ledger import ledger, trade
from arb_pipelines_tests.transforms.frames import points_frame

EVIL = "<script src=http://x.example/a.js></script> & $\\frac{a$"
PNG = b"\x89PNG"


def test_texts_are_escaped_and_nothing_is_fetched():
    trades = ledger(trade(1, 1500, title=EVIL, site=EVIL), trade(2, None))
    page = build_report(EVIL, trades, ledger_figures(trades), {EVIL: 3})
    assert "<script" not in page
    assert not re.findall(r"<[^>]+\b(?:src|href)=(?!\"data:)", page)
    assert page.count("data:image/png;base64,") == 3
    assert "default-src &#x27;none&#x27;" in page
    assert "unknown" in page


def test_a_ledger_without_trades_still_makes_a_page():
    page = build_report("Empty", empty_ledger(), ledger_figures(empty_ledger()), {})
    assert page.startswith("<!doctype html>")


def test_charts_are_pictures():
    trades = known_trades(ledger(trade(1, 1500), trade(2, 900)))
    charts = (draw_profit(trades), draw_returns(trades), draw_bands(trades, [-0.1, 0.1, 0.3]))
    assert all(chart.startswith(PNG) for chart in charts)
    assert draw_history(points_frame({}, {"site": "b $x$", "offer_key": "o2"}), EVIL).startswith(PNG)
    assert draw_history(points_frame({}).clear(), "").startswith(PNG)
