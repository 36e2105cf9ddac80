"""One pass from raw scrapes to the price history: jumps and whole shops wait, and a faster world waits less."""

from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.services.pricing import update_price_history
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.transforms.frames import T0, raw_frame

OFFERS = 12


class Raw:
    """A raw store that gives one frame a pass."""

    def __init__(self):
        self.frame = raw_frame()

    def load_since(self, cursor):
        return self.frame, "next"


@pytest.fixture
def books(tmp_path):
    opened = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}", mode="paper")
    opened.migrate()
    yield opened
    opened.close()


def read(books, raw, hours, price, *, offers=1, confirm_after=timedelta(hours=20)):
    at = T0 + timedelta(hours=hours)
    raw.frame = raw_frame(
        *[{"scrape_id": f"{hours}-{n}", "offer_key": f"o{n}", "price": price, "fetched_at": at} for n in range(offers)]
    )
    return update_price_history(raw, books, SettableClock(at), confirm_after)


@pytest.mark.parametrize(("confirm_after", "accepted"), [(timedelta(hours=20), 0), (timedelta(seconds=20), 1)])
def test_a_jump_waits_for_a_later_day_of_its_world(books, confirm_after, accepted):
    raw = Raw()
    assert read(books, raw, 0, "10.00").inserted == 1
    assert read(books, raw, 1, "2.00", confirm_after=confirm_after).quarantined == 1
    assert read(books, raw, 2, "2.00", confirm_after=confirm_after).inserted == accepted


def test_a_promotion_is_accepted_at_once(books):
    raw = Raw()
    read(books, raw, 0, "10.00")
    assert read(books, raw, 1, "5.00").inserted == 1


def test_a_shop_of_another_unit_is_held_and_named(books):
    raw = Raw()
    read(books, raw, 0, "10.00", offers=OFFERS)
    for hours in (24, 48):
        update = read(books, raw, hours, "100.00", offers=OFFERS)
        assert (update.inserted, update.quarantined) == (0, OFFERS)
        assert update.summary()["shops_with_another_unit"] == "shop-001"
    kept = pl.DataFrame(books.price_history.load_quarantined(T0))
    assert kept["reason"].unique().to_list() == ["shop_drift"]


def test_a_repeated_pass_changes_nothing(books):
    raw = Raw()
    read(books, raw, 0, "10.00")
    again = read(books, raw, 0, "10.00")
    assert (again.inserted, again.quarantined) == (0, 0)


def test_observations_of_some_offers_alone(books):
    raw = Raw()
    read(books, raw, 0, "10.00", offers=3)
    end = T0 + timedelta(days=1)
    assert pl.DataFrame(books.price_history.load_between(T0, end, ["o1", "o2"]))["offer_key"].to_list() == ["o1", "o2"]
    assert pl.DataFrame(books.price_history.load_between(T0, end, [])).is_empty()
