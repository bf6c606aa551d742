"""What Prometheus is told of /events."""

from prometheus_client import Gauge

CLIENTS = Gauge("gateway_sse_clients", "Clients that listen to /events")
