"""What Prometheus is told of every service: requests and their latency, by route.

Belongs here: one registry an app, and the figures that all services have. Doesn't belong here: what only one
service counts (`<service>/metrics.py`).
"""

from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"


def app_registry() -> CollectorRegistry:
    """A registry of one app's own, with the figures of the process."""
    registry = CollectorRegistry()
    registry.register(REGISTRY)
    return registry


class WorkersCollector(Collector):
    """What all workers of a service have counted; the rest, such as memory and loaded models, of the one that answers."""

    def __init__(self, own: CollectorRegistry, folder: Path) -> None:
        self._own = own
        self._folder = folder

    def collect(self) -> list[Metric]:
        shared = list(MultiProcessCollector(None, str(self._folder)).collect())
        counted = {family.name for family in shared}
        return [*shared, *(family for family in self._own.collect() if family.name not in counted)]


class HttpMetrics:
    """Requests of one app."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "requests_total", "HTTP requests", ["path", "method", "status"], registry=registry
        )
        self._latency = Histogram(
            "request_latency_seconds",
            "Time to the first byte of a response",
            ["path", "method"],
            buckets=BUCKETS,
            registry=registry,
        )
        # Looking a label up costs more than counting; there are as many as routes, methods and statuses.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count an answer.

        Args:
            path: the route's template, such as `/plants/{plant}/predict`.
            method: of HTTP; an unknown one counts as "other".
            status: of the answer.
            seconds: to its first byte.
        """
        key = path, method, status
        children = self._children.get(key)
        if children is None:
            known = method if method in METHODS else OTHER
            requests, latency = self._requests.labels(path, known, status), self._latency.labels(path, known)
            children = requests, latency
            if known == method:
                self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)
