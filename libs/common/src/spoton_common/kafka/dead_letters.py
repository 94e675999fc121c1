"""Records that a stage cannot use, kept as they came with the reason."""

from confluent_kafka import Message
from spoton_schemas.topics import DEAD_LETTERS

from spoton_common import metrics
from spoton_common.kafka.producer import RecordProducer
from spoton_common.logging import get_logger

_log = get_logger()


def bury(producer: RecordProducer, stage: str, message: Message, reason: str, detail: str) -> None:
    """Send a record's own bytes, key and headers to the dead letters, with where it came from and why."""
    headers = {str(name): value or b"" for name, value in message.headers() or []}
    headers |= {
        "spoton-stage": stage.encode(),
        "spoton-reason": reason.encode(),
        "spoton-detail": detail[:1000].encode(),
        "spoton-topic": (message.topic() or "").encode(),
        "spoton-partition": str(message.partition()).encode(),
        "spoton-offset": str(message.offset()).encode(),
    }
    producer.send_bytes(DEAD_LETTERS, message.key(), message.value(), headers)
    metrics.DEAD_LETTERS.labels(stage, reason).inc()
    _log.warning(
        "record set aside",
        stage=stage,
        reason=reason,
        detail=detail,
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
    )
