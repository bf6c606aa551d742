"""What Prometheus is told of live readings."""

from prometheus_client import Counter, Gauge

STORED = Counter("live_readings_stored", "Readings stored in the inbox", ["plant"])
REFUSED = Counter("live_readings_refused", "Readings refused, by name in the answer or the log", ["plant"])
SCORED_ROWS = Counter("live_rows_scored", "Rows scored")
BACKLOG = Gauge("live_backlog_rows", "Complete rows that wait for their scores", ["plant"])
