"""The composition root: settings, model, stage, runner, service."""

import threading
from collections.abc import Callable, Sequence

from spoton_common.description import read_settings
from spoton_common.health import Health, State
from spoton_common.kafka.registry import patient_codec
from spoton_common.logging import configure_logging, get_logger
from spoton_common.runtime.runner import RunnerOptions, StageRunner
from spoton_common.runtime.service import run_service
from spoton_common.servers import Patience, kafka, registry
from spoton_common.settings import Connections, ServiceSettings, TracingSettings
from spoton_common.tracing import configure_tracing
from spoton_schemas.records import Stage
from spoton_schemas.topics import FRAMES

from spoton_detector.crops import Cropper
from spoton_detector.description import DETECTOR
from spoton_detector.detector import Detector
from spoton_detector.errors import DetectorError
from spoton_detector.loading import load_detector
from spoton_detector.looks import LookPlan
from spoton_detector.settings import DetectorSettings
from spoton_detector.stage import NAME, DetectorStage

_MODEL = "model"

_log = get_logger()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service until SIGTERM; return the exit status."""
    settings = read_settings(DETECTOR, DetectorSettings, arguments)
    service = ServiceSettings()
    configure_logging(NAME, service.log_level, service.instance)
    tracing = configure_tracing(NAME, TracingSettings())
    health = Health()
    health.set(_MODEL, State.UNHEALTHY, f"loading {settings.model}")
    connections = Connections()

    def loop(stop: threading.Event, ready: Callable[[], None]) -> None:
        # The group is joined, and health is good, only once the model runs.
        detector = prepare_model(settings, health)
        runner = StageRunner(
            RunnerOptions(NAME, Stage.DETECTOR, settings.max_batch, pictures=True),
            make_stage(detector, settings),
            FRAMES,
            connections.kafka_bootstrap,
            patient_codec(connections.registry_url, Patience(NAME, stop, health)),
            tracing,
            health,
        )
        runner.run(stop, ready)

    servers = {"kafka": kafka(connections.kafka_bootstrap), "registry": registry(connections.registry_url)}
    return run_service({NAME: loop}, service, health, servers)


def prepare_model(settings: DetectorSettings, health: Health) -> Detector:
    """Load the model and warm it up; tells ``health`` how that went. Raises ``DetectorError``."""
    try:
        detector = load_detector(settings)
    except DetectorError as error:
        health.set(_MODEL, State.UNHEALTHY, str(error))
        raise
    detector.warm_up()
    health.set(_MODEL, State.HEALTHY, f"{detector.name} on {detector.device}")
    _log.info("model ready", model=detector.name, device=detector.device, classes=len(detector.class_names))
    return detector


def make_stage(detector: Detector, settings: DetectorSettings) -> DetectorStage:
    """Put the stage together."""
    cropper = Cropper(settings.crop_min_width, settings.crop_min_height, settings.crop_quality)
    looks = LookPlan() if settings.mode == "adaptive" else None
    return DetectorStage(detector, cropper, settings.max_pixels, settings.threads, looks)
