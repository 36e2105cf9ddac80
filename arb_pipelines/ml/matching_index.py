"""Which few of a million known titles may be the same thing: an inverted index that grows without being rebuilt.

What belongs here: the index over hashed words, joined words and character n-grams. New titles become a segment of
their own; small segments are merged now and then, as search engines do. Deciding about a candidate is `matching.py`.

A query looks up its rarest features first and stops after `POSTINGS_A_QUERY` postings: what half of a catalogue says
costs most and tells least.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from arb_pipelines.ml.matching_text import plain_text

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FEATURE_BITS = 20
GRAM = 4
MAX_TITLE_WORDS = 40
POSTINGS_A_QUERY = 60_000
CHUNK = 500  # queries answered at a time: bounds memory to about 400 MB
MAX_SEGMENTS = 6
SEGMENT_ROWS = 262_144
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """Postings of consecutive titles: row f lists the titles that hold feature f, each with 1 / its length."""

    first: int
    size: int
    postings: csr_matrix


@dataclass(frozen=True, slots=True)
class Candidates:
    """For each query (row number in `query`) its best known titles, best first. `position` counts from 0."""

    query: np.ndarray
    position: np.ndarray
    score: np.ndarray


@dataclass(slots=True)
class TitleIndex:
    """The index. Titles are known by their position, in the order in which they were added."""

    size: int = 0
    segments: list[Segment] = field(default_factory=list)
    counts: np.ndarray = field(default_factory=lambda: np.zeros(1 << FEATURE_BITS, dtype=np.int64))

    def add(self, titles: Sequence[str]) -> None:
        """Append titles of any content; an empty one is kept and never found."""
        for start in range(0, len(titles), SEGMENT_ROWS):
            rows = _hash_titles(titles[start : start + SEGMENT_ROWS])
            self.counts += np.bincount(rows.indices, minlength=self.counts.size)
            self.segments.append(_build_segment(rows, self.size))
            self.size += rows.shape[0]
        self._merge()

    def query(self, titles: Sequence[str], top: int) -> Candidates:
        """Return up to `top` candidates of each title, best first; none for a title that shares nothing."""
        found = [self._query_chunk(titles[at : at + CHUNK], at, top) for at in range(0, len(titles), CHUNK)]
        parts = [np.concatenate([part[i] for part in found]) if found else np.zeros(0) for i in range(3)]
        return Candidates(parts[0].astype(np.int64), parts[1].astype(np.int64), parts[2].astype(np.float32))

    def save(self, folder: Path) -> None:
        """Write the index as plain numpy files; a segment already written is not written again."""
        folder.mkdir(parents=True, exist_ok=True)
        for segment in self.segments:
            part = folder / f"segment_{segment.first}_{segment.size}"
            if not part.with_suffix(".npz").exists():
                _save_segment(segment, part.with_suffix(".npz"))
        np.save(folder / "counts.npy", self.counts)
        names = [[segment.first, segment.size] for segment in self.segments]
        facts = {"format": FORMAT, "size": self.size, "segments": names}
        (folder / "index.json").write_text(json.dumps(facts), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> TitleIndex:
        """Read what `save` wrote.

        Raises:
            ValueError: another format; build the index again.
        """
        facts = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        if facts.get("format") != FORMAT:
            raise ValueError(f"index format {facts.get('format')!r}, this program reads {FORMAT}; build it again")
        segments = [_load_segment(first, size, folder) for first, size in facts["segments"]]
        return cls(facts["size"], segments, np.load(folder / "counts.npy", allow_pickle=False))

    def _query_chunk(self, titles: Sequence[str], at: int, top: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        questions = self._weigh(_hash_titles(titles))
        best = [_best_of(questions @ segment.postings, segment.first, top) for segment in self.segments]
        query, position, score = (
            (np.concatenate(parts) for parts in zip(*best, strict=True)) if best else (np.zeros(0) for _ in range(3))
        )
        order = np.lexsort((position, -score, query))
        query, position, score = query[order], position[order], score[order]
        keep = _place_in_group(query) < top
        return query[keep] + at, position[keep], score[keep]

    def _weigh(self, rows: csr_matrix) -> csr_matrix:
        """Keep each row's rarest features until its postings are spent; weigh by rarity squared, unit length."""
        from scipy.sparse import csr_matrix

        counts = self.counts[rows.indices]
        owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        rarity = np.log1p(self.size / np.maximum(counts, 1))
        weight = np.where(counts > 0, rarity**2, 0.0)
        length = np.sqrt(np.maximum(np.bincount(owner, weights=rarity**2, minlength=rows.shape[0]), 1e-9))
        order = np.lexsort((counts, owner))
        spent = np.cumsum(counts[order])
        before = np.concatenate([[0], spent])[rows.indptr[:-1]]
        affordable = spent - np.repeat(before, np.diff(rows.indptr)) <= POSTINGS_A_QUERY
        kept = order[affordable & (counts[order] > 0)]
        values = (weight[kept] / length[owner[kept]]).astype(np.float32)
        return csr_matrix((values, (owner[kept], rows.indices[kept])), shape=rows.shape)

    def _merge(self) -> None:
        """Join the newest segments while there are too many: each title is copied a few times in its life."""
        while len(self.segments) > MAX_SEGMENTS + self.size // SEGMENT_ROWS:
            newest, before = self.segments.pop(), self.segments.pop()
            self.segments.append(_join(before, newest))


