"""How a mistake is put into the real code, and taken out again.

What belongs here: the register of mutants and the patching. The mistakes are `mutants_buying.py` and
`mutants_selling.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

Patch = Callable[[ExitStack], None]
MUTANTS: dict[str, Patch] = {}


def mutant(patch: Patch) -> Patch:
    """Register a patch under its name."""
    MUTANTS[patch.__name__] = patch
    return patch


def put(stack: ExitStack, target: Any, name: str, value: Any) -> None:
    """Replace an attribute until the stack closes."""
    stack.enter_context(mock.patch.object(target, name, value))
