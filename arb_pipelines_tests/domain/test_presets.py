"""Presets: the shipped ones, one's own, and that a mistake in a file is a clear sentence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from arb_pipelines.domain.presets import Buys, PresetError, load_preset, parse_preset, shipped_presets

GOOD = """
id = "mine"
name = "Mine"
buys = "policy"
[rules]
profit = { at_least = "2.50" }
roi = { at_least = "0.40" }
below_median = { percent = 15 }
multiple = { at_least = 3 }
"""


def test_the_shipped_presets() -> None:
    assert shipped_presets() == ["book_flipper", "online_arbitrage", "watcher"]
    found = {name: load_preset(name) for name in shipped_presets()}
    assert {name: one.name for name, one in found.items()} == {
        "book_flipper": "Book flipper",
        "online_arbitrage": "Online arbitrage (assist)",
        "watcher": "Watcher",
    }
    assert found["watcher"].buys is Buys.NOBODY
    assert [one.needs_market for one in found.values()] == [False, False, True]
    assert all(one.id == name for name, one in found.items())


def test_an_own_preset_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    mine = load_preset(str(path))
    assert mine.thresholds == {"profit": Decimal("2.50"), "roi": Decimal("0.40")}
    assert set(mine.rules) == {"below_median", "multiple"}
    assert mine.buys is Buys.POLICY


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("[rules]", "[rule]", "the table \\[rules\\] is missing"),
        ("profit =", "profits =", "there is no rule 'profits'; the rules are below_median, categories"),
        ('profit = { at_least = "2.50" }', "", "the rule 'profit' is missing"),
        ('"2.50"', "2.5", "write profit.at_least as text"),
        ('"2.50"', "true", "write profit.at_least as text"),
        ('"2.50"', '"much"', "profit.at_least is not a number"),
        ('"2.50"', '"-1"', "from zero up"),
        ('"2.50"', '"NaN"', "from zero up"),
        ('{ at_least = "2.50" }', '"2.50"', "write the rule as profit = { at_least = ... }"),
        ('{ at_least = "2.50" }', '{ at_most = "2.50" }', "write the rule as profit"),
        ("percent = 15", "percent = 100", "must lie between 0 and 100"),
        ("multiple =", 'margin = { at_least = "10" }\nmultiple =', "margin.at_least is a share of 1"),
        ("multiple =", "conditions = { allowed = [] }\nmultiple =", "must be a list of words"),
        ('"policy"', '"robot"', "'buys' must be one of policy, person, nobody"),
        ('id = "mine"', "", "'id' must be a text"),
        ("[rules]", "[rules", "is not TOML"),
    ],
)
def test_a_mistake_is_told(old: str, new: str, said: str) -> None:
    with pytest.raises(PresetError, match=said) as caught:
        parse_preset("mine.toml", GOOD.replace(old, new, 1))
    assert "mine.toml" in str(caught.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(PresetError, match="name one of book_flipper, online_arbitrage, watcher, or a TOML file"):
        load_preset("flipper")