def title_features(title: str) -> list[str]:
    """Return the words, neighbouring words joined, and n-grams of longer words of a title."""
    words = "".join(c if c.isalnum() else " " for c in plain_text(title)).split()[:MAX_TITLE_WORDS]
    joined = [f"={a}{b}" for a, b in pairwise(words)]
    grams = [word[i : i + GRAM] for word in words if len(word) > GRAM for i in range(len(word) - GRAM + 1)]
    return list({*(f"={word}" for word in words), *joined, *grams})


def _hash_titles(titles: Iterable[str]) -> csr_matrix:
    from sklearn.feature_extraction import FeatureHasher

    hasher = FeatureHasher(1 << FEATURE_BITS, input_type="string", alternate_sign=False, dtype=np.float32)
    rows: csr_matrix = hasher.transform(title_features(title) for title in titles)
    rows.data[:] = 1.0
    return rows


def _build_segment(rows: csr_matrix, first: int) -> Segment:
    sizes = np.diff(rows.indptr)
    rows.data = np.repeat(1.0 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    return Segment(first, rows.shape[0], rows.T.tocsr())


def _join(older: Segment, newer: Segment) -> Segment:
    from scipy.sparse import hstack

    return Segment(older.first, older.size + newer.size, hstack([older.postings, newer.postings], format="csr"))


def _best_of(scores: Any, first: int, top: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the `top` highest entries of each row of a sparse product, as (query, position, score)."""
    query, position, score = [], [], []
    for row in range(scores.shape[0]):
        start, end = scores.indptr[row], scores.indptr[row + 1]
        values = scores.data[start:end]
        chosen = np.argpartition(values, -top)[-top:] if values.size > top else np.arange(values.size)
        query.append(np.full(chosen.size, row))
        position.append(scores.indices[start:end][chosen] + first)
        score.append(values[chosen])
    return np.concatenate(query), np.concatenate(position), np.concatenate(score)


def _place_in_group(groups: np.ndarray) -> np.ndarray:
    """Return 0, 1, 2, ... within each run of equal values."""
    starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]])) if groups.size else np.zeros(0, int)
    sizes = np.diff(np.concatenate([starts, [groups.size]]))
    return np.arange(groups.size) - np.repeat(starts, sizes)


def _save_segment(segment: Segment, path: Path) -> None:
    postings = segment.postings
    np.savez(path, data=postings.data, indices=postings.indices, indptr=postings.indptr)


def _load_segment(first: int, size: int, folder: Path) -> Segment:
    from scipy.sparse import csr_matrix

    with np.load(folder / f"segment_{first}_{size}.npz", allow_pickle=False) as parts:
        arrays = (parts["data"], parts["indices"], parts["indptr"])
        return Segment(first, size, csr_matrix(arrays, shape=(1 << FEATURE_BITS, size)))
