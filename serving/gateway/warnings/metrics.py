"""What Prometheus is told of warnings."""

from prometheus_client import Gauge

OPEN = Gauge("gateway_warnings_open", "Warnings that have not cleared", ["plant"])
