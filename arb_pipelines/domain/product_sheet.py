"""What we say of a product to buyers: its title, its description, our own photos of it.

What belongs here: the words, and the plain description of a product that nobody has described. A text is only ever
built from what we know; nothing is made up, and nothing that came from outside is markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

MOST_PHOTOS = 24
LONGEST_TITLE, LONGEST_DESCRIPTION = 200, 4_000
_ESCAPED = str.maketrans({"<": " ", ">": " ", "\r": " ", "\x00": " "})


class SheetError(ValueError):
    """A sheet that no outlet could show."""


@dataclass(frozen=True, slots=True)
class ProductSheet:
    """The texts and photos (https addresses, the first is the main one) of one product; None is not set."""

    product_id: str
    title: str | None = None
    description: str | None = None
    photos: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be shown.

        Raises:
            SheetError: too long, too many photos, or a photo that is no https address.
        """
        if len(self.title or "") > LONGEST_TITLE or len(self.description or "") > LONGEST_DESCRIPTION:
            raise SheetError(f"a title has at most {LONGEST_TITLE} characters, a description {LONGEST_DESCRIPTION}")
        if len(self.photos) > MOST_PHOTOS:
            raise SheetError(f"{len(self.photos)} photos are more than the {MOST_PHOTOS} that an outlet shows")
        for photo in self.photos:
            parts = urlsplit(photo)
            if parts.scheme != "https" or not parts.hostname:
                raise SheetError(f"a photo is an https address, not {photo!r}")


def describe(title: str, condition: str, facts: Sequence[tuple[str, str | None]]) -> str:
    """Return a plain description: the title, the condition, and one line for each fact that is known.

    Args:
        title: the product's title.
        condition: in our words.
        facts: (name, value) pairs; a value of None is left out.
    """
    lines = [title, f"Condition: {condition.replace('_', ' ')}"]
    lines += [f"{name}: {value}" for name, value in facts if value]
    return "\n".join(line.translate(_ESCAPED).strip() for line in lines)[:LONGEST_DESCRIPTION]
