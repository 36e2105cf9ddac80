"""How alike two records are: the features of a pair.

What belongs here: comparing two `ParsedText`, value by value. Whole tables of pairs are `ml/matching_table.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise

from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler, LCSseq, Levenshtein, Postfix, Prefix

from arb_pipelines.ml.matching_corpus import Corpus
from arb_pipelines.ml.matching_text import EDITION_GROUPS, ParsedText

UNKNOWN = math.nan
SOFT_MATCH = 0.88  # Jaro-Winkler at which two words are spellings of each other
Features = dict[str, float]

STRING_MEASURES: dict[str, Callable[[str, str], float]] = {
    "ratio": fuzz.ratio,
    "partial": fuzz.partial_ratio,
    "sort": fuzz.token_sort_ratio,
    "set": fuzz.token_set_ratio,
    "partial_sort": fuzz.partial_token_sort_ratio,
    "winkler": JaroWinkler.normalized_similarity,
    "sequence": LCSseq.normalized_similarity,
    "edits": Levenshtein.normalized_similarity,
    "prefix": Prefix.similarity,
    "postfix": Postfix.similarity,
}


def compare_texts(left: ParsedText, right: ParsedText, corpus: Corpus) -> Features:
    """Return all features of two texts; unknown where a side is silent."""
    features: Features = {}
    features |= _compare_words(left, right, corpus)
    features |= compare_codes(left, right, corpus)
    features |= _compare_numbers(left, right)
    features |= _compare_editions(left, right)
    return features


def compare_strings(left: str, right: str) -> Features:
    """Return rapidfuzz's measures of two plain texts."""
    if not left or not right:
        return dict.fromkeys(STRING_MEASURES, UNKNOWN)
    return {name: float(measure(left, right)) for name, measure in STRING_MEASURES.items()}


def compare_prices(left: float | None, right: float | None) -> Features:
    """Return how far two prices are apart; unknown where one is."""
    if left is None or right is None or left <= 0 or right <= 0:
        stated = float(left is not None) + float(right is not None)
        return {"price_log": UNKNOWN, "price_gap": UNKNOWN, "price_equal": UNKNOWN, "price_stated": stated}
    log = math.log(left / right)
    return {"price_log": log, "price_gap": abs(log), "price_equal": float(left == right), "price_stated": 2.0}


def covers(text: ParsedText, word: str) -> bool:
    """Return whether a text says a word, be it split, joined or within a longer code."""
    if word in text.word_set or word in text.joined:
        return True
    return len(word) >= 4 and word in text.squeezed


def coverage(text: ParsedText, other: ParsedText, corpus: Corpus) -> float:
    """Return how much of a text's rarity the other text says; unknown for an empty text."""
    weight = _total(text.word_set, corpus.rarity)
    said = _total((word for word in text.word_set if covers(other, word)), corpus.rarity)
    return said / weight if weight else UNKNOWN


def _compare_words(left: ParsedText, right: ParsedText, corpus: Corpus) -> Features:
    shared = left.word_set & right.word_set
    union = left.word_set | right.word_set
    lone_left = [word for word in left.word_set - shared if not covers(right, word)]
    lone_right = [word for word in right.word_set - shared if not covers(left, word)]
    rare = corpus.rarity
    weight_shared, weight_union = _total(shared, rare), _total(union, rare)
    weight_left, weight_right = _total(left.word_set, rare), _total(right.word_set, rare)
    gone_left, gone_right = _total(lone_left, rare), _total(lone_right, rare)
    soft = _soften(lone_left, lone_right, rare)
    return {
        "jaccard": _share(len(shared), len(union)),
        "jaccard_rare": _share(weight_shared, weight_union),
        "covered_left": 1 - _share(gone_left, weight_left),
        "covered_right": 1 - _share(gone_right, weight_right),
        "covered_least": 1 - max(_share(gone_left, weight_left), _share(gone_right, weight_right)),
        "covered_most": 1 - min(_share(gone_left, weight_left), _share(gone_right, weight_right)),
        "shared_rarest": max(map(rare, shared), default=0.0),
        "shared_weight": weight_shared,
        "lone_left_rarest": max(map(rare, lone_left), default=0.0),
        "lone_right_rarest": max(map(rare, lone_right), default=0.0),
        "lone_rarest_least": min(max(map(rare, lone_left), default=0.0), max(map(rare, lone_right), default=0.0)),
        "lone_left_weight": gone_left,
        "lone_right_weight": gone_right,
        "lone_weight": gone_left + gone_right,
        "lone_weight_least": min(gone_left, gone_right),
        "lone_left": len(lone_left),
        "lone_right": len(lone_right),
        "soft_left": soft[0],
        "soft_right": soft[1],
        "soft_best": soft[2],
        "words_left": len(left.words),
        "words_right": len(right.words),
        "words_ratio": _share(min(len(left.words), len(right.words)), max(len(left.words), len(right.words))),
        "first_word": float(left.words[:1] == right.words[:1]),
        "first_covered": float(
            all(covers(right, w) for w in left.words[:1]) or all(covers(left, w) for w in right.words[:1])
        ),
        "last_covered": float(all(covers(right, w) for w in left.words[-1:])),
        "bigrams": _overlap(_bigrams(left.words), _bigrams(right.words)),
        "monge_elkan": _monge_elkan(left, right, rare),
    }


