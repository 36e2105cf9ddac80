"""The rules an operator keeps in files: preset, risk limits and deny list, read once and applied to each decision.

What belongs here: putting the three together. Each file is read and checked by its own module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from arb_pipelines.domain.deny_list import DenyList, load_deny_list
from arb_pipelines.domain.locks import LossRules
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.presets import Buys, Preset, load_preset
from arb_pipelines.domain.risk_rules import RiskRules, load_risk_rules
from arb_pipelines.domain.scoring_rules import BuyingRules
from arb_pipelines.domain.site import Site
from arb_pipelines.domain.submit_rules import SubmitRules


@dataclass(frozen=True)
class RuleBook:
    """What the files say. Without a preset the thresholds of the settings stand alone."""

    preset: Preset | None
    risk: RiskRules
    denied: DenyList

    @property
    def policy_may_approve(self) -> bool:
        """Whether the preset leaves approving to the written policy."""
        return self.preset is None or self.preset.buys is Buys.POLICY

    @property
    def only_watches(self) -> bool:
        """Whether the preset buys nothing."""
        return self.preset is not None and self.preset.buys is Buys.NOBODY

    def applied_to(self, rules: BuyingRules) -> BuyingRules:
        """Return buying rules with the deny list and, where there is one, the preset in place of theirs."""
        denying = replace(rules, denied=self.denied)
        return denying if self.preset is None else denying.with_preset(self.preset)

    def submit_rules(
        self, sites: Mapping[str, Site], outlets: Iterable[OutletTerms] = (), two_person_above: Money | None = None
    ) -> SubmitRules:
        """Return what must still hold when something is bought at one of the declared sites, to sell at `outlets`."""
        return SubmitRules(
            sites,
            max_age=self.risk.submit_max_age,
            denied=self.denied,
            restricting_outlets=frozenset(terms.outlet for terms in outlets if terms.restricts),
            two_person_above=two_person_above,
        )

    def loss_rules(self, capital: Money) -> LossRules:
        """Return when losses stop buying, as shares of `capital`."""
        return replace(self.risk.losses, capital=capital)


def load_rule_book(
    preset: str | None = None, risk_file: Path | None = None, deny_list_file: Path | None = None
) -> RuleBook:
    """Return the rules of a preset (id or path) and of the files; None takes no preset and the shipped files.

    Raises:
        PresetError: the preset cannot be used.
        RiskRulesError: the risk file cannot be used.
        DenyListError: the deny list cannot be used.
    """
    chosen = None if preset is None else load_preset(preset)
    return RuleBook(chosen, load_risk_rules(risk_file), load_deny_list(deny_list_file))
