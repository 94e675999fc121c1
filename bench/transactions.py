"""Delay of one hop through Kafka with and without transactions: the figures of ADR 1.

``python bench/transactions.py`` on a running stack (``make up-servers``). A producer sends one record every 10 ms; a
consumer in another thread notes when each is readable.
"""

import statistics
import threading
import time
import uuid

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from spoton_common.settings import Connections

RECORDS = 600
WARM_UP = 100  # until the consumer has its partition
PERIOD_S = 0.010
PICTURE = b"x" * 20_000  # a detection record with its crops


def main() -> None:
    """Print median and 95th percentile of the delay, for each way to commit."""
    bootstrap = Connections().kafka_bootstrap
    print(f"{'one hop':<28} {'p50 ms':>8} {'p95 ms':>8} {'sent/s':>8}")
    for name, every in (
        ("no transactions", None),
        ("a transaction a record", 1),
        ("a transaction per 0.1 s", 10),
        ("a transaction per 1 s", 100),
    ):
        delays_ms, rate = measure(bootstrap, every)
        p95 = statistics.quantiles(delays_ms, n=20)[-1]
        print(f"{name:<28} {statistics.median(delays_ms):8.1f} {p95:8.1f} {rate:8.0f}")


def measure(bootstrap: str, commit_every: int | None) -> tuple[list[float], float]:
    """Return each record's delay in milliseconds and the rate reached, committing after so many records."""
    topic = f"bench-transactions-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    try:
        delays_ms: list[float] = []
        reader = threading.Thread(target=_read, args=(bootstrap, topic, delays_ms))
        reader.start()
        began = time.monotonic()
        _write(bootstrap, topic, commit_every)
        rate = RECORDS / (time.monotonic() - began)
        reader.join()
        return delays_ms[WARM_UP:], rate
    finally:
        admin.delete_topics([topic])[topic].result()


def _write(bootstrap: str, topic: str, commit_every: int | None) -> None:
    config = {"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5, "compression.type": "lz4"}
    if commit_every:
        config["transactional.id"] = topic
    producer = Producer(config)
    if commit_every:
        producer.init_transactions()
    for number in range(RECORDS):
        if commit_every and number % commit_every == 0:
            producer.begin_transaction()
        producer.produce(topic, PICTURE, headers=[("sent", str(time.time_ns()).encode())])
        producer.poll(0)
        time.sleep(PERIOD_S)
        if commit_every and (number + 1) % commit_every == 0:
            producer.commit_transaction()
    producer.flush()


def _read(bootstrap: str, topic: str, delays_ms: list[float]) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": topic,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 100,
        }
    )
    consumer.subscribe([topic])
    try:
        while len(delays_ms) < RECORDS:
            message = consumer.poll(1.0)
            if message is None or message.error():
                continue
            sent_ns = int(dict(message.headers() or [])["sent"] or 0)
            delays_ms.append((time.time_ns() - sent_ns) / 1e6)
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
