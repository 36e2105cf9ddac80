"""A title reader trained on few made-up titles, once a test process."""

from functools import cache

from arb_pipelines.ml.title_extraction import TitleReader
from arb_pipelines.ml.title_store import train

TITLES, PASSES, HELD_OUT = 900, 4, 100


@cache
def small_reader() -> TitleReader:
    return train(TITLES, PASSES, HELD_OUT)
