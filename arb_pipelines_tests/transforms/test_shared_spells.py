"""Real price spells: every silent run on its first day, the one change of unit, glitches held, promotions not."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from arb_pipelines.adapters.parquet.price_spells import load_spell_set
from arb_pipelines.transforms.price_glitches import judge_spells
from arb_pipelines.transforms.spells import clean_spells, usual_prices
from arb_pipelines.transforms.store_health import find_drifts, find_outages, store_day_states, with_era
from arb_pipelines_tests.conftest import skip_or_fail

SPELLS = Path(os.environ.get("ARB_SHARED_DIR", Path(__file__).parents[3] / "shared")) / "data" / "price_spells"

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module", params=["greek_supermarkets"])
def found(request):
    folder = SPELLS / request.param
    if not folder.is_dir():
        skip_or_fail(f"no price spells at {folder}: set ARB_SHARED_DIR")
    return load_spell_set(folder)


def test_silence_and_change_of_unit(found):
    states = store_day_states(found.store_days)
    silent = states.filter(pl.col("n_rows") == 0)
    assert silent["state"].unique().to_list() == ["silent"]
    assert find_outages(states).filter(pl.col("days") >= 100).height >= 2
    assert find_drifts(clean_spells(found.spells).spells, found.store_days).height == 1


def test_glitches_are_held_and_promotions_are_not(found):
    some = found.spells.filter(pl.col("product_id").hash(seed=1) % 10 == 0)
    spells = with_era(clean_spells(some).spells, pl.DataFrame())
    judged = judge_spells(spells, found.store_days, pl.DataFrame())
    rows = judged.drop("usual_minor").with_row_index("row")
    share = rows.join(usual_prices(rows, judged), on="row").with_columns(
        share=pl.col("price_minor") / pl.col("usual_minor")
    )
    glitches, promotions = share.filter(pl.col("share") <= 0.3), share.filter(pl.col("share").is_between(0.5, 0.7))
    assert glitches.height > 300
    assert promotions.height > 1000
    assert glitches["held"].null_count() == 0
    assert promotions["held"].null_count() == promotions.height
