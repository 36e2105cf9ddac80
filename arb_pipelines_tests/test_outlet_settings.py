"""Where we sell: an account for each outlet, real money only where it is meant, and no secret shown."""

from __future__ import annotations

import json
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from arb_pipelines.defs.resources import OutletResource, build_resources
from arb_pipelines.domain.fees import FeeRefusal, load_schedules
from arb_pipelines.domain.money import Money
from arb_pipelines.outlet_settings import NoOutletError, OutletName
from arb_pipelines.settings import Settings
from arb_pipelines_tests.fakes.clock import START

ACCOUNT = {"client_id": "id", "client_secret": "canary-secret", "refresh_token": "canary-token"}
EBAY = ACCOUNT | {"fee_categories": {"Books": "books"}, "postage": "3.50", "location_key": "w"}
AMAZON = ACCOUNT | {"seller_id": "S1"}
SANDBOX = {"environment": "sandbox"}


def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **values: Any) -> Settings:
    """Return the settings of these variables; dictionaries are written as JSON."""
    for name, value in {"home": tmp_path, **values}.items():
        monkeypatch.setenv(f"ARB_{name.upper()}", json.dumps(value) if isinstance(value, dict) else str(value))
    return Settings(_env_file=None)


def test_paper_money_sells_in_the_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unless something else is said; without its address it is not set up."""
    settings = given(monkeypatch, tmp_path)
    assert (settings.outlet_names, settings.outlets_set_up) == ([OutletName.SANDBOX], [])
    with pytest.raises(NoOutletError, match="ARB_SANDBOX_URL"):
        settings.open_sellers()
    settings = given(monkeypatch, tmp_path, sandbox_url="http://127.0.0.1:9")
    [seller] = settings.open_sellers()
    with closing(seller):
        assert seller.outlet == "sandbox"
    assert settings.terms_of_outlets == {"sandbox": settings.outlet_terms}


@pytest.mark.parametrize("mode", ["assist", "live", "replay"])
def test_elsewhere_nothing_is_sold_unless_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str) -> None:
    """And the error names the settings."""
    settings = given(monkeypatch, tmp_path, mode=mode, outlets="")
    assert settings.outlet_names == []
    with pytest.raises(NoOutletError, match=r"ARB_OUTLETS.*ARB_EBAY, ARB_AMAZON"):
        settings.open_sellers()


def test_each_outlet_has_a_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the order they are named, once each."""
    settings = given(monkeypatch, tmp_path, mode="live", outlets="ebay, amazon,ebay", ebay=EBAY, amazon=AMAZON)
    sellers = settings.open_sellers()
    assert [seller.outlet for seller in sellers] == ["ebay", "amazon"]

    for seller in sellers:
        assert "canary" not in repr(seller)
        seller.close()
    assert "canary" not in repr(settings)


