"""What the sensors service counts for Prometheus."""

from prometheus_client import Counter, Gauge

LIVE_READS = Counter("sensor_live_reads_total", "Responses with the newest reading")
HISTORY_READS = Counter("sensor_history_reads_total", "Responses with rows of the newest hours")
ACTIVATIONS = Counter("sensor_scenario_activations_total", "Scenarios activated", ["scenario"])
EVENT_CLIENTS = Gauge("sensor_event_clients", "Clients connected to events")
ROWS = Counter("sensor_rows_total", "Reading rows completed")
