"""Medium, edition and region: two stated different ones are two products, silence is no contradiction."""

import pytest

from arb_pipelines.domain.product_variant import Variant, read_variant, variants_contradict


@pytest.mark.parametrize(
    ("title", "variant"),
    [
        ("Cook Book (Hardcover)", Variant(medium="hardcover")),
        ("Course Book, 2nd ed., Paperback", Variant(medium="paperback", edition="2")),
        ("Course Book Second Edition", Variant(edition="2")),
        ("A film [Blu-ray] Region B", Variant(medium="bluray", region="b")),
        ("A film 4K Ultra HD Blu-ray", Variant(medium="uhd_bluray")),
        ("A film DVD + Blu-ray box", Variant()),
        ("Kettle UK plug", Variant(region="uk")),
        ("Discovery of covers for models", Variant()),
        ("", Variant()),
        (None, Variant()),
        ("😀" * 3000, Variant()),
    ],
)
def test_read_variant(title, variant):
    assert read_variant(title) == variant


def test_only_two_statements_contradict():
    hard, soft = Variant(medium="hardcover"), Variant(medium="paperback")
    assert variants_contradict(hard, soft)
    assert not variants_contradict(hard, hard)
    assert not variants_contradict(hard, Variant(edition="2"))
    assert variants_contradict(Variant(region="pal"), Variant(region="ntsc"))
