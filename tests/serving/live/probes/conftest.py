from tests.serving.brokers import strict_mosquitto

__all__ = ["strict_mosquitto"]
