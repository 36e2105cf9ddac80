"""How many offers a site usually brings, and which sites brought clearly fewer.

What belongs here: the band of a site's volume. A shop that was redesigned answers as quickly as ever and says less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median

from arb_pipelines.domain.site import SiteVisit

LEAST_VISITS = 3  # before the last one; a band of two visits is no band
LEAST_SHARE = 0.5


def find_low_volumes(visits: Iterable[SiteVisit]) -> tuple[int, list[str]]:
    """Return how many sites could be judged, and those whose last visit brought less than half of their median.

    A site is judged when it has three earlier visits and usually brings something at all.
    """
    offers: dict[str, list[int]] = defaultdict(list)
    for visit in sorted(visits, key=lambda visit: visit.started_at):
        offers[visit.site].append(visit.offers)
    judged, low = 0, []
    for site, counts in offers.items():
        *earlier, last = counts
        if len(earlier) < LEAST_VISITS or not (usual := median(earlier)):
            continue
        judged += 1
        if last < LEAST_SHARE * usual:
            low.append(site)
    return judged, sorted(low)
