"""What a pipeline learns from a collection of titles: its counts, and how makers stand in it.

What belongs here: turning titles and stated makers into the examples of `title_ranker.py`. Titles without a stated
maker count as well; a label is never read for anything but its own title.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from arb_pipelines.ml.title_candidates import SeenTitle
from arb_pipelines.ml.title_collection import TitleCollection
from arb_pipelines.ml.title_labels import LabelledTitle, locate, plain_name, squeeze
from arb_pipelines.ml.title_ranker import KNOWN_WEIGHT, OPEN_WEIGHT, Example, MakerRanker
from arb_pipelines.ml.title_rules import plain_text


def study_collection(nlp: Any, texts: Sequence[str], labelled: Iterable[LabelledTitle]) -> MakerRanker:
    """Return a ranker for the collection `texts` (plain titles), trained on the labelled titles.

    Raises:
        ValueError: too few of the labelled titles contain their maker.
    """
    classes = nlp.get_pipe("title_words").classes
    seen = [SeenTitle.of(classes(nlp.make_doc(text))) for text in texts]
    examples = [example for row in labelled for example in _examples(nlp, classes, row)]
    return MakerRanker(TitleCollection(title.words for title in seen), examples, seen)


def _examples(nlp: Any, classes: Any, row: LabelledTitle) -> Iterator[Example]:
    """Yield a labelled title as it is, with its maker unknown, and with the first word alone of its maker known."""
    doc = nlp.make_doc(plain_text(row.title))
    place = locate(doc.text, row.brand)
    span = None if place is None else doc.char_span(*place, alignment_mode="expand")
    group = squeeze(row.brand)
    if span is None:
        if row.brand and plain_name(row.brand).lower().partition(" ")[0] not in {token.lower_ for token in doc}:
            for weight in (1.0, KNOWN_WEIGHT):
                yield Example(SeenTitle.of(classes(doc)), None, group, OPEN_WEIGHT * weight)
        return
    maker = (span.start, span.end)
    yield Example(SeenTitle.of(classes(doc)), maker, group, KNOWN_WEIGHT)
    classes(doc, unmarked=frozenset(range(*maker)))
    yield Example(SeenTitle.of(doc), maker, group)
    if len(span) > 1:
        first = span[0]
        first.tag_, first.norm_ = f"B{first.tag_[1:]}", first.lower_
        yield Example(SeenTitle.of(doc), maker, group)
