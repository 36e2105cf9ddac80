"""Words as columns: the same everywhere, scaled, with names beside them."""

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.price_words import word_matrix


def test_the_same_words_have_the_same_columns():
    rows = pl.DataFrame({"title": ["Red Chair", "red  chair!", "chair"]})
    found = word_matrix(rows, "title", [], 10).toarray()
    assert found.shape == (3, 1024)
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_text_has_length_one_and_each_name_one_more():
    rows = pl.DataFrame({"title": ["a b c"], "brand": ["x"]})
    assert (word_matrix(rows, "title", [], 16).toarray() ** 2).sum() == pytest.approx(1)
    assert (word_matrix(rows, "title", ["brand"], 16).toarray() ** 2).sum() == pytest.approx(2)


def test_nothing_known_is_an_empty_row():
    rows = pl.DataFrame({"title": ["", None], "brand": [None, None]}, schema={"title": pl.String, "brand": pl.String})
    assert word_matrix(rows, "title", ["brand"], 8).nnz == 0
    assert word_matrix(rows, None, [], 8).nnz == 0


def test_columns_are_those_of_every_machine():
    rows = pl.DataFrame({"title": ["lamp"]})
    assert word_matrix(rows, "title", [], 8).tocoo().col.tolist() == [abs(_murmur("lamp")) % 256]


def _murmur(word):
    from sklearn.utils import murmurhash3_32

    return murmurhash3_32(word, seed=0)
