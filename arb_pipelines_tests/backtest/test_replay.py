"""Our own past once more: the model of that day, the live rules, one unit at a time, unknown outcomes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest

from arb_pipelines.backtest.pair_trades import OUTLET, pair_rules
from arb_pipelines.backtest.replay import Past, Span, offers_at, replay_history, with_prediction_keys
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines_tests.transforms.frames import SALE_SCHEMA, T0, points_frame

DAY = timedelta(days=1)
RULES = replace(pair_rules(["shop-001"], Decimal("0.20"), Decimal("0.10")), max_age=timedelta(hours=1))
SPAN = Span(T0, T0 + 10 * DAY, DAY, 5 * DAY)


def reading(day, price=1000, **fields):
    return {
        "scrape_id": f"s{day}",
        "price_minor": price,
        "shipping_minor": 0,
        "availability": "InStock",
        "condition": "new",
        "observed_at": T0 + timedelta(days=day),
        **fields,
    }


def sale(day, price=2000, **fields):
    row = {"sale_id": f"x{day}", "outlet": OUTLET, "condition": "new", "price_minor": price, "currency": "USD"}
    return {**row, "sold_at": T0 + timedelta(days=day), "product_id": "p1", **fields}


def past(readings, sales):
    points = points_frame(*readings).with_columns(product_id=pl.lit("p1"))
    return Past(points, pl.DataFrame(sales, schema={**SALE_SCHEMA, "product_id": pl.String()}))


class Model:
    """Predicts 20.00 and notes when it was trained."""

    def __init__(self):
        self.trained_at = []

    def __call__(self, moment):
        self.trained_at.append(moment)
        prices = [Money(minor, "USD") for minor in (1800, 2000, 2200)]
        return with_prediction_keys([PricePrediction("p1", "new", OUTLET, *prices, 2.0, 0.9, "m", moment)])


def test_a_bargain_is_bought_once_and_again_when_it_has_sold():
    model = Model()
    replayed = replay_history(
        past([reading(day - 0.5) for day in range(1, 9)], [sale(5.5), sale(9.5)]), model, RULES, SPAN
    )
    assert [at - T0 for at in replayed.ledger["bought_at"]] == [DAY, 6 * DAY]
    row = replayed.ledger.row(0, named=True)
    assert (row["cost_minor"], row["low_minor"], row["middle_minor"], row["high_minor"]) == (1000, 1800, 2000, 2200)
    assert (row["realised_minor"], row["realised_net_minor"], row["realised_days"]) == (2000, 1600, 4.5)
    assert replayed.refused["one_at_a_time"] > 0
    assert model.trained_at == [T0 + DAY, T0 + 6 * DAY]


def test_a_sale_before_the_item_could_sell_is_no_outcome():
    replayed = replay_history(past([reading(0.5)], [sale(0.9), sale(2.9)]), Model(), RULES, SPAN)
    assert replayed.ledger["realised_minor"].to_list() == [None]


@pytest.mark.parametrize(
    "field", [{"condition": "used_good"}, {"outlet": "other"}, {"currency": "EUR"}, {"product_id": "p2"}]
)
def test_only_a_comparable_sale_is_an_outcome(field):
    replayed = replay_history(past([reading(0.5)], [sale(4, **field)]), Model(), RULES, SPAN)
    assert replayed.ledger["realised_net_minor"].to_list() == [None]


def test_what_is_read_later_changes_no_earlier_decision():
    early = replay_history(past([reading(0.5)], [sale(9)]), Model(), RULES, SPAN).ledger.row(0)
    more = past([reading(0.5), reading(1.0, price=1), reading(7.5, price=900)], [sale(9)])
    assert replay_history(more, Model(), RULES, SPAN).ledger.row(0) == early


def test_stale_readings_and_refusals_are_counted():
    stale = replay_history(past([reading(-3)], []), Model(), RULES, SPAN)
    assert (stale.ledger.height, stale.refused) == (0, {})
    unknown = replay_history(past([reading(0.5, shipping_minor=None)], []), Model(), RULES, SPAN)
    assert unknown.refused == {"shipping_unknown": 1}


def test_readings_that_agree_are_counted_up_to_the_moment():
    points = past([reading(0.2), reading(0.4), reading(0.6), reading(1.5)], []).points
    assert [offer.agreeing_reads for offer in offers_at(points, T0 + DAY, DAY)] == [3]
