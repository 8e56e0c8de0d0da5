"""The answer of ``/metrics``, by prometheus-client."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from jwtfast.gateway.counts import BUCKETS, Counts, Row

__all__ = ["Metrics"]

_PREFIX: Final = "jwtfast_gateway"
_ALIVE: Final = 10  # seconds since a worker's last beat after which what it holds counts no more


class Metrics(Collector):
    """What all workers have counted, and what they hold, in Prometheus's words."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self.issuers: Sequence[str] = ()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def write(self, accept: str) -> tuple[bytes, str]:
        """Write them.

        Args:
            accept: The request's Accept header: OpenMetrics for those who ask for it.

        Returns:
            The body, and its media type.
        """
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type

    def describe(self) -> Iterator[Metric]:
        """Give nothing: what is described needn't be collected at the start."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Give all metrics."""
        rows = self._counts.rows
        now = time.time()
        alive = [row for row in rows if now - row["beat"] < _ALIVE]
        yield self._decisions(rows)
        yield self._durations(rows)
        for name, text in (
            ("starts", "Workers that were started."),
            ("reloads", "Configurations that a worker took over."),
            ("failed_reloads", "Configurations that were wrong, and not taken over."),
        ):
            yield CounterMetricFamily(f"{_PREFIX}_{name}", text, sum(row[name] for row in rows))
        yield CounterMetricFamily(f"{_PREFIX}_cache_hits", "Tokens that were remembered.", _sum(rows, "hits"))
        yield CounterMetricFamily(f"{_PREFIX}_cache_misses", "Tokens that were not.", _sum(rows, "misses"))
        yield GaugeMetricFamily(f"{_PREFIX}_workers", "Workers at work.", len(alive))
        yield GaugeMetricFamily(f"{_PREFIX}_cache_tokens", "Tokens in all caches.", _sum(alive, "cached_tokens"))
        yield GaugeMetricFamily(f"{_PREFIX}_cache_bytes", "What they take.", _sum(alive, "cached_bytes"))
        if connected := [row["revocations"] == 2 for row in alive if row["revocations"]]:
            text = "Whether every worker knows what Redis says has been revoked."
            yield GaugeMetricFamily(f"{_PREFIX}_revocations_connected", text, all(connected))
        yield from self._key_sets(alive)

    @staticmethod
    def _decisions(rows: Sequence[Row]) -> Metric:
        family = CounterMetricFamily(f"{_PREFIX}_decisions", "Decisions by their code.", labels=["code"])
        sums: dict[str, int] = {}
        for row in rows:
            for code, number in row.decisions():
                sums[code] = sums.get(code, 0) + number
        for code, number in sums.items():
            family.add_metric([code], number)
        return family

    @staticmethod
    def _durations(rows: Sequence[Row]) -> Metric:
        numbers = [sum(column) for column in zip(*(row.durations() for row in rows), strict=True)]
        running, buckets = 0, []
        for limit, number in zip([*(limit / 1e9 for limit in BUCKETS), float("inf")], numbers, strict=True):
            running += number
            buckets.append(("+Inf" if limit == float("inf") else repr(limit), running))
        family = HistogramMetricFamily(f"{_PREFIX}_decision_seconds", "How long decisions took.")
        family.add_metric([], buckets, sum_value=_sum(rows, "nanoseconds") / 1e9)
        return family

    def _key_sets(self, alive: Sequence[Row]) -> Iterator[Metric]:
        families = (
            ("key_set_age_seconds", "How long ago an issuer's keys were last fetched, in the worst worker.", max),
            ("key_set_keys", "How many keys there are of an issuer, in the worst worker.", min),
            ("key_set_failures", "How many fetches have failed since one succeeded, in the worst worker.", max),
        )
        for place, (name, text, worst) in enumerate(families):
            family = GaugeMetricFamily(f"{_PREFIX}_{name}", text, labels=["issuer"])
            for number, issuer in enumerate(self.issuers):
                if alive:
                    family.add_metric([issuer], worst(row.issuer(number)[place] for row in alive))
            yield family


def _sum(rows: Sequence[Row], name: str) -> int:
    return sum(row[name] for row in rows)
