"""The hazard: stretches by hand, curves between them, and groups told apart."""

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.days_to_sell_hazard import EDGES, fit_hazard, predict_unsold, unsold_after


def test_unsold_between_stretches_is_constant_hazard():
    curves = np.array([np.linspace(0.9, 0.1, EDGES.size - 1)])
    after = unsold_after(curves, [0.0, 1.0, 2.0, 3.0])[0]
    # Stretches: day 0; day 1; days 2-3, so day 2 lies half way through the third.
    assert after[0] == pytest.approx(curves[0, 0])
    assert after[1] == pytest.approx(curves[0, 1])
    assert after[2] == pytest.approx(np.sqrt(curves[0, 1] * curves[0, 2]))
    assert after[3] == pytest.approx(curves[0, 2])


def test_fast_and_slow_are_told_apart_and_unsold_items_count():
    draw = np.random.default_rng(2)
    slow = draw.random(900) < 0.5
    life = np.floor(draw.exponential(np.where(slow, 40.0, 6.0)))
    watched = draw.integers(5, 60, 900).astype(float)
    spells = pl.DataFrame(
        {
            "source": np.where(slow, "slow", "fast"),
            "begin": np.zeros(900),
            "days": np.minimum(life, watched),
            "sold": life < watched,
            "truncated": False,
            "log_price": draw.normal(0, 1, 900),
        }
    )
    hazard = fit_hazard(spells, [], ["source"], day=60)
    asked = pl.DataFrame({"source": ["slow", "fast"], "log_price": [0.0, 0.0]})
    left = unsold_after(predict_unsold(hazard, asked), [21.0])[:, 0]
    assert left[0] == pytest.approx(np.exp(-22 / 40), abs=0.15)
    assert left[1] == pytest.approx(np.exp(-22 / 6), abs=0.1)
    assert predict_unsold(hazard, asked.clear()).shape == (0, EDGES.size - 1)
