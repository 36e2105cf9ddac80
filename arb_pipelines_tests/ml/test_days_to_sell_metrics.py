"""AUC, Brier, C-index and integrated Brier score against values worked out by hand."""

import numpy as np
import pytest

from arb_pipelines.ml.days_to_sell_metrics import auc, brier, concordance, integrated_brier, kaplan_meier, share_left


def flags(*values):
    return np.array(values, dtype=bool)


def test_auc_by_hand():
    # Pairs (sold, unsold): .9>.4, .9>.5, .5>.4, .5=.5 -> 3.5 of 4.
    assert auc(flags(1, 1, 0, 0), np.array([0.9, 0.5, 0.4, 0.5])) == pytest.approx(3.5 / 4)
    assert auc(flags(1, 1), np.array([0.1, 0.2])) is None


def test_brier_by_hand():
    assert brier(flags(1, 0), np.array([0.8, 0.4])) == pytest.approx((0.04 + 0.16) / 2)


def test_concordance_by_hand():
    # Times 1 (sold), 2 (unsold), 3 (sold), 3 (unsold). Comparable: 1 with all three, 3 sold with 3 unsold.
    days, sold = np.array([1.0, 2.0, 3.0, 3.0]), flags(1, 0, 1, 0)
    assert concordance(days, sold, np.array([4.0, 1.0, 3.0, 3.0])) == pytest.approx(3.5 / 4)
    assert concordance(days, sold, np.array([0.0, 1.0, 3.0, 2.0])) == pytest.approx(1 / 4)
    assert concordance(days, flags(0, 0, 0, 0), days) is None


def test_kaplan_meier_by_hand():
    # At 1: 1 of 4 ends, 3/4 left. One leaves unsold at 2. At 3: 1 of 2, 3/8 left.
    times, left = kaplan_meier(np.array([1.0, 2.0, 3.0, 4.0]), flags(1, 0, 1, 0))
    assert times.tolist() == [1.0, 3.0]
    assert left == pytest.approx([0.75, 0.375])
    assert share_left(times, left, np.array([0.5, 1.0, 2.0, 3.0])) == pytest.approx([1, 0.75, 0.75, 0.375])
    assert share_left(times, left, np.array([1.0]), before=True) == pytest.approx([1.0])


def test_integrated_brier_without_censoring_is_the_mean_square():
    days, sold = np.array([1.0, 3.0]), flags(1, 1)
    curves = np.array([[0.2, 0.1], [0.9, 0.6]])  # after day 1 and day 2
    day_1 = (0.2**2 + (1 - 0.9) ** 2) / 2
    day_2 = (0.1**2 + (1 - 0.6) ** 2) / 2
    assert integrated_brier(days, sold, curves, np.array([1.0, 2.0])) == pytest.approx((day_1 + day_2) / 2)


def test_integrated_brier_weights_for_censoring():
    # Watched curve: one of three leaves unsold at 1, so 2/3 are watched from then on.
    days, sold = np.array([1.0, 2.0, 5.0]), flags(0, 1, 1)
    curves = np.array([[0.5], [0.3], [0.8]])
    by_hand = (0.3**2 / (2 / 3) + (1 - 0.8) ** 2 / (2 / 3)) / 3
    assert integrated_brier(days, sold, curves, np.array([2.0])) == pytest.approx(by_hand)
