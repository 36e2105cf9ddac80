"""How often Amazon lets one seller account use each operation, as its interface models publish it.

What belongs here: the numbers, by the model's name of the operation: requests a second in the long run, and how many
may come at once. A test holds them against the models; what an account really has is told by the
`x-amzn-RateLimit-Limit` of each answer.
"""

from __future__ import annotations

from arb_pipelines.adapters.http.buckets import UsagePlan

PLANS = {
    "searchCatalogItems": UsagePlan(2, 2),
    "getDefinitionsProductType": UsagePlan(5, 10),
    "getInventorySummaries": UsagePlan(2, 2),
    "getListingsItem": UsagePlan(5, 10),
    "searchListingsItems": UsagePlan(5, 5),
    "putListingsItem": UsagePlan(5, 10),
    "patchListingsItem": UsagePlan(5, 5),
    "deleteListingsItem": UsagePlan(5, 5),
    "getListingsRestrictions": UsagePlan(5, 10),
    "searchOrders": UsagePlan(0.0056, 20),  # one in three minutes once 20 are used: for a look now and then
    "getOrder": UsagePlan(0.5, 30),
    "listTransactions": UsagePlan(0.5, 10),
    "confirmShipment": UsagePlan(2, 10),
    "getMyFeesEstimates": UsagePlan(0.5, 1),
    "getCompetitiveSummary": UsagePlan(0.033, 1),
    "getFeaturedOfferExpectedPriceBatch": UsagePlan(0.033, 1),
}
SLOWEST = UsagePlan(0.5, 1)  # for an operation without a published plan
LONGEST_WAIT_S = 40.0  # the pricing batches come every 30 s; an order search that has to wait 3 min is refused
