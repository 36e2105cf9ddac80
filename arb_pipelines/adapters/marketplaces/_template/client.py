"""The connection to a marketplace: where it is, who we are to it, and how it says no.

What belongs here: addresses, tokens, call limits, refusals. Sending is `adapters/http`: timeouts, repeating what is
safe to repeat, and keeping secrets out of every text are done there.
"""

from __future__ import annotations

import httpx

from arb_pipelines.adapters.http.answers import Answer
from arb_pipelines.adapters.http.buckets import Buckets, UsagePlan
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.http.tokens import FixedToken
from arb_pipelines.domain.outlet import OutletRefusedError

OUTLET = "template"
# The limits that the marketplace publishes, by the name of each operation.
PLANS = {"listItem": UsagePlan(rate_a_s=1.0, burst=5)}


def connect(
    base_url: str, token: str, timeout_s: float = 10.0, transport: httpx.BaseTransport | None = None
) -> ApiClient:
    """Return a client of our account; a marketplace with OAuth takes a token of `adapters/http/tokens.py` instead."""
    return ApiClient(
        base_url, timeout_s=timeout_s, authorizer=FixedToken(token), buckets=Buckets(PLANS), transport=transport
    )


def accepted(answer: Answer, what: str) -> Answer:
    """Return an answer that is 2xx.

    Raises:
        OutletRefusedError: the marketplace said no; its own error number belongs into the code.
    """
    if not answer.is_good:
        raise OutletRefusedError(f"outlet_{answer.status}", f"{what}: {answer.status}")
    return answer


def not_supported(what: str) -> OutletRefusedError:
    """Return the refusal of a capability that the README's table does not claim."""
    return OutletRefusedError("not_supported", f"{OUTLET} cannot {what}: see its README.md")
