"""Features of a pair say what they are named after."""

import math

import pytest

from arb_pipelines.ml.matching_corpus import fit_corpus
from arb_pipelines.ml.matching_features import compare_prices, compare_strings, compare_texts, coverage
from arb_pipelines.ml.matching_text import parse_text

TITLES = ["vornelle table lamp brass ab-1000", "vornelle kettle 1.7 l kt200", "tavoryn table lamp", "vornelle lamp zz9"]
CORPUS = fit_corpus(map(parse_text, TITLES))


def compare(left, right):
    return compare_texts(parse_text(left), parse_text(right), CORPUS)


def test_rare_words_weigh_more():
    assert CORPUS.rarity("never seen") == 1
    assert CORPUS.rarity("vornelle") < CORPUS.rarity("kettle")


def test_model_number_is_found_however_it_is_written():
    found = compare("vornelle AB-1000 lamp", "brass lamp ab1000")
    assert (found["codes_hit"] > 0, found["codes_clash"]) == (True, 0.0)
    assert compare("lamp AB-1000", "lamp AB-1001")["codes_clash"] == 1.0


def test_numbers_and_editions_that_differ_show():
    found = compare("drive 500 gb 2007 pro", "drive 250gb 2008 home")
    assert (found["measures_clash"], found["years_clash"]) == (1, 1.0)
    assert (found["edition_pro"], found["edition_home"], found["editions_differ"]) == (1.0, -1.0, 2)


def test_silence_is_unknown_and_not_zero():
    assert math.isnan(compare_strings("", "lamp")["ratio"])
    assert math.isnan(compare_prices(None, 5.0)["price_log"])
    assert math.isnan(compare_prices(0, 5.0)["price_gap"])
    assert math.isnan(coverage(parse_text(""), parse_text("lamp"), CORPUS))
    assert math.isnan(compare("lamp", "")["numbers"])


def test_price_gap_is_the_same_both_ways():
    assert compare_prices(10.0, 20.0)["price_gap"] == pytest.approx(compare_prices(20.0, 10.0)["price_gap"])
    assert compare_prices(10.0, 20.0)["price_log"] < 0
