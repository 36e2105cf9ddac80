"""Connections to eBay: one as our application, one as our seller account.

What belongs here: addresses, scopes, call limits, and how eBay says no. Sending requests is `adapters/http`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from arb_pipelines.adapters.http.answers import Answer
from arb_pipelines.adapters.http.buckets import Buckets, UsagePlan
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.http.tokens import client_credentials, refreshed
from arb_pipelines.domain.outlet import OutletRefusedError

OUTLET = "ebay"
API_URLS = {"production": "https://api.ebay.com", "sandbox": "https://api.sandbox.ebay.com"}
TOKEN_PATH = "/identity/v1/oauth2/token"  # noqa: S105 - a path, not a secret
BUY, SELL = "/buy", "/sell"
INVENTORY = "/sell/inventory/v1"
ORDERS = "/sell/fulfillment/v1/order"
FINANCES = "/sell/finances/v1"
ACCOUNT = "/sell/account/v1"
METADATA = "/sell/metadata/v1"
NEGOTIATION = "/sell/negotiation/v1"
MESSAGES = "/commerce/message/v1"
NOTIFICATIONS = "/commerce/notification/v1"
BROWSE = "/buy/browse/v1"
BIDDING = "/buy/offer/v1_beta"

_SCOPE = "https://api.ebay.com/oauth/api_scope"  # the same in eBay's sandbox
APPLICATION_SCOPES = (_SCOPE,)
SELLER_SCOPES = (
    f"{_SCOPE}/sell.inventory",
    f"{_SCOPE}/sell.fulfillment",
    f"{_SCOPE}/sell.account",
    f"{_SCOPE}/sell.finances",
    f"{_SCOPE}/commerce.message",
)
PARTNER_SCOPES = (f"{_SCOPE}/buy.offer.auction",)  # a token that asks for it without eBay's leave is refused
# What an application gets before eBay has checked it: 5,000 calls of each kind a day, 10,000 of notifications.
PLANS = {"getPublicKey": UsagePlan.a_day(10_000)}
DEFAULT_PLAN = UsagePlan.a_day(5_000)
LANGUAGES = {
    "EBAY_AU": "en-AU",
    "EBAY_CA": "en-CA",
    "EBAY_DE": "de-DE",
    "EBAY_ES": "es-ES",
    "EBAY_FR": "fr-FR",
    "EBAY_GB": "en-GB",
    "EBAY_IT": "it-IT",
    "EBAY_US": "en-US",
}


@dataclass(frozen=True, slots=True)
class EbayAccount:
    """Our application and our seller account; without a refresh token only public data can be read."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    marketplace_id: str = "EBAY_US"
    partner_approved: bool = False


@dataclass(frozen=True, slots=True)
class EbayConnection:
    """The two clients over one connection pool, and the marketplace that they speak of.

    `finances` is on a host of its own at eBay; elsewhere it is the seller's client.
    """

    application: ApiClient
    seller: ApiClient
    finances: ApiClient
    marketplace_id: str

    def close(self) -> None:
        """Close the connections."""
        self.application.close()


def connect_ebay(
    base_url: str,
    account: EbayAccount,
    timeout_s: float = 20.0,
    *,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
    plan: UsagePlan | None = DEFAULT_PLAN,
) -> EbayConnection:
    """Return a connection to eBay at `base_url`; tokens are fetched by the first calls.

    Raises:
        ValueError: the address or the marketplace is none.
    """
    language = LANGUAGES.get(account.marketplace_id)
    if language is None:
        raise ValueError(f"{account.marketplace_id!r} is no eBay marketplace we know: {', '.join(sorted(LANGUAGES))}")
    headers = {"Accept-Language": language, "X-EBAY-C-MARKETPLACE-ID": account.marketplace_id}
    plain = ApiClient(base_url, timeout_s=timeout_s, transport=transport, sleep=sleep)
    who = (account.client_id, account.client_secret)
    application = client_credentials(plain, TOKEN_PATH, *who, APPLICATION_SCOPES)
    scopes = SELLER_SCOPES + PARTNER_SCOPES if account.partner_approved else SELLER_SCOPES
    seller = refreshed(plain, TOKEN_PATH, *who, account.refresh_token or "", scopes)
    as_seller = plain.at(
        authorizer=seller,
        buckets=Buckets(PLANS, plan, sleep=sleep),
        headers={**headers, "Content-Language": language},
    )
    return EbayConnection(
        application=plain.at(authorizer=application, buckets=Buckets(PLANS, plan, sleep=sleep), headers=headers),
        seller=as_seller,
        finances=as_seller.at(base_url.replace("://api.", "://apiz.", 1)),
        marketplace_id=account.marketplace_id,
    )


def refusal_of(answer: Answer, what: str) -> OutletRefusedError:
    """Return eBay's refusal with its first error number; free text of theirs is cut at 300 letters."""
    errors = answer.body.get("errors") if isinstance(answer.body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    number = first.get("errorId")
    code = f"outlet_{number if type(number) is int else answer.status}"
    message = str(first.get("message") or "without a stated reason")
    return OutletRefusedError(code, f"{what}: {answer.status} {message[:300]}")


def accepted(answer: Answer, what: str, *, also_good: tuple[int, ...] = ()) -> Answer:
    """Return an answer that is 2xx or `also_good`.

    Raises:
        OutletRefusedError: eBay said no.
    """
    if not answer.is_good and answer.status not in also_good:
        raise refusal_of(answer, what)
    return answer
