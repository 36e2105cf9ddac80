"""Learning how a site shows its fields from a few labelled pages, and reading other pages by what was learned.

What belongs here: which of the many ways to find a value are kept, and the vote among them on a new page. A way
that gives a wrong value on a labelled page is dropped; those that agree outvote one that a redesign has misled.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from arb_pipelines.scraping.extraction.document import squeeze
from arb_pipelines.scraping.learning.forms import Form
from arb_pipelines.scraping.learning.labelled_page import LabelledPage, PageTree, parse_tree
from arb_pipelines.scraping.learning.locators import Locator, locators_of
from arb_pipelines.scraping.learning.targets import find_targets

RULES_A_FIELD = 14
RULES_A_FAMILY = 4
MAX_VALUES = 20
ENOUGH = 0.2  # of all rules' weight: below it, and without the best rule, the page probably does not show the field
TELLING = frozenset({"id", "mark", "class", "label"})  # families that know the field by a name, not by its position
_JOINS = re.compile(r"\s*(?:[,;&/|+]|and|und|et|y|e|og|och|en)?\s*(?:and|&)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One learned way to a field's value. `support` is how many labelled pages it was right on."""

    field: str
    locator: Locator
    form: Form
    support: int
    weight: float
    takes_all: bool = False  # the values of all places found, not only of the first and those joined to it

    def values(self, tree: PageTree) -> list[str]:
        """Return what the rule reads off a page: its first value, with those joined to it by a comma."""
        found = tree.find(self.locator.xpath)[:MAX_VALUES]
        chosen = found if self.takes_all else joined_to_first(found)
        read = (self.form.read(squeeze(_text(node))) for node in chosen)
        return list(dict.fromkeys(value for value in read if value))


def learn_rules(pages: Sequence[LabelledPage]) -> dict[str, list[Rule]]:
    """Return rules by field, the best first, learned from pages of one site whose values are known.

    A field that no page labels, or whose labels stand nowhere on the pages, has no rules.
    """
    trees = [(tree, page) for page in pages if (tree := parse_tree(page.html, page.url)) is not None]
    names = dict.fromkeys(name for _, page in trees for name in page.labels)
    rules = {name: _learn_field(name, [(tree, _labels(page, name)) for tree, page in trees]) for name in names}
    return {name: found for name, found in rules.items() if found}


def apply_rules(html: bytes, rules: Mapping[str, Sequence[Rule]], url: str = "") -> dict[str, list[str]]:
    """Return the values that the rules read off a page, by field; a field not found is missing."""
    tree = parse_tree(html, url)
    if tree is None:
        return {}
    read = {name: vote(tree, of_field) for name, of_field in rules.items()}
    return {name: values for name, values in read.items() if values}


def vote(tree: PageTree, rules: Sequence[Rule]) -> list[str]:
    """Return the values that most weight stands behind, nothing when too few rules find anything.

    Rules agree when their first values do: one that knows only the first author supports one that knows all.
    """
    ballots: dict[str, list[tuple[Rule, list[str]]]] = defaultdict(list)
    for rule in rules:
        values = rule.values(tree)
        if values:
            ballots[values[0]].append((rule, values))
    if not ballots:
        return []
    winner = max(ballots.values(), key=_weight_of)
    if not _is_enough(winner, rules, {id(rule) for ballot in ballots.values() for rule, _ in ballot}):
        return []
    return max(winner, key=lambda ballot: (len(ballot[1]) > 1, ballot[0].weight))[1]


def _is_enough(winner: Sequence[tuple[Rule, list[str]]], rules: Sequence[Rule], voters: set[int]) -> bool:
    """Return whether the winner may be believed: the best rule is for it, or enough weight.

    When only bare positions find something while labels and names are silent, the field is probably not shown and
    its neighbour stands there now; so they must outweigh the silent ones.
    """
    if any(rule is rules[0] for rule, _ in winner):
        return True
    weight = _weight_of(winner)
    silent = sum(rule.weight for rule in rules if rule.locator.family in TELLING and id(rule) not in voters)
    is_told = any(rule.locator.family in TELLING for rule, _ in winner)
    return weight >= ENOUGH * sum(rule.weight for rule in rules) and (is_told or weight > silent)


