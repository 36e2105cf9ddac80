"""The connection to Amazon's Selling Partner API: addresses, tokens, limits, and how Amazon says no.

What belongs here: who we are to Amazon and what every operation has in common. Sending is `adapters/http`. Every
request names us as an automated agent, as Amazon's agent policy of March 2026 wants.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from arb_pipelines.adapters.http.answers import Answer, UnreadableAnswerError
from arb_pipelines.adapters.http.buckets import Buckets, UsagePlan
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.http.tokens import OAuthToken, refreshed_in_body
from arb_pipelines.adapters.marketplaces.amazon.plans import LONGEST_WAIT_S, PLANS, SLOWEST
from arb_pipelines.domain.outlet import OutletRefusedError

OUTLET = "amazon"
TOKEN_URL = "https://api.amazon.com"  # noqa: S105 - an address, not a secret
TOKEN_PATH = "/auth/o2/token"  # noqa: S105 - a path, not a secret
TOKEN_HEADER = "x-amz-access-token"  # noqa: S105 - a name, not a secret
AGENT = "arb-pipelines/1.0 (Language=Python; Type=automated-agent)"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# An expired token is answered 403, as is a role that the account lacks; neither request was done.
EXPIRED = frozenset({401, 403})
MOST_LETTERS = 300  # of Amazon's own words in an error of ours


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One of Amazon's stores: its currency and the region whose servers speak for it."""

    marketplace_id: str
    currency: str
    region: str


# developer-docs.amazon.com/sp-api/docs/marketplace-ids, as of 2026.
MARKETPLACES = {
    found.marketplace_id: found
    for found in (
        Marketplace("A2EUQ1WTGCTBG2", "CAD", "na"),
        Marketplace("ATVPDKIKX0DER", "USD", "na"),
        Marketplace("A1AM78C64UM0Y8", "MXN", "na"),
        Marketplace("A2Q3Y263D00KWC", "BRL", "na"),
        Marketplace("A28R8C7NBKEWEA", "EUR", "eu"),
        Marketplace("A1RKKUPIHCS9HS", "EUR", "eu"),
        Marketplace("A1F83G8C2ARO7P", "GBP", "eu"),
        Marketplace("A13V1IB3VIYZZH", "EUR", "eu"),
        Marketplace("AMEN7PMS3EDWL", "EUR", "eu"),
        Marketplace("A1805IZSGTT6HS", "EUR", "eu"),
        Marketplace("A1PA6795UKMFR9", "EUR", "eu"),
        Marketplace("APJ6JRA9NG5V4", "EUR", "eu"),
        Marketplace("A2NODRKZP88ZB9", "SEK", "eu"),
        Marketplace("A1C3SOZRARQ6R3", "PLN", "eu"),
        Marketplace("A19VAU5U5O7RUS", "SGD", "fe"),
        Marketplace("A39IBJ37TRP1C6", "AUD", "fe"),
        Marketplace("A1VC38T7YXB528", "JPY", "fe"),
    )
}


