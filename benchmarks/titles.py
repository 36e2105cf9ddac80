"""Titles: records per CPU-second beside the blank tokenizer and a list of makers, and right answers on unseen titles.

Run `python benchmarks/titles.py --json`. Trains the shipped model as `arb understand` does at first use, and reads
made-up titles that it was not trained on. The peers read the same titles in the same run: spaCy's own English
tokenizer alone (what no pipeline can beat), and an EntityRuler with the list of makers. With `--pairs FILE` it measures
labelled titles of yours instead, as `arb bench titles --pairs FILE` does and with the same figures.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

from arb_pipelines.cli.bench.titles import DataFileError, load_labelled
from arb_pipelines.cli.bench.titles import measure as measure_pairs
from arb_pipelines.ml.title_grammar import MarkedTitle, make_titles
from arb_pipelines.ml.title_store import HELD_OUT_TITLES, PASSES, TRAINING_TITLES, train
from arb_pipelines.ml.title_words import load_list


def titles_per_cpu_s(read: Callable[[Sequence[str]], Any], texts: Sequence[str], rounds: int = 3) -> int:
    """Return titles per CPU-second of this process, the best of several rounds."""
    best = float("inf")
    for _ in range(rounds):
        started = process_time()
        read(texts)
        best = min(best, process_time() - started)
    return round(len(texts) / best)


def share_right(found: Sequence[str | None], truths: Sequence[str | None]) -> float:
    """Return the share of exact answers, None included."""
    return round(sum(a == b for a, b in zip(found, truths, strict=True)) / len(truths), 4)


def truth(title: MarkedTitle, span: tuple[int, int] | None) -> str | None:
    """Return the text of a span."""
    return None if span is None else title.text[slice(*span)]


def maker_list() -> Any:
    """Return the peer: a blank pipeline with an EntityRuler over the list of makers."""
    import spacy

    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": "BRAND", "pattern": brand} for brand in load_list("title_brands")])
    return nlp


def measure(count: int) -> dict[str, Any]:
    """Return every figure of one run over `count` made-up titles."""
    import spacy

    started = process_time()
    reader = train(TRAINING_TITLES, PASSES, HELD_OUT_TITLES)
    train_cpu_s = process_time() - started
    titles = list(make_titles(count, seed=99))
    texts = [title.text for title in titles]
    records = list(reader.read_many(texts))
    ruler, tokenizer = maker_list(), spacy.blank("en")
    brands = [truth(title, title.brand) for title in titles]
    listed = [next((entity.text for entity in doc.ents), None) for doc in ruler.pipe(texts, batch_size=256)]
    return {
        "titles": count,
        "train_cpu_s": round(train_cpu_s, 1),
        "titles_per_cpu_s": {
            "ours": titles_per_cpu_s(lambda t: list(reader.read_many(t)), texts),
            "maker_list": titles_per_cpu_s(lambda t: list(ruler.pipe(t, batch_size=256)), texts),
            "tokenizer_alone": titles_per_cpu_s(lambda t: list(tokenizer.pipe(t, batch_size=256)), texts),
        },
        "brand_right": {
            "ours": share_right([r.brand for r in records], brands),
            "maker_list": share_right(listed, brands),
        },
        "model_right": share_right([r.model for r in records], [truth(t, t.model) for t in titles]),
        "python": platform.python_version(),
        "spacy": spacy.__version__,
    }


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--titles", type=int, default=2000, help="how many made-up titles to read")
    parser.add_argument("--pairs", type=Path, help="Parquet or CSV of offer pairs with brands: measure its titles")
    parser.add_argument(
        "--folds", type=int, default=1, choices=range(1, 6), help="with --pairs: 5 holds out each maker once"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    try:
        result = (
            measure(options.titles)
            if options.pairs is None
            else measure_pairs(load_labelled(options.pairs), options.folds)
        )
    except DataFileError as error:
        parser.error(str(error))
    print(json.dumps(result, indent=2) if options.json else "\n".join(f"{k}: {v}" for k, v in result.items()))


if __name__ == "__main__":
    main()
