"""Matching: identifiers first, quantity always, a contradiction is never the same thing."""

from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.domain.product import gtin_key, product_id
from arb_pipelines.transforms.product_matching import (
    FEEDBACK_SCHEMA,
    MATCH_SCHEMA,
    PRODUCT_SCHEMA,
    VERDICT_COLUMNS,
    attach_products,
    identify_sales,
    match_offers,
)
from arb_pipelines_tests.transforms.frames import T0, no_products, points_frame, sales_frame

GTIN = "4006381333931"
OTHER_GTIN = "036000291452"
LAMP = {"title": "Vornelle AB-1000 Table Lamp Brass", "brand": "Vornelle", "mpn": "AB-1000", "gtin": GTIN}


def offers(*rows):
    return points_frame(*[{"offer_key": f"o{number}", **row} for number, row in enumerate(rows)])


def outcomes(matched):
    return {key: (outcome, method) for key, _, outcome, method, *_ in matched.matches.rows()}


def test_same_gtin_in_other_forms_is_one_product():
    matched = match_offers(offers(LAMP, {**LAMP, "gtin": "0" + GTIN, "title": "Lampe"}), no_products(), T0)
    assert matched.new_products["product_id"].to_list() == [product_id(gtin_key("0" + GTIN))]
    assert set(matched.matches["outcome"]) == {"same"}
    assert matched.matches.schema == MATCH_SCHEMA
    assert matched.new_products.schema == PRODUCT_SCHEMA


def test_brand_and_part_number_match_whatever_their_spelling():
    matched = match_offers(
        offers(
            {**LAMP, "gtin": None},
            {**LAMP, "gtin": "Does not apply", "brand": "VORNELLE", "mpn": "ab 1000", "title": "A lamp"},
        ),
        no_products(),
        T0,
    )
    assert matched.new_products.height == 1
    assert outcomes(matched) == {"o0": ("same", "brand_mpn"), "o1": ("same", "brand_mpn")}


def test_title_matches_only_with_brand_and_enough_words():
    known = match_offers(offers(LAMP), no_products(), T0).new_products
    later = offers(
        {"title": "Brass table lamp, Vornelle AB-1000", "brand": "Vornelle"},
        {"title": "Brass table lamp, Vornelle AB-1000", "brand": None},
        {"title": "Vornelle Table Lamp Silver", "brand": "Vornelle"},
        {"title": "2-pack Brass table lamp, Vornelle AB-1000", "brand": "Vornelle"},
        {"title": "Brass table lamp, Vornelle AB-1000", "brand": "Vornelle", "mpn": "ZZ-9"},
    )
    matched = match_offers(later, known, T0)
    assert outcomes(matched) == {
        "o0": ("same", "title"),
        "o1": ("unsure", "no_identity"),
        "o2": ("unsure", "no_identity"),
        "o3": ("unsure", "no_identity"),
        "o4": ("same", "brand_mpn"),  # of the product that its own part number makes
    }


@pytest.mark.parametrize("title", ["Table Lamp 2-pack", "Set of 3 Table Lamps", "Table Lamp x 4"])
def test_same_gtin_with_another_quantity_is_never_the_same(title):
    known = match_offers(offers(LAMP), no_products(), T0).new_products
    matched = match_offers(offers({**LAMP, "title": title}), known, T0)
    assert outcomes(matched) == {"o0": ("unsure", "gtin_conflict")}
    assert matched.new_products.is_empty()


def test_in_one_batch_the_commoner_quantity_makes_the_product():
    matched = match_offers(offers({**LAMP, "title": "Lamp 2-pack"}, LAMP, LAMP), no_products(), T0)
    assert matched.new_products["pack_quantity"].to_list() == [1]
    assert outcomes(matched)["o0"] == ("unsure", "gtin_conflict")


def test_quantity_that_contradicts_itself_is_unsure():
    matched = match_offers(offers({**LAMP, "title": "3 pack, set of 2"}), no_products(), T0)
    assert outcomes(matched) == {"o0": ("unsure", "quantity_unclear")}
    assert matched.new_products.is_empty()


def test_same_gtin_of_another_maker_is_unsure():
    known = match_offers(offers(LAMP), no_products(), T0).new_products
    matched = match_offers(offers({**LAMP, "brand": "Tavoryn", "mpn": "ZZ-77"}), known, T0)
    assert outcomes(matched) == {"o0": ("unsure", "gtin_conflict")}


def test_other_quantity_of_a_part_number_is_another_product():
    single = {**LAMP, "gtin": None}
    matched = match_offers(offers(single, {**single, "title": "Table Lamp 2-pack"}), no_products(), T0)
    assert matched.new_products["pack_quantity"].sort().to_list() == [1, 2]
    assert matched.matches["product_id"].n_unique() == 2


def test_part_number_with_two_gtins_is_ambiguous():
    matched = match_offers(offers(LAMP, {**LAMP, "gtin": OTHER_GTIN}, {**LAMP, "gtin": None}), no_products(), T0)
    assert matched.new_products.height == 2
    assert outcomes(matched)["o2"] == ("unsure", "brand_mpn_conflict")


def test_product_without_gtin_is_taken_over_by_the_one_with_it():
    first = match_offers(offers({**LAMP, "gtin": None}), no_products(), T0)
    both = offers({**LAMP, "gtin": None}, LAMP)
    second = match_offers(both, first.new_products, T0)
    third = match_offers(both, first.new_products.vstack(second.new_products), T0)
    assert set(third.matches["product_id"]) == {product_id(gtin_key("0" + GTIN))}


