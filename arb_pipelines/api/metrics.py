"""What is measured of the API itself, for Prometheus.

What belongs here: the counters of one application, in a registry of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from arb_pipelines.domain.trade_views import Metric

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ApiMetrics:
    """Requests by route and status, their time, the live feed's listeners."""

    def __init__(self) -> None:
        """Make the registry."""
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        self._requests = Counter("arb_api_requests", "Requests.", (*labels, "status"), registry=self.registry)
        self._seconds = Histogram(
            "arb_api_seconds", "Time of a request, s.", labels, buckets=BUCKETS_S, registry=self.registry
        )
        self._listening = Gauge("arb_api_feed_listeners", "Clients of the live feed.", registry=self.registry)
        # Methods, routes and statuses are few; finding a label's child again costs more than counting.
        self._of = cache(
            lambda method, route, status: (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(method, route),
            )
        )
        self._dropped = Gauge("arb_api_feed_dropped", "Clients dropped for slowness.", registry=self.registry)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        counter, histogram = self._of(method, route, status)
        counter.inc()
        histogram.observe(seconds)

    def text_of(self, figures: Sequence[Metric]) -> bytes:
        """Return figures of the trade in Prometheus' text format; they are counted anew for each look."""
        registry = CollectorRegistry()
        registry.register(TradeFigures(figures))
        return generate_latest(registry)

    def text(self, listening: int, dropped: int) -> bytes:
        """Return everything in Prometheus' text format."""
        self._listening.set(listening)
        self._dropped.set(dropped)
        return generate_latest(self.registry)


class TradeFigures(Collector):
    """Figures of the books as Prometheus takes them."""

    def __init__(self, figures: Sequence[Metric]) -> None:
        """Keep what was counted."""
        self._figures = figures

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Give each name once, with a sample for each label."""
        for name in dict.fromkeys(figure.name for figure in self._figures):
            same = [figure for figure in self._figures if figure.name == name]
            made = CounterMetricFamily if same[0].kind == "counter" else GaugeMetricFamily
            labels = sorted(same[0].labels)
            family = made(name, same[0].help, labels=labels)
            for figure in same:
                family.add_metric([figure.labels[label] for label in labels], figure.value)
            yield family
