"""Asking the outlets that restrict before anything is decided on."""

from datetime import timedelta

from arb_pipelines.defs.resources import OutletResource, SystemClock
from arb_pipelines.domain.ports import RestrictionsSource
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.eligibility import refresh_eligibility, subjects_of
from arb_pipelines.settings import Settings


def ask_outlets(opened: Books, outlet: OutletResource, settings: Settings, max_age: timedelta) -> dict[str, int | str]:
    """Ask each outlet that restricts what we may sell; return the counts for the run's metadata.

    Without such an outlet nothing is opened or asked.
    """
    if not any(terms.restricts for terms in settings.terms_of_outlets.values()):
        return {}
    clock = SystemClock()
    subjects = subjects_of(opened, clock.now() - max_age)
    with outlet.sellers() as sellers:
        sources = [seller for seller in sellers if isinstance(seller, RestrictionsSource)]
        updates = refresh_eligibility(opened, sources, subjects, clock)
    return {name: value for update in updates for name, value in update.summary().items()}
