"""The environments, kept from their compacted topic as a table in memory."""

import asyncio
import random
import threading
import time
from collections.abc import Callable

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from spoton_common import metrics
from spoton_common.kafka.client import client_config
from spoton_common.kafka.ends import TopicEnds
from spoton_common.logging import get_logger
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.records import Scene
from spoton_schemas.topics import ENVIRONMENTS

from spoton_gateway.errors import NotFound, Unavailable

_log = get_logger()

_POLL_S = 0.2  # also bounds how late the thread notices a stop
_PAUSE_S = 2.0
_TIMEOUT_S = 3.0


class EnvironmentTable:
    """Newest scene of each environment; a thread keeps it up to date."""

    def __init__(self, bootstrap: str, make_codec: Callable[[], Codec]) -> None:
        self._bootstrap = bootstrap
        self._make_codec = make_codec
        self._scenes: dict[str, Scene] = {}
        self._next_offset = -1
        self._trouble: str | None = "connecting"
        self._ends = TopicEnds(bootstrap, ENVIRONMENTS.name)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="environments", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    async def stop(self) -> None:
        """Stop reading."""
        self._stop.set()
        await asyncio.to_thread(self._thread.join)

    @property
    def trouble(self) -> str | None:
        """Why the table is not up to date; None if it is."""
        return self._trouble

    def scenes(self) -> list[Scene]:
        """Return all environments, by id; ``Unavailable`` before the table was read for the first time."""
        if self._next_offset < 0:
            raise Unavailable("kafka", self._trouble or "connecting")
        return [scene for _, scene in sorted(self._scenes.copy().items())]

    async def scene(self, environment_id: str) -> Scene:
        """Return an environment, also one registered only just now; ``NotFound``, ``Unavailable``."""
        if environment_id not in self._scenes:
            await asyncio.to_thread(self._catch_up)
        scene = self._scenes.get(environment_id)
        if scene is None:
            known = ", ".join(sorted(self._scenes)) or "none"
            raise NotFound(f"there is no environment {environment_id!r} (registered: {known})")
        return scene

    def _catch_up(self) -> None:
        """Wait until everything that is in the topic now has been read."""
        deadline = time.monotonic() + _TIMEOUT_S
        try:
            end = self._ends.of([0], _TIMEOUT_S)[0]
        except KafkaException as error:
            raise Unavailable("kafka", str(error.args[0].str())) from error
        while self._next_offset < end:
            if time.monotonic() > deadline:
                raise Unavailable("kafka", "the environments cannot be read")
            self._stop.wait(0.01)

    def _run(self) -> None:
        troubled = False
        while not self._stop.is_set():
            try:
                self._read()
            except Exception as error:
                troubled = troubled and self._trouble is not None
                # A registry or broker that is away: the table stays as it was, and is read anew later.
                if not troubled:
                    _log.warning("environments cannot be read, trying again", error=f"{type(error).__name__}: {error}")
                troubled = True
                self._trouble = f"{type(error).__name__}: {error}"
                self._stop.wait(random.uniform(_PAUSE_S / 2, _PAUSE_S))  # noqa: S311 (jitter)

    def _read(self) -> None:
        codec = self._make_codec()
        consumer = Consumer(
            {
                **client_config(self._bootstrap),
                "group.id": "spoton-gateway-readers",  # required by the client; nothing is committed to it
                "enable.auto.commit": False,
            }
        )
        try:
            partition = TopicPartition(ENVIRONMENTS.name, 0)
            low, end = consumer.get_watermark_offsets(partition, timeout=_TIMEOUT_S)
            consumer.assign([TopicPartition(ENVIRONMENTS.name, 0, low)])
            while not self._stop.is_set():
                message = consumer.poll(_POLL_S)
                if message is not None:
                    self._take(codec, message)
                if consumer.position([partition])[0].offset >= end or low == end:
                    self._next_offset = max(self._next_offset, consumer.position([partition])[0].offset, end)
                    self._trouble = None
        finally:
            consumer.close()

    def _take(self, codec: Codec, message: Message) -> None:
        if message.error() is not None:
            raise KafkaException(message.error())
        if message.value() is None:
            self._scenes.pop((message.key() or b"").decode(errors="replace"), None)
            return
        try:
            scene = codec.read(ENVIRONMENTS, message.key(), message.value()).scene
        except UnreadableRecord as error:
            metrics.DROPPED.labels("gateway", error.reason).inc()
            return
        self._scenes[scene.environment_id] = scene
