"""One connection to an MQTT 5 broker: paho's thread on one side, the event loop on the other.

A connection isn't used again once it is lost: who holds it opens another. So an acknowledgement can't reach a later
connection, where its number would be that of another message.

Belongs here: connecting, subscribing, fetching, acknowledging, publishing. Doesn't belong here: what messages hold,
and when a lost connection is replaced (`serving/live/sources/mqtt`, `serving/live/outputs/mqtt.py`).
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from serving.broker.address import BrokerAddress
from serving.broker.messages import ArrivalBuffer, ArrivedMessage, OutgoingMessage

ANSWER_WITHIN_S = 10
KEEP_ALIVE_S = 30
RECEIVE_MAXIMUM = 2000
"""Messages that a broker gives before the first of them is acknowledged."""
MOST_BYTES = 64 * 1024 * 1024
"""Of payloads in memory; a larger packet isn't given by the broker at all."""
_FIRST_REFUSAL = 0x80
_NO_SUBSCRIBER = 0x10
log = logging.getLogger("serving")


class BrokerFault(Exception):  # noqa: N818 - a fault of the other side
    """The broker is away, refuses something, or the connection is lost; the text says which."""


class BrokerRefusal(BrokerFault):
    """The broker refuses the login, a subscription or a message."""


class BrokerConnection:
    """A connection, used from one event loop.

    Args:
        broker: where, and as whom.
        client_id: of the session; empty: the broker gives one.
        session_s: how long the broker keeps the session, with what wasn't acknowledged, after a loss; 0: a clean one.
        largest: bytes of a payload; a larger one arrives without it.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        client_id: str = "",
        *,
        session_s: int = 0,
        largest: int = MOST_BYTES,
        will: OutgoingMessage | None = None,
    ) -> None:
        self.broker = broker
        self._session_s = session_s
        self._largest = largest
        self._loop = asyncio.get_running_loop()
        self._buffer = ArrivalBuffer(self._wake, RECEIVE_MAXIMUM, MOST_BYTES)
        self._arrived = asyncio.Event()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._lost = ""
        self._answers: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._puback_codes: dict[int, ReasonCode] = {}
        self._puback_noted = asyncio.Event()
        self._publishing = asyncio.Lock()
        self._window = 1
        self._client = self._make_client(client_id, will)

    @property
    def is_lost(self) -> bool:
        """Whether it was lost; it is known as soon as the broker or the system says so."""
        return bool(self._lost)

    async def open(self) -> None:
        """Connect and log in.

        Raises:
            BrokerRefusal: the broker refuses the login.
            BrokerFault: it can't be reached.
        """
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = self._session_s
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.MaximumPacketSize = MOST_BYTES
        place = self.broker.place
        try:
            await asyncio.to_thread(
                self._client.connect,
                self.broker.host,
                self.broker.port,
                KEEP_ALIVE_S,
                clean_start=self._session_s == 0,
                properties=properties,
            )
            self._client.loop_start()
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._opened
        except TimeoutError:
            raise BrokerFault(f"{place} doesn't answer within {ANSWER_WITHIN_S} s") from None
        except OSError as error:  # also of TLS
            reason = getattr(error, "verify_message", None) or error.strerror or str(error)
            raise BrokerFault(f"{place} can't be reached: {reason}") from None

    async def subscribe(self, filters: Sequence[str]) -> dict[str, str]:
        """Subscribe with QoS 1; the filters that the broker refuses, with its reasons."""
        options = SubscribeOptions(qos=1)
        codes = await self._ask(lambda: self._client.subscribe([(topic, options) for topic in filters]))
        return {
            topic: str(code)
            for topic, code in zip(filters, codes, strict=True)
            if code.value >= _FIRST_REFUSAL
        }

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Give subscriptions of the session up, also those that it doesn't have."""
        await self._ask(lambda: self._client.unsubscribe(list(filters)))

    async def fetch(self, within_s: float) -> list[ArrivedMessage]:
        """All that has arrived since the last time, in its order; waits for the first, and none where none comes.

        Raises:
            BrokerFault: the connection is lost; what arrived before it can't be acknowledged any more.
        """
        try:
            async with asyncio.timeout(within_s):
                while True:
                    await self._arrived.wait()
                    self._arrived.clear()
                    self._check_lost()
                    # It may be told of what was taken with the messages before.
                    if taken := self._buffer.take():
                        return taken
        except TimeoutError:
            return []

    def acknowledge(self, messages: Sequence[ArrivedMessage]) -> None:
        """Tell the broker that messages are safe: call it in the order of arrival."""
        if self._lost:
            return  # the broker gives them again, in the next connection
        for message in messages:
            if message.qos:
                self._client.ack(message.mid, message.qos)

    async def publish(self, messages: Sequence[OutgoingMessage], *, needs_subscriber: bool = False) -> None:
        """Publish in order; returns when the broker has acknowledged all of them, those of QoS 0 when they are sent.

        Args:
            messages: what is published.
            needs_subscriber: whether a message that the broker threw away, as nobody has subscribed to it, is a fault.

        Raises:
            BrokerRefusal: it refuses one; those before and after it may have been published.
            BrokerFault: the connection is lost, or there is no answer: any of them may have been published.
        """
        async with self._publishing:
            self._check_lost()
            self._puback_codes.clear()
            topics: dict[int, str] = {}
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S + len(messages) / 100):
                    for message in messages:
                        await self._wait_pubacks(len(topics) + 1 - self._window)
                        topics[self._send(message)] = message.topic
                    await self._wait_pubacks(len(topics))
            except TimeoutError:
                raise BrokerFault(f"{self.broker.place} acknowledges no message") from None
            for mid, code in self._puback_codes.items():
                if code.value >= _FIRST_REFUSAL:
                    raise BrokerRefusal(f"{self.broker.place} refuses messages of {topics[mid]}: {code}")
                if needs_subscriber and code.value == _NO_SUBSCRIBER:
                    raise BrokerFault(f"{self.broker.place}: nobody has subscribed to {topics[mid]}")

    async def _wait_pubacks(self, least: int) -> None:
        """Wait until so many of the messages at hand are acknowledged."""
        while len(self._puback_codes) < least:
            self._puback_noted.clear()
            self._check_lost()
            if len(self._puback_codes) < least:  # the client's thread adds to them
                await self._puback_noted.wait()

    async def wait_lost(self) -> None:
        """Wait for as long as the connection lasts.

        Raises:
            BrokerFault: it is lost.
        """
        while not self._lost:
            await self.fetch(KEEP_ALIVE_S)
        self._check_lost()

    async def close(self) -> None:
        """Leave the broker, which keeps a session for as long as it was asked to."""
        self._buffer.close()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _make_client(self, client_id: str, will: OutgoingMessage | None) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if self.broker.user:
            client.username_pw_set(self.broker.user, self.broker.password or None)
        if self.broker.tls is not None:
            client.tls_set_context(self.broker.tls)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        client.max_inflight_messages_set(
            0
        )  # what the broker takes at once is known later: `publish` bounds it
        client.connect_timeout = ANSWER_WITHIN_S
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = client.on_unsubscribe = self._on_answer
        client.on_publish = self._on_publish
        return client

    def _send(self, message: OutgoingMessage) -> int:
        sent = self._client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)
        return sent.mid

    async def _ask(self, send: Any) -> list[ReasonCode]:
        """Send a request that has a number, and wait for its answer."""
        self._check_lost()
        status, mid = send()
        if status != paho.MQTT_ERR_SUCCESS or mid is None:
            raise BrokerFault(f"{self.broker.place}: {paho.error_string(status)}")
        # The client's thread hands answers to this loop, so that none can come before this line.
        answer = self._answers[mid] = self._loop.create_future()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await answer
        except TimeoutError:
            raise BrokerFault(f"{self.broker.place} doesn't answer within {ANSWER_WITHIN_S} s") from None
        finally:
            del self._answers[mid]

    def _check_lost(self) -> None:
        if self._lost:
            raise BrokerFault(f"{self.broker.place}: {self._lost}")

    def _lose(self, reason: str) -> None:
        """In the loop: whoever waits is told."""
        self._lost = self._lost or reason
        self._buffer.close()
        self._arrived.set()
        self._puback_noted.set()
        fault = BrokerFault(f"{self.broker.place}: {reason}")
        for waiting in (self._opened, *self._answers.values()):
            if not waiting.done():
                waiting.set_exception(fault)

    # In the client's thread.

    def _call(self, function: Any, *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the loop has ended, and with it all who wait
            log.debug("the broker said something after the end")

    def _wake(self) -> None:
        self._call(self._arrived.set)

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, properties: Any) -> None:
        if code.is_failure:
            self._call(self._refuse_login, str(code))
            return
        self._call(self._open, getattr(properties, "ReceiveMaximum", RECEIVE_MAXIMUM))

    def _open(self, window: int) -> None:
        self._window = min(window, RECEIVE_MAXIMUM)
        if not self._opened.done():
            self._opened.set_result(None)

    def _refuse_login(self, reason: str) -> None:
        if not self._opened.done():
            self._opened.set_exception(BrokerRefusal(f"{self.broker.place} refuses the login: {reason}"))

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, _props: Any) -> None:
        self._call(self._lose, f"the connection is lost: {code}")

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        size = len(message.payload)
        payload = bytes(message.payload) if size <= self._largest else b""
        arrived_us = time.time_ns() // 1000
        self._buffer.add(ArrivedMessage(_topic(message), payload, message.mid, message.qos, size, arrived_us))

    def _on_answer(self, _client: Any, _data: Any, mid: int, codes: list[ReasonCode], _props: Any) -> None:
        self._call(self._answer, mid, codes)

    def _answer(self, mid: int, codes: list[ReasonCode]) -> None:
        if (waiting := self._answers.get(mid)) is not None and not waiting.done():
            waiting.set_result(codes)

    def _on_publish(self, _client: Any, _data: Any, mid: int, code: ReasonCode, _props: Any) -> None:
        self._puback_codes[mid] = code
        self._call(self._puback_noted.set)


def _topic(message: paho.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:  # against the protocol; brokers refuse it
        return "(a topic that isn't UTF-8)"
