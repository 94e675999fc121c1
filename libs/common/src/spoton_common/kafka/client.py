"""What every Kafka client of ours has in common."""

from typing import Any

from confluent_kafka import KafkaError

from spoton_common.logging import get_logger

_log = get_logger()

_CRITICAL = 2  # syslog's
_LONGEST_PAUSE_MS = 5000  # between two attempts to connect; the client grows it from 0.1 s, with jitter

_NO_CONNECTION = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._TIMED_OUT}


def client_config(bootstrap: str) -> dict[str, Any]:
    """Return settings with which a client waits for an absent broker quietly.

    librdkafka writes a line on standard error at each attempt of each client: `spoton_common.servers` tells instead,
    once, that the broker is away, and once that it is back.
    """
    return {
        "bootstrap.servers": bootstrap,
        "reconnect.backoff.max.ms": _LONGEST_PAUSE_MS,
        "log_level": _CRITICAL,
        "error_cb": _note,
    }


def _note(error: KafkaError) -> None:
    """Log what is more than a missing connection: refused credentials, for instance."""
    if error.code() not in _NO_CONNECTION:
        _log.warning("kafka says", error=str(error))
