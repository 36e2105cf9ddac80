"""Reading a text: any content, no crash, and what it says."""

import pytest

from arb_pipelines.ml.matching_text import MAX_WORDS, parse_text, plain_text


@pytest.mark.parametrize(
    "text", ["", None, "😀" * 300, "x" * 20_000, "настольная лампа", "<b>", "\x00\ud800", "- / . +"]
)
def test_any_text_is_read(text):
    parsed = parse_text(text)
    assert len(parsed.words) <= MAX_WORDS


def test_markup_accents_and_case_do_not_count():
    assert plain_text("<b>Café</b>&nbsp;LAMP") == "cafe lamp"


def test_codes_are_models_and_not_measures_or_years():
    parsed = parse_text("Tavoryn KD-52X6 52 inch 500GB 2007 edition part 88213")
    assert parsed.codes == {"kd52x6", "88213"}
    assert parsed.measures["in"] == {52.0}
    assert parsed.measures["gb"] == {500.0}
    assert parsed.years == {"2007"}


def test_split_and_joined_words_meet():
    assert "kd52x6" in parse_text("KD 52X6").joined
    assert parse_text("version 9 pro").versions == parse_text("v9 professional").versions
    assert parse_text("pro").editions == parse_text("professional").editions
