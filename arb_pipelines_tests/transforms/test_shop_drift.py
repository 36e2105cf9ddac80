"""A shop whose prices move as one is held whole; a sale is believed the next day, another unit is not."""

from datetime import timedelta

import polars as pl

from arb_pipelines.transforms.shop_drift import flag_drifts
from arb_pipelines_tests.transforms.frames import no_quarantine, points_frame

OFFERS = 40


def shop(price, *, hours, moved=OFFERS, site="shop-001"):
    rows = [
        {
            "scrape_id": f"{site}-{hours}-{n}",
            "offer_key": f"{site}-{n}",
            "site": site,
            "price_minor": price if n < moved else 1000,
        }
        for n in range(OFFERS)
    ]
    return points_frame(*rows, hours=hours)


def test_a_shop_in_another_unit_is_held_whole_and_its_neighbour_is_not():
    points = pl.concat([shop(10_000, hours=48, moved=39), shop(1000, hours=48, site="shop-002")])
    latest = pl.concat([shop(1000, hours=0), shop(1000, hours=0, site="shop-002")])
    judged = flag_drifts(points, latest, no_quarantine())
    assert judged.points["site"].unique().to_list() == ["shop-002"]
    assert judged.quarantined.height == OFFERS
    assert judged.quarantined["reason"].unique().to_list() == ["shop_drift"]


def test_another_unit_stays_held_however_often_it_is_seen():
    first = flag_drifts(shop(10_000, hours=48), shop(1000, hours=0), no_quarantine())
    later = flag_drifts(shop(10_000, hours=96), shop(1000, hours=0), first.quarantined)
    assert later.points.is_empty()


def test_a_shop_wide_sale_is_believed_on_the_next_day_and_not_before():
    first = flag_drifts(shop(400, hours=48), shop(1000, hours=0), no_quarantine())
    assert first.points.is_empty()
    soon = flag_drifts(shop(400, hours=49), shop(1000, hours=0), first.quarantined, confirm_after=timedelta(days=4))
    assert soon.points.is_empty()
    assert flag_drifts(shop(400, hours=96), shop(1000, hours=0), first.quarantined).points.height == OFFERS


def test_a_few_moved_offers_are_no_drift():
    judged = flag_drifts(shop(10_000, hours=48, moved=9), shop(1000, hours=0), no_quarantine())
    assert judged.points.height == OFFERS


def test_a_shop_seen_for_the_first_time_has_nothing_to_drift_from():
    assert flag_drifts(shop(5, hours=0), shop(5, hours=0).clear(), no_quarantine()).points.height == OFFERS
