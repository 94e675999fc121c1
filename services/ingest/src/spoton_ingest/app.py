"""The composition root: settings, storage, cameras' workshop, loop, service."""

import queue
import threading
import time
from collections.abc import Callable, Sequence

from spoton_common.description import read_settings
from spoton_common.health import Health
from spoton_common.kafka.producer import LIVE_LINGER_MS, RecordProducer
from spoton_common.kafka.registry import patient_codec
from spoton_common.logging import configure_logging
from spoton_common.runtime.service import run_service
from spoton_common.servers import Patience, kafka, registry
from spoton_common.settings import Connections, FileAccess, S3Settings, ServiceSettings, TracingSettings
from spoton_common.tracing import configure_tracing

from spoton_ingest.cache import CacheFolder
from spoton_ingest.description import INGEST
from spoton_ingest.fetching import Library
from spoton_ingest.holdings import Holdings
from spoton_ingest.job import JpegOptions
from spoton_ingest.loop import IngestLoop
from spoton_ingest.news import News
from spoton_ingest.pace import Pace
from spoton_ingest.publisher import NAME, Publisher
from spoton_ingest.settings import IngestSettings
from spoton_ingest.traffic import Traffic
from spoton_ingest.workshop import Workshop

_LINGER_MS = 20.0  # of recorded video, of which nobody awaits a single picture: several share a request


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service until SIGTERM; return the exit status."""
    settings = read_settings(INGEST, IngestSettings, arguments)
    service = ServiceSettings()
    configure_logging(NAME, service.log_level, service.instance)
    connections, health = Connections(), Health()

    def loop(stop: threading.Event, ready: Callable[[], None]) -> None:
        with CacheFolder(settings.cache_dir) as cache:
            library = Library(cache, settings.cache_max_bytes, FileAccess(), S3Settings(), health)
            try:
                _work(settings, connections, library, Patience(NAME, stop, health), ready)
            finally:
                library.close()

    servers = {"kafka": kafka(connections.kafka_bootstrap), "registry": registry(connections.registry_url)}
    return run_service({NAME: loop}, service, health, servers)


def _work(
    settings: IngestSettings,
    connections: Connections,
    library: Library,
    patience: Patience,
    ready: Callable[[], None],
) -> None:
    bootstrap = connections.kafka_bootstrap
    # A codec for each thread: the publisher's is used under its lock.
    codec = patient_codec(connections.registry_url, patience)
    linger_ms = LIVE_LINGER_MS if settings.pace == "video" else _LINGER_MS
    producer = RecordProducer(
        bootstrap,
        patient_codec(connections.registry_url, patience),
        stop=patience.stop,
        linger_ms=linger_ms,
        pictures=True,
    )
    publisher = Publisher(producer, patience)
    traffic = Traffic()
    failures: queue.Queue[Exception] = queue.Queue()
    shop = Workshop(
        sink=publisher,
        videos=library,
        traffic=traffic,
        slots=threading.BoundedSemaphore(settings.workers),
        options=JpegOptions(settings.jpeg_quality, settings.decode_threads),
        failed=failures.put,
        pace=Pace() if settings.pace == "video" else None,
        tracing=configure_tracing(NAME, TracingSettings()),
    )
    news = News(bootstrap, codec, traffic, int(time.time() * 1000), patience)
    try:
        IngestLoop(bootstrap, codec, publisher, Holdings(shop), failures, patience).run(news, patience.stop, ready)
    finally:
        news.close()