@dataclass(frozen=True, slots=True)
class AmazonAccount:
    """Our application and the seller account that gave it leave."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    seller_id: str
    marketplace_id: str = "ATVPDKIKX0DER"


@dataclass(frozen=True, slots=True)
class AmazonConnection:
    """The client of one seller account, and the store that it speaks of."""

    client: ApiClient
    seller_id: str
    marketplace: Marketplace

    @property
    def here(self) -> dict[str, str]:
        """Return the query that names our store."""
        return {"marketplaceIds": self.marketplace.marketplace_id}

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


def store_of(marketplace_id: str) -> Marketplace:
    """Return a store.

    Raises:
        ValueError: it is none that we know.
    """
    store = MARKETPLACES.get(marketplace_id)
    if store is None:
        raise ValueError(f"{marketplace_id!r} is no Amazon marketplace id that we know")
    return store


def api_url(marketplace_id: str, *, sandbox: bool = False) -> str:
    """Return the address of the servers that speak for a store, or of Amazon's static sandbox for it.

    Raises:
        ValueError: the store is none that we know.
    """
    name = f"sellingpartnerapi-{store_of(marketplace_id).region}.amazon.com"
    return f"https://sandbox.{name}" if sandbox else f"https://{name}"


def connect_amazon(
    account: AmazonAccount,
    base_url: str | None = None,
    timeout_s: float = 20.0,
    *,
    token_url: str | None = None,
    plans: Mapping[str, UsagePlan] = PLANS,
    transport: httpx.BaseTransport | None = None,
    clock_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> AmazonConnection:
    """Return a connection to Amazon; the first call fetches a token.

    Args:
        account: application and seller account.
        base_url: the servers; None for those of the store's region.
        timeout_s: longest wait for an answer.
        token_url: where tokens are fetched; None for Amazon, or for `base_url` if that is on this machine.
        plans: the account's usage plans, if they are not the published ones.
        transport: replaces the network in tests.
        clock_s: monotonic seconds.
        sleep: pauses between tries.

    Raises:
        ValueError: an address or the store is none.
    """
    store = store_of(account.marketplace_id)
    plain = ApiClient(
        base_url or api_url(account.marketplace_id),
        timeout_s=timeout_s,
        headers={"User-Agent": AGENT, "Accept": "application/json"},
        transport=transport,
        clock_s=clock_s,
        sleep=sleep,
        expired=EXPIRED,
    )
    token = _token(plain, account, token_url or (None if _is_at_home(base_url) else TOKEN_URL))
    token.clock_s = clock_s
    buckets = Buckets(plans, SLOWEST, LONGEST_WAIT_S, clock_s, sleep)
    return AmazonConnection(plain.at(authorizer=token, buckets=buckets), account.seller_id, store)


def _token(plain: ApiClient, account: AmazonAccount, token_url: str | None) -> OAuthToken:
    return refreshed_in_body(
        plain.at(token_url),
        TOKEN_PATH,
        account.client_id,
        account.client_secret,
        account.refresh_token,
        header_name=TOKEN_HEADER,
        prefix="",
    )


def _is_at_home(base_url: str | None) -> bool:
    return base_url is not None and httpx.URL(base_url).host in LOOPBACK


def accepted(answer: Answer, what: str) -> Mapping[str, Any]:
    """Return the JSON object of an answer that says yes.

    Raises:
        OutletRefusedError: the status is an error, or the body of a good one lists errors.
        UnreadableAnswerError: the body is no JSON object.
    """
    if not answer.is_good or errors_of(answer.body):
        raise refusal_of(answer, what)
    if not isinstance(answer.body, dict):
        raise UnreadableAnswerError(f"{what} was answered without a JSON object")
    return answer.body


def errors_of(body: Any) -> list[Any]:
    """Return the errors that a body lists; some operations list them beside a payload, some instead of one."""
    errors = body.get("errors") if isinstance(body, dict) else body
    return errors if isinstance(errors, list) else []


def refusal_of(answer: Answer, what: str) -> OutletRefusedError:
    """Return Amazon's refusal with its first error's code."""
    return refusal(errors_of(answer.body), what, answer.status)


def refusal(errors: list[Any], what: str, status: int) -> OutletRefusedError:
    """Return the refusal that a list of errors or issues means."""
    first = errors[0] if errors and isinstance(errors[0], dict) else {}
    code = first.get("code") or first.get("Code")
    known = isinstance(code, str) and code.replace("_", "").replace(" ", "").isalnum() and len(code) < MOST_LETTERS
    message = str(first.get("message") or first.get("Message") or "without a stated reason")
    name = str(code).replace(" ", "_").lower() if known else str(status)
    return OutletRefusedError(f"outlet_{name}", f"{what}: {status} {message[:MOST_LETTERS]}")
