"""Word classes, the tokenizer, and that training is the same every time."""

import pytest

from arb_pipelines.ml.title_grammar import MarkedTitle, make_titles
from arb_pipelines.ml.title_pipeline import MIN_MAKERS, WordClasses, blank_pipeline, learn_words, train_pipeline


@pytest.mark.parametrize(
    "text,words",
    [
        ("Sony WH-1000XM4 (black)", ["Sony", "WH-1000XM4", "(", "black", ")"]),
        ("Lamp, 24 ' wide", ["Lamp", ",", "24", "'", "wide"]),
        ("mq2y2ll/a tp-link", ["mq2y2ll/a", "tp-link"]),
    ],
)
def test_a_part_number_is_one_token(text, words):
    assert [token.text for token in blank_pipeline()(text)] == words


def test_unknown_words_become_their_shape_and_known_makers_are_marked():
    doc = blank_pipeline()("black & decker zorvane drill kd-100 18v kd100")
    WordClasses(["drill"], ["Black & Decker"])(doc)
    assert [token.tag_[0] for token in doc[:4]] == ["B", "I", "I", "O"]
    assert [token.norm_ for token in doc[3:]] == ["#a", "drill", "#m", "#u", "#m"]
    assert [token.tag_[-1] for token in doc[5:]] == ["1", "0", "1"]  # the part number stands there twice


def test_a_hidden_maker_is_as_never_met():
    doc = blank_pipeline()("canon camera")
    WordClasses(["camera"], ["Canon"])(doc, unmarked=frozenset({0}))
    assert (doc[0].tag_[0], doc[0].norm_) == ("O", "#a")


def test_a_word_of_one_maker_is_a_line_and_a_word_of_many_is_a_word():
    titles = [MarkedTitle(f"maker{n} zorvane thing", (0, 6), None) for n in range(MIN_MAKERS)]
    one_maker = [MarkedTitle("makerx coolzap thing", (0, 6), None)] * 9
    words = learn_words([*titles, *one_maker])
    assert "zorvane" in words
    assert "coolzap" not in words


def test_training_is_the_same_every_time():
    titles = list(make_titles(60, seed=8))
    weights = [train_pipeline(titles, [], passes=1).get_pipe("ner").model.to_bytes() for _ in range(2)]
    assert weights[0] == weights[1]
