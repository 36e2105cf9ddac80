"""Listing over a line that gives answers twice: no listing is taken for live on the strength of another's answer.

It once was: the outlet said twice that one SKU was published, and the next SKU of the run was booked as live by the
second of these answers. In the rounds of `test_killed_workers.py` that showed about once in ten runs.
"""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace

from arb_pipelines.adapters.marketplaces.sandbox.seller import SandboxSeller
from arb_pipelines.domain.listing import Listing
from arb_pipelines.sandbox.channel.tokens import SANDBOX_REFRESH_TOKEN
from arb_pipelines_tests.contracts.trade_records import approval, listing, lot, opportunity, purchase
from arb_pipelines_tests.faults.jobs import TIMEOUT_S
from arb_pipelines_tests.faults.marketplace import Marketplace
from arb_pipelines_tests.faults.wire import Fault

SKUS, PASSES, SEED = 8, 5, 1


def items() -> list[Listing]:
    plain = listing(lot(purchase(approval(opportunity()))))
    photos = ("https://pictures.example/1.jpg",)
    return [replace(plain, sku=f"ARB-{n}", outlet="sandbox", category="", photos=photos) for n in range(SKUS)]


def test_no_answer_counts_for_another_sku() -> None:
    told: dict[str, set[str]] = {}
    who = ("faults", "secret", SANDBOX_REFRESH_TOKEN)
    with (
        Marketplace(SEED, Fault.TWICE) as market,
        closing(SandboxSeller(f"{market.url}/channel", *who, TIMEOUT_S, sleep=lambda _: None)) as seller,
    ):
        for item in items() * PASSES:  # a pass finds what the one before has published, as after a lost answer
            with suppress(OSError, ValueError):
                listing_id = seller.list_item(item)
                told.setdefault(item.sku, set()).add(listing_id)
        truth = market.truth()
    assert truth["faults"]["twice"] > SKUS
    assert {one["sku"] for one in truth["listings"]} == set(told)
    assert len(told) > SKUS // 2
    assert all(len(ids) == 1 for ids in told.values())
    assert len(set.union(*told.values())) == len(told)
