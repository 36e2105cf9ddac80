"""The deny list: what it finds, and that a broken file is never an empty list."""

from __future__ import annotations

from pathlib import Path

import pytest

from arb_pipelines.domain.deny_list import DenyListError, load_deny_list

SHIPPED = load_deny_list()
# The kinds of goods that the trade's legal defaults deny.
KINDS = (
    "Event Tickets",
    "Health/Medicine",
    "Medical Devices",
    "Alcohol",
    "Tobacco",
    "Vape",
    "Weapons > Knives",
    "Hazmat",
    "Baby > Car Seats",
    "Cribs",
    "Infant-Formula",
    "Opened Cosmetics",
    "Digital Keys",
    "Gift Cards",
    "Replicas",
    "Expired food",
)


@pytest.mark.parametrize("category", KINDS)
def test_denied_categories(category: str) -> None:
    denied = SHIPPED.deny_category(category)
    assert denied is not None
    assert denied.reason


@pytest.mark.parametrize("category", ["Kitchen", "Books", "Gaming keyboards", "Carseatcover", "Toys & Games"])
def test_other_categories_pass(category: str) -> None:
    assert SHIPPED.deny_category(category) is None


@pytest.mark.parametrize("title", ["2 x Concert Ticket row A", "Gift card 50", "INFANT FORMULA 800 g", "Vape pen"])
def test_denied_titles(title: str) -> None:
    assert SHIPPED.deny_title(title) is not None
    assert SHIPPED.deny_title("A kettle for four") is None


OWN = """
[[groups]]
reason = "not ours"
categories = ["Toy Trains"]

[[recalls]]
gtin = "04006381333931"
source = "a notice"
"""


def test_an_own_list_replaces_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "deny.toml"
    path.write_text(OWN)
    own = load_deny_list(path)
    assert own.deny_category("Toys > toy-trains") is not None
    assert own.deny_category("Event Tickets") is None
    assert own.deny_recalled("4006381333931") is not None
    assert own.deny_recalled("9006381333931") is None
    assert own.deny_recalled(None) is None
    assert "cannot be compared" in str(own.doubt_recalled(None, "Acme", "A kettle"))
    assert own.doubt_recalled("9006381333931", None, "A kettle") is None


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "has no \\[\\[groups\\]\\]"),
        ("groups = []", "has no \\[\\[groups\\]\\]"),
        ("not toml", "is not TOML"),
        ("[[groups]]\ncategories = ['a']", "needs 'reason'"),
        ("[[groups]]\nreason = 'a'\ncategories = 'b'", "must be a list of words"),
        ("[[groups]]\nreason = 'a'\ntitles = ['!']", "must be a list of words"),
        ("[[groups]]\nreason = 'a'\n[[recalls]]\ngtin = '12'\nsource = 'b'", "8 to 14 digits"),
        ("[[groups]]\nreason = 'a'\n[[recalls]]\ngtin = '12345678'", "needs 'source'"),
        ("[[groups]]\nreason = 'a'\n[[recalls]]\nsource = 'b'\nbrand = 'Acme'", "a 'brand' with its 'models'"),
        ("[[groups]]\nreason = 'a'\n[[recalls]]\nsource = 'b'\nbrand = 'n/a'\nmodels = ['x']", "a 'brand' with its"),
        ("[[groups]]\nreason = 'a'\n[[recalls]]\nsource = 'b'\ngtins = '12345678'", "are lists of texts"),
        ("[[groups]]\nreason = 'a'\n[[recalls]]\nsource = 'b'\ngtins = [12345678]", "8 to 14 digits"),
    ],
)
def test_a_list_that_cannot_be_used_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "deny.toml"
    path.write_text(text)
    with pytest.raises(DenyListError, match=said):
        load_deny_list(path)


def test_a_list_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DenyListError, match="cannot be read"):
        load_deny_list(tmp_path / "none.toml")
