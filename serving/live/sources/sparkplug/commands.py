"""Commands of a host application to edge nodes."""

from serving.broker.messages import OutgoingMessage
from serving.live.sources.sparkplug.births import REBIRTH
from serving.live.sources.sparkplug.payload import BOOLEAN, SparkplugMetric, SparkplugPayload, encode_payload
from serving.live.sources.sparkplug.topics import EdgeName, SparkplugTopic


def rebirth_command(node: EdgeName, time_ms: int) -> OutgoingMessage:
    """Asks an edge node for the births of itself and of its devices; commands have no sequence number."""
    wanted = SparkplugMetric(REBIRTH, None, time_ms, BOOLEAN, value=True)
    content = encode_payload(SparkplugPayload(time_ms, None, [wanted]))
    return OutgoingMessage(str(SparkplugTopic("NCMD", node)), content, qos=0)
