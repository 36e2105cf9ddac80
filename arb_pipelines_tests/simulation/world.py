"""One simulated company: a wall clock that jumps, two shops, an outlet and its twin, workers, and a judge.

What belongs here: what happens in one cycle and in which order it is drawn. A world is a function of its seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.purchase import Purchase
from arb_pipelines.domain.spend_limit import Action, ActionState, Refusal
from arb_pipelines.services import approvals, fulfilment, listing, purchasing, reconciling, repricing
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.simulation.judging import Judge
from arb_pipelines_tests.simulation.messaging import SimMail
from arb_pipelines_tests.simulation.outlets import SimOutlet
from arb_pipelines_tests.simulation.scheduling import Atomic, AtomicBooks, Crew, Fate, Worker
from arb_pipelines_tests.simulation.shops import SimShop, true_time
from arb_pipelines_tests.simulation.terms import (
    JOBS,
    JUMPS_S,
    LIMITS,
    POLICY,
    PRODUCTS,
    RULES,
    SETTLING,
    SITES,
    TERMS,
    WRITES,
    products,
    schedules,
    usd,
)
from arb_pipelines_tests.simulation.weather import DAY_S, HOUR_S, Weather, quiet


class World:
    """Runs cycles until its days are over or something was wrong."""

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        """Make a world; the same seed and weather make the same one."""
        self.random = Random(seed)
        self.weather = weather or Weather()
        self.true_s, self.offset_s, self.jump_ends_s = 0.0, 0.0, 0.0
        self.events = Counter[str]()
        self.books = InMemoryBooks()
        self.books.products.load = products  # type: ignore[method-assign]
        self.crew = Crew(self.random, self.pass_time, lambda: self.true_s)
        self.shops = {site: self._open_shop(site, number == 0) for number, site in enumerate(SITES)}
        self.outlet, twin = (self._open_outlet(name) for name in ("sandbox", "sandbox-2"))
        self.outlet.twin = twin
        self.judge = Judge(self.books, self.shops, (self.outlet, twin), LIMITS, TERMS, schedules())
        self.mail = SimMail(self.random, self.books, self.now, self.crew, self.judge.note)
        self.cycles = 0
        self._predict()

    def _open_shop(self, site: str, keeps_reference: bool) -> SimShop:
        def ceiling(purchase: Purchase) -> Money:
            return self.books.approvals.rows[purchase.approval_id].ceiling

        return SimShop(
            site, self.random, lambda: self.true_s, self.crew.pause, ceiling, keeps_reference=keeps_reference
        )

    def _open_outlet(self, name: str) -> SimOutlet:
        return SimOutlet(name, self.random, lambda: self.true_s, self.crew.pause)

    def now(self) -> datetime:
        """Return what the machine's clock shows; it may be wrong by an hour or a day."""
        return true_time(self.true_s + self.offset_s)

    def pass_time(self, seconds: float) -> None:
        """Move true time."""
        self.true_s += seconds

    def buyer_for(self, site: str) -> SimShop | None:
        """Return the shop of a site."""
        return self.shops.get(site)

    def run(self, days: float, *, stop_at_first: bool = True) -> Counter[str]:
        """Live for so many days, then come to rest, and return what was wrong."""
        self._use(self.weather)
        while self.true_s < days * DAY_S and not (stop_at_first and self.judge.violations):
            self._cycle()
        if not (stop_at_first and self.judge.violations):
            self._come_to_rest()
        return self.judge.violations

    def _use(self, weather: Weather) -> None:
        self.weather = weather
        for place in (*self.shops.values(), self.outlet, self.mail):
            place.weather = weather

    def _cycle(self) -> None:
        self.cycles += 1
        busy = self.random.random() < self.weather.busy
        self.pass_time(self.random.uniform(5, 300) if busy else self.random.uniform(600, 6_600))
        self._let_the_world_move()
        names = self.random.sample(JOBS, self.random.choice([2, 3, 4]))
        # Two buyers at once are what a limit and a unique key are for.
        self._work([*names, "buy"] if "buy" in names and self.random.random() < 0.5 else names)

    def _let_the_world_move(self) -> None:
        draw = self.random.random
        if draw() < 0.75:
            self._offer_something()
        if draw() < 0.20:
            self._predict()
        self.outlet.let_buyers_come(0.08)
        self._jump(draw() < self.weather.clock_jump)
        if draw() < self.weather.switch_flip:
            self._flip_a_switch()
        if draw() < self.weather.outage:
            self.events["outages"] += 1
            self.random.choice(list(self.shops.values())).down_until_s = self.true_s + 6 * HOUR_S * draw()
        if draw() < self.weather.hand_order:
            self.random.choice(list(self.shops.values())).order_by_hand()

    def _jump(self, jumps: bool) -> None:
        """Set the clock wrong, and right again within some hours."""
        if self.offset_s and self.true_s >= self.jump_ends_s:
            self.offset_s = 0.0
        elif jumps and not self.offset_s:
            self.events["clock_jumps"] += 1
            self.offset_s = self.random.choice(JUMPS_S)
            self.jump_ends_s = self.true_s + self.random.uniform(0.2, 9) * HOUR_S

    def _flip_a_switch(self) -> None:
        self.events["switch_flips"] += 1
        action = self.random.choice([Action.BUY, Action.LIST, Action.REPRICE])
        is_on = self.books.switches.state_of(action) is ActionState.ACTIVE
        state = self.random.choice([ActionState.HALTED, ActionState.REDUCING]) if is_on else ActionState.ACTIVE
        self.books.switches.put(action, state, "simulated", "seed", self.now())

    def _offer_something(self) -> None:
        found = []
        for _ in range(self.random.choice([1, 2, 3])):
            number = self.cycles // 4 + self.random.randrange(10)
            site = SITES[number % 2]
            price = self.random.randrange(800, 3_000)
            # What the page showed may be old: the shop then asks twice as much, and charges it to whoever pays.
            risen = 2 if self.random.random() < self.weather.quote_off else 1
            self.shops[site].prices[f"S{number}"] = price * risen
            found.append(self._opportunity(number, site, price))
        self.books.opportunities.store(found, [])

    def _opportunity(self, number: int, site: str, price: int) -> Opportunity:
        self.events["opportunities"] += 1
        now = self.now()
        return Opportunity(
            opportunity_id=f"op-{self.events['opportunities']}",
            offer_key=f"offer-{number}",
            site=site,
            url=f"https://{site}.example/{number}",
            sku=f"S{number}",
            title=f"Thing {number % PRODUCTS}",
            product_id=f"product-{number % PRODUCTS}",
            condition="new",
            outlet="sandbox",
            item_price=usd(price),
            landed_cost=usd(price),
            expected_sale=usd(price * 2),
            expected_net=usd(price * 2),
            expected_profit=usd(price),
            max_cost=usd(price * 115 // 100),
            roi=Decimal(1),
            days_to_sell=5.0,
            profit_per_day=Decimal(price) / 500,
            model_version="model-1",
            scrape_id=f"scrape-{self.events['opportunities']}",
            observed_at=now,
            decided_at=now,
        )

    def _predict(self) -> None:
        for number in range(PRODUCTS):
            middle = self.random.choice([100, 2_500, 3_000, 4_500, 6_000])
            abstained = "too_few_sales" if self.random.random() < 0.1 else None
            prices = (usd(middle * 8 // 10), usd(middle), usd(middle * 13 // 10))
            answer = PricePrediction(
                f"product-{number}", "new", "sandbox", *prices, 10.0, 0.9, "model-1", self.now(), abstained
            )
            self.books.predictions.replace([answer])

    def _work(self, names: Sequence[str]) -> None:
        jobs = [(name, self.weather.fate_of(name, self.random), self._job(name)) for name in names]
        for worker in self.crew.run([*jobs, *self.mail.jobs()], self.weather.dies_waiting):
            if worker.error is not None:
                self.judge.note(f"raised_{type(worker.error).__name__}_in_{worker.name}")
        self.judge.judge_books()
        self.mail.judge_arrivals()

    def _job(self, name: str) -> Callable[[Worker], Any]:
        def job(worker: Worker) -> Any:
            books = AtomicBooks(self.books, self.crew, worker, self._noticed)
            return getattr(self, f"_{name}")(books, worker)

        return job

    def _noticed(self, worker: Worker, step: str, args: Any, result: Any) -> None:
        """Hear of an atomic step in the same breath: what was read, what was written."""
        if step == "switches.state_of":
            worker.seen[args[0]] = result
        elif step.endswith(".fetch_orders"):
            worker.seen[f"history:{step.partition('.')[0]}"] = True
        elif step in WRITES:
            if step == "purchases.claim" and result is None:
                self.events["claims"] += 1
                self.judge.judge_claim(args[0], args[2])
            if result is not False and not isinstance(result, Refusal):
                self.judge.judge_write(step, args)

    def _buyers(self, worker: Worker) -> Any:
        return _Buyers(self, worker)

    def _seller(self, worker: Worker) -> Any:
        self.outlet.on_act = lambda action: self.judge.judge_outlet_act(self.crew.current or worker, action)
        return Atomic(self.outlet, self.crew, worker, "outlet", self._noticed)

    def _approve(self, books: Any, worker: Worker) -> Any:
        if self.random.random() < 0.6:
            return approvals.approve_open(books, POLICY, self)
        # A person works from an old page: what is approved may be approved or bought already.
        waiting = list(self.books.opportunities.found.values())[-12:]
        if not waiting:
            return None
        one = self.random.choice(waiting)
        terms: dict[str, Any] = {"ceiling": one.max_cost, "quantity": 2, "valid_for": timedelta(hours=2)}
        return approvals.approve_by_person(books, one.opportunity_id, by="seed", clock=self, **terms)

    def _buy(self, books: Any, worker: Worker) -> Any:
        usable = books.approvals.load_usable(self.now())
        # Somebody hands in a list that is an hour old: the claim must see what has expired.
        if self.random.random() < 0.2:
            usable = books.approvals.load_usable(self.now() - timedelta(hours=1))
        self.random.shuffle(usable)
        return purchasing.buy_approved(usable, books, self._buyers(worker), LIMITS, self)

    def _reconcile(self, books: Any, worker: Worker) -> Any:
        began_at = self.now()
        found = reconciling.reconcile(books, self._buyers(worker), self, sites=SITES)
        self.judge.judge_reconciled(found, min(began_at, self.now()))
        return found

    def _receive(self, books: Any, worker: Worker) -> Any:
        return listing.receive_delivered(books, self)

    def _list(self, books: Any, worker: Worker) -> Any:
        predictions = self.books.predictions.load()
        return listing.list_unlisted(books, self._seller(worker), predictions, schedules(), RULES, self)

    def _reprice(self, books: Any, worker: Worker) -> Any:
        return repricing.reprice(books, self._seller(worker), self.books.predictions.load(), self)

    def _import(self, books: Any, worker: Worker) -> Any:
        return fulfilment.import_orders(books, self._seller(worker), schedules(), TERMS, self)

    def _ship(self, books: Any, worker: Worker) -> Any:
        return fulfilment.ship_orders(books, self._seller(worker), fulfilment.tracking_number_for, self)

    def _come_to_rest(self) -> None:
        """Let healthy workers run until nothing can change any more."""
        self.offset_s = 0.0
        self._use(quiet())
        for shop in self.shops.values():
            shop.down_until_s = 0.0
        for _ in range(7):
            self.pass_time(12 * HOUR_S)
            for name in SETTLING:
                self.crew.run([(name, Fate(), self._job(name))], 0.0)
            self.crew.run(self.mail.rest(), 0.0)
        self.judge.judge_end()
        self.mail.judge_end()


class _Buyers:
    """The shops as one worker reaches them."""

    def __init__(self, world: World, worker: Worker) -> None:
        self._world, self._worker = world, worker

    def buyer_for(self, site: str) -> Any:
        """Return a shop whose every call is one atomic step."""
        shop, world, worker = self._world.shops[site], self._world, self._worker
        shop.on_place = lambda purchase: world.judge.judge_order_sent(world.crew.current or worker, purchase)
        return Atomic(shop, world.crew, worker, site, world._noticed)
