"""What a title says: brand, model, condition words, features.

What belongs here: a spaCy pipeline made of rules alone (blank English tokenizer and EntityRuler; nothing is
downloaded). Brands come from the known products, so a brand that was never seen is not found; that needs the
trained recogniser that grows in here. It reads titles for people and features, and decides no purchase.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from arb_pipelines.domain.product import MAX_TITLE_CHARS, normal_brand, pack_quantity
from arb_pipelines.ml.title_words import (
    COLOURS,
    CONDITION_PHRASES,
    GENERIC_ACRONYMS,
    MEASURE_UNITS,
    MODEL_WORDS,
    ROMAN_NUMERALS,
    STORAGE_UNITS,
)

_FEATURE_LABELS = ("STORAGE", "COLOUR", "MEASURE")
_MEASURE = re.compile(
    rf"^[0-9]+(?:[.,][0-9]+)?({'|'.join(sorted(MEASURE_UNITS | set(STORAGE_UNITS)))})$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """What was found. `brand` is spelt as in the gazetteer; `quantity` None means the title contradicts itself.

    `entities` holds (label, text) of everything the rules marked, in the order of the title.
    """

    brand: str | None
    model: str | None
    condition_indicators: tuple[str, ...]
    key_features: tuple[str, ...]
    quantity: int | None
    entities: tuple[tuple[str, str], ...]


def extract_title(text: str, brands: Iterable[str]) -> TitleFacts:
    """Return what one title says. For many titles build the extractor once."""
    return build_extractor(brands)(text)


def build_extractor(brands: Iterable[str]) -> Callable[[str], TitleFacts]:
    """Return a function from title to facts that knows these brands (as spelt by us; case does not count)."""
    nlp = _build_pipeline([brand for brand in dict.fromkeys(brands) if normal_brand(brand)])

    def extract(text: str) -> TitleFacts:
        plain = " ".join(re.sub(r"<[^<>]{0,200}>", " ", text[:MAX_TITLE_CHARS]).split())
        return _facts(nlp(plain), plain)

    return extract


def _build_pipeline(brands: Sequence[str]) -> Any:
    import spacy

    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    patterns: list[dict[str, Any]] = [{"label": "BRAND", "pattern": brand, "id": brand} for brand in brands]
    patterns += [{"label": "CONDITION", "pattern": phrase} for phrase in CONDITION_PHRASES]
    patterns += [{"label": "COLOUR", "pattern": colour} for colour in COLOURS]
    sizes = "|".join(STORAGE_UNITS)
    patterns += [
        {"label": "STORAGE", "pattern": [{"TEXT": {"REGEX": rf"(?i)^[0-9]{{1,4}}({sizes})$"}}]},
        {"label": "STORAGE", "pattern": [{"LIKE_NUM": True}, {"LOWER": {"IN": list(STORAGE_UNITS)}}]},
        {
            "label": "QUANTITY",
            "pattern": [{"LOWER": {"IN": ["pack", "set", "lot"]}}, {"LOWER": "of"}, {"LIKE_NUM": True}],
        },
        {"label": "QUANTITY", "pattern": [{"LIKE_NUM": True}, {"TEXT": "-", "OP": "?"}, {"LOWER": "pack"}]},
        {"label": "MEASURE", "pattern": [{"LIKE_NUM": True}, {"LOWER": {"IN": sorted(MEASURE_UNITS)}}]},
    ]
    ruler.add_patterns(patterns)
    return nlp


def _facts(doc: Any, text: str) -> TitleFacts:
    entities = [(entity.label_, entity.text) for entity in doc.ents]
    brand = next((entity for entity in doc.ents if entity.label_ == "BRAND"), None)
    conditions = [found.lower() for label, found in entities if label == "CONDITION"]
    features = [found for label, found in entities if label in _FEATURE_LABELS]
    model = _find_model(doc, 0 if brand is None else brand.end)
    if model:
        entities.append(("MODEL", model))
    return TitleFacts(
        brand=None if brand is None else brand.ent_id_,
        model=model,
        condition_indicators=tuple(dict.fromkeys(conditions)),
        key_features=tuple(dict.fromkeys(features)),
        quantity=pack_quantity(text),
        entities=tuple(entities),
    )


def _find_model(doc: Any, start: int) -> str | None:
    """Return the first run of model-like tokens behind the brand that holds a digit."""
    run: list[Any] = []
    for token in [*doc[start:], None]:
        if token is not None and _is_model_token(token, begun=bool(run)):
            run.append(token)
            continue
        if any(any(c.isdigit() for c in found.text) for found in run):
            return str(doc[run[0].i : run[-1].i + 1].text).strip(" -/")
        run = []
    return None


def _is_model_token(token: Any, *, begun: bool) -> bool:
    text, lower = token.text, token.lower_
    if token.ent_type_ or _MEASURE.match(text):
        return False
    if not all(c.isalnum() or c in "-/." for c in text) or lower.startswith("f/"):
        return False
    if any(c.isdigit() for c in text) and any(c.isalpha() for c in text):
        return True
    if begun:
        return lower in MODEL_WORDS or lower in ROMAN_NUMERALS or text in {"-", "/"} or text.isdigit()
    if text.isascii() and text.isupper() and 2 <= len(text) <= 5:
        return lower not in GENERIC_ACRONYMS
    # A name before a bare number ("iPhone 13"), unless the number is an amount of something.
    following = token.doc[token.i + 1] if token.i + 1 < len(token.doc) else None
    numbered = following is not None and following.text.isdigit() and not following.ent_type_
    return bool(numbered and token.is_alpha and lower != text)
