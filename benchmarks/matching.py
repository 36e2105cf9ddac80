"""How fast and how completely candidates are found among a million offers; prints JSON.

Usage: python benchmarks/matching.py [--offers 1000000] [--new 10000] [--json]

Offers are invented (`ml/matching_examples.py`): each new one is another wording of a known product, so the right
answer is known. Figures: seconds and offers/s of the initial build and of new offers against it, blocking recall at
1, 5 and 10 candidates, the share of all comparisons that is saved, peak memory, and appending the new offers without
a rebuild. The peer in the same run is scikit-learn: TF-IDF of character 3-grams and a full sparse product, asked a
sample of the same questions because all of them would take hours.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from arb_pipelines.ml.matching_examples import ExampleProduct, ExampleWorld
from arb_pipelines.ml.matching_index import TitleIndex

TOPS = (1, 5, 10)
PEER_ROWS = 200_000  # memory of the peer's matrix of a million rows would not fit beside ours


def build_offers(count: int, seed: int) -> tuple[list[str], dict[int, ExampleProduct], ExampleWorld]:
    """Return known titles, the products of some of them by position, and the world that worded them.

    A third are siblings of the product before: what a catalogue is full of and what makes finding hard.
    """
    world, rng = ExampleWorld(seed, brands=3000), Random(seed)
    titles: list[str] = []
    kept: dict[int, ExampleProduct] = {}
    product = world.product()
    for position in range(count):
        product = world.sibling(product) if rng.random() < 1 / 3 else world.product()
        titles.append(world.wording(product))
        kept[position] = product
    return titles, kept, world


def recall_at(candidates: Any, wanted: np.ndarray, top: int) -> float:
    """Return the share of questions whose right answer is among their best `top` candidates."""
    starts = np.searchsorted(candidates.query, np.arange(wanted.size))
    place = np.arange(candidates.query.size) - starts[candidates.query]
    hit = (candidates.position == wanted[candidates.query]) & (place < top)
    return round(float(np.unique(candidates.query[hit]).size / wanted.size), 4)


def measure_peer(known: list[str], questions: list[str], wanted: np.ndarray) -> dict[str, float]:
    """Return scikit-learn's figures: character 3-gram TF-IDF, full sparse product, best ten."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    began = time.perf_counter()
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32)
    rows = vectors.fit_transform(known).T.tocsr()
    built = time.perf_counter() - began
    began = time.perf_counter()
    hits = 0
    asked = vectors.transform(questions)
    for row, want in enumerate(wanted):
        scores = (asked[row] @ rows).toarray().ravel()
        hits += want in np.argpartition(scores, -10)[-10:]
    spent = time.perf_counter() - began
    return {
        "known_offers": len(known),
        "questions": len(questions),
        "build_offers_per_s": round(len(known) / built, 1),
        "query_offers_per_s": round(len(questions) / spent, 1),
        "recall_at_10": round(hits / len(questions), 4),
    }


def measure_ours_likewise(known: list[str], questions: list[str], wanted: np.ndarray) -> dict[str, float]:
    """Return our figures for exactly what the peer was given."""
    index = TitleIndex()
    began = time.perf_counter()
    index.add(known)
    built = time.perf_counter() - began
    began = time.perf_counter()
    found = index.query(questions, TOPS[-1])
    spent = time.perf_counter() - began
    return {
        "known_offers": len(known),
        "questions": len(questions),
        "build_offers_per_s": round(len(known) / built, 1),
        "query_offers_per_s": round(len(questions) / spent, 1),
        "recall_at_10": recall_at(found, wanted, TOPS[-1]),
    }


def run(offers: int, new: int, seed: int, peer_questions: int) -> dict[str, Any]:
    """Build, ask, append; return all figures."""
    known, products, world = build_offers(offers, seed)
    positions = np.array(Random(seed + 1).sample(range(offers), min(new, offers)))
    questions = [world.wording(products[position]) for position in positions.tolist()]
    own = dict(_measure_ours(known, questions, positions))
    within = positions < PEER_ROWS
    peer_at = np.flatnonzero(within)[:peer_questions]
    task = known[:PEER_ROWS], [questions[at] for at in peer_at], positions[peer_at]
    both = {"ours_on_the_peers_task": measure_ours_likewise(*task), "peer_sklearn_char3_tfidf": measure_peer(*task)}
    return {"offers": offers, "new_offers": len(questions), **own, **both}


def _measure_ours(known: list[str], questions: list[str], wanted: np.ndarray) -> Iterator[tuple[str, Any]]:
    index = TitleIndex()
    began, cpu = time.perf_counter(), time.process_time()
    index.add(known)
    build_s = time.perf_counter() - began
    yield "build_s", round(build_s, 1)
    yield "build_cpu_s", round(time.process_time() - cpu, 1)
    yield "build_offers_per_s", round(len(known) / build_s, 1)
    began, cpu = time.perf_counter(), time.process_time()
    found = index.query(questions, TOPS[-1])
    query_s = time.perf_counter() - began
    yield "new_offers_s", round(query_s, 1)
    yield "new_offers_cpu_s", round(time.process_time() - cpu, 1)
    yield "new_offers_per_s", round(len(questions) / query_s, 1)
    for top in TOPS:
        yield f"blocking_recall_at_{top}", recall_at(found, wanted, top)
    yield "reduction", round(1 - found.query.size / (len(questions) * len(known)), 7)
    began = time.perf_counter()
    index.add(questions)
    yield "append_new_s", round(time.perf_counter() - began, 2)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        index.save(Path(folder))
        yield "save_s", round(time.perf_counter() - began, 1)
        yield "stored_mb", round(sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6, 1)
        began = time.perf_counter()
        TitleIndex.load(Path(folder))
        yield "load_s", round(time.perf_counter() - began, 1)
    yield "peak_memory_mb_before_peer", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offers", type=int, default=1_000_000, help="known offers")
    parser.add_argument("--new", type=int, default=10_000, help="new offers asked against them")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--peer-questions", type=int, default=200, help="questions put to the peer")
    parser.add_argument("--json", action="store_true", help="print one line")
    options = parser.parse_args()
    if min(options.offers, options.new, options.peer_questions) < 1:
        parser.error("--offers, --new and --peer-questions must be at least 1")
    figures = run(options.offers, options.new, options.seed, options.peer_questions)
    sys.stdout.write(json.dumps(figures, indent=None if options.json else 2) + "\n")


if __name__ == "__main__":
    main()
