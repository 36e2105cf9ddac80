"""A customer's visit to one shop in Chromium: where it may go, signing in, and the gate before an order.

What belongs here: the browser and its limits. Which pages mean what is `pages.py`; the order of steps `browser.py`.

The gate is why an order is sent once: every request of the visit passes it, and the one that places the order is let
through only while the gate is armed, and then never again. It goes out on a connection of its own, because Chromium
sends a request a second time by itself when the shop closes a used connection without an answer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypeVar
from urllib.parse import urlsplit

from arb_pipelines.adapters.checkout.recipe import Recipe

Made = TypeVar("Made")

CHROMIUM_ARGS = (
    # Chromium refuses to start as root with its own sandbox; then the container has to be one.
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
    "--disable-gpu",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
)


class SurpriseError(Exception):
    """Something that the recipe does not expect, before anything was ordered."""

    def __init__(self, code: str, detail: str) -> None:
        """Carry a reason code and a sentence."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class SignedOutError(SurpriseError):
    """The shop no longer knows us."""


class BrowserUnusableError(ConnectionError):
    """There is no browser to begin a visit with; nothing was asked of any shop."""


@dataclass(frozen=True, slots=True)
class Account:
    """Our login at a shop; never shown."""

    user: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a page may take, the order may take, and the order may stay invisible in the history, in seconds."""

    page_s: float = 30.0
    submit_s: float = 60.0
    history_s: float = 20.0
    poll_s: float = 2.0


class BrowserThread:
    """One Chromium, started when it is first used, and the one thread that may speak to it."""

    def __init__(self, browser_path: str | None) -> None:
        """Use the browser at `browser_path`, or Playwright's own."""
        self._path = browser_path
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkout")
        self._driver: Any = None
        self._browser: Any = None

    def run(self, act: Callable[[Any], Made]) -> Made:
        """Return what `act` makes of the browser, in the browser's thread.

        Raises:
            BrowserUnusableError: it cannot be started.
        """
        return self._executor.submit(lambda: act(self._opened())).result()

    def _opened(self) -> Any:
        try:
            from playwright.sync_api import Error
        except ImportError as error:
            raise BrowserUnusableError("playwright is not installed: install the extra [browser]") from error
        try:
            return self._launched()
        except Error as error:
            first = str(error).partition("\n")[0]
            raise BrowserUnusableError(f"the browser cannot be started, set ARB_BROWSER_PATH: {first}") from error

    def _launched(self) -> Any:
        from playwright.sync_api import sync_playwright

        if self._driver is None:
            self._driver = sync_playwright().start()
        if self._browser is None or not self._browser.is_connected():
            self._browser = self._driver.chromium.launch(
                executable_path=self._path, headless=True, args=list(CHROMIUM_ARGS), timeout=30_000
            )
        return self._browser

    def close(self) -> None:
        """Stop the browser."""
        self._executor.submit(self._stop).result()
        self._executor.shutdown()

    def _stop(self) -> None:
        if self._browser is not None:
            self._browser.close()
        if self._driver is not None:
            self._driver.stop()
        self._browser = self._driver = None


class OrderGate:
    """Lets the order out at most once, and only while armed; keeps the visit at the shop's own addresses."""

    def __init__(self, recipe: Recipe, submit_s: float) -> None:
        """Guard the visits of `recipe`."""
        self._recipe = recipe
        self._submit_ms = submit_s * 1000
        self._armed = False
        self.sent = False
        self.answered = False
        self.held_back = 0  # orders that a page tried to send besides

    def arm(self) -> None:
        """Allow one order."""
        self._armed = True

    def route(self, route: Any) -> None:
        """Decide about one request of the browser."""
        request = route.request
        if not self._recipe.allows(request.url):
            route.abort()
        elif request.method == "GET" or not fnmatchcase(urlsplit(request.url).path, self._recipe.review.submits_to):
            route.continue_()
        elif not self._armed or self.sent:
            self.held_back += 1
            route.abort()
        else:
            self.sent = True
            self._send(route)

    def _send(self, route: Any) -> None:
        from playwright.sync_api import Error

        try:
            route.fulfill(response=route.fetch(max_redirects=0, max_retries=0, timeout=self._submit_ms))
        except Error:
            route.abort()
        finally:
            self.answered = True


