"""Evidence shows no secret, and a stop lasts until a person removes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from arb_pipelines.adapters.checkout.evidence import Evidence

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECRET = 'p&ss"<1>'


@pytest.mark.parametrize(
    "text",
    [
        f"filled {SECRET} in",
        'value="p&amp;ss&quot;&lt;1&gt;"',
        'p&amp;ss"&lt;1&gt;',
        "password=p%26ss%22%3C1%3E&x=1",
        '{"password": "p&ss\\"<1>"}',
    ],
)
def test_every_written_form_of_a_secret_is_masked(text: str, tmp_path: Path) -> None:
    masked = Evidence(tmp_path, "shop", (SECRET, "")).scrub(text)
    assert "[masked]" in masked
    assert "ss" not in masked.replace("password", "")


def test_card_numbers_are_masked_and_item_numbers_are_not(tmp_path: Path) -> None:
    scrub = Evidence(tmp_path, "shop", ()).scrub
    assert scrub("card 4111 1111 1111 1111, item 4006381333931") == "card [masked], item 4006381333931"


def test_a_page_that_cannot_be_read_is_no_error(tmp_path: Path) -> None:
    assert Evidence(tmp_path, "shop", ()).save(object(), "pu-1", "challenge", NOW) is None


def test_a_stop_lasts_and_says_how_to_go_on(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path, "../shop", (SECRET,))
    assert evidence.stopped() is None
    evidence.stop("challenge", f"asked for a person, {SECRET}", NOW)
    said = Evidence(tmp_path, "../shop", ()).stopped()
    assert said is not None
    assert said.startswith("asked for a person, [masked]; look at the shop yourself, then remove ")
    assert evidence.stop_file.is_relative_to(tmp_path)
    assert ".." not in evidence.stop_file.parts
    evidence.stop_file.write_text("not json")
    assert "can no longer be read" in str(evidence.stopped())
    evidence.stop_file.unlink()
    assert evidence.stopped() is None
