"""Which sites have a buyer; everything that is missing leaves the purchase to a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from arb_pipelines.adapters.checkout.browser import BrowserBuyer
from arb_pipelines.adapters.checkout.buyers import BrowserBuyers, CheckoutPlan, Reach, open_buyers, refuse_site
from arb_pipelines.adapters.checkout.session import Account
from arb_pipelines.adapters.marketplaces.sandbox.buyer import SandboxBuyer
from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines.sandbox.checkout.pages import RECIPE
from arb_pipelines.settings import Settings

SITE = Site("kettles", "Kettles", "http://127.0.0.1:9", site_class=SiteClass.PERMITTED, buyer="browser")


@pytest.fixture
def plan(tmp_path: Path) -> CheckoutPlan:
    (tmp_path / "kettles.toml").write_text(RECIPE)
    return CheckoutPlan({"kettles": Account("me", "secret")}, tmp_path, tmp_path / "evidence", "arb_pipelines/0.1 (+x)")


def test_a_declared_site_with_login_and_recipe_has_a_buyer(plan: CheckoutPlan) -> None:
    sandbox = replace(SITE, key="toys", buyer="sandbox")
    person = replace(SITE, key="lamps", buyer="assist")
    buyers = open_buyers([SITE, sandbox, person], "token", plan)
    assert isinstance(buyers.buyer_for("kettles"), BrowserBuyer)
    assert isinstance(buyers.buyer_for("toys"), SandboxBuyer)
    assert buyers.buyer_for("lamps") is None
    buyers.close()
    without = open_buyers([SITE], "token", None)
    assert without.buyer_for("kettles") is None
    without.close()


@pytest.mark.parametrize("buyer", ["ebay", "amazon_business"])
def test_a_buyer_that_needs_a_partner_contract_is_a_person(buyer: str, plan: CheckoutPlan) -> None:
    buyers = open_buyers([replace(SITE, buyer=buyer)], "token", plan)
    assert buyers.buyer_for("kettles") is None
    buyers.close()


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"site_class": SiteClass.PUBLIC_UNSPECIFIED}, "its class"),
        ({"site_class": SiteClass.RESTRICTED}, "its class"),
        ({"site_class": SiteClass.FORBIDDEN}, "its class"),
        ({"url": "https://www.amazon.co.uk"}, "forbids"),
        ({"url": "https://ebay.com"}, "forbids"),
        ({"url": "https://shop.example"}, "on this machine"),
        ({"key": "toys"}, "no login"),
    ],
)
def test_what_forbids_ordering_is_said(changes: dict[str, object], why: str, plan: CheckoutPlan) -> None:
    site = replace(SITE, **changes)  # type: ignore[arg-type]  # each change has the type of its field
    assert why in str(refuse_site(site, plan))
    buyers = BrowserBuyers([site], plan)
    assert buyers.buyer_for(site.key) is None
    assert why in buyers.left_out[site.key]
    buyers.close()


def test_a_name_that_only_looks_like_a_marketplace_is_a_shop(plan: CheckoutPlan) -> None:
    reach = replace(plan, reach=Reach.PUBLIC)
    assert refuse_site(replace(SITE, url="https://notebay.example"), reach) is None


def test_a_broken_recipe_leaves_the_site_to_a_person(plan: CheckoutPlan) -> None:
    (plan.recipes_dir / "kettles.toml").write_text("[login]")
    buyers = BrowserBuyers([SITE], plan)
    assert buyers.buyer_for("kettles") is None
    assert "kettles.toml" in buyers.left_out["kettles"]
    buyers.close()


def test_logins_come_from_the_settings_and_are_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings().checkout_plan is None
    monkeypatch.setenv("ARB_CHECKOUT_LOGINS", '{"kettles": {"user": "me", "password": "hush"}}')
    plan = Settings().checkout_plan
    assert plan is not None
    assert plan.accounts["kettles"].password == "hush"
    assert plan.reach is Reach.LOOPBACK
    assert "hush" not in repr(plan) + repr(plan.accounts) + repr(Settings())
    for mode, reach in (("assist", None), ("replay", None), ("live", Reach.PUBLIC)):
        monkeypatch.setenv("ARB_MODE", mode)
        plan = Settings().checkout_plan
        assert (plan.reach if plan else None) is reach


@pytest.mark.parametrize("mode", ["replay", "assist"])
def test_where_no_machine_orders_every_site_is_left_to_a_person(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_MODE", mode)
    buyers = Settings().open_buyers([SITE, replace(SITE, key="toys", buyer="sandbox")])
    assert (buyers.buyer_for("kettles"), buyers.buyer_for("toys")) == (None, None)
    buyers.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "http://x.localhost"])
def test_real_money_meets_no_shop_on_this_machine(plan: CheckoutPlan, url: str) -> None:
    live = replace(plan, reach=Reach.PUBLIC)
    assert "no shop on this machine" in str(refuse_site(replace(SITE, url=url), live))
    assert refuse_site(replace(SITE, url="https://shop.example"), live) is None


def test_live_knows_no_account_at_sandbox_shops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_MODE", "live")
    buyers = Settings().open_buyers([replace(SITE, buyer="sandbox")])
    assert buyers.buyer_for("kettles") is None
    buyers.close()