def test_the_terms_of_each_outlet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By our categories; one that nobody mapped has no fee. Amazon is asked whether we may."""
    settings = given(monkeypatch, tmp_path, mode="live", outlets="ebay,amazon", ebay=EBAY, amazon=AMAZON)
    ebay, amazon = settings.terms_of_outlets["ebay"], settings.terms_of_outlets["amazon"]
    assert (ebay.fee_channel, ebay.fee_category("books"), ebay.postage) == ("ebay_us", "books", Money(350, "USD"))
    assert ebay.curve(load_schedules(), "books", START.date())
    with pytest.raises(FeeRefusal, match="mapped to no fee category"):
        ebay.fee_category("kettles")
    assert (amazon.fee_channel, amazon.restricts, amazon.postage, ebay.restricts) == ("amazon_us", True, None, False)


@pytest.mark.parametrize(
    "values, words",
    [
        ({"mode": "live", "outlets": "ebay"}, "set ARB_EBAY to its account"),
        ({"mode": "live", "outlets": "amazon", "ebay": EBAY}, "set ARB_AMAZON to its account"),
        ({"mode": "live", "outlets": "sandbox"}, "paper money only"),
        ({"mode": "paper", "outlets": "ebay", "ebay": EBAY}, "ebay is set to real money, ARB_MODE=paper is not"),
        (
            {"mode": "live", "outlets": "ebay", "ebay": EBAY | SANDBOX},
            "ebay is set to test money, ARB_MODE=live is not",
        ),
        ({"mode": "live", "outlets": "bazaar"}, "'sandbox', 'ebay' or 'amazon'"),
        ({"ebay": EBAY | {"base_url": "http://api.example"}}, "base_url must start with https://"),
        ({"ebay": EBAY | {"base_url": "api.example"}}, "base_url must start with https://"),
        ({"ebay": {"client_secret": "canary-secret"}}, "ebay.client_id"),
    ],
)
def test_what_does_not_fit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, values: dict[str, Any], words: str) -> None:
    """One line that says what to change, without the secret."""
    with pytest.raises(ValidationError) as caught:
        given(monkeypatch, tmp_path, **values)
    assert words in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("change", [SANDBOX, {"base_url": "http://127.0.0.1:9"}, {"base_url": "http://localhost:9"}])
def test_a_vendors_own_sandbox_takes_paper_money(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: dict[str, str]
) -> None:
    """And so does this machine."""
    settings = given(monkeypatch, tmp_path, outlets="ebay,amazon", ebay=EBAY | change, amazon=AMAZON | change)
    assert settings.outlets_set_up == [OutletName.EBAY, OutletName.AMAZON]
    for seller in settings.open_sellers():
        seller.close()


def test_a_name_that_only_looks_like_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Is another machine."""
    account = EBAY | {"base_url": "https://127.0.0.1.example"}
    with pytest.raises(ValidationError, match="real money"):
        given(monkeypatch, tmp_path, outlets="ebay", ebay=account)


def test_the_resource_opens_and_closes_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Dagster's page shows their names alone."""
    settings = given(monkeypatch, tmp_path, mode="live", outlets="ebay,amazon", ebay=EBAY, amazon=AMAZON)
    outlet = build_resources(settings)["outlet"]
    assert isinstance(outlet, OutletResource)
    assert (outlet.names, outlet.url) == (["ebay", "amazon"], "ebay, amazon")
    with outlet.sellers() as sellers, outlet.seller() as first:
        assert ([seller.outlet for seller in sellers], first.outlet) == (["ebay", "amazon"], "ebay")
    assert OutletResource(names=[]).url is None


def test_ebay_is_searched_only_where_searches_are_saved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Declared as a licensed shop that a person buys from; a replay asks nobody."""
    off = given(monkeypatch, tmp_path, ebay=EBAY)
    assert (off.source_sites, off.saved_searches) == ([], [])
    assert "ARB_EBAY_SOURCE" in str(off.ebay_source_off)
    rules = {"searches": [{"keyword": "kettle", "location": "GB", "max_price": "30"}], "tax_rate": "0.07"}
    on = given(monkeypatch, tmp_path, ebay_source=rules)
    [site], [search] = on.source_sites, on.saved_searches
    assert (site.key, site.site_class.may_buy, site.tax_rate) == ("ebay", True, Decimal("0.07"))
    assert (search.words, search.country, str(search.highest)) == ("kettle", "GB", "30.00 USD")
    assert on.buying_rules([]).sites["ebay"] == site
    assert on.left_to_people([site])["ebay"].code == "partner_not_approved"
    assert given(monkeypatch, tmp_path, mode="replay", sandbox_url="").source_sites == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ebay_source", {"searches": []}, "at least 1"),
        ("ebay_source", {"searches": [{}]}, "a keyword, a gtin or a category"),
        ("ebay_source", {"searches": [{"keyword": "x", "min_price": "9", "max_price": "8"}]}, "above max_price"),
        ("ebay_source", {"searches": [{"keyword": "x", "location": "Britain"}]}, "location"),
        ("ebay_source", {"searches": [{"keyword": "x"}]}, "set ARB_EBAY too"),
        ("amazon_queue", {"queue_url": "http://sqs.example/1", "application_id": "a"}, "queue_url"),
        ("amazon_queue", {"queue_url": "https://sqs.example/1", "application_id": "a"}, "set ARB_AMAZON too"),
    ],
)
def test_a_source_or_queue_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: dict[str, Any], words: str
) -> None:
    """At the start, saying what is wrong."""
    with pytest.raises(ValidationError, match=words):
        given(monkeypatch, tmp_path, **{name: value})