def _weight_of(ballots: Sequence[tuple[Rule, list[str]]]) -> float:
    return sum(rule.weight for rule, _ in ballots)


def _labels(page: LabelledPage, name: str) -> list[str]:
    return list(dict.fromkeys(text for value in page.labels.get(name, ()) if (text := squeeze(value))))


def _learn_field(name: str, pages: Sequence[tuple[PageTree, list[str]]]) -> list[Rule]:
    candidates: dict[tuple[str, Form, bool], Rule] = {}
    has_many = any(len(labels) > 1 for _, labels in pages)
    for tree, labels in pages:
        for target in find_targets(tree, labels[0]) if labels else ():
            for locator in locators_of(tree, target):
                for takes_all in (False, True) if has_many else (False,):
                    rule = Rule(name, locator, target.form, 0, 0.0, takes_all)
                    candidates.setdefault((locator.xpath, target.form, takes_all), rule)
    judged = (_judge(rule, pages) for rule in candidates.values())
    return _choose([rule for rule in judged if rule is not None])


def _judge(rule: Rule, pages: Sequence[tuple[PageTree, list[str]]]) -> Rule | None:
    """Return the rule with its support and weight, None when it misleads more often than it helps."""
    right = wrong = crowded = 0
    for tree, labels in pages:
        values = rule.values(tree)
        is_right = bool(labels) and _says(rule, values, labels)
        right += is_right
        wrong += bool(values) and not is_right
        crowded += is_right and len(tree.find(rule.locator.xpath)) > len(values)
    labelled = sum(1 for _, labels in pages if labels)
    if not right or wrong >= right:
        return None
    trust = (right / (right + wrong)) ** 3 * (right / labelled) * (0.7 if crowded else 1.0)
    return replace(rule, support=right, weight=rule.locator.weight * rule.form.weight * trust)


def _says(rule: Rule, values: Sequence[str], labels: Sequence[str]) -> bool:
    """Return whether the values are the labelled ones; numbers compare as the rule's form writes them."""
    wanted = {rule.form.read(label) or label for label in labels} if rule.form.kind == "number" else set(labels)
    return set(values) == wanted


def _choose(rules: list[Rule]) -> list[Rule]:
    """Return the best rules, of several families, so that one change of a page does not silence them all."""
    chosen: list[Rule] = []
    taken: dict[str, int] = defaultdict(int)
    for rule in sorted(rules, key=lambda rule: (-rule.weight, len(rule.locator.xpath))):
        if taken[rule.locator.family] < RULES_A_FAMILY and len(chosen) < RULES_A_FIELD:
            taken[rule.locator.family] += 1
            chosen.append(rule)
    return chosen


def joined_to_first(found: Sequence[Any]) -> list[Any]:
    """Return the first place and those that follow it in the same list: `<a>A</a>, <a>B</a> and <a>C</a>`."""
    if not found:
        return []
    chosen = [found[0]]
    for node in found[1:]:
        last, here = _element(chosen[-1]), _element(node)
        if last is None or here is None or not _is_next_in_list(last, here):
            break
        chosen.append(node)
    return chosen


def _is_next_in_list(last: Any, here: Any) -> bool:
    tail = squeeze(last.tail)
    return last is not here and last.getnext() is here and bool(tail) and _JOINS.fullmatch(tail) is not None


def _element(node: Any) -> Any:
    """Return the element that a place is or, for a text, that holds it; None for an attribute or a tail."""
    if hasattr(node, "getparent") and hasattr(node, "is_text"):
        return node.getparent() if node.is_text else None
    return None if isinstance(node, str) else node


def _text(node: Any) -> str:
    return str(node) if isinstance(node, str) else "".join(node.itertext())
