"""Asset checks: what must hold of each table, shown beside it on the page.

What belongs here: one check a property, at least one an asset. A check mends nothing; wrong books are an alert.
"""

from collections import Counter
from datetime import timedelta

from dagster import AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, AssetKey, asset_check

from arb_pipelines.defs.resources import (
    BooksResource,
    ModelStoreResource,
    RawStoreResource,
    SettingsResource,
    SitesResource,
    SystemClock,
)
from arb_pipelines.defs.training import OUTLET
from arb_pipelines.domain.stores import Books
from arb_pipelines.domain.visit_volume import find_low_volumes
from arb_pipelines.services.books_alerts import alert_broken
from arb_pipelines.transforms.field_coverage import field_coverage

WARN, ERROR = AssetCheckSeverity.WARN, AssetCheckSeverity.ERROR
FRESH_SHARE = 0.9  # of the enabled sites; 3 % of shops misbehave at any time in our own sandbox
MOST_LOW = 0.1
NEWEST = 2_000
LEAST_COVERED = {"price": 0.8, "currency": 0.8, "name": 0.9, "availability": 0.6}
MOST_QUARANTINED = 0.2
LEAST_MATCHED = 0.5
LEAST_PRECISION = 0.9
FEWEST_VERDICTS = 10  # people report wrong matches first, so a few verdicts say nothing about the rest
GREATEST_ROI = 3  # pairs that promise more than 300 % are mismatches (measured on real shelf prices)


def result(passed: bool, severity: AssetCheckSeverity, **metadata: float | str) -> AssetCheckResult:
    """Return a check's result with its figures."""
    return AssetCheckResult(passed=passed, severity=severity, metadata=metadata)


@asset_check(asset=AssetKey("raw_scrapes"))
def raw_scrapes_fresh(books: BooksResource, sites: SitesResource) -> AssetCheckResult:
    """Most enabled sites were visited within three of their intervals."""
    now = SystemClock().now()
    with books.opened() as opened:
        last = opened.visits.last_tick_at()
    enabled = [site for site in sites.load().sites if site.enabled and site.site_class.may_fetch]
    fresh = [s for s in enabled if s.key in last and now - last[s.key] < timedelta(seconds=3 * s.interval_s + 300)]
    share = len(fresh) / max(1, len(enabled))
    return result(share >= FRESH_SHARE, WARN, sites=len(enabled), fresh=len(fresh), share=round(share, 3))


@asset_check(asset=AssetKey("raw_scrapes"))
def raw_scrapes_volume(books: BooksResource) -> AssetCheckResult:
    """Most sites brought about as many offers as they usually do: a shop that says less than usual has changed."""
    now = SystemClock().now()
    with books.opened() as opened:
        visits = opened.visits.load_between(now - timedelta(days=1), now)
    judged, low = find_low_volumes(visits)
    share = len(low) / max(1, judged)
    return result(share <= MOST_LOW, WARN, judged_sites=judged, low=len(low), first_low=", ".join(low[:20]))


@asset_check(asset=AssetKey("raw_scrapes"))
def raw_scrapes_fields(raw_store: RawStoreResource) -> AssetCheckResult:
    """What the last pages said is as complete as trading needs: price, currency, name, stock."""
    with raw_store.opened() as store:
        known = field_coverage(store.load_newest(NEWEST))
    short = [name for name, least in LEAST_COVERED.items() if known.get(name, 0.0) < least]
    shares = {f"{name}_share": round(share, 3) for name, share in known.items()}
    return result(bool(known) and not short, WARN, below_target=", ".join(short) or "none", **shares)


@asset_check(asset=AssetKey("ebay_offers"))
def ebay_offers_answered(books: BooksResource, settings: SettingsResource) -> AssetCheckResult:
    """The last look at eBay was answered; where nothing is searched there is nothing to object to."""
    off, now = settings.values.ebay_source_off, SystemClock().now()
    if off:
        return result(True, WARN, off=off)
    with books.opened() as opened:
        looks = [v for v in opened.visits.load_between(now - timedelta(days=1), now) if v.site == "ebay"]
    reason = looks[-1].reason if looks else "not searched for a day"
    return result(reason is None, WARN, looks=len(looks), reason=reason or "answered")


@asset_check(asset=AssetKey("price_history"))
def price_history_quarantine(books: BooksResource) -> AssetCheckResult:
    """Few of the observations of the last day had to be quarantined."""
    with books.opened() as opened:
        kept, held = opened.price_history.count_since(SystemClock().now() - timedelta(days=1))
    share = held / max(1, kept + held)
    return result(kept > 0 and share <= MOST_QUARANTINED, WARN, kept=kept, quarantined=held, share=round(share, 3))


@asset_check(asset=AssetKey("sold_prices"))
def sold_prices_known(books: BooksResource) -> AssetCheckResult:
    """There are completed sales to learn from."""
    with books.opened() as opened:
        newest = opened.sold_prices.newest_sold_at(OUTLET)
    return result(newest is not None, WARN, newest_sale=str(newest))


@asset_check(asset=AssetKey("products"))
def products_matched(books: BooksResource) -> AssetCheckResult:
    """Enough of the offers are matched with certainty."""
    with books.opened() as opened:
        outcomes = opened.products.count_outcomes()
    share = outcomes.get("same", 0) / max(1, sum(outcomes.values()))
    return result(share >= LEAST_MATCHED, WARN, matched_share=round(share, 3), **outcomes)


