"""Contract U: what every database must do with the charges of metered interfaces and with talks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.api_budget import ApiLimits, Charge, Pool, Rate
from arb_pipelines.domain.talks import Negotiation
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.messages import outbound

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LIMITS = ApiLimits("meter", "tokens", most_a_call=50, most_a_day=100)
TALKS = Negotiation(
    "talks-1", "opportunity-1", "outlet-1", "seller-1", "A kettle", usd(5_000), usd(4_000), None, START + DAY, START
)


def charge(number: int, units: int = 10, at: datetime = START, operation: str = "product") -> Charge:
    return Charge(f"charge-{number}", "meter", operation, units, at)


def refused(books: SqlBooks, wanted: Charge, limits: ApiLimits = LIMITS) -> str | None:
    refusal = books.api_budgets.reserve(wanted, limits)
    return None if refusal is None else refusal.code


def test_u01_what_is_reserved_counts_until_it_is_settled(books: SqlBooks) -> None:
    assert refused(books, charge(1, 50)) is None
    assert refused(books, charge(2, 50)) is None
    assert refused(books, charge(3, 1)) == "api_day_cap"
    assert books.api_budgets.settle(charge(1, 50), 7, None)
    assert not books.api_budgets.settle(charge(1, 50), 9, None)
    assert not books.api_budgets.release(charge(1, 50))
    assert refused(books, charge(3, 43)) is None
    assert books.api_budgets.release(charge(2, 50))
    assert books.api_budgets.costs_since(START - MINUTE) == [("meter", "product", 2, 50)]


def test_u02_a_day_is_any_24_hours(books: SqlBooks) -> None:
    for number in range(2):
        assert refused(books, charge(number, 50, START + number * MINUTE)) is None
    late = books.api_budgets.reserve(charge(3, 50, START + DAY - MINUTE), LIMITS)
    assert late is not None
    assert (late.code, late.until) == ("api_day_cap", START + DAY)
    assert refused(books, charge(3, 50, START + DAY)) is None


def test_u03_operations_have_rates(books: SqlBooks) -> None:
    limits = replace(LIMITS, rates={"search": Rate(1, MINUTE), "*": Rate(2, MINUTE)})
    assert refused(books, charge(1, 1, operation="search"), limits) is None
    second = books.api_budgets.reserve(charge(2, 1, operation="search"), limits)
    assert second is not None
    assert (second.code, second.until) == ("api_rate", START + MINUTE)
    assert [refused(books, charge(n, 1, operation=f"other-{n}"), limits) for n in (3, 4, 5)] == [None, None, "api_rate"]
    assert refused(books, charge(6, 1, START + MINUTE, "search"), limits) is None


def test_u04_the_vendors_own_account_counts(books: SqlBooks) -> None:
    limits = replace(LIMITS, pool_most=60)
    assert refused(books, charge(1, 50), limits) is None
    books.api_budgets.settle(charge(1, 50), 50, Pool(10, 5.0, START))
    empty = books.api_budgets.reserve(charge(2, 11, START), limits)
    assert empty is not None
    assert (empty.code, empty.until) == ("api_pool_empty", START + MINUTE * (1 / 5))
    assert refused(books, charge(2, 10, START), limits) is None
    assert refused(books, charge(3, 5, START + MINUTE), limits) is None
    assert refused(books, charge(4, 1, START + MINUTE), limits) == "api_pool_empty"
    older = Pool(60, 5.0, START - MINUTE)
    books.api_budgets.settle(charge(2, 10), 10, older)
    assert books.api_budgets.usage(limits, "product", START).pool == Pool(10, 5.0, START)


def test_u05_processes_share_one_budget(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    racing = [open_more() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda pair: refused(pair[1], charge(pair[0], 30)), enumerate(racing)))
    assert sorted(codes, key=str) == [None] * 3 + ["api_day_cap"] * 3


def test_u06_old_charges_are_forgotten(books: SqlBooks) -> None:
    refused(books, charge(1))
    refused(books, charge(2, at=START + DAY))
    assert books.api_budgets.delete_before(START + DAY) == 1


def test_u07_talks_move_one_stage_at_a_time(books: SqlBooks) -> None:
    assert books.negotiations.open(TALKS)
    assert not books.negotiations.open(TALKS)
    offered = replace(TALKS, offers=(usd(3_500),), thread_id="thread-1")
    assert books.negotiations.record(offered, 1, outbound())
    assert not books.negotiations.record(offered, 1, outbound(2))
    assert [one.message_id for one in books.outbox.load()] == [outbound().message_id]
    kept = books.negotiations.load_one("talks-1")
    assert kept == replace(offered, version=2)
    ended = replace(offered, counter=usd(3_900), average=usd(6_000), refused=True, closed_code="accepted")
    assert books.negotiations.record(ended, 2)
    assert books.negotiations.load() == []
    assert books.negotiations.load(also_closed=True) == [replace(ended, version=3)]
    assert books.negotiations.load_one("talks-2") is None
