"""Risk flags: each is raised by what it names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arb_pipelines.domain.market_view import MarketView
from arb_pipelines.domain.risk_flags import FLAGS, risk_flags
from arb_pipelines.domain.trade_rules import Deal
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.domain.test_scoring import OFFER, PREDICTION

VIEW = MarketView(usd(3_000), usd(3_000), 60.0)
OFFERED = replace(OFFER, agreeing_reads=2, brand="Acme")
CALM = Deal(OFFERED, PREDICTION, VIEW, cost=usd(2_560), profit=usd(722), sale=usd(3_800))
RAISED: dict[str, dict[str, Any]] = {
    "brand_unknown": {"offer": replace(OFFERED, brand=None)},
    "deep_discount": {"offer": replace(OFFERED, price=usd(1_999))},
    "market_unknown": {"market": None},
    "matched_by_wording": {"offer": replace(OFFERED, match="title")},
    "price_above_average": {"sale": usd(3_901)},
    "read_once": {"offer": replace(OFFERED, agreeing_reads=1)},
    "recall_unknown": {"recall_doubt": "no GTIN"},
    "short_history": {"market": replace(VIEW, history_days=13.0)},
    "wide_interval": {"prediction": replace(PREDICTION, high=usd(7_601))},
}


def test_a_calm_deal_raises_none() -> None:
    assert risk_flags(CALM) == ()


@pytest.mark.parametrize("name", list(RAISED))
def test_each_flag_by_itself(name: str) -> None:
    assert risk_flags(replace(CALM, **RAISED[name])) == (name,)


def test_every_flag_has_its_case() -> None:
    assert set(RAISED) == set(FLAGS)
    assert list(FLAGS) == sorted(FLAGS)
