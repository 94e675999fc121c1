"""Structured logs: one JSON object a line on standard error."""

import logging
import os
import socket
import sys
from typing import Any

import structlog

from spoton_common.log_context import add_record
from spoton_common.redaction import redact


def configure_logging(service: str, level: str = "INFO", instance: str = "") -> None:
    """Send this process's logs, and those of its libraries, to standard error as JSON lines."""
    instance = instance or f"{socket.gethostname()}:{os.getpid()}"

    def name_service(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"service": service, "instance": instance, **event}

    shared: list[structlog.typing.Processor] = [
        name_service,
        structlog.contextvars.merge_contextvars,
        add_record,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    for client in ("httpx", "httpx2"):  # the registry client's is the second
        logging.getLogger(client).setLevel(logging.WARNING)  # they write a line a request


def get_logger() -> structlog.stdlib.BoundLogger:
    """Return a logger; log events with fields, never payloads or secrets."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    return logger
