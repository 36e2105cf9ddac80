"""From made-up shops to figures: nothing is learnt from the future, and the haircut keeps promises."""

from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from arb_pipelines.backtest import haircut
from arb_pipelines.backtest.haircut import MIN_OUTCOMES, walk_haircut
from arb_pipelines.backtest.pair_bench import PairTerms, find_pair_gaps, horizon_figures, replay_horizon
from arb_pipelines.backtest.pair_features import FEATURES
from arb_pipelines.backtest.pair_trades import pair_rules, replay_pairs
from arb_pipelines_tests.backtest.spell_sets import day, two_shops

COSTS = Decimal("0.20")


@pytest.fixture(scope="module", autouse=True)
def _few_trees():
    """What is tested does not hang on their number, and forty take a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(haircut, "TREES", 10)
        patch.setattr(haircut, "LEARNING_RATE", 0.5)
        yield


@pytest.fixture(scope="module")
def gaps():
    return find_pair_gaps(two_shops(products=50, days=245), [7], COSTS)[0]


@pytest.fixture(scope="module")
def replay(gaps):
    return replay_horizon(gaps, 7, PairTerms())


def test_half_of_the_gaps_fall_back(gaps):
    """The doubled price of `steady` stands three days, the promotion of `sales` ten."""
    known = gaps.filter(pl.col("sale_minor_7").is_not_null())
    assert known.height > MIN_OUTCOMES
    fell = known.filter(pl.col("sale_minor_7") < pl.col("sale_minor"))
    assert 0.2 < fell.height / known.height < 0.8


def test_features_know_nothing_of_the_future():
    short, _ = find_pair_gaps(two_shops(products=20, days=120), [7], COSTS)
    whole, _ = find_pair_gaps(two_shops(products=20, days=200), [7], COSTS)
    before = whole.filter(pl.col("found_on") < day(100))
    assert before.height > 10
    assert_frame_equal(short.filter(pl.col("found_on") < day(100)).select(FEATURES), before.select(FEATURES))


def test_the_haircut_learns_only_from_what_had_sold(gaps):
    cut = day(180)
    later = pl.col("found_on") >= cut
    # A gap found in the week before the cut sells after it, so its outcome may not matter to a fit at the cut either.
    spoilt = gaps.with_columns(sale_minor_7=pl.when(later).then(1).otherwise(pl.col("sale_minor_7")))
    columns = ["row", "low_minor", "middle_minor"]
    known = walk_haircut(gaps, 7).filter(~later).select(columns)
    assert known["low_minor"].drop_nulls().len() > 40
    assert known.equals(walk_haircut(spoilt, 7).filter(~later).select(columns))


def test_nothing_is_bought_before_enough_outcomes_are_known(gaps):
    few = walk_haircut(gaps.head(MIN_OUTCOMES - 1), 7)
    assert few["low_minor"].null_count() == few.height
    replayed = replay_pairs(
        few, 7, pair_rules(["steady", "sales"], COSTS, Decimal(0)), low="low_minor", middle="middle_minor"
    )
    assert replayed.ledger.is_empty()
    assert replayed.refused == {"no_prediction": few.height}


def test_after_the_haircut_promises_hold_and_few_trades_lose(replay):
    figures = horizon_figures(replay)
    assert figures["before"]["losing_share"] > 0.25
    assert figures["after"]["losing_share"] < 0.15
    assert abs(figures["realised_minus_promised"]) < 0.03
    assert figures["profit_kept"] > 0.3
    assert all(figures["goals"].values())


def test_a_trade_pays_its_costs(replay):
    row = replay.before.ledger.filter(pl.col("realised_minor").is_not_null()).row(0, named=True)
    assert row["realised_net_minor"] == row["realised_minor"] * 8 // 10
    assert row["realised_days"] == 7.0


def test_an_enormous_promise_is_an_error_and_not_a_bargain(gaps):
    wild = gaps.head(1).with_columns(sale_minor=pl.lit(90_000, pl.Int64))
    rules = pair_rules(["steady", "sales"], COSTS, Decimal(0))
    replayed = replay_pairs(wild, 7, rules, low="sale_minor", middle="sale_minor")
    assert replayed.refused == {"promise_too_large": 1}
