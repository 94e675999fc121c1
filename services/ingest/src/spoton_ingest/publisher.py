"""The one producer that all cameras' threads share."""

import threading
import time
from collections.abc import Callable
from functools import partial

from confluent_kafka import Message
from spoton_common import metrics
from spoton_common.errors import NotDelivered
from spoton_common.kafka.dead_letters import bury
from spoton_common.kafka.producer import RecordProducer
from spoton_common.kafka.snapshots import Snapshot
from spoton_common.runtime import ledger
from spoton_common.servers import Patience
from spoton_common.tracing import HEADER, Traceparent
from spoton_schemas.records import Frame, Kind, TaskStatus
from spoton_schemas.topics import FRAMES, TASK_STATUS, state_topic

from spoton_ingest.chain import Chain
from spoton_ingest.lost import snapshot_of

NAME = "ingest"

_FLUSH_S = 2.0  # a broker that needs longer is said to be away


class Publisher:
    """Sends records, one thread at a time; raises ``DeliveryFailed``, and ``ServerAway`` if Kafka is away at a stop."""

    def __init__(
        self, producer: RecordProducer, patience: Patience, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._producer = producer
        self._patience = patience
        self._wall_clock = wall_clock
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many records are on their way to the broker."""
        return self._producer.waiting

    def frame(self, record: Frame, trace: Traceparent | None = None) -> None:
        """Send a record of a camera's stream; pictures carry when they left."""
        headers = {HEADER: trace} if trace else {}
        if record.kind is Kind.FRAME:
            headers[ledger.HEADER] = ledger.encode({NAME: int(self._wall_clock() * 1e6)})
        with self._lock:
            self._producer.send(FRAMES, record, headers)
        metrics.RECORDS_OUT.labels(NAME, FRAMES.name).inc()

    def status(self, status: TaskStatus) -> None:
        """Send a status."""
        with self._lock:
            self._producer.send(TASK_STATUS, status)
        metrics.RECORDS_OUT.labels(NAME, TASK_STATUS.name).inc()

    def state(self, chain: Chain, partition: int, offset: int) -> None:
        """Send a camera's state, which stands for its segments before ``offset``."""
        self.snapshot(chain.key, snapshot_of(chain, offset), partition)

    def snapshot(self, key: str, snapshot: Snapshot, partition: int) -> None:
        """Send what is kept of a camera."""
        name = key.encode(errors="surrogateescape")
        with self._lock:
            self._producer.send_bytes(state_topic(NAME), name, snapshot.to_bytes(), partition=partition)

    def bury(self, message: Message, reason: str, detail: str) -> None:
        """Set a segment, or a state, aside."""
        with self._lock:
            bury(self._producer, NAME, message, reason, detail)

    def flush(self) -> None:
        """Wait until the broker has everything; senders wait meanwhile."""
        with self._lock:
            self._patience.call("Kafka", partial(self._producer.flush, _FLUSH_S), NotDelivered)
