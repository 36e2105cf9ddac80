"""What a title says, as one record: brand, model, condition words, features, quantity, each with a confidence.

What belongs here: joining what the pipeline recognises (`title_pipeline.py`) with what the text states
(`title_rules.py`). Unknown is None with confidence 0. It reads titles for people and for matching features, and
decides no purchase.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arb_pipelines.domain.product import normal_brand
from arb_pipelines.ml.title_candidates import Place, SeenTitle
from arb_pipelines.ml.title_grammar import MarkedTitle
from arb_pipelines.ml.title_pipeline import WordClasses, cut_brands
from arb_pipelines.ml.title_rules import Mark, TitleStatements, plain_text, read_statements
from arb_pipelines.ml.title_words import MEASURE_UNITS, MODEL_WORDS

if TYPE_CHECKING:
    from arb_pipelines.ml.title_labels import LabelledTitle
    from arb_pipelines.ml.title_ranker import MakerRanker

BATCH = 512
MAX_READ_CHARS = 300  # makers and models stand in the first words; a longer text is a description
MAX_BRAND_CHARS = 40
MIN_CODE_CHARS = 4
_FITS = frozenset({"for", "fits", "replaces", "compatible"})
_NOT_THE_MAKER = _FITS | {"with", "w/"}


@dataclass(frozen=True, slots=True)
class Entity:
    """A marked stretch of the title; `confidence` is the share of such findings that were right when measured."""

    label: str
    text: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class TitleRecord:
    """What was understood. `quantity` None: the title contradicts itself; 1 where it says nothing."""

    title: str
    brand: str | None
    brand_confidence: float
    model: str | None
    model_confidence: float
    condition_indicators: tuple[str, ...]
    key_features: tuple[str, ...]
    quantity: int | None
    size: str | None
    colour: str | None
    storage: str | None
    edition: str | None
    entities: tuple[Entity, ...]
    confidence: float

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain values, ready for JSON."""
        return asdict(self)


