"""The judge: same only with an agreed model number and equal quantity; it remembers and learns."""

from datetime import UTC, datetime

import polars as pl
import pytest

from arb_pipelines.ml import matching
from arb_pipelines.ml.matching import METHOD, WAITING, TitleMatcher
from arb_pipelines.ml.matching_examples import ExampleWorld
from arb_pipelines.ml.matching_scorer import lesson_digest, read_scorer, train_scorer
from arb_pipelines.transforms.product_matching import FEEDBACK_SCHEMA, PRODUCT_SCHEMA

T0 = datetime(2026, 1, 1, tzinfo=UTC)
NO_FEEDBACK = pl.DataFrame(schema=FEEDBACK_SCHEMA)
OFFER_SCHEMA = {
    "offer_key": pl.String,
    "title": pl.String,
    "brand": pl.String,
    "mpn": pl.String,
    "gtin": pl.String,
    "quantity": pl.Int64,
}


@pytest.fixture(scope="module")
def scorer():
    return train_scorer(NO_FEEDBACK, examples=450)


@pytest.fixture(scope="module")
def products():
    world = ExampleWorld(11)
    rows = [(f"p{n}", None, None, None, world.wording(world.product()), None, 1, T0) for n in range(80)]
    lamp = ("lamp", None, "Vornelle", None, "Vornelle AB-71000 Table Lamp Brass dimmable", None, 1, T0)
    return pl.DataFrame([*rows, lamp], schema=PRODUCT_SCHEMA, orient="row")


def offers(*rows):
    filled = [{"offer_key": f"o{n}", "quantity": 1, **row} for n, row in enumerate(rows)]
    return pl.DataFrame(filled, schema=OFFER_SCHEMA)


@pytest.fixture
def matcher(scorer, tmp_path):
    import dataclasses

    return TitleMatcher(dataclasses.replace(scorer, same_from=0.5), tmp_path)


def outcomes(verdicts):
    return {row["offer_key"]: (row["outcome"], row["product_id"]) for row in verdicts.to_dicts()}


LAMP = {"title": "vornelle table lamp brass ab71000 dimmable"}


def test_another_wording_with_the_same_model_is_the_same(matcher, products):
    assert outcomes(matcher(offers(LAMP), products)) == {"o0": ("same", "lamp")}


@pytest.mark.parametrize(
    "odd",
    [
        {"quantity": 2},
        {"quantity": None},
        {"title": "vornelle table lamp brass ab71001 dimmable"},
        {"title": "vornelle table lamp brass dimmable"},
        {"title": ""},
        {"title": None},
        {"title": "😀" * 40},
        {"title": "vornelle table lamp brass ab71000 dimmable " * 300},
        {"title": "<b>vornelle</b> table lamp brass ab71000 dimmable"},
        {"title": "vornelle table lamp brass ab71000 настольная"},
        {"brand": "Tavoryn"},
    ],
)
def test_never_the_same(matcher, products, odd):
    ((outcome, product),) = outcomes(matcher(offers({**LAMP, **odd}), products)).values()
    assert (outcome in {"unsure", "different"}, product) == (True, None)


def test_strangers_are_different(matcher, products):
    ((outcome, _),) = outcomes(matcher(offers({"title": "zzyzx 12q99 gramophone needle"}), products)).values()
    assert outcome == "different"


def test_a_title_is_compared_once(matcher, products, monkeypatch):
    first = matcher(offers(LAMP), products)

    def refuse(*_):
        raise AssertionError("compared again")

    monkeypatch.setattr(type(matcher.scorer), "score", refuse)
    assert matcher(offers(LAMP), products).equals(first)


def test_what_does_not_fit_into_a_pass_waits(matcher, products, monkeypatch):
    monkeypatch.setattr(matching, "TITLES_A_PASS", 1)
    batch = offers(LAMP, {"title": "zzyzx 12q99 gramophone needle"})
    assert matcher(batch, products)["method"].to_list() == [METHOD, WAITING]
    assert matcher(batch, products)["method"].to_list() == [METHOD, METHOD]


def test_a_new_product_is_found_without_a_rebuild(matcher, products):
    assert outcomes(matcher(offers(LAMP), products.head(80)))["o0"][1] is None
    more = {"title": "table lamp brass vornelle ab71000 dimmable new"}
    assert outcomes(matcher(offers(more), products)) == {"o0": ("same", "lamp")}


def test_files_of_the_scorer_are_checked(scorer):
    files = scorer.files()
    assert read_scorer(files).same_from == scorer.same_from
    with pytest.raises(ValueError, match="do not belong together"):
        read_scorer(files | {"scorer.skops": files["scorer.skops"] + b" "})


def test_feedback_changes_the_lesson():
    said = pl.DataFrame([("o", "p", "wrong", "a", "b", "desk", T0)], schema=FEEDBACK_SCHEMA, orient="row")
    assert lesson_digest(said) != lesson_digest(NO_FEEDBACK)
