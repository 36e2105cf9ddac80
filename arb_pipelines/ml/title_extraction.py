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
from arb_pipelines.ml.title_spans import find
from arb_pipelines.ml.title_words import BINDINGS

if TYPE_CHECKING:
    from arb_pipelines.ml.title_labels import LabelledTitle
    from arb_pipelines.ml.title_ranker import MakerRanker

BATCH = 512
MAX_READ_CHARS = 300  # makers and models stand in the first words; a longer text is a description
MAX_BRAND_CHARS = 40


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
        makers = self._makers
        marked = [e for e in doc.ents if not (e.label_ == "MODEL" and _is_stated(e, stated.marks))]
        found = {label: find(doc, marked, label, makers) for label in ("BRAND", "MODEL")}
        sure = {label: 0.0 if span is None else self._precision.get(kind, 0.5) for label, (span, kind) in found.items()}
        if chance is not None:
            found["BRAND"] = (next((e for e in marked if e.label_ == "BRAND"), None), "BRAND:ranked")
            sure["BRAND"] = round(chance, 3)
        brand, model = (_text(found[label][0]) for label in ("BRAND", "MODEL"))
        if (
            normal_brand(brand) is None
            or len(brand or "") > MAX_BRAND_CHARS
            or _is_of_a_book(doc, found["BRAND"], stated)
        ):
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


def _is_stated(span: Any, marks: Iterable[Mark]) -> bool:
    """Return whether a stretch is a size or an edition: "UK 8" and "1st" of "1st edition" are no models."""
    return any(
        mark.label in {"SIZE", "EDITION"} and mark.start <= span.start_char and span.end_char <= mark.end
        for mark in marks
    )


def _is_of_a_book(doc: Any, found: tuple[Any, str], stated: TitleStatements) -> bool:
    """Return whether the title is a book's and the brand no known maker: its first words are the work's name."""
    span, kind = found
    if span is None or kind == "BRAND:ranked" or span[0].tag_[0] == "B":
        return False
    return any(mark.label == "EDITION" and mark.text.lower() in BINDINGS for mark in stated.marks)


def put_maker(doc: Any, place: Place | None) -> None:
    """Set the maker of a document; what was recognised across it goes."""
    from spacy.tokens import Span

    start, end = place or (0, 0)
    if [(e.start, e.end) for e in doc.ents if e.label_ == "BRAND"] == ([place] if place else []):
        return
    kept = [e for e in doc.ents if e.label_ != "BRAND" and (e.end <= start or end <= e.start)]
    doc.ents = [*kept, *([Span(doc, start, end, label="BRAND")] if place else [])]


def _text(span: Any) -> str | None:
    return None if span is None else str(span.text).strip(" -/,;:#(") or None


def _inside(mark: Mark, entities: Iterable[Entity]) -> bool:
    return any(mark.start < entity.end and entity.start < mark.end for entity in entities)


def _covered(span: Any, entities: Iterable[Entity]) -> bool:
    return any(span.start_char < entity.end and entity.start < span.end_char for entity in entities)