class TitleReader:
    """Reads titles with a trained pipeline. Build it once: loading costs seconds, a title under a millisecond."""

    def __init__(self, nlp: Any) -> None:
        """Take a pipeline from `title_store.load_or_train` or `title_pipeline.train_pipeline`."""
        self._nlp = nlp
        kept = nlp.meta.get("finding_precision", {})
        self._precision: dict[str, float] = {kind: round(share, 3) for kind, share in kept.items()}
        self._ranker: MakerRanker | None = None

    def read(self, title: str, description: str = "") -> TitleRecord:
        """Return what one title says; the description fills what the title leaves open."""
        return next(self.read_many([title], [description]))

    def read_many(self, titles: Sequence[str], descriptions: Sequence[str] = ()) -> Iterator[TitleRecord]:
        """Yield one record a title, in order, in batches."""
        plain = [plain_text(title)[:MAX_READ_CHARS] for title in titles]
        stated = descriptions or [""] * len(titles)
        docs = self._ranked(self._nlp.pipe(plain, batch_size=BATCH))
        for text, title, description, (doc, chance) in zip(plain, titles, stated, docs, strict=True):
            yield self._record(text, doc, chance, read_statements(title, description))

    def _ranked(self, docs: Iterator[Any]) -> Iterator[tuple[Any, float | None]]:
        """Yield documents with the maker that the collection speaks for, and its chance (None: no collection)."""
        if self._ranker is None:
            yield from ((doc, None) for doc in docs)
            return
        while batch := list(islice(docs, BATCH)):
            chosen = self._ranker.choose([SeenTitle.of(doc) for doc in batch])
            for doc, (place, chance) in zip(batch, chosen, strict=True):
                put_maker(doc, place)
                yield doc, chance

    def measure(self, titles: Sequence[MarkedTitle]) -> dict[str, float]:
        """Learn how often each kind of finding is right on marked titles, and keep it as the confidence."""
        hits: Counter[str] = Counter()
        tries: Counter[str] = Counter()
        docs = self._nlp.pipe([title.text for title in titles], batch_size=BATCH)
        for title, doc in zip(titles, docs, strict=True):
            for label, truth in (("BRAND", title.brand), ("MODEL", title.model)):
                span, kind = find(doc, doc.ents, label, self._makers)
                if span is not None:
                    tries[kind] += 1
                    hits[kind] += truth == (span.start_char, span.end_char)
        # One doubtful case is added to each kind, so that a rare kind of finding is never certain.
        self._precision = {kind: round((hits[kind] + 0.5) / (count + 1), 3) for kind, count in tries.items()}
        self._nlp.meta["finding_precision"] = self._precision
        return self._precision

    def study(self, titles: Iterable[str], labelled: Sequence[LabelledTitle]) -> None:
        """Read a whole collection of titles, some with their maker stated, and from then on choose makers by it.

        Raises:
            ValueError: too few of the labelled titles contain their maker.
        """
        from arb_pipelines.ml.title_study import study_collection

        texts = [plain_text(title)[:MAX_READ_CHARS] for title in titles]
        self._ranker = study_collection(self._nlp, texts, labelled)

    def know(self, brands: Iterable[str]) -> None:
        """Add makers, e.g. those of the known products; no training is needed."""
        known = [" ".join(brand) for brand in self._makers]
        pipe = self._nlp.get_pipe("title_words")
        pipe.classes = WordClasses(pipe.classes.words, [*known, *cut_brands(self._nlp, brands)])

    @property
    def _makers(self) -> frozenset[tuple[str, ...]]:
        makers: frozenset[tuple[str, ...]] = self._nlp.get_pipe("title_words").classes.brands
        return makers

    def save(self, folder: Path) -> None:
        """Write the pipeline to a folder that does not exist yet."""
        self._nlp.to_disk(folder)

    def _record(self, text: str, doc: Any, chance: float | None, stated: TitleStatements) -> TitleRecord:
        marked, makers = doc.ents, self._makers
        found = {label: find(doc, marked, label, makers) for label in ("BRAND", "MODEL")}
        sure = {label: 0.0 if span is None else self._precision.get(kind, 0.5) for label, (span, kind) in found.items()}
        if chance is not None:
            found["BRAND"] = (next((e for e in marked if e.label_ == "BRAND"), None), "BRAND:ranked")
            sure["BRAND"] = round(chance, 3)
        brand, model = (_text(found[label][0]) for label in ("BRAND", "MODEL"))
        if normal_brand(brand) is None or len(brand or "") > MAX_BRAND_CHARS:
            brand, sure["BRAND"] = None, 0.0
        entities = [
            Entity(label, span.text, span.start_char, span.end_char, sure[label])
            for label, (span, _) in found.items()
            if span is not None and sure[label]
        ]
        entities += [Entity(m.label, m.text, m.start, m.end, 1.0) for m in stated.marks if not _inside(m, entities)]
        phrases = [e for e in marked if e.label_ in {"KIND", "FEATURE"}]
        entities += [
            Entity(p.label_, p.text, p.start_char, p.end_char, 1.0) for p in phrases if not _covered(p, entities)
        ]
        entities.sort(key=lambda entity: entity.start)
        told = {"STORAGE", "SIZE", "COLOUR", "EDITION", "KIND", "FEATURE"}
        return TitleRecord(
            title=text,
            brand=brand,
            brand_confidence=sure["BRAND"],
            model=model,
            model_confidence=sure["MODEL"],
            condition_indicators=stated.condition_indicators,
            key_features=tuple(dict.fromkeys(entity.text for entity in entities if entity.label in told)),
            quantity=stated.quantity,
            size=stated.size,
            colour=stated.colour,
            storage=stated.storage,
            edition=stated.edition,
            entities=tuple(entities),
            confidence=round(sum(sure.values()) / 2, 3),
        )


def find(doc: Any, entities: Sequence[Any], label: str, makers: frozenset[tuple[str, ...]]) -> tuple[Any, str]:
    """Return the span found for a label (None for none) and the kind of finding, for its confidence.

    `entities` are those of the document (it builds them anew each time it is asked), `makers` the known ones as
    lower-case words.
    """
    span = next((entity for entity in entities if entity.label_ == label and not _is_what_it_fits(doc, entity)), None)
    if span is not None:
        span = _whole_maker(doc, span, makers) if label == "BRAND" else _without_measure(doc, span)
    if span is not None:
        tag = span[0].tag_  # known mark, place, kind of word, repeated
        size = "one" if len(span) == 1 else "more"
        return span, f"{label}:{tag[0]}{tag[1]}{tag[2] if len(tag) > 2 else ''}:{size}"
    if label == "MODEL":
        span = _numbered_line(doc)
        return (span, "MODEL:line") if span is not None else (_only_code(doc), "MODEL:code")
    span = _known_maker(doc)
    return (span, "BRAND:listed") if span is not None else (_strange_first_word(doc), "BRAND:first")


