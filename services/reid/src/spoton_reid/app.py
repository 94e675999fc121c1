"""Re-ID's process: settings, model, stages and loops put together."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from spoton_common.description import read_settings
from spoton_common.health import Health, State
from spoton_common.kafka.registry import patient_codec
from spoton_common.logging import configure_logging, get_logger
from spoton_common.model_files import candidate_paths, model_folders
from spoton_common.runtime.runner import RunnerOptions, StageRunner
from spoton_common.runtime.service import Loop, run_service
from spoton_common.runtime.stage import KeyedStage
from spoton_common.servers import Patience, kafka, registry
from spoton_common.settings import Connections, ServiceSettings, TracingSettings
from spoton_common.tracing import Tracing, configure_tracing
from spoton_schemas.records import Stage
from spoton_schemas.topics import DETECTIONS, TRACKS, Topic

from spoton_reid.association import AssociationParameters
from spoton_reid.description import REID
from spoton_reid.embedding import Embedder, load_embedder
from spoton_reid.errors import EmbedderError
from spoton_reid.gallery.recent import RecentGallery, connect, redis_server
from spoton_reid.gallery.remembering import NAME as GALLERY
from spoton_reid.gallery.remembering import Remembering
from spoton_reid.settings import ReidSettings
from spoton_reid.stages.associate import AssociateMachine
from spoton_reid.stages.track import TrackMachine, TrackTools
from spoton_reid.tracking import create_tracker

_MODEL = "model"

_log = get_logger()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; return the exit status."""
    settings = read_settings(REID, ReidSettings, arguments)
    service, connections, health = ServiceSettings(), Connections(), Health()
    configure_logging("reid", service.log_level, service.instance)
    tracing = configure_tracing("reid", TracingSettings())
    loops: dict[str, Loop] = {}
    servers = {"kafka": kafka(connections.kafka_bootstrap), "registry": registry(connections.registry_url)}
    if settings.stage in ("all", "track"):
        health.set(_MODEL, State.UNHEALTHY, f"loading {settings.embedder}")
        loops["track"] = partial(_track, settings, connections, tracing, health)
    if settings.stage in ("all", "associate"):
        loops["associate"] = partial(_associate, settings, connections, tracing, health)
        loops[GALLERY] = partial(_remember, settings, connections, health)
        servers["redis"] = redis_server(connections.redis_url.get_secret_value())
    return run_service(loops, service, health, servers)


def _track(
    settings: ReidSettings,
    connections: Connections,
    tracing: Tracing,
    health: Health,
    stop: threading.Event,
    ready: Callable[[], None],
) -> None:
    # The group is joined, and health is good, only once the model runs.
    embedder = _prepare_model(settings, health)

    def make_tracker(fps: float) -> Any:
        return create_tracker(settings.tracker, fps=fps, use_appearance=settings.use_appearance)

    make_tracker(1.0)  # one that cannot be made is told now, not at the first picture
    tools = TrackTools(embedder, make_tracker)
    stage = KeyedStage(DETECTIONS, lambda _camera: TrackMachine(tools))
    patience = Patience("track", stop, health)
    _runner("track", Stage.TRACK, stage, DETECTIONS, connections, patience, tracing).run(stop, ready)


def _associate(
    settings: ReidSettings,
    connections: Connections,
    tracing: Tracing,
    health: Health,
    stop: threading.Event,
    ready: Callable[[], None],
) -> None:
    parameters = replace(AssociationParameters(), label_delay_s=settings.label_delay_s)
    stage = KeyedStage(TRACKS, lambda _task: AssociateMachine(parameters))
    patience = Patience("associate", stop, health)
    _runner("associate", Stage.ASSOCIATE, stage, TRACKS, connections, patience, tracing).run(stop, ready)


def _remember(
    settings: ReidSettings,
    connections: Connections,
    health: Health,
    stop: threading.Event,
    ready: Callable[[], None],
) -> None:
    patience = Patience(GALLERY, stop, health)
    codec = patient_codec(connections.registry_url, patience)
    gallery = RecentGallery(connect(connections.redis_url.get_secret_value()), codec, settings.gallery_keep_s)
    Remembering(gallery, connections.kafka_bootstrap, codec, health).run(stop, ready)


def _runner(
    name: str,
    stage_name: Stage,
    stage: KeyedStage[Any],
    topic: Topic[Any],
    connections: Connections,
    patience: Patience,
    tracing: Tracing,
) -> StageRunner[Any]:
    codec = patient_codec(connections.registry_url, patience)
    options = RunnerOptions(name, stage_name)
    return StageRunner(options, stage, topic, connections.kafka_bootstrap, codec, tracing, patience.health)


def find_embedder(name: str) -> Path:
    """Return where the model of that name lies; a path that does not exist if there is none."""
    candidates = candidate_paths(name, "-embedder.onnx", model_folders())
    return next((path for path in candidates if path.exists()), candidates[0])


def _prepare_model(settings: ReidSettings, health: Health) -> Embedder:
    try:
        embedder = load_embedder(
            find_embedder(settings.embedder),
            threads=settings.threads,
            device=settings.device,
            precision=settings.precision,
        )
    except EmbedderError as error:
        health.set(_MODEL, State.UNHEALTHY, str(error))
        raise
    embedder.warm_up()
    health.set(_MODEL, State.HEALTHY, embedder.name)
    _log.info("model ready", model=embedder.name, dimension=embedder.dimension)
    return embedder
