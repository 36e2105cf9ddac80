"""What `arb opportunities --json` tells about one opportunity."""

from __future__ import annotations

from arb_pipelines.cli.approvals import opportunity_json
from arb_pipelines_tests.contracts.trade_records import opportunity


def test_the_chances_to_sell_are_those_of_the_decision() -> None:
    """They come from the record; a record that does not say them gives null, never 0."""
    said = {"sold_within_30_days": 0.4, "sold_within_60_days": 0.7}
    told = opportunity_json(opportunity(1, record={"prediction": said}))
    assert (told["p_sold_30"], told["p_sold_60"], told["p_sold_90"]) == (0.4, 0.7, None)
    assert opportunity_json(opportunity(1, record={}))["p_sold_30"] is None
