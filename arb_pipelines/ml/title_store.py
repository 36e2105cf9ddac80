"""The trained title pipeline on this machine: trained at first use, kept in a folder, found again by its key.

What belongs here: where the model comes from. The repository holds the words and the grammar, no binary; the same
sources give the same model, and changed sources give a new key, so that a stale model is never loaded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from arb_pipelines.ml import title_extraction, title_grammar, title_pipeline, title_spans, title_words
from arb_pipelines.ml.title_extraction import TitleReader
from arb_pipelines.ml.title_grammar import make_titles

TRAINING_TITLES = 3000
HELD_OUT_TITLES = 1000  # made-up titles that give each kind of finding its confidence
PASSES = 5


def model_key() -> str:
    """Return 12 hex digits over everything that the trained model depends on."""
    import spacy

    sources = [*sorted(title_words.DATA_DIR.glob("title_*"))]
    modules = (title_extraction, title_grammar, title_pipeline, title_spans, title_words)
    sources += [Path(str(module.__file__)) for module in modules]
    digest = hashlib.sha256(f"{spacy.__version__} {TRAINING_TITLES} {HELD_OUT_TITLES} {PASSES}".encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def load_or_train(folder: Path, report: Callable[[str], None] = lambda _: None) -> TitleReader:
    """Return the reader kept in a folder; train and keep it when it is not there.

    Where nothing can be written it is trained and not kept: a title is read all the same.

    Args:
        folder: where models are kept; made when missing.
        report: told in one sentence when a training starts (about half a minute of one core).
    """
    from filelock import FileLock

    kept = folder / f"titles-{model_key()}"
    if not kept.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            report(f"arb: training the title model, which cannot be kept in {folder} ({error.strerror})")
            return train(TRAINING_TITLES, PASSES, HELD_OUT_TITLES)
        with FileLock(f"{kept}.lock"):  # two processes must not train the same model at once
            if not kept.exists():
                report("arb: training the title model (once, half a minute of one core)")
                _keep(train(TRAINING_TITLES, PASSES, HELD_OUT_TITLES), kept)
    return load(kept)


def train(titles: int, passes: int, held_out: int) -> TitleReader:
    """Return a reader trained on that many made-up titles, measured on others."""
    made = list(make_titles(titles, seed=1))
    nlp = title_pipeline.train_pipeline(made, title_words.load_list("title_brands"), passes=passes)
    reader = TitleReader(nlp)
    reader.measure(list(make_titles(held_out, seed=2)))
    return reader


def load(kept: Path) -> TitleReader:
    """Return the reader of a folder that `load_or_train` wrote."""
    import spacy

    title_pipeline.register_factories()
    return TitleReader(spacy.load(kept))


def _keep(reader: TitleReader, kept: Path) -> None:
    """Write into a folder beside and rename: a training that was cut off leaves no half model."""
    beside = Path(tempfile.mkdtemp(prefix="titles-", dir=kept.parent))
    try:
        reader.save(beside / "model")
        os.replace(beside / "model", kept)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
