"""Every reason code that the package can give stands in a test; a new one without a test fails here.

A code counts as tested when a test says it word for word (or, where a part is filled in, its fixed beginning).
Codes are read from the source: the literal first argument of whatever refuses.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PACKAGE, TESTS = TOP / "arb_pipelines", TOP / "arb_pipelines_tests"
# What refuses, and the place of the code among its arguments.
REFUSERS = {
    "Refusal": 0,
    "ClaimRefusedError": 0,
    "OrderRefused": 0,
    "OutletRefusedError": 0,
    "DecisionRefusal": 0,
    "FeeRefusal": 0,
    "CostRefusal": 0,
    "ShippingRefusal": 0,
    "TaxRefusal": 0,
    "RateRefusal": 0,
    "Alarm": 0,
    "RiskLock": 1,
    "Move": 2,
    "SurpriseError": 0,
    "SignedOutError": 0,
}


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def texts_in(node: ast.expr) -> Iterator[str]:
    """Yield the texts an expression may be; of one with parts filled in, the beginning."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from texts_in(node.values[0])
    elif isinstance(node, ast.IfExp):
        yield from texts_in(node.body)
        yield from texts_in(node.orelse)


def codes_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and name_of(node) in REFUSERS:
            place = REFUSERS[name_of(node)]
            named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            for argument in [*node.args[place : place + 1], *named]:
                yield from texts_in(argument)


CODES = sorted(
    {(code, path.relative_to(PACKAGE).parts[0]) for path in PACKAGE.rglob("*.py") for code in codes_in(path)}
)
SAID = {
    node.value
    for path in TESTS.rglob("test_*.py")
    if path != Path(__file__)
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
}


@pytest.mark.parametrize("code, room", CODES, ids=[f"{room}:{code}" for code, room in CODES])
def test_the_code_stands_in_a_test(code: str, room: str) -> None:
    assert code in SAID or any(said.startswith(code) and code[-1] in "(:_" for said in SAID), f"no test says {code!r}"


def test_the_codes_were_found() -> None:
    """One of each refuser that is used, so that a renamed class is not a table that has become empty."""
    found = {code for code, _ in CODES}
    assert {"stale_price", "spend_limit", "one_more_person", "lock_cool_down", "model_abstains(", "buy_"} <= found
    assert len(found) > 60
