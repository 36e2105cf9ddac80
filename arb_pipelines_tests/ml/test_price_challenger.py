"""The trees' file is read only if it holds types that our own list names."""

import pickle
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.svm import SVR

from arb_pipelines.ml.price_challenger import (
    UntrustedModelError,
    dump_challenger,
    fit_challenger,
    load_challenger,
    predict_challenger,
)
from arb_pipelines.ml.price_training import split_by_time, training_rows
from arb_pipelines_tests.ml.market import draw_sales, no_history


class Burglar:
    def __reduce__(self):
        return (pytest.fail, ("the model file ran code",))


@pytest.fixture(scope="module")
def slices():
    rows = training_rows(draw_sales(n=600), no_history(), timedelta(days=7))
    return split_by_time(rows, timedelta(days=7))


def test_columns_of_nothing_are_dropped(slices):
    teach, calibrate, _ = slices
    challenger = fit_challenger(teach.with_columns(attribute_empty=pl.lit(None, dtype=pl.Float64)), calibrate, 0)
    assert "attribute_empty" not in challenger.columns
    assert "shelf_min_ratio" not in challenger.columns


def test_file_comes_back(slices):
    teach, calibrate, _ = slices
    challenger = fit_challenger(teach, calibrate, 0)
    read = load_challenger(dump_challenger(challenger))
    assert (read.columns, read.factors) == (challenger.columns, challenger.factors)
    asked = calibrate.head(5)
    told = predict_challenger(challenger, asked).select("low", "middle", "high")
    assert predict_challenger(read, asked).select("low", "middle", "high").equals(told)


def test_strange_type_is_refused_and_not_run():
    content = skops.io.dumps({"columns": [], "regressors": [Burglar()], "widen": 0.0})
    with pytest.raises(UntrustedModelError, match="train it again"):
        load_challenger(content)


def test_pickle_is_not_read():
    with pytest.raises(Exception, match="not a zip file"):
        load_challenger(pickle.dumps(Burglar()))


def test_another_estimator_of_the_library_is_read_as_data_only():
    parts = {"numbers": ["comps_n"], "codes": {}, "text": None, "bits": 14, "mean": 1.0, "ridge": np.zeros(2)}
    content = skops.io.dumps({**parts, "trees": [SVR()] * 3, "factors": {"": [-1.0, 1.0]}})
    assert load_challenger(content).columns == ("comps_n",)
