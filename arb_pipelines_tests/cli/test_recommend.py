"""`arb recommend` from a file of orders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.main import app
from arb_pipelines_tests.ml.order_book import order_lines, write_orders

RUNNER = CliRunner()


@pytest.fixture
def orders(tmp_path: Path) -> str:
    """A file of orders of four months."""
    return str(write_orders(tmp_path, order_lines(days=120)))


def test_a_product_comes_with_pairs_and_what_else_its_buyers_buy(orders: str) -> None:
    told = RUNNER.invoke(app, ["recommend", "1003", "--orders", orders, "--count", "4", "--json"])
    assert told.exit_code == 0, told.output
    body = json.loads(told.stdout)
    pairs = {one["product_id"] for one in body["bought_together"]}
    assert {item[0] for item in pairs} == {"1"}
    assert all(one["lift"] > 1 and one["orders"] >= 3 for one in body["bought_together"])
    assert not pairs & {one["product_id"] for one in body["cross_sell"]}
    assert body["bought_together"][0]["name"].startswith("thing 1")


def test_a_customer_is_recommended_what_is_new_to_them(orders: str) -> None:
    told = RUNNER.invoke(app, ["recommend", "--customer", "u2", "--orders", orders, "--json"])
    assert told.exit_code == 0, told.output
    bought = set(order_lines(days=120).filter(customer_id="u2")["product_id"])
    assert not {one["product_id"] for one in json.loads(told.stdout)["new_items"]} & bought
    assert "new items" in RUNNER.invoke(app, ["recommend", "--customer", "u2", "--orders", orders]).stdout


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "either a product or --customer"),
        (["1003", "--customer", "u2"], "either a product or --customer"),
        (["never"], "'never' is in none of the"),
    ],
)
def test_what_cannot_be_answered_is_one_line(orders: str, arguments: list[str], fault: str) -> None:
    told = RUNNER.invoke(app, ["recommend", *arguments, "--orders", orders])
    assert told.exit_code == 2
    assert fault in told.stderr