def put_maker(doc: Any, place: Place | None) -> None:
    """Set the maker of a document; what was recognised across it goes."""
    from spacy.tokens import Span

    start, end = place or (0, 0)
    if [(e.start, e.end) for e in doc.ents if e.label_ == "BRAND"] == ([place] if place else []):
        return
    kept = [e for e in doc.ents if e.label_ != "BRAND" and (e.end <= start or end <= e.start)]
    doc.ents = [*kept, *([Span(doc, start, end, label="BRAND")] if place else [])]


def _is_what_it_fits(doc: Any, span: Any) -> bool:
    """Return whether a maker stands right behind "for" and the like: "case for Apple" is not made by Apple."""
    return span.label_ == "BRAND" and span.start > 0 and doc[span.start - 1].lower_ in _FITS


def _without_measure(doc: Any, span: Any) -> Any:
    """Return a model without an amount at its end ("pro 256 GB"); None when nothing with a digit is left of it."""
    end = span.end
    behind = doc[end].lower_ if end < len(doc) else ""
    if span[-1].tag_[2:3] == "u" or (span[-1].tag_[2:3] == "n" and behind in MEASURE_UNITS):
        end -= 1
    elif len(span) > 1 and span[-1].lower_ in MEASURE_UNITS and span[-2].tag_[2:3] == "n":
        end -= 2
    kept = doc[span.start : end]
    return kept if end == span.end or any(c.isdigit() for c in kept.text) else None


def _whole_maker(doc: Any, span: Any, makers: frozenset[tuple[str, ...]]) -> Any:
    """Return the whole known maker where only its first words were found: "Quux" of "Quux & Sons"."""
    end = span.end
    while end < len(doc) and doc[end].tag_.startswith("I"):
        end += 1
    return span if tuple(token.lower_ for token in span) in makers else doc[span.start : end]


def _known_maker(doc: Any) -> Any:
    """Return the first known maker that the title is not merely for."""
    for token in doc:
        if token.lower_ in _NOT_THE_MAKER:
            return None
        if token.tag_.startswith("B") and not token.ent_type_:
            end = token.i + 1
            while end < len(doc) and doc[end].tag_.startswith("I"):
                end += 1
            return doc[token.i : end]
    return None


def _strange_first_word(doc: Any) -> Any:
    """Return a first word that is in no list: shops put the maker there."""
    if len(doc) < 2 or doc[0].ent_type_ or doc[0].norm_ not in {"#a", "#h"}:
        return None
    return doc[0:1]


def _numbered_line(doc: Any) -> Any:
    """Return a strange word with a bare number right behind the maker, and the line's words behind: "iPhone 13 Pro"."""
    start = next((token.i for token in doc if token.ent_type_ != "BRAND"), len(doc)) if doc else 0
    if not 0 < start < len(doc) - 1 or doc[start].norm_ != "#a" or doc[start + 1].tag_[2:3] != "n":
        return None
    end = start + 2
    if end < len(doc) and doc[end].lower_ in MEASURE_UNITS:
        return None
    while end < len(doc) and doc[end].lower_ in MODEL_WORDS:
        end += 1
    return doc[start:end]


def _only_code(doc: Any) -> Any:
    """Return the longest word of letters and digits that is no measure: a part number the recogniser passed over."""
    codes = [
        token
        for token in doc
        if token.tag_[2:3] == "m" and len(token) >= MIN_CODE_CHARS and not token.ent_type_ and token.text[-1:] != "%"
    ]
    best = max(codes, key=len, default=None)
    return None if best is None else doc[best.i : best.i + 1]


def _text(span: Any) -> str | None:
    return None if span is None else str(span.text).strip(" -/,;:#(") or None


def _inside(mark: Mark, entities: Iterable[Entity]) -> bool:
    return any(mark.start < entity.end and entity.start < mark.end for entity in entities)


def _covered(span: Any, entities: Iterable[Entity]) -> bool:
    return any(span.start_char < entity.end and entity.start < span.end_char for entity in entities)