def _soften(left: list[str], right: list[str], rare: Callable[[str], float]) -> tuple[float, float, float]:
    """Return the weight that stays unmatched on each side when spellings count, and the best likeness of two words."""
    if not left or not right:
        return _total(left, rare), _total(right, rare), 0.0
    scores = process.cdist(left[:40], right[:40], scorer=JaroWinkler.normalized_similarity)
    rest_left = sum(rare(w) for w, best in zip(left, scores.max(axis=1), strict=False) if best < SOFT_MATCH)
    rest_right = sum(rare(w) for w, best in zip(right, scores.max(axis=0), strict=False) if best < SOFT_MATCH)
    return rest_left, rest_right, float(scores.max())


def _monge_elkan(left: ParsedText, right: ParsedText, rare: Callable[[str], float]) -> float:
    """Return the rarity-weighted mean of each word's best likeness, of the shorter side."""
    short, long = sorted((left.words[:30], right.words[:30]), key=len)
    if not short:
        return UNKNOWN
    best = process.cdist(short, long, scorer=JaroWinkler.normalized_similarity).max(axis=1)
    weights = [rare(word) + 0.01 for word in short]
    return float(sum(b * w for b, w in zip(best, weights, strict=True)) / sum(weights))


def compare_codes(left: ParsedText, right: ParsedText, corpus: Corpus) -> Features:
    """Return which model and part numbers of each side the other says."""
    hit_left = {code for code in left.codes if covers(right, code)}
    hit_right = {code for code in right.codes if covers(left, code)}
    lone_left, lone_right = left.codes - hit_left, right.codes - hit_right
    both = bool(left.codes) and bool(right.codes)
    hits = hit_left | hit_right
    return {
        "codes_left": len(left.codes),
        "codes_right": len(right.codes),
        "codes_hit": len(hits),
        "codes_hit_share": _share(len(hits), len(left.codes | right.codes)),
        "codes_hit_length": max(map(len, hits), default=0),
        "codes_hit_rarest": max(map(corpus.rarity, hits), default=0.0),
        "codes_lone_left": len(lone_left),
        "codes_lone_right": len(lone_right),
        "codes_lone_least": min(len(lone_left), len(lone_right)),
        "codes_lone_left_rarest": max(map(corpus.rarity, lone_left), default=0.0),
        "codes_lone_right_rarest": max(map(corpus.rarity, lone_right), default=0.0),
        "codes_clash": float(both and not hits),
        "codes_near": _nearest(lone_left, lone_right),
        "codes_begin": max((_shared_start(a, b) for a in lone_left for b in lone_right), default=0),
        "code_longest_hit": float(covers(right, max(left.codes, key=len))) if left.codes else UNKNOWN,
        "code_longest_hit_back": float(covers(left, max(right.codes, key=len))) if right.codes else UNKNOWN,
    }


def _compare_numbers(left: ParsedText, right: ParsedText) -> Features:
    units = left.measures.keys() & right.measures.keys()
    agree = sum(bool(left.measures[unit] & right.measures[unit]) for unit in units)
    return {
        "numbers": _overlap(left.numbers, right.numbers),
        "numbers_shared": len(left.numbers & right.numbers),
        "numbers_lone_left": sum(not covers(right, n) for n in left.numbers),
        "numbers_lone_right": sum(not covers(left, n) for n in right.numbers),
        "versions": _overlap(left.versions, right.versions),
        "versions_clash": _clash(left.versions, right.versions),
        "versions_lone": len(left.versions ^ right.versions),
        "years_clash": _clash(left.years, right.years),
        "measures_agree": agree,
        "measures_clash": len(units) - agree,
        "measures_lone": len(left.measures.keys() ^ right.measures.keys()),
    }


def _compare_editions(left: ParsedText, right: ParsedText) -> Features:
    differ = left.editions ^ right.editions
    found: Features = {"editions_shared": len(left.editions & right.editions), "editions_differ": len(differ)}
    for group in EDITION_GROUPS:
        found[f"edition_{group}"] = float(group in left.editions) - float(group in right.editions)
    return found


def _nearest(left: Iterable[str], right: Iterable[str]) -> float:
    pairs = [(a, b) for a in list(left)[:12] for b in list(right)[:12]]
    return max((fuzz.ratio(a, b) for a, b in pairs), default=UNKNOWN)


def _shared_start(left: str, right: str) -> int:
    return Prefix.similarity(left, right)


def _clash(left: frozenset[str], right: frozenset[str]) -> float:
    """Return 1 where both state values and share none, 0 where they share one, unknown where a side is silent."""
    return float(not left & right) if left and right else UNKNOWN


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / len(left | right) if left and right else UNKNOWN


def _bigrams(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(f"{a} {b}" for a, b in pairwise(words))


def _total(words: Iterable[str], rare: Callable[[str], float]) -> float:
    return sum(map(rare, words))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
