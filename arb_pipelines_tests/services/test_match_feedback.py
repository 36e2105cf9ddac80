"""A person's verdict is kept, and a match called wrong ends at once."""

from datetime import UTC, datetime

import polars as pl
import pytest

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.services.match_feedback import UnknownMatchError, report_match
from arb_pipelines.transforms.product_matching import match_offers
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.transforms.frames import T0, no_products, points_frame

LAMP = {"title": "Vornelle AB-1000 Table Lamp", "brand": "Vornelle", "mpn": "AB-1000", "offer_key": "o1"}


@pytest.fixture
def books(tmp_path):
    url = f"sqlite:///{tmp_path / 'books.db'}"
    opened = open_books(url, mode="paper")
    opened.migrate()
    offers = points_frame(LAMP)
    opened.price_history.insert(offers)
    matched = match_offers(offers, no_products(), T0)
    opened.products.insert(matched.new_products)
    opened.products.store_matches(matched.matches)
    yield opened
    opened.close()


def known_product(books):
    return pl.DataFrame(books.products.load())["product_id"].item()


def report(books, **changes):
    said = {"offer_key": "o1", "product_id": known_product(books), "is_right": False, "by": "desk"}
    report_match(books, SettableClock(datetime(2026, 1, 2, tzinfo=UTC)), **said | changes)


def test_a_wrong_match_ends_at_once(books):
    report(books)
    assert books.products.count_outcomes() == {"unsure": 1}
    kept = pl.DataFrame(books.products.load_feedback()).to_dicts()[0]
    assert (kept["verdict"], kept["given_by"], kept["offer_title"]) == ("wrong", "desk", LAMP["title"])
    again = match_offers(points_frame(LAMP), books.products.load(), T0, feedback=books.products.load_feedback())
    assert again.matches["method"].to_list() == ["rejected"]


def test_a_right_match_stays_and_a_verdict_can_be_changed(books):
    report(books, is_right=True)
    assert books.products.count_outcomes() == {"same": 1}
    report(books, is_right=False)
    assert pl.DataFrame(books.products.load_feedback())["verdict"].to_list() == ["wrong"]


@pytest.mark.parametrize("changes", [{"offer_key": "o9"}, {"product_id": "p9"}])
def test_what_is_not_known_cannot_be_judged(books, changes):
    with pytest.raises(UnknownMatchError):
        report(books, **changes)
