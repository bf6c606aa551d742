"""Brokers of a test's own."""

from tests.serving.brokers import own_mosquitto, strict_mosquitto

__all__ = ["own_mosquitto", "strict_mosquitto"]
