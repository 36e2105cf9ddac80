"""Intervals: hand-worked quantiles, coverage on drawn data, groups, drift, and that outcomes wait until known."""

import numpy as np
import pytest

from arb_pipelines.ml.conformal import (
    FIRST_FACTOR,
    AdaptiveMiss,
    Memory,
    Stream,
    apply_factors,
    group_weights,
    held_at,
    signed_scores,
    stream_intervals,
    two_sided_factors,
)


def stream_of(n=6000, seed=1, noise=None, shift=None, groups=None):
    draw = np.random.default_rng(seed)
    days = np.floor(np.arange(n) / 50.0)
    scale = np.full(n, 0.1) if noise is None else noise
    actual = draw.normal(0, 1, n) * scale + (0 if shift is None else shift)
    middle = np.zeros(n)
    names = np.full(n, "a") if groups is None else groups
    return Stream(days, actual, middle, middle - 0.05, middle + 0.05, names)


def covered(stream, ends, chosen=slice(None)):
    low, high = ends
    return ((stream.actual >= low) & (stream.actual <= high))[chosen].mean()


def test_scores_are_in_units_of_the_raw_band():
    found = signed_scores(np.array([1.0, -1.0, 0.0]), np.zeros(3), np.full(3, -2.0), np.full(3, 4.0))
    assert found == pytest.approx([0.25, -0.5, 0.0])


def test_factors_by_hand():
    # 99 scores 1..99: with the one to come there are 100, so 10 % a side are 10 and 90.
    scores = np.arange(1.0, 100.0)
    assert two_sided_factors(scores, np.ones(99), 0.2) == (10.0, 90.0)


def test_too_few_scores_are_wide():
    assert two_sided_factors(np.zeros(39), np.ones(39), 0.2) == (-FIRST_FACTOR, FIRST_FACTOR)


def test_interval_holds_its_middle():
    low, high = apply_factors(np.zeros(1), np.full(1, -1.0), np.full(1, 1.0), (0.5, -0.5))
    assert (low[0], high[0]) == (0.0, 0.0)


def test_a_group_leans_on_all_as_far_as_it_is_small():
    groups = np.array(["a"] * 10 + ["b"] * 600)
    weights = group_weights(groups, "a", shrink=60.0)
    assert weights[:10].tolist() == [1.0] * 10
    assert weights[10:].sum() == pytest.approx(60.0)


def test_rank_of_an_outcome():
    scores = np.arange(100.0)
    assert held_at(scores, np.ones(100), np.array([50.0, 5.0, 95.0, 200.0])) == pytest.approx([1.0, 0.1, 0.1, 0.0])


def test_coverage_is_what_was_asked_for():
    stream = stream_of()
    for share, ends in stream_intervals(stream, (0.8, 0.9), Memory()).items():
        assert covered(stream, ends, slice(1000, None)) == pytest.approx(share, abs=0.02)


def test_noise_that_doubles_is_followed():
    noise = np.where(np.arange(6000) < 3000, 0.05, 0.10)
    stream = stream_of(noise=noise)
    ends = stream_intervals(stream, (0.9,), Memory())[0.9]
    fixed = np.quantile(np.abs(stream.actual[1000:3000]), 0.9)
    assert (np.abs(stream.actual[4000:]) <= fixed).mean() < 0.65
    assert 0.87 <= covered(stream, ends, slice(4000, None)) <= 0.93


def test_each_group_is_covered():
    groups = np.where(np.arange(6000) % 3 == 0, "calm", "wild")
    noise = np.where(groups == "calm", 0.03, 0.15)
    stream = stream_of(noise=noise, groups=groups)
    ends = stream_intervals(stream, (0.9,), Memory(window_d=30.0, least=600))[0.9]
    for group in ("calm", "wild"):
        assert 0.86 <= covered(stream, ends, (groups == group) & (np.arange(6000) > 1000)) <= 0.97


def test_an_outcome_counts_only_when_it_is_known():
    stream = stream_of(n=3000)
    late = stream.actual.copy()
    late[stream.days >= 40] += 50.0
    changed = Stream(stream.days, late, stream.middle, stream.low, stream.high, stream.groups)
    memory = Memory(delay_d=5.0)
    before, after = (stream_intervals(s, (0.9,), memory)[0.9] for s in (stream, changed))
    blind = stream.days < 45
    assert np.array_equal(before[0][blind], after[0][blind])
    assert not np.array_equal(before[1][~blind], after[1][~blind])


def test_adaptive_rate_falls_after_misses_and_recovers():
    miss = AdaptiveMiss(0.1)
    for _ in range(30):
        miss.learn(np.zeros(20))
    low = miss.rate
    assert low < 0.08
    for _ in range(300):
        miss.learn(np.full(20, 1.0))
    assert miss.rate > 0.1
