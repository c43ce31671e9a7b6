"""Numbers for whoever watches over the service (Prometheus). Never about a person.

What happens in this process is counted; what stands in the ledger is read when
somebody asks, so every process tells the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from router.ledger import QUERIES_FOLDER, load_queries
from router.reception import Reception

if TYPE_CHECKING:
    from router.house import House
    from router.model import Arrival, Receipt

Q: Final = load_queries(QUERIES_FOLDER / "metrics.sql")

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.contacts = Counter(
            "indgang_contacts",
            "Contacts made by this process",
            ["channel", "department"],
            registry=registry,
        )
        self.effects = Counter(
            "indgang_effects",
            "Attempts to send an effect by this process: sent, retry, failed",
            ["kind", "result"],
            registry=registry,
        )
        self.http_seconds = Histogram(
            "indgang_http_request_seconds",
            "Time from request to answer",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.contacts_open = Gauge(
            "indgang_contacts_open", "Open contacts", ["department"], registry=registry
        )
        self.promises_open = Gauge(
            "indgang_promises_open", "Open promises", ["department", "kind"], registry=registry
        )
        self.promises_late = Gauge(
            "indgang_promises_late",
            "Open promises past their due time",
            ["department", "kind"],
            registry=registry,
        )
        self.effects_pending = Gauge(
            "indgang_effects_pending", "Effects still to be sent", ["kind"], registry=registry
        )
        self.effects_oldest = Gauge(
            "indgang_effects_oldest_seconds",
            "Age of the oldest effect still to be sent",
            ["kind"],
            registry=registry,
        )
        self.ledger_up = Gauge(
            "indgang_ledger_up", "1 when PostgreSQL answered this scrape", registry=registry
        )
        self.config_refused = Gauge(
            "indgang_config_refused",
            "1 while the configuration's folder holds something that cannot be used",
            registry=registry,
        )

    async def read_ledger(self, house: House) -> None:
        """Read what stands in the ledger. Raises LedgerAway; the old numbers are gone then."""
        gauges = (
            self.contacts_open,
            self.promises_open,
            self.promises_late,
            self.effects_pending,
            self.effects_oldest,
        )
        for gauge in gauges:
            gauge.clear()
        self.ledger_up.set(0)
        now = house.clock.now()
        for row in await house.ledger.fetch(Q["open_contacts"]):
            self.contacts_open.labels(row["department"]).set(row["open"])
        for row in await house.ledger.fetch(Q["open_promises"], now):
            self.promises_open.labels(row["department"], row["kind"]).set(row["open"])
            self.promises_late.labels(row["department"], row["kind"]).set(row["late"])
        for row in await house.ledger.fetch(Q["pending_effects"]):
            self.effects_pending.labels(row["kind"]).set(row["pending"])
            age = (now - row["oldest"]).total_seconds()
            self.effects_oldest.labels(row["kind"]).set(max(0.0, age))
        self.ledger_up.set(1)

    def text(self) -> bytes:
        """In Prometheus' text format, with the channels' own and the process's numbers."""
        return generate_latest(self.registry) + generate_latest(REGISTRY)

    def effect_result(self, kind: str, result: str) -> None:
        """For `Outbox.on_result`."""
        self.effects.labels(kind, result).inc()


class CountedReception(Reception):
    """The reception, with its contacts counted."""

    metrics: Metrics

    async def receive(self, arrival: Arrival) -> Receipt:
        receipt = await super().receive(arrival)
        if receipt.created and not receipt.repeated:
            _contacts(self.metrics, arrival.channel.value, receipt.department).inc()
        return receipt


@lru_cache(maxsize=512)
def _contacts(metrics: Metrics, channel: str, department: str) -> Counter:
    """The counter of one channel and department; finding it costs more than counting."""
    return metrics.contacts.labels(channel, department)
