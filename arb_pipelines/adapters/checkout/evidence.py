"""What a checkout looked like: screenshot and page source in a folder, without secrets; and the stop of a site.

What belongs here: writing those files. Login, password fields, hidden tokens and card-like numbers are masked before
anything is written.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

MASKED = "[masked]"
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){14,18}\d(?!\d)")
# Read from a copy: the page itself is about to be submitted and must not change.
_MASKED_SOURCE = """masks => {
    const copy = document.documentElement.cloneNode(true);
    copy.querySelectorAll('input[type=password], input[type=hidden]').forEach(e => e.setAttribute('value', '[masked]'));
    for (const mask of masks) copy.querySelectorAll(mask).forEach(e => {
        e.textContent = '[masked]'; if (e.hasAttribute('value')) e.setAttribute('value', '[masked]'); });
    return copy.outerHTML;
}"""


class Evidence:
    """One site's folder."""

    def __init__(self, folder: Path, site: str, secrets: Sequence[str], masks: Sequence[str] = ()) -> None:
        """Write below `folder`/`site`; `secrets` never appear, nor what `masks` select."""
        self._folder = folder / re.sub(r"[^\w.-]", "_", site)
        self._forms = sorted({form for secret in secrets if secret for form in _forms(secret)}, key=len, reverse=True)
        self._masks = list(masks)

    def scrub(self, text: str) -> str:
        """Return `text` without the secrets, in any of their written forms, and without card-like numbers."""
        for form in self._forms:
            text = text.replace(form, MASKED)
        return _CARD.sub(MASKED, text)

    def save(self, page: Any, name: str, code: str, now: datetime) -> Path | None:
        """Save screenshot and source of `page`; return the source's file, None when the page cannot be read.

        Evidence is a help to a person, so a page that cannot be shown must not decide over money: no error leaves.
        """
        stem = self._folder / re.sub(r"[^\w-]", "_", f"{name}-{code}-{now:%Y%m%dT%H%M%S%f}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            source = page.evaluate(_MASKED_SOURCE, self._masks)
            stem.with_suffix(".html").write_text(self.scrub(f"<!-- {page.url} -->\n{source}"), encoding="utf-8")
            hidden = [page.locator(mask) for mask in ("input[type=password]", "input[type=email]", *self._masks)]
            page.screenshot(path=str(stem.with_suffix(".png")), mask=hidden, timeout=5_000)
        except Exception:  # noqa: BLE001 - whatever the browser says here, the outcome is decided elsewhere
            return None
        return stem.with_suffix(".html")

    @property
    def stop_file(self) -> Path:
        """The file that keeps a site stopped until a person removes it."""
        return self._folder / "STOPPED.json"

    def stop(self, code: str, detail: str, now: datetime) -> None:
        """Stop the site for this and all later runs."""
        self._folder.mkdir(parents=True, exist_ok=True)
        told = {"code": code, "detail": self.scrub(detail), "at": now.isoformat()}
        self.stop_file.write_text(json.dumps(told), encoding="utf-8")

    def stopped(self) -> str | None:
        """Return why the site is stopped and how to go on, or None."""
        if not self.stop_file.exists():
            return None
        try:
            why = str(json.loads(self.stop_file.read_text(encoding="utf-8"))["detail"])
        except (OSError, ValueError, KeyError, TypeError):
            why = "it was stopped, for a reason that can no longer be read"
        return f"{why}; look at the shop yourself, then remove {self.stop_file}"


def _forms(secret: str) -> set[str]:
    return {
        secret,
        html.escape(secret),
        html.escape(secret, quote=False),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
    }
