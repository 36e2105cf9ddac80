"""The desk in a real browser over a real server: sign in, look, approve, deny, halt, by mouse, by key, on a phone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines_tests.conftest import skip_or_fail
from arb_pipelines_tests.contracts.trade_records import opportunity, points, usd
from arb_pipelines_tests.e2e.conftest import ARB, TOP, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PASSWORD = "a long enough password"
PREDICTION = {"low": "42.00", "middle": "50.00", "high": "61.00"} | {
    f"sold_within_{days}_days": chance for days, chance in ((30, 0.41), (60, 0.7), (90, 0.85))
}
PHONE = {"width": 375, "height": 740}


@dataclass
class Desk:
    """A served desk with its books."""

    url: str
    books: SqlBooks
    shots: Path

    def add(self, number: int, **changes: object) -> None:
        """Keep an opportunity decided now."""
        now = datetime.now(UTC)
        record = {"prediction": PREDICTION, "offer": {"match": "gtin"}}
        one = opportunity(number, title=f"Kettle {number}", record=record, decided_at=now, observed_at=now, **changes)
        self.books.opportunities.store([one], [])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """`arb serve` over books of our own, with two people added by `arb user add`."""
    home, port = tmp_path_factory.mktemp("desk"), free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ARB_")}
    environment = {**kept, "ARB_HOME": str(home), "ARB_API_FEED_POLL_S": "0.2"}
    books = open_books(f"sqlite:///{home / 'books-paper.sqlite'}", mode="paper")
    books.migrate()
    for name, role in (("ann", "approver"), ("vic", "viewer")):
        add = [ARB, "user", "add", name, "--role", role]
        subprocess.run(add, input=PASSWORD + "\n", env=environment, text=True, check=True, cwd=home, timeout=60)
    server = subprocess.Popen([ARB, "serve", "--port", str(port)], env=environment, cwd=home, start_new_session=True)
    shots = TOP / "artifacts" / "desk"
    shots.mkdir(parents=True, exist_ok=True)
    running = Desk(f"http://127.0.0.1:{port}", books, shots)
    try:
        wait_for(lambda: httpx.get(f"{running.url}/login", timeout=2).is_success, "the desk")
        at = datetime.now(UTC)
        rows = [{"observed_at": at - timedelta(hours=n), "price_minor": 1_500 + 40 * n} for n in range(40)]
        books.price_history.insert(points(*rows))
        for number in range(1, 8):
            running.add(number, expected_profit=usd(2_000 + number))
        yield running
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        books.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    if path is None:
        skip_or_fail("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new profile; any script error or refused resource fails the test."""
    context = browser.new_context()
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    context.close()
    assert faults == []


def wait_for(ready: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    """Wait until `ready`; a server that does not answer yet is asked again."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{what} did not happen within {timeout_s:.0f} s")


def sign_in(page: Page, desk: Desk, name: str) -> None:
    """Come to the list by the page that asks who we are."""
    page.goto(f"{desk.url}/desk")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("text=Sign in >> nth=-1")
    page.wait_for_url(f"{desk.url}/desk")


def test_a_person_approves_after_seeing_why(desk: Desk, page: Page) -> None:
    sign_in(page, desk, "ann")
    page.screenshot(path=desk.shots / "list.png")
    page.click("text=Kettle 7")
    page.wait_for_selector("#decision")
    charts = page.locator("figure.chart")
    assert charts.count() == 2
    assert "80 % interval" in charts.nth(0).inner_text()
    assert charts.nth(1).locator("rect").count() == 3
    page.screenshot(path=desk.shots / "opportunity.png", full_page=True)
    page.fill("#ceiling", "25.00")
    page.click("button:has-text('Approve')")
    page.wait_for_selector("text=Approved: at most 25.00 USD each")
    approved = desk.books.approvals.load_usable(datetime.now(UTC))
    assert [(leave.title, leave.ceiling, leave.approved_by) for leave in approved] == [
        ("Kettle 7", usd(2_500), "person:ann")
    ]


def test_too_high_a_ceiling_is_refused_with_its_reason(desk: Desk, page: Page) -> None:
    sign_in(page, desk, "ann")
    page.click("text=Kettle 6")
    page.fill("#ceiling", "99.00")
    page.click("button:has-text('Approve')")
    page.wait_for_selector("text=over_max_cost")
    assert all(leave.title != "Kettle 6" for leave in desk.books.approvals.load_usable(datetime.now(UTC)))


def test_denying_by_the_keyboard_alone(desk: Desk, page: Page) -> None:
    sign_in(page, desk, "ann")
    for key in ("j", "j", "k", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("#decision")
    title = page.inner_text("h1")
    page.keyboard.press("d")
    page.keyboard.type("the photo shows another model")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Denied by person:ann")
    page.goto(f"{desk.url}/desk")
    assert title not in page.inner_text("main")


def test_the_feed_tells_of_something_new(desk: Desk, page: Page) -> None:
    sign_in(page, desk, "vic")
    page.wait_for_timeout(500)
    desk.add(50)
    page.wait_for_selector("#news:not([hidden])", timeout=15_000)
    page.click("#news a")
    page.wait_for_selector("text=Kettle 50")


def test_halting_is_seen_on_every_page(desk: Desk, page: Page) -> None:
    sign_in(page, desk, "ann")
    page.goto(f"{desk.url}/desk/switches")
    page.fill("#switch-buy [name=reason]", "odd prices")
    page.click("text=Halt buy")
    page.wait_for_selector("text=active -> halted")
    assert desk.books.switches.state_of(Action.BUY) is ActionState.HALTED
    page.goto(f"{desk.url}/desk/sites")
    assert "halted: buy" in page.inner_text("header")
    page.goto(f"{desk.url}/desk/switches")
    page.fill("#switch-buy [name=reason]", "looked at")
    page.click("text=Resume buy")
    page.wait_for_selector("text=halted -> active")


def test_every_page_fits_a_phone(desk: Desk, page: Page) -> None:
    page.set_viewport_size(PHONE)
    sign_in(page, desk, "ann")
    paths = [page.locator("header nav a").nth(n).get_attribute("href") for n in range(8)]
    for path in [*paths, "/desk/opportunities/opportunity-5"]:
        page.goto(f"{desk.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    page.screenshot(path=desk.shots / "phone.png")
    heights = page.evaluate("Array.from(document.querySelectorAll('main button'), (b) => b.offsetHeight)")
    assert min(heights) >= 40