def test_matching_again_changes_nothing():
    batch = offers(LAMP, {**LAMP, "gtin": None}, {"title": "Something", "brand": None})
    first = match_offers(batch, no_products(), T0)
    again = match_offers(batch, first.new_products, T0)
    assert again.matches.equals(first.matches)
    assert again.new_products.is_empty()


def test_newest_observation_of_an_offer_counts():
    batch = points_frame({**LAMP, "gtin": OTHER_GTIN}, {**LAMP})
    matched = match_offers(batch, no_products(), T0)
    assert matched.new_products["gtin"].to_list() == ["0" + GTIN]
    assert matched.matches.height == 1


@pytest.mark.parametrize("title", ["", "x" * 10_000, "😀" * 500, "<b>Lamp</b> настольная лампа"])
def test_awkward_titles_never_match(title):
    matched = match_offers(offers({"title": title, "brand": None}), no_products(), T0)
    assert matched.matches["outcome"].to_list() == ["unsure"]


def test_nothing_to_match():
    matched = match_offers(offers(LAMP).clear(), no_products(), T0)
    assert matched.matches.is_empty()
    assert matched.new_products.is_empty()


def test_only_certain_matches_get_a_product():
    batch = offers(LAMP, {"title": "Something", "brand": None})
    matched = match_offers(batch, no_products(), T0)
    assert attach_products(batch, matched.matches)["offer_key"].to_list() == ["o0"]


def test_sales_find_their_product_by_gtin_and_quantity():
    known = match_offers(offers(LAMP), no_products(), T0).new_products
    sales = sales_frame(
        {"gtin": GTIN, "title": "Lamp", "condition": "NEW"},
        {"gtin": GTIN, "title": "Lamp 2-pack"},
        {"gtin": None, "title": "Lamp"},
        {"gtin": OTHER_GTIN, "title": "Not known yet", "condition": "odd"},
    )
    found = identify_sales(sales, known)
    assert found.select("sale_id", "product_id", "condition").rows() == [
        ("sale00000", product_id(gtin_key("0" + GTIN)), "new"),
        ("sale00003", product_id(gtin_key("00" + OTHER_GTIN)), None),
    ]
    assert identify_sales(sales.clear(), known).is_empty()


def test_stamp_is_the_given_time():
    later = T0 + timedelta(days=3)
    matched = match_offers(offers(LAMP), no_products(), later)
    assert matched.matches["matched_at"].to_list() == [later]
    assert matched.new_products["created_at"].to_list() == [later]


@pytest.mark.parametrize(
    "odd",
    [
        {"title": ""},
        {"title": "😀" * 20},
        {"title": "Lamp " * 2_000},
        {"title": "<b>Vornelle</b> AB-1000 Table Lamp Brass"},
        {"title": "Vоrnelle AB-1000 Table Lamp Brass"},
        {"gtin": "4006381333932"},
    ],
)
def test_what_cannot_be_relied_on_is_never_the_same(odd):
    known = match_offers(offers(LAMP), no_products(), T0).new_products
    matched = match_offers(offers({**LAMP, **odd}), known, T0)
    assert matched.matches["outcome"].to_list() == ["unsure"]
    assert matched.new_products.is_empty()


def test_same_gtin_of_another_medium_is_unsure():
    book = {"title": "Slow Suppers (Hardcover)", "gtin": "9780306406157"}
    known = match_offers(offers(book), no_products(), T0).new_products
    matched = match_offers(offers({**book, "title": "Slow Suppers, Paperback"}), known, T0)
    assert outcomes(matched) == {"o0": ("unsure", "gtin_conflict")}


def feedback(verdict, product):
    row = ("o0", product, verdict, "a lamp", "the lamp", "desk", T0)
    return pl.DataFrame([row], schema=FEEDBACK_SCHEMA, orient="row")


def test_a_match_called_wrong_is_not_made_again():
    known = match_offers(offers(LAMP), no_products(), T0).new_products
    lamp = known["product_id"].item()
    assert outcomes(match_offers(offers(LAMP), known, T0, feedback=feedback("wrong", lamp))) == {
        "o0": ("unsure", "rejected")
    }
    assert outcomes(match_offers(offers(LAMP), known, T0, feedback=feedback("right", lamp)))["o0"][0] == "same"
    assert outcomes(match_offers(offers(LAMP), known, T0, feedback=feedback("wrong", "other")))["o0"][0] == "same"


def test_the_judge_is_asked_about_the_rest_only():
    known = match_offers(offers(LAMP), no_products(), T0).new_products
    asked = []

    def judge(rest, products):
        asked.append((rest["offer_key"].to_list(), products["product_id"].to_list(), rest["quantity"].to_list()))
        return pl.DataFrame(
            [("o1", known["product_id"].item(), "same", "wording", 0.99)], schema=VERDICT_COLUMNS, orient="row"
        )

    batch = offers(LAMP, {"title": "AB-1000 Lamp", "brand": None}, {"title": "3 pack, set of 2", "brand": None})
    matched = match_offers(batch, known, T0, judge=judge)
    assert asked == [(["o1"], known["product_id"].to_list(), [1])]
    assert outcomes(matched) == {
        "o0": ("same", "gtin"),
        "o1": ("same", "wording"),
        "o2": ("unsure", "quantity_unclear"),
    }
