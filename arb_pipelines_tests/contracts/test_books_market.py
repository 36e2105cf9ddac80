"""Contract M: what every database must do with what we saw in the market."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from sqlalchemy.exc import IntegrityError

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.price import PricePrediction, SoldPrice
from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.domain.site import SiteVisit, VisitOutcome
from arb_pipelines.transforms.price_history import POINT_SCHEMA, QUARANTINE_SCHEMA
from arb_pipelines.transforms.product_matching import FEEDBACK_SCHEMA, MATCH_SCHEMA, PRODUCT_SCHEMA
from arb_pipelines_tests.contracts.trade_records import points, usd
from arb_pipelines_tests.fakes.clock import START

MINUTE = timedelta(minutes=1)


def visit(site: str, tick: str, at: datetime, outcome: VisitOutcome = VisitOutcome.OK) -> SiteVisit:
    reason = None if outcome is VisitOutcome.OK else "http_503"
    return SiteVisit(site, tick, at, at + MINUTE, outcome, reason, 3, 2, 2**40, None)


def products(*ids: str) -> pl.DataFrame:
    rows = [dict.fromkeys(PRODUCT_SCHEMA) | {"product_id": name, "title": "A", "created_at": START} for name in ids]
    return pl.DataFrame(rows, schema=PRODUCT_SCHEMA)


def match(offer: str, product: str | None, outcome: str = "same", method: str = "gtin") -> pl.DataFrame:
    row = (offer, product, outcome, method, 0.1 + 0.2, START)
    return pl.DataFrame([row], schema=MATCH_SCHEMA, orient="row")


def sale(sale_id: str, at: datetime, outlet: str = "outlet-1") -> SoldPrice:
    return SoldPrice(sale_id, outlet, "A kettle", None, "kitchen", None, usd(4_000), at, 3.5)


def prediction(**changes: object) -> PricePrediction:
    plain = {"product_id": "p", "condition": "new", "outlet": "o", "low": usd(1), "middle": usd(2), "high": usd(3)}
    rest = {"days_to_sell": 9.5, "sold_within_30_days": 0.25, "model_version": "m1", "predicted_at": START}
    return PricePrediction(**(plain | rest | changes))  # type: ignore[arg-type]


def test_m01_a_visit_is_kept_once_and_exactly(books: SqlBooks) -> None:
    first = visit("a", "t1", START)
    failed = visit("b", "t1", START, VisitOutcome.FAILED)
    books.visits.record([failed, first])
    books.visits.record([visit("a", "t1", START + MINUTE)])
    assert books.visits.load_tick("t1") == [first, failed]
    assert books.visits.load_tick("t2") == []
    books.visits.record([])


def test_m02_the_newest_visit_of_each_site(books: SqlBooks) -> None:
    books.visits.record([visit("a", "t2", START + MINUTE), visit("a", "t1", START), visit("b", "t1", START)])
    books.visits.record([visit("a", "t0", START - MINUTE)])
    assert books.visits.last_tick_at() == {"a": START + MINUTE, "b": START}


def test_m03_times_are_exact_and_utc(books: SqlBooks) -> None:
    odd = datetime(2025, 3, 30, 2, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=-7, minutes=-30)))
    books.visits.record([visit("a", "t1", odd), visit("b", "t1", datetime.min.replace(year=1900, tzinfo=UTC))])
    kept = {one.site: one.started_at for one in books.visits.load_tick("t1")}
    assert kept["a"] == odd
    assert kept["a"].utcoffset() == timedelta(0)
    assert kept["b"].year == 1900


def test_m04_a_naive_time_is_refused(books: SqlBooks) -> None:
    with pytest.raises(Exception, match="aware UTC"):
        books.visits.record([visit("a", "t1", datetime(2025, 1, 1))])  # noqa: DTZ001 - the naive time is the case
    assert books.visits.load_tick("t1") == []


def test_m05_observations_are_kept_once_and_come_back_as_they_were(books: SqlBooks) -> None:
    full = {"shipping_minor": 0, "availability": "InStock", "condition": "new", "sku": "S", "gtin": "0", "mpn": "M"}
    frame = points(full | {"brand": "B", "category": "C"}, {"observed_at": START + MINUTE, "price_minor": 2**40})
    assert books.price_history.insert(frame) == 2
    assert books.price_history.insert(frame) == 0
    assert books.price_history.load_between(START, START + 2 * MINUTE).equals(frame)
    assert books.price_history.load_between(START, START + MINUTE).equals(frame.head(1))
    assert books.price_history.insert(frame.clear()) == 0


def test_m06_only_the_new_rows_of_a_batch_count(books: SqlBooks) -> None:
    books.price_history.insert(points({}))
    both = points({"price_minor": 5}, {"offer_key": "offer-2"}, {"offer_key": "offer-2", "scrape_id": "scrape-1"})
    assert books.price_history.insert(both) == 1
    kept = books.price_history.load_between(START, START + MINUTE)
    assert sorted(kept["scrape_id"]) == ["scrape-0", "scrape-1"]
    assert kept.filter(scrape_id="scrape-0")["price_minor"].to_list() == [1_999]


def test_m07_a_changed_title_does_not_rewrite_the_past(books: SqlBooks) -> None:
    frame = points({"title": "Old"}, {"title": "New", "observed_at": START + MINUTE}, {"title": None, "url": "u"})
    books.price_history.insert(frame)
    kept = books.price_history.load_between(START, START + 2 * MINUTE).sort("scrape_id")
    assert kept.equals(frame)


def test_m08_the_latest_reading_of_each_offer(books: SqlBooks) -> None:
    books.price_history.insert(points({"observed_at": START + MINUTE, "price_minor": 2}))
    late = points({"scrape_id": "late", "price_minor": 1}, {"offer_key": "offer-2", "observed_at": START - MINUTE})
    books.price_history.insert(late)
    latest = books.price_history.load_latest(START - MINUTE)
    assert latest.schema == pl.Schema(POINT_SCHEMA)
    assert latest["offer_key"].to_list() == ["offer-2", "offer-1"]
    assert latest["price_minor"].to_list() == [1_999, 2]
    assert books.price_history.load_latest(START)["offer_key"].to_list() == ["offer-1"]


def test_m09_texts_of_any_kind(books: SqlBooks) -> None:
    title = '\'; DROP TABLE offers; -- \\ "q" {1,2} %s :x ☕ \n\t'
    books.price_history.insert(points({"title": title + "\x00", "brand": ""}))
    kept = books.price_history.load_latest(START)
    assert kept["title"].to_list() == [title]
    assert kept["brand"].to_list() == [""]


def test_m10_a_frame_of_any_library_is_taken(books: SqlBooks) -> None:
    assert books.price_history.insert(points({}).to_arrow()) == 1
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        books.price_history.insert(points({}).drop("currency"))


def test_m11_quarantine_keeps_each_reason_once(books: SqlBooks) -> None:
    row = ("s", "o", "shop", "u", "price_unreadable", None, START)
    frame = pl.DataFrame([row, (*row[:4], "currency_unknown", "??", START)], schema=QUARANTINE_SCHEMA, orient="row")
    assert books.price_history.quarantine(frame) == 2
    assert books.price_history.quarantine(frame) == 0
    books.price_history.insert(points({}))
    assert books.price_history.count_since(START) == (1, 2)
    assert books.price_history.count_since(START + MINUTE) == (0, 0)
    assert books.price_history.load_quarantined(START).sort("reason").equals(frame.sort("reason"))


def test_m12_cursors(books: SqlBooks) -> None:
    assert books.price_history.load_cursor("reader") is None
    books.price_history.store_cursor("reader", "1")
    books.price_history.store_cursor("reader", "2")
    assert books.price_history.load_cursor("reader") == "2"
    assert books.price_history.load_cursor("other") is None


def test_m13_products_are_inserted_once(books: SqlBooks) -> None:
    assert books.products.insert(products("p2", "p1")) == 2
    assert books.products.insert(products("p1", "p3")) == 1
    assert books.products.load().equals(products("p1", "p2", "p3"))


def test_m14_matches_are_replaced(books: SqlBooks) -> None:
    books.products.insert(products("p1", "p2"))
    assert books.products.store_matches(match("offer-1", "p1")) == 1
    assert books.products.store_matches(match("offer-1", "p2", method="mpn")) == 1
    assert books.products.load_matches().equals(match("offer-1", "p2", method="mpn"))
    books.products.store_matches(match("offer-2", None, "unsure"))
    assert books.products.count_outcomes() == {"same": 1, "unsure": 1}


def feedback(offer: str, product: str, verdict: str, at: datetime = START) -> pl.DataFrame:
    row = (offer, product, verdict, "a lamp", None, "desk", at)
    return pl.DataFrame([row], schema=FEEDBACK_SCHEMA, orient="row")


def test_m14b_a_match_called_wrong_ends_at_once(books: SqlBooks) -> None:
    books.products.insert(products("p1", "p2"))
    books.products.store_matches(pl.concat([match("offer-1", "p1"), match("offer-2", "p1")]))
    assert books.products.store_feedback(feedback("offer-1", "p2", "wrong")) == 1
    assert books.products.count_outcomes() == {"same": 2}
    books.products.store_feedback(feedback("offer-1", "p1", "wrong"))
    assert books.products.count_outcomes() == {"same": 1, "unsure": 1}
    assert books.products.store_feedback(feedback("offer-1", "p1", "right", START + MINUTE)) == 1
    kept = books.products.load_feedback().filter(pl.col("product_id") == "p1")
    assert kept.equals(feedback("offer-1", "p1", "right", START + MINUTE))
    with pytest.raises(IntegrityError):
        books.products.store_feedback(feedback("offer-1", "p1", "perhaps"))


@pytest.mark.parametrize("wrong", [("p9", "same"), (None, "same"), ("p1", "unsure"), (None, "perhaps")])
def test_m15_a_match_that_cannot_be_is_refused(books: SqlBooks, wrong: tuple[str | None, str]) -> None:
    books.products.insert(products("p1"))
    with pytest.raises(IntegrityError):
        books.products.store_matches(match("offer-1", *wrong))
    assert books.products.load_matches().is_empty()


def test_m16_sold_prices(books: SqlBooks) -> None:
    assert books.sold_prices.newest_sold_at("outlet-1") is None
    assert books.sold_prices.insert([sale("1", START), sale("2", START + MINUTE), sale("2", START)]) == 2
    assert books.sold_prices.insert([sale("2", START), sale("3", START, "outlet-2")]) == 1
    assert books.sold_prices.insert([]) == 0
    assert books.sold_prices.newest_sold_at("outlet-1") == START + MINUTE
    assert sorted(books.sold_prices.load_until(START + MINUTE)["sale_id"]) == ["1", "3"]
    assert books.sold_prices.load_until(START).is_empty()
    assert books.sold_prices.load_until(START + MINUTE).columns[-4:] == [
        "price_minor",
        "currency",
        "sold_at",
        "days_to_sell",
    ]


def test_m17_predictions_are_replaced_and_may_abstain(books: SqlBooks) -> None:
    silent = prediction(condition="used", low=None, middle=None, high=None, days_to_sell=None, abstained="few_sales")
    assert books.predictions.replace([prediction(), silent]) == 2
    newer = prediction(model_version="m2", sold_within_60_days=0.5, sold_within_90_days=0.75)
    assert books.predictions.replace([newer]) == 1
    assert books.predictions.load() == {
        ("p", "new", "o"): newer,
        ("p", "used", "o"): silent,
    }
    with pytest.raises(ValueError, match="mixes currencies"):
        books.predictions.replace([prediction(low=type(usd(1))(1, "EUR"))])


def test_m18_offers_carry_only_a_certain_match(books: SqlBooks) -> None:
    books.products.insert(products("p1"))
    unsure = match("offer-2", None, "unsure")
    books.products.store_matches(pl.concat([match("offer-1", "p1"), unsure]))
    seen = {"availability": "InStock", "shipping_minor": 0, "sku": "S1", "category": "kitchen", "condition": "new"}
    books.price_history.insert(points(seen, {"offer_key": "offer-2"}, {"offer_key": "offer-3", "title": None}))
    certain, uncertain = books.opportunities.load_offers(START)
    assert (certain.offer_key, certain.product_id, certain.match) == ("offer-1", "p1", "gtin")
    assert (certain.price, certain.shipping) == (usd(1_999), usd(0))
    assert (certain.availability, certain.condition, certain.sku) == (Availability.IN_STOCK, "new", "S1")
    assert certain.observed_at == START
    assert (uncertain.product_id, uncertain.match, uncertain.shipping, uncertain.availability) == (None,) * 4
    assert books.opportunities.load_offers(START + MINUTE) == []


def test_m19_offers_count_the_readings_that_agree(books: SqlBooks) -> None:
    prices = [1_999, 1_500, 1_999, 1_999]
    books.price_history.insert(
        points(*({"price_minor": price, "observed_at": START + n * MINUTE} for n, price in enumerate(prices)))
    )
    assert [offer.agreeing_reads for offer in books.opportunities.load_offers(START)] == [3]
    assert [offer.agreeing_reads for offer in books.opportunities.load_offers(START + 3 * MINUTE)] == [1]


def test_m20_an_unknown_word_for_stock_says_nothing(books: SqlBooks) -> None:
    books.price_history.insert(points({"availability": "Perhaps"}))
    assert books.opportunities.load_offers(START)[0].availability is None


def test_m21_a_visit_counts_from_its_tick(books: SqlBooks) -> None:
    """Else a site visited late in its tick would miss every second one."""
    books.visits.record([visit("a", "tick-20260105T090000Z", START + MINUTE)])
    assert books.visits.last_tick_at() == {"a": datetime(2026, 1, 5, 9, tzinfo=UTC)}
