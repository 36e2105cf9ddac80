"""The lexicon's quick question must never say no where `find` says yes."""

from __future__ import annotations

from arb_pipelines.scraping.extraction.vocabulary import Lexicon, lexicon

LEXICON = Lexicon({"in": ["auf lager", "# in stock", "dobav*", "有貨"], "out": ["ausverkauft"]})


def test_texts_that_begin_no_phrase_are_left_out() -> None:
    texts = [
        "",
        "  Blue\n kettle ",
        "(Auf Lager)",
        "dobavljivo!",
        "現在有貨中",
        "Nicht AUSVERKAUFT",
        "auf Anfrage",
        "2,5",
    ]
    assert LEXICON.numbers_of(texts) == [2, 3, 4, 5, 6]
    assert LEXICON.numbers_of(texts) == [2, 3, 4, 5, 6]


def test_the_quick_question_agrees_with_find() -> None:
    stock = lexicon("stock")
    texts = [
        "in stock",
        "sold-out",
        "品切れ売り切れ",
        "Нет в наличии!",
        "3 left",
        "kettle",
        "nur noch 2",
        "out-of-stock/en",
    ]
    found = {number for number, text in enumerate(texts) if stock.find(text).anywhere}
    assert found <= set(stock.numbers_of(texts))
    assert 5 not in stock.numbers_of(texts)


def test_long_words_are_not_remembered() -> None:
    assert LEXICON.numbers_of(["x" * 10_000]) == []
    assert LEXICON.find("x" * 10_000).anywhere == frozenset()
    assert not any(len(word) > 100 for word in (*LEXICON._chunks, *LEXICON._begins))