class ShopSession:
    """One visit: a page in a context of its own. Playwright's errors leave it as they are."""

    def __init__(self, browser: Any, recipe: Recipe, waiting: Waiting, user_agent: str, cookies: Any = None) -> None:
        """Begin a visit, signed in where `cookies` of an earlier one still are good."""
        self.recipe = recipe
        self.gate = OrderGate(recipe, waiting.submit_s)
        self.has_filled_cart = False
        self._context = browser.new_context(
            user_agent=user_agent,
            service_workers="block",
            accept_downloads=False,
            viewport={"width": 1280, "height": 1000},
            storage_state=cookies,
        )
        self._context.set_default_timeout(waiting.page_s * 1000)
        self._context.route("**/*", self.gate.route)
        self.page = self._context.new_page()

    def cookies(self) -> Any:
        """Return what keeps us signed in, for the next visit."""
        return self._context.storage_state()

    def begin_page(self) -> None:
        """Go on in a new page: one that a lost answer left behind still turns into an error page by itself."""
        self.page = self._context.new_page()

    def close(self) -> None:
        """End the visit; a browser that has gone has ended it already."""
        from playwright.sync_api import Error

        with suppress(Error):
            self._context.close()

    def open(self, address: str) -> None:
        """Go to a page of the shop.

        Raises:
            SurpriseError: `address_foreign`, `page_refused` or `challenge`.
        """
        url = self.recipe.address(address)
        if not self.recipe.allows(url):
            raise SurpriseError("address_foreign", f"{urlsplit(url).netloc} is not an address of this shop")
        answer = self.page.goto(url, wait_until="domcontentloaded")
        self.check()
        if answer is not None and answer.status >= 400:
            raise SurpriseError("page_refused", f"{urlsplit(url).path} was answered {answer.status}")

    def check(self) -> None:
        """Stop where no recipe leads: another site, or a page that asks whether a person is there."""
        if not self.recipe.allows(self.page.url):
            raise SurpriseError("address_foreign", f"the shop led to {urlsplit(self.page.url).netloc}")
        if self.shows(", ".join(self.recipe.challenges)):
            raise SurpriseError("challenge", f"the shop asks for a person at {urlsplit(self.page.url).path}")

    def shows(self, selector: str) -> bool:
        """Whether at least one such element is visible."""
        return bool(self.page.locator(selector).locator("visible=true").count())

    @property
    def signed_in(self) -> bool:
        """Whether the page before us is one of a signed-in customer."""
        return self.shows(self.recipe.login.signed_in)

    def require_signed_in(self) -> None:
        """Raise `SignedOutError` where the shop does not know us."""
        if not self.signed_in:
            raise SignedOutError("session_expired", f"signed out at {urlsplit(self.page.url).path}")

    def press(self, selector: str, expected: str = "") -> None:
        """Click one element, wait for the request it makes, and for `expected` or what came instead of it."""
        sends = lambda request: request.method != "GET" or request.is_navigation_request()  # noqa: E731 - a predicate
        with self.page.expect_event("requestfinished", sends):
            self.page.locator(selector).click()
        if expected:
            awaited = ", ".join((expected, self.recipe.login.user, *self.recipe.challenges))
            self.page.locator(awaited).locator("visible=true").first.wait_for()
        self.check()

    def sign_in(self, account: Account) -> None:
        """Sign in; the login is typed on a page of the shop and nowhere else.

        Raises:
            SurpriseError: `login_refused`, or what `open` raises.
        """
        from playwright.sync_api import TimeoutError as PatienceOverError

        login = self.recipe.login
        self.open(login.url)
        if self.signed_in:
            return
        self.page.locator(login.user).fill(account.user)
        self.page.locator(login.password).fill(account.password)
        self.press(login.submit)
        try:
            awaited = ", ".join((login.signed_in, *self.recipe.challenges))
            self.page.locator(awaited).locator("visible=true").first.wait_for()
        except PatienceOverError as error:
            raise SurpriseError("login_refused", "the shop did not sign us in: check user and password") from error
        self.check()

    def send_order(self, submit_s: float) -> None:
        """Click the final button, once, and wait until the shop has answered or the time is up. Nothing is raised.

        Whether an order exists is only said by the order history.
        """
        from playwright.sync_api import Error

        self.gate.arm()
        until = time.monotonic() + submit_s
        try:
            self.page.locator(self.recipe.review.submit).click(no_wait_after=True)
            while not self.gate.answered and time.monotonic() < until:
                self.page.wait_for_timeout(50)
            self.page.wait_for_load_state("domcontentloaded")
        except Error:
            return