@asset_check(asset=AssetKey("products"))
def products_precise(books: BooksResource) -> AssetCheckResult:
    """Of the matches that people judged, nearly all were right; without verdicts there is nothing to object to."""
    from polars import DataFrame

    with books.opened() as opened:
        verdicts = Counter(DataFrame(opened.products.load_feedback())["verdict"].to_list())
    judged = verdicts["right"] + verdicts["wrong"]
    precision = verdicts["right"] / judged if judged else 1.0
    passed = judged < FEWEST_VERDICTS or precision >= LEAST_PRECISION
    return result(passed, ERROR, precision=round(precision, 3), **{f"judged_{word}": n for word, n in verdicts.items()})


@asset_check(asset=AssetKey("matching_model"))
def matching_model_precise(models: ModelStoreResource) -> AssetCheckResult:
    """On its labelled pairs nearly everything that the matcher calls the same is the same."""
    from arb_pipelines.defs.matching import load_figures

    figures = load_figures(models)
    return result(figures.get("precision", 0.0) >= LEAST_PRECISION, WARN, **figures)


@asset_check(asset=AssetKey("price_predictions"))
def price_predictions_made(books: BooksResource) -> AssetCheckResult:
    """The champion predicts for some product; abstentions are counted, not hidden."""
    with books.opened() as opened:
        predictions = opened.predictions.load().values()
    abstained = sum(prediction.abstained is not None for prediction in predictions)
    return result(len(predictions) > abstained, WARN, predictions=len(predictions), abstained=abstained)


@asset_check(asset=AssetKey("price_model"))
def price_model_champion(books: BooksResource) -> AssetCheckResult:
    """Every prediction in use names the model version that made it."""
    with books.opened() as opened:
        versions = {prediction.model_version for prediction in opened.predictions.load().values()}
    return result(bool(versions) and "" not in versions, WARN, versions=", ".join(sorted(versions)) or "none")


@asset_check(asset=AssetKey("price_model"))
def price_model_drift(books: BooksResource) -> AssetCheckResult:
    """The champion's promises held on the sales since its training; else it is locked and predicts nothing."""
    with books.opened() as opened:
        predictions = opened.predictions.load().values()
    locked = sum(prediction.abstained == "model_drifted" for prediction in predictions)
    return result(locked == 0, WARN, predictions=len(predictions), locked=locked)


@asset_check(asset=AssetKey("opportunities"))
def opportunities_plausible(books: BooksResource) -> AssetCheckResult:
    """No opportunity promises more than 300 %: such a pair is a mismatch, not a bargain."""
    with books.opened() as opened:
        found = opened.opportunities.load_open(SystemClock().now())
    wild = [opportunity.opportunity_id for opportunity in found if opportunity.roi > GREATEST_ROI]
    return result(not wild, ERROR, open=len(found), implausible=len(wild))


@asset_check(asset=AssetKey("approvals"))
def approvals_bounded(books: BooksResource, settings: SettingsResource) -> AssetCheckResult:
    """No more approvals wait than the policy allows."""
    with books.opened() as opened:
        waiting = opened.approvals.count_open(SystemClock().now())
    return result(waiting <= settings.values.policy_max_open, ERROR, waiting=waiting)


def invariant_check(asset: str, property_name: str, describe: str, *names: str) -> AssetChecksDefinition:
    """Return a check that the named invariants of the books hold."""

    @asset_check(asset=AssetKey(asset), name=f"{asset}_{property_name}", description=describe)
    def check(books: BooksResource) -> AssetCheckResult:
        with books.opened() as opened:
            broken = broken_among(opened, names)
            alert_broken(opened, names, broken, SystemClock())
        return result(not broken, ERROR, **(broken or {"broken": 0}))

    return check


def report_check(asset: str, name: str) -> AssetChecksDefinition:
    """Return a check that a report's files are there and complete, and that the books it rests on hold."""

    @asset_check(asset=AssetKey(asset), name=f"{asset}_written", description="Both files are there; the books hold.")
    def check(books: BooksResource, settings: SettingsResource) -> AssetCheckResult:
        files = [settings.values.reports_dir / f"{name}{suffix}" for suffix in (".csv", ".html")]
        written = sum(path.is_file() and path.stat().st_size > 0 for path in files)
        with books.opened() as opened:
            broken = broken_among(opened, ("I3_", "I6_"))
        return result(written == len(files) and not broken, WARN, files=written, **broken)

    return check


def broken_among(books: Books, names: tuple[str, ...]) -> dict[str, int]:
    """Return the broken invariants whose name starts with one of `names`."""
    return {key: rows for key, rows in books.broken_invariants().items() if key.startswith(names)}


ALL: list[AssetChecksDefinition] = [
    raw_scrapes_fresh,
    raw_scrapes_volume,
    raw_scrapes_fields,
    ebay_offers_answered,
    price_history_quarantine,
    sold_prices_known,
    products_matched,
    products_precise,
    matching_model_precise,
    price_predictions_made,
    price_model_champion,
    price_model_drift,
    opportunities_plausible,
    approvals_bounded,
    invariant_check(
        "purchases",
        "once",
        "At most one order a purchase, within limits, traceable.",
        "I1_",
        "I2_",
        "I4_",
        "I7_",
        "I10_",
    ),
    invariant_check("inventory_lots", "backed", "Stock in the ledger is what was bought and not sold.", "I3_inventory"),
    invariant_check("listings", "backed", "No listing without stock; price between floor and ceiling.", "I5_", "I9_"),
    invariant_check("orders", "once", "Each unit leaves once and is shipped once.", "I6_"),
    invariant_check("profit_and_loss", "balanced", "Every ledger transaction sums to zero.", "I3_"),
    report_check("fastest_sellers", "fastest_selling"),
    report_check("category_results", "category_performance"),
    report_check("deal_profits", "deal_profits"),
    report_check("aged_stock", "stock_ageing"),
]
