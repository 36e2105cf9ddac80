"""Is it recalled: by GTIN, by brand and model, or not to be told."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.recall import Recall, Suspect, doubt_recall, find_recall, squeezed

BY_GTIN = Recall("notice-1", frozenset({"4006381333931"}))
BY_MODEL = Recall("notice-2", brand="acme", models=(squeezed("AB-100"),))
BOTH = Recall("notice-3", frozenset({"4006381333931"}), "acme", (squeezed("AB-100"),))
OTHER_GTIN = "9006381333931"


@pytest.mark.parametrize(
    "recall, suspect",
    [
        (BY_GTIN, Suspect("04006381333931", None, "A kettle")),
        (BY_MODEL, Suspect(OTHER_GTIN, "Acme", "Kettle AB-100 red")),
        (BY_MODEL, Suspect(None, None, "ACME kettle, ab 100")),
        (BY_MODEL, Suspect(None, "ACMÉ", "AB100 kettle")),
        (BOTH, Suspect(OTHER_GTIN, "Acme", "AB_100, pack of 2")),
    ],
)
def test_what_a_notice_means_is_recalled(recall: Recall, suspect: Suspect) -> None:
    assert find_recall([Recall("another", frozenset({"1"})), recall], suspect) is recall


@pytest.mark.parametrize(
    "recall, suspect",
    [
        (BY_GTIN, Suspect(OTHER_GTIN, None, "A kettle")),
        (BY_MODEL, Suspect(OTHER_GTIN, None, "A kettle")),
        (BY_MODEL, Suspect(None, "Bravo", "Kettle AB-100")),
        (BOTH, Suspect(OTHER_GTIN, "Acme", "Kettle CD-200")),
        (BOTH, Suspect(None, "Bravo", "Kettle CD-200")),
    ],
)
def test_what_it_certainly_does_not_mean_passes(recall: Recall, suspect: Suspect) -> None:
    assert find_recall([recall], suspect) is None
    assert doubt_recall([recall], suspect) is None


@pytest.mark.parametrize(
    "recall, suspect, why",
    [
        (BY_GTIN, Suspect(None, "Acme", "A kettle"), "without a GTIN"),
        (BY_GTIN, Suspect(" ", "Acme", "A kettle"), "without a GTIN"),
        (BY_MODEL, Suspect(None, "Acme", "A kettle"), "names no recalled model"),
        (BY_MODEL, Suspect(OTHER_GTIN, "Acme", "A kettle, AB-1000"), "names no recalled model"),
        (BY_MODEL, Suspect(None, None, "A kettle"), "brand is not known"),
        (BY_MODEL, Suspect(OTHER_GTIN, "Unbranded", "Kettle AB-100"), "brand is not known"),
        (BOTH, Suspect(None, "Acme", "A kettle"), "names no recalled model"),
    ],
)
def test_what_cannot_be_told_is_a_doubt(recall: Recall, suspect: Suspect, why: str) -> None:
    assert find_recall([recall], suspect) is None
    assert why in str(doubt_recall([recall], suspect))


def test_without_notices_nothing_is_recalled_or_doubted() -> None:
    assert find_recall([], Suspect(None, None, "")) is None
    assert doubt_recall([], Suspect(None, None, "")) is None
