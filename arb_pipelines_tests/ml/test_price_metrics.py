"""The figures by hand, and a gate that lets nothing through by luck."""

import math

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.price_metrics import judge, score


def predictions(errors, half_width=0.1, products=None):
    return pl.DataFrame(
        {
            "product_id": products or [f"p{i}" for i in range(len(errors))],
            "log_price": [7.0] * len(errors),
            "middle": [7.0 + math.log1p(e) for e in errors],
        }
    ).with_columns(low=pl.col("middle") - half_width, high=pl.col("middle") + half_width)


def test_figures_by_hand():
    found = score(predictions([0.0, 0.04, -0.10, 0.20]))
    assert found["n"] == 4
    assert found["mape"] == pytest.approx(0.085)
    assert found["mdape"] == pytest.approx(0.07)
    assert (found["w5"], found["w15"]) == (0.5, 0.75)
    assert found["coverage_80"] == 0.5  # log(0.9) and log(1.2) lie outside
    assert found["bias"] == pytest.approx(0.035)
    assert found["half_width"] == pytest.approx(math.sinh(0.1))


def test_nothing_to_score():
    assert score(predictions([])) == {"n": 0.0}


def test_gate_wants_enough_sales():
    assert judge(predictions([0.2] * 20), predictions([0.01] * 20), 0).champion == "rule"


def test_gate_takes_a_sure_winner():
    assert judge(predictions([0.08] * 100), predictions([0.03] * 100), 0).champion == "challenger"


def test_gate_refuses_a_narrow_interval():
    winner = predictions([0.03] * 100, half_width=0.01)
    verdict = judge(predictions([0.08] * 100), winner, 0)
    assert verdict.champion == "rule"
    assert "covers only" in verdict.reason


def test_gate_refuses_a_win_on_one_product():
    rng = np.random.default_rng(0)
    old = rng.uniform(0.02, 0.08, 100)
    new = old + 0.001
    new[:60] = 0.0  # sixty sales, all of one product
    products = ["one"] * 60 + [f"p{i}" for i in range(40)]
    verdict = judge(predictions(list(old), products=products), predictions(list(new), products=products), 0)
    assert verdict.champion == "rule"


def test_equal_models_pass_at_most_as_often_as_the_gate_says():
    passed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = rng.normal(0, 0.1, (2, 80))
        passed += judge(predictions(list(truth[0])), predictions(list(truth[1])), seed).champion == "challenger"
    assert passed <= 8
