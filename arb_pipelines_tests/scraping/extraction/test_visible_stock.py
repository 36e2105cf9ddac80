"""Stock as words and buttons show it."""

from __future__ import annotations

import pytest

from arb_pipelines_tests.scraping.extraction.pages import page, read

HEADING = "<h1>Blue Kettle 1.7 l</h1><div class='price'>€24.90</div>"


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("<p>Em estoque</p>", "InStock"),
        ("<p>Zostało tylko 3 szt.</p>", "LimitedAvailability"),
        ("<p>Sold</p>", "OutOfStock"),
        ("<p>Verkauft!</p>", "OutOfStock"),
        ("<p><b>12</b> <span>sold</span></p>", None),
        ("<p>Sold by Acme</p>", None),
        ("<p>A kettle sold in many shops</p>", None),
    ],
)
def test_words(body: str, state: str | None) -> None:
    record = read(page(f"{HEADING}<div>{body}</div>")).product
    assert (record.availability.value if record.availability else None) == state


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("<div class='sidebar'><button>Contact seller</button></div>", "InStock"),
        ("<footer><button>Contact seller</button></footer>", None),
        ("<div class='sidebar'><a class='button'>Contact seller</a></div>", None),
    ],
)
def test_an_advertisement_that_can_be_answered_is_on_offer(body: str, state: str | None) -> None:
    record = read(page(HEADING + body)).product
    assert (record.availability.value if record.availability else None) == state
