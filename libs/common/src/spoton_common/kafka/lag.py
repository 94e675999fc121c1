"""How far a consumer is behind."""

from collections import defaultdict

from confluent_kafka import Consumer, KafkaException

from spoton_common import metrics


def observe_lag(consumer: Consumer, stage: str) -> None:
    """Set a stage's lag by topic from what the client knows itself: no question goes to the broker.

    The client learns where a partition ends with each fetch; one of which nothing was fetched yet counts as read.
    """
    behind: dict[str, int] = defaultdict(int)
    try:
        for place in consumer.position(consumer.assignment()):
            _, end = consumer.get_watermark_offsets(place, cached=True)
            behind[place.topic] += max(0, end - place.offset) if place.offset >= 0 else 0
    except KafkaException:
        return  # between two rebalances; the next look succeeds
    for topic, records in behind.items():
        metrics.CONSUMER_LAG.labels(stage, topic).set(records)
