"""A folder of price spells is read whole, and a wrong one is one clear sentence."""

import polars as pl
import pytest

from arb_pipelines.adapters.parquet.price_spells import SpellFilesError, load_spell_set
from arb_pipelines_tests.backtest.spell_sets import two_shops, write_set


def test_the_three_tables_come_back(tmp_path):
    found = two_shops(products=2, days=30)
    loaded = load_spell_set(write_set(found, tmp_path / "set"))
    assert loaded.spells.equals(found.spells)
    assert loaded.products.equals(found.products)
    assert loaded.store_days.height == found.store_days.height


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "products.parquet").unlink(), "cannot be read"),
        (lambda folder: (folder / "store_days.parquet").write_bytes(b"PAR1"), "cannot be read"),
        (lambda folder: pl.DataFrame({"store": ["a"]}).write_parquet(folder / "products.parquet"), "lacks the column"),
        (
            lambda folder: two_shops(2, 30).spells.clear().write_parquet(folder / "price_spells.parquet"),
            "has no rows",
        ),
    ],
)
def test_a_wrong_folder_is_told_plainly(tmp_path, damage, said):
    folder = write_set(two_shops(products=2, days=30), tmp_path / "set")
    damage(folder)
    with pytest.raises(SpellFilesError, match=said):
        load_spell_set(folder)


def test_no_folder_at_all(tmp_path):
    with pytest.raises(SpellFilesError, match="is not a folder"):
        load_spell_set(tmp_path / "none")
