"""Jumps are held, promotions are not, and the second sighting may come in a later batch."""

from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.transforms.price_jumps import flag_jumps
from arb_pipelines_tests.transforms.frames import no_quarantine, points_frame


def latest(price_minor=1000, **fields):
    return points_frame({"scrape_id": "latest", "price_minor": price_minor, **fields}, hours=-1)


def prices(points):
    return points["price_minor"].to_list()


@pytest.mark.parametrize("price", [301, 500, 700, 1500, 3999])
def test_ordinary_changes_and_promotions_pass_at_once(price):
    judged = flag_jumps(points_frame({"price_minor": price}), latest(), no_quarantine())
    assert prices(judged.points) == [price]


@pytest.mark.parametrize("price", [1, 100, 300, 4000, 10_000])
def test_jump_is_held_with_its_reason(price):
    judged = flag_jumps(points_frame({"price_minor": price}), latest(), no_quarantine())
    assert judged.points.is_empty()
    assert judged.quarantined["reason"].to_list() == ["price_jump"]
    assert f"price_minor={price} " in judged.quarantined["detail"][0]


def test_first_price_of_an_offer_is_accepted():
    nothing = latest().clear()
    assert prices(flag_jumps(points_frame({"price_minor": 5}), nothing, no_quarantine()).points) == [5]


def test_second_sighting_the_next_day_confirms_across_batches():
    first = flag_jumps(points_frame({"price_minor": 200}), latest(), no_quarantine())
    soon = flag_jumps(points_frame({"price_minor": 200}, hours=2), latest(), first.quarantined)
    assert soon.points.is_empty()
    held = pl.concat([first.quarantined, soon.quarantined])
    next_day = flag_jumps(points_frame({"price_minor": 205}, {"price_minor": 210}, hours=21), latest(), held)
    assert prices(next_day.points) == [205, 210]


def test_sightings_that_disagree_do_not_confirm():
    first = flag_jumps(points_frame({"price_minor": 200}), latest(), no_quarantine())
    assert flag_jumps(points_frame({"price_minor": 230}, hours=30), latest(), first.quarantined).points.is_empty()


def test_ordinary_price_in_between_forgets_the_held_one():
    first = flag_jumps(points_frame({"price_minor": 200}), latest(), no_quarantine())
    back = points_frame({"price_minor": 990}, hours=10)
    assert prices(flag_jumps(back, latest(), first.quarantined).points) == [990]
    again = flag_jumps(points_frame({"price_minor": 200}, hours=30), back, first.quarantined)
    assert again.points.is_empty()


def test_walk_within_one_batch():
    batch = points_frame(*[{"price_minor": p} for p in (1000, 90, 1000, 95, 1010)])
    judged = flag_jumps(batch, latest(), no_quarantine())
    assert prices(judged.points) == [1000, 1000, 1010]
    assert judged.quarantined.height == 2


def test_reading_the_same_scrape_again_does_not_confirm_itself():
    batch = points_frame({"price_minor": 200})
    first = flag_jumps(batch, latest(), no_quarantine(), confirm_after=timedelta(0))
    assert flag_jumps(batch, latest(), first.quarantined, confirm_after=timedelta(0)).points.is_empty()


def test_other_currency_is_held_even_at_the_same_number():
    judged = flag_jumps(points_frame({"currency": "EUR"}), latest(), no_quarantine())
    assert judged.quarantined.height == 1


def test_other_offers_are_not_touched():
    batch = points_frame({"offer_key": "o1", "price_minor": 100}, {"offer_key": "o2", "price_minor": 100})
    judged = flag_jumps(batch, latest(), no_quarantine())
    assert judged.points["offer_key"].to_list() == ["o2"]


def test_quarantine_of_other_reasons_is_not_a_sighting():
    other = points_frame({"price_minor": 200}).with_columns(
        reason=pl.lit("title_missing"), detail=pl.lit("price_minor=200 currency=USD")
    )
    assert flag_jumps(points_frame({"price_minor": 200}, hours=30), latest(), other).points.is_empty()
