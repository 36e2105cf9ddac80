"""The fictitious products."""

from __future__ import annotations

from stdnum import ean

from arb_pipelines.sandbox.catalogue import CATEGORY_IDS, build_catalogue

CATALOGUE = build_catalogue(7, 300)


def test_same_seed_same_catalogue() -> None:
    assert build_catalogue(7, 300) == CATALOGUE
    assert build_catalogue(8, 300) != CATALOGUE


def test_identifiers_are_valid_and_unique() -> None:
    assert all(ean.is_valid(product.gtin) and len(product.gtin) == 13 for product in CATALOGUE)
    assert len({product.gtin for product in CATALOGUE}) == 300
    assert len({product.slug for product in CATALOGUE}) == 300
    models = [(product.brand, product.mpn) for product in CATALOGUE if product.mpn]
    assert len(set(models)) == len(models)


def test_no_gtin_has_an_in_store_or_coupon_prefix() -> None:
    assert {product.gtin[:3] for product in CATALOGUE} == {"952", "978"}


def test_values_and_categories_are_in_range() -> None:
    assert {product.category for product in CATALOGUE} == set(CATEGORY_IDS)
    assert all(8 <= product.base_usd <= 400 and product.weight_g > 0 for product in CATALOGUE)
