"""What buyers read: only what is known, never markup."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.product_sheet import ProductSheet, SheetError, describe


def test_a_description_says_what_is_known() -> None:
    """A fact that is not known has no line."""
    text = describe("Kettle <b>K1</b>", "used_good", [("Brand", "Kett"), ("Model", None)])
    assert text.splitlines() == ["Kettle  b K1 /b", "Condition: used good", "Brand: Kett"]


@pytest.mark.parametrize("photo", ["http://example.org/1.jpg", "javascript:alert(1)", "https://", "/1.jpg", ""])
def test_a_photo_is_an_https_address(photo: str) -> None:
    """Anything else is refused."""
    with pytest.raises(SheetError, match="https"):
        ProductSheet("p", photos=(photo,))


def test_too_much_is_refused() -> None:
    """No outlet shows it."""
    with pytest.raises(SheetError, match="photos"):
        ProductSheet("p", photos=("https://example.org/1.jpg",) * 25)
    with pytest.raises(SheetError, match="characters"):
        ProductSheet("p", title="x" * 201)
