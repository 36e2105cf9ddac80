"""One pass over the offers: scored with what the books hold, counted by reason, kept once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.services.deciding import decide_offers
from arb_pipelines_tests.domain.test_scoring import OFFER, PREDICTION, RULES
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START


def test_offers_are_scored_and_kept_once() -> None:
    books, asked = InMemoryBooks(), []
    dear = replace(OFFER, offer_key="offer-2", price=replace(OFFER.price, minor=9_900))

    def load_offers(since: object) -> list[Offer]:
        asked.append(since)
        return [OFFER, dear]

    books.opportunities.load_offers = load_offers  # type: ignore[method-assign]
    books.opportunities.store = lambda found, refused: len(found)  # type: ignore[method-assign]
    books.predictions.replace([PREDICTION])
    decided = decide_offers(books, RULES, load_schedules(), START)
    assert asked == [START - RULES.max_age]
    assert (decided.offers, [one.offer_key for one in decided.found], decided.new) == (2, [OFFER.offer_key], 1)
    assert decided.reasons == {"profit_low": 1}

    def abstain(offer: Offer, prediction: PricePrediction) -> PricePrediction:
        return replace(prediction, abstained="too_few_sales", predicted_at=START - timedelta(hours=1))

    learnt = decide_offers(books, RULES, load_schedules(), START, lambda opened, now: abstain)
    assert learnt.reasons == {"model_abstains(too_few_sales)": 2}
