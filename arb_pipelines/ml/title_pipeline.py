"""The spaCy pipeline that finds brand and model, and how it is trained. Nothing is downloaded.

What belongs here: tokenizer, word classes, ner and entity ruler on a blank English pipeline, and the training
loop. The recogniser does not see words that it could only learn by heart: a word outside the vocabulary becomes
its shape, and known makers lose their name and their mark at random while it learns, so that a maker never seen
is found by where it stands.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from arb_pipelines.ml.title_grammar import MarkedTitle
from arb_pipelines.ml.title_words import COLOURS, CONDITION_PHRASES, MEASURE_UNITS, load_list

LABELS = ("BRAND", "MODEL")
MIN_MAKERS = 2  # a word met with this many makers is a word; one met with a single maker is its product line
WIDTH, DEPTH = 64, 2
ATTRIBUTES = {"NORM": 2500, "PREFIX": 300, "SUFFIX": 1500, "SHAPE": 800, "TAG": 800}
BRAND_BLINDNESS = 0.5  # share of the known makers that a pass of training does not recognise
WORD_BLINDNESS = 0.12  # share of the other words; else a strange word behind a strange maker is taken into the brand
_UNIT = "|".join(sorted(MEASURE_UNITS, key=len, reverse=True))
_AREA = rf"(?:[x×]\d+(?:[.,]\d+)*)+(?:{_UNIT})?"  # "32x34"
_MEASURE = re.compile(rf"\d+(?:[.,/]\d+)*(?:-?(?:{_UNIT})|{_AREA}|-in-\d+)", re.I)


class WordClasses:
    """Writes what a word is into NORM and TAG, from the vocabulary and the known makers."""

    def __init__(self, words: Iterable[str], brands: Iterable[str]) -> None:
        self.words = frozenset(words)
        self.brands = frozenset(tuple(brand.lower().split()) for brand in brands if brand.strip())
        self._longest = max((len(brand) for brand in self.brands), default=0)

    def __call__(self, doc: Any, hidden: frozenset[int] = frozenset(), unmarked: frozenset[int] = frozenset()) -> Any:
        """Mark a document; `hidden` tokens are words never met, `unmarked` ones belong to no known maker."""
        lowers = [token.lower_ for token in doc]
        kinds = [_kind(lower) for lower in lowers]
        known = self._known_brands(lowers, unmarked)
        codes = [_squeeze(lower) if kind in "mn" else "" for lower, kind in zip(lowers, kinds, strict=True)]
        last = len(lowers) - 1
        for place, token in enumerate(doc):
            lower, kind, code = lowers[place], kinds[place], codes[place]
            met = known[place] != "O" or (lower in self.words and place not in hidden)
            token.norm_ = lower if met and kind in "ah" else f"#{kind}"
            again = len(code) > 3 and codes.count(code) > 1
            token.tag_ = f"{known[place]}{_place(place, last)}{kind}{int(again)}"
        return doc

    def _known_brands(self, lowers: Sequence[str], unmarked: frozenset[int]) -> list[str]:
        marks, place = ["O"] * len(lowers), 0
        while place < len(lowers):
            for length in range(min(self._longest, len(lowers) - place), 0, -1):
                if place not in unmarked and tuple(lowers[place : place + length]) in self.brands:
                    marks[place : place + length] = ["B"] + ["I"] * (length - 1)
                    place += length
                    break
            else:
                place += 1
        return marks


def _squeeze(lower: str) -> str:
    return "".join(c for c in lower if c.isalnum())


def _kind(lower: str) -> str:
    """Return a letter: a word, h hyphenated word, n number, u measure, m letters and digits, p punctuation."""
    if lower.isalpha():
        return "a"
    digit, alpha = any(c.isdigit() for c in lower), any(c.isalpha() for c in lower)
    if not (digit or alpha):
        return "p"
    if not digit:
        return "h"
    if not alpha:
        return "n"
    return "u" if _MEASURE.fullmatch(lower) else "m"


def _place(place: int, last: int) -> str:
    if place > 3 and place == last:
        return "z"
    return "01234"[place] if place < 4 else ("4" if place < 7 else "7")


def blank_pipeline() -> Any:
    """Return an empty English pipeline whose tokenizer cuts at blanks, brackets and outer punctuation only.

    The standard tokenizer cuts some part numbers and leaves others; here a part number is one token.
    """
    import spacy
    from spacy.tokenizer import Tokenizer

    nlp = spacy.blank("en")
    nlp.tokenizer = Tokenizer(
        nlp.vocab,
        rules={},
        prefix_search=re.compile(r"^[(\[{\"'“”#*,;:!|/-]").search,
        suffix_search=re.compile(r"[)\]}\"'“”,;:!?*|]$|(?<=[a-z])\.$|[®™]$").search,
        infix_finditer=re.compile(r"[()\[\]|]|(?<=[a-z]{2}),(?=[A-Za-z])").finditer,
    )
    return nlp


def build_pipeline(classes: WordClasses) -> Any:
    """Return an untrained pipeline: word classes, ner, entity ruler."""
    register_factories()
    nlp = blank_pipeline()
    nlp.add_pipe("title_words")
    nlp.get_pipe("title_words").classes = classes
    recogniser = nlp.add_pipe("ner", config={"model": _ner_config()})
    for label in LABELS:
        recogniser.add_label(label)
    return nlp


def add_ruler(nlp: Any) -> None:
    """Add the entity ruler behind the recogniser; only now, because starting a training empties it."""
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER", "overwrite_ents": False})
    lists = {"KIND": "title_kinds", "FEATURE": "title_qualifiers"}
    ruler.add_patterns(
        [{"label": label, "pattern": phrase} for label, name in lists.items() for phrase in load_list(name)]
    )


def cut_brands(nlp: Any, brands: Iterable[str]) -> list[str]:
    """Return makers with a blank between their words as the tokenizer cuts them ("Dr . Martens")."""
    return [" ".join(token.text for token in nlp.make_doc(" ".join(brand.split()))) for brand in brands]


class WordClassesPipe:
    """Carries `WordClasses` in a pipeline and to disk."""

    def __init__(self) -> None:
        """Start with no words; training or `from_disk` sets them."""
        self.classes = WordClasses((), ())

    def __call__(self, doc: Any) -> Any:
        """Mark one document."""
        return self.classes(doc)

    def to_disk(self, path: Any, exclude: Iterable[str] = ()) -> None:
        """Write words and makers as JSON (spaCy calls this)."""
        brands = sorted(" ".join(brand) for brand in self.classes.brands)
        Path(path).write_text(json.dumps({"words": sorted(self.classes.words), "brands": brands}), encoding="utf-8")

    def from_disk(self, path: Any, exclude: Iterable[str] = ()) -> WordClassesPipe:
        """Read what `to_disk` wrote (spaCy calls this)."""
        kept = json.loads(Path(path).read_text(encoding="utf-8"))
        self.classes = WordClasses(kept["words"], kept["brands"])
        return self


def register_factories() -> None:
    """Make the word-class pipe known to spaCy; needed before a pipeline is built or loaded."""
    from spacy.language import Language

    if not Language.has_factory("title_words"):
        Language.factory("title_words", func=_word_classes_factory)


def _word_classes_factory(nlp: Any, name: str) -> WordClassesPipe:
    return WordClassesPipe()


def _ner_config() -> dict[str, Any]:
    return {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": {
            "@architectures": "spacy.Tok2Vec.v2",
            "embed": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": WIDTH,
                "attrs": list(ATTRIBUTES),
                "rows": list(ATTRIBUTES.values()),
                "include_static_vectors": False,
            },
            "encode": {
                "@architectures": "spacy.MaxoutWindowEncoder.v2",
                "width": WIDTH,
                "window_size": 1,
                "maxout_pieces": 3,
                "depth": DEPTH,
            },
        },
    }


def learn_words(titles: Sequence[MarkedTitle]) -> set[str]:
    """Return the vocabulary: the words of our lists and those met with several makers."""
    words = {
        word.lower()
        for name in ("title_kinds", "title_qualifiers", "title_series", "title_functions")
        for phrase in load_list(name)
        for word in phrase.split()
    }
    words.update(word for phrase in (*COLOURS, *CONDITION_PHRASES) for word in phrase.split())
    makers: dict[str, set[str]] = {}
    for place, title in enumerate(titles):
        maker = title.text[slice(*title.brand)].lower() if title.brand else str(place)
        model = title.model or (0, 0)
        read = title.text[: model[0]] + " " * (model[1] - model[0]) + title.text[model[1] :]
        for word in set(re.findall(r"[^\s()\[\],]+", read.lower())):
            makers.setdefault(word, set()).add(maker)
    names = {title.text[slice(*title.brand)].lower() for title in titles if title.brand}
    return (words | {word for word, met in makers.items() if len(met) >= MIN_MAKERS}) - names


def train_pipeline(titles: Sequence[MarkedTitle], brands: Iterable[str], *, passes: int, seed: int = 0) -> Any:
    """Return a pipeline trained on marked titles; the same titles and seed give the same pipeline."""
    import spacy

    spacy.util.fix_random_seed(seed)
    chance = random.Random(seed)  # noqa: S311 - training order, no secret
    classes = WordClasses(learn_words(titles), cut_brands(blank_pipeline(), brands))
    nlp = build_pipeline(classes)
    optimizer = nlp.initialize(lambda: [_example(nlp, classes, title, chance) for title in titles[:100]])
    for _ in range(passes):
        examples = [_example(nlp, classes, title, chance) for title in titles]
        chance.shuffle(examples)
        for batch in spacy.util.minibatch(examples, size=32):
            nlp.update(batch, sgd=optimizer, drop=0.2, losses={})
    with nlp.use_params(optimizer.averages):
        weights = nlp.get_pipe("ner").model.to_bytes()
    nlp.get_pipe("ner").model.from_bytes(weights)
    add_ruler(nlp)
    return nlp


def _example(nlp: Any, classes: WordClasses, title: MarkedTitle, chance: random.Random) -> Any:
    from spacy.tokens import Doc, Span
    from spacy.training import Example

    predicted = nlp.make_doc(title.text)
    spans = {"BRAND": title.brand, "MODEL": title.model}
    found = {
        label: span
        for label, place in spans.items()
        if place and (span := predicted.char_span(*place, label=label, alignment_mode="expand")) is not None
    }
    brand = found.get("BRAND")
    whole = frozenset(range(brand.start, brand.end)) if brand is not None else frozenset()
    hidden = frozenset(place for place in range(len(predicted)) if chance.random() < WORD_BLINDNESS) - whole
    classes(predicted, hidden, unmarked=whole if chance.random() < BRAND_BLINDNESS else frozenset())
    reference = Doc(nlp.vocab, words=[t.text for t in predicted], spaces=[bool(t.whitespace_) for t in predicted])
    spans_there = [Span(reference, s.start, s.end, label=s.label_) for s in found.values()]
    inside = {place for span in spans_there for place in range(span.start, span.end)}
    doubtful = [t.i for t in predicted if t.i not in inside and _is_doubtful(t, title)]
    reference.set_ents(spans_there, missing=[reference[place : place + 1] for place in doubtful], default="outside")
    return Example(predicted, reference)


def _is_doubtful(token: Any, title: MarkedTitle) -> bool:
    """Return whether a word outside the labels may be a brand or model that the data does not mark."""
    known, kind = token.tag_[0], token.tag_[2]
    if title.is_brand_open and (known != "O" or token.norm_ in {"#a", "#h"}):
        return True
    return title.is_model_open and kind in "mn"
