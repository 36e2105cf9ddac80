"""Contract R: what must hold when several processes act on the same books at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines_tests.conftest import PostgresCluster
from arb_pipelines_tests.contracts.trade_records import (
    BOUGHT,
    CLAIMED,
    SUBMITTING,
    approve,
    claim,
    offer_for_sale,
    opportunity,
    outlet_order,
    points,
    purchase,
    step,
    usd,
)
from arb_pipelines_tests.fakes.clock import START

TOP = Path(__file__).resolve().parents[2]
WORKERS, OFFERS, LIMIT = 4, 24, 25_000


def start_racer(url: str, worker: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "arb_pipelines_tests.contracts.racing", url, str(worker), str(LIMIT)]
    return subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def finish_racer(racer: subprocess.Popen[str]) -> dict[str, int]:
    output, _ = racer.communicate(timeout=60)
    assert racer.returncode == 0
    result: dict[str, int] = json.loads(output.splitlines()[-1])
    return result


def test_r01_racing_processes_never_pass_a_limit(books: SqlBooks, books_url: str) -> None:
    for number in range(OFFERS):
        approve(books, number)
    racers = [start_racer(books_url, worker) for worker in range(WORKERS)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    codes = sum((Counter(finish_racer(racer)) for racer in racers), Counter())
    assert codes["claimed"] == LIMIT // 2_500
    assert set(codes) <= {"claimed", "spend_limit", "approval_used"}
    assert codes.total() == WORKERS * OFFERS
    assert books.ledger.balances()["reserved", "USD"] == LIMIT
    assert books.broken_invariants() == {}


def race(open_more: Callable[..., SqlBooks], act: Callable[[SqlBooks, int], object], times: int = 4) -> list[object]:
    """Run `act` in `times` threads, each on books of its own, all starting together."""
    start = Barrier(times)
    opened = [open_more() for _ in range(times)]

    def run(number: int) -> object:
        start.wait()
        return act(opened[number], number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_r02_one_approval_is_used_once(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    wanted = purchase(approve(books))
    refusals = race(open_more, lambda mine, _: mine.purchases.claim(wanted, [], START))
    assert refusals.count(None) == 1


def test_r03_one_offer_is_claimed_once(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    wanted = [purchase(approve(books, number, offer_key="offer-1")) for number in range(4)]
    refusals = race(open_more, lambda mine, number: mine.purchases.claim(wanted[number], [], START))
    assert refusals.count(None) == 1
    assert len(books.purchases.load()) == 1


def test_r04_one_of_two_answers_settles(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    claimed = claim(books)
    step(books, claimed, CLAIMED, SUBMITTING)
    paid = {"shop_order_id": "o", "total": usd(2_000)}
    key = claimed.purchase_id
    settled = race(
        open_more,
        lambda mine, _: mine.purchases.advance(key, expected=[SUBMITTING], state=BOUGHT, now=START, **paid),
    )
    assert settled.count(True) == 1
    assert books.broken_invariants() == {}


def test_r05_an_order_is_imported_once(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    sku = offer_for_sale(books).sku
    orders = race(open_more, lambda mine, _: mine.orders.import_order(outlet_order(sku), usd(700), fee_estimated=False))
    assert orders.count(None) == 3
    assert books.broken_invariants() == {}


def test_r06_claims_end_when_the_switch_is_pulled(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    """A claim that was committed before `put` returned stands; after it returned, none is made."""
    wanted = [purchase(approve(books, number)) for number in range(12)]

    def act(mine: SqlBooks, number: int) -> object:
        if number == 3:
            mine.switches.put(Action.BUY, ActionState.HALTED, "a race", "me", START)
            return len(mine.purchases.load())
        return [mine.purchases.claim(one, [], START) for one in wanted[number::3]]

    *_, made_at_halt = race(open_more, act)
    assert len(books.purchases.load()) == made_at_halt


def test_r07_observations_are_kept_once(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    rows = [{"offer_key": f"offer-{number % 7}", "url": f"u{number % 7}"} for number in range(300)]
    frame = points(*rows)
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=number) for number in range(4)]
    new = race(open_more, lambda mine, number: mine.price_history.insert(shuffled[number]))
    assert sum(int(str(one)) for one in new) == 300
    stored = race(open_more, lambda mine, number: mine.opportunities.store([opportunity(1), opportunity(2)], []))
    assert sorted(str(one) for one in stored) == ["0", "0", "0", "2"]


def migrate_at_once(urls: list[str]) -> None:
    opened = [open_books(url) for url in urls]
    start = Barrier(len(opened))

    def migrate(books: SqlBooks) -> None:
        start.wait()
        books.migrate()

    with ThreadPoolExecutor(len(opened)) as pool:
        list(pool.map(migrate, opened))
    assert opened[0].totals()["orders"] == 0
    for books in opened:
        books.close()


def test_r08_several_may_open_new_books_at_once(tmp_path: Path) -> None:
    migrate_at_once([f"sqlite:///{tmp_path}/new/books.db"] * 6)


@pytest.mark.postgres
def test_r09_several_may_open_new_postgres_books_at_once(postgres_cluster: PostgresCluster) -> None:
    name = postgres_cluster.create_database()
    migrate_at_once([postgres_cluster.url(name)] * 6)
    postgres_cluster.drop_database(name)
