"""How long a live picture takes through the line, stage by stage, beyond the model and the delay that is meant."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import yaml
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families
from spoton_reid.association import AssociationParameters
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from spoton_bench.line import Line
from spoton_bench.materials import Materials

CAMERAS, FPS = 4, 10
SETTINGS = {
    "SPOTON_INGEST_PACE": "video",
    # Four cameras at ten pictures a second are too much for YOLO11n at 640 px on two cores, and so are the crops of a
    # crowd for a large network; delay is measured below saturation, where it is the line's own.
    "SPOTON_DETECTOR_INPUT_HW": "[256, 320]",
    "SPOTON_DETECTOR_MODE": "every-frame",
}
SERVICES = ("ingest", "detector")

_HOPS = ("ingest", "detector", "track", "associate", "mapper")
_WARM_UP = 40  # pictures: connections are opened, the window of association fills


@dataclass(frozen=True, slots=True)
class Delay:
    """Delays of one task's pictures, milliseconds, without the first ones and those published at once at the end.

    Attributes:
        added: from a picture's publication to a WebSocket client, without ``meant`` and ``models``.
        steps: what each stage adds, Kafka before it included; association without what is meant.
        meant: the delay with which association publishes.
        models: mean time in the networks of ``detector`` (a call) and ``track`` (all crops of a picture).
        decoding: mean time of a picture in ingest, before its publication.

    """

    added: list[float]
    steps: dict[str, list[float]]
    meant: float
    models: Mapping[str, float]
    decoding: float

    def percentile(self, share: float) -> float:
        """Return a percentile of the added delay."""
        return float(np.percentile(self.added, share))


def live_environment(materials: Materials, work: Path) -> Materials:
    """Write an environment of four cameras at ten pictures a second; cameras are doubled where there are fewer."""
    document = yaml.safe_load((materials.folder / "environment.yaml").read_text(encoding="utf-8"))
    videos = list(materials.videos().values())
    originals = document["cameras"]
    cameras = []
    for number in range(CAMERAS):
        camera = dict(originals[number % len(originals)], id=f"live{number}")
        camera["sources"] = [str(path.resolve()) for path in videos[number % len(videos)][:1]]
        cameras.append(camera)
    folder = work / f"{materials.folder.name}-live"
    folder.mkdir(parents=True, exist_ok=True)
    live = {"id": folder.name, "name": "Live", "processing_fps": FPS, "cameras": cameras}
    (folder / "environment.yaml").write_text(yaml.safe_dump(live), encoding="utf-8")
    return Materials(folder, materials.ground_truth, materials.detector, materials.embedder, materials.note)


def measure_delay(line: Line, live: Materials, out: Path) -> Delay:
    """Run the environment at the speed of its video and listen to it like any client."""
    before = _spent(line)
    listener = _Listener(line.connections.gateway_url)
    pictures = line.run(live, out, listener.listen).report.frames_in
    updates = listener.finish()
    spent = {stage: after - before[stage] for stage, after in _spent(line).items()}
    models = {"detector": 1000 * float(spent["detector"][0] / spent["detector"][1])}
    models["track"] = 1000 * float(spent["track"][0]) / pictures
    decoding = 1000 * float(spent["ingest"][0] / spent["ingest"][1])
    meant = round(AssociationParameters().label_delay_s * FPS)
    last = max(update.tick for update in updates) - meant
    settled = [update for update in updates if _WARM_UP <= update.tick <= last]
    return _delay(settled, meant / FPS * 1000, models, decoding)


@dataclass(frozen=True, slots=True)
class _Update:
    tick: int
    arrived_us: float
    left_us: Mapping[str, int]


class _Listener:
    """A client of the WebSocket in a thread of its own."""

    def __init__(self, gateway_url: str) -> None:
        self._url = gateway_url.replace("http", "ws", 1)
        self._updates: list[_Update] = []
        self._thread: threading.Thread | None = None

    def listen(self, task_id: str) -> None:
        self._thread = threading.Thread(target=self._receive, args=(task_id,), daemon=True)
        self._thread.start()

    def finish(self) -> list[_Update]:
        if self._thread is not None:
            self._thread.join(30)
        return self._updates

    def _receive(self, task_id: str) -> None:
        with connect(f"{self._url}/ws/tracking/{task_id}", max_size=None) as connection:
            try:
                for text in connection:
                    self._note(time.time() * 1e6, json.loads(text))
            except ConnectionClosed:
                return

    def _note(self, arrived_us: float, message: Mapping[str, Any]) -> None:
        payload = message["payload"]
        if message["type"] == "tracking_update" and payload.get("latency"):
            self._updates.append(_Update(payload["global_frame_index"], arrived_us, payload["latency"]))


def _delay(updates: Sequence[_Update], meant: float, models: Mapping[str, float], decoding: float) -> Delay:
    known = {**models, "associate": meant}
    steps: dict[str, list[float]] = {}
    for update in updates:
        left = [update.left_us[hop] for hop in _HOPS] + [update.arrived_us]
        for name, begin, end in zip([*_HOPS[1:], "gateway"], left[:-1], left[1:], strict=True):
            steps.setdefault(name, []).append((end - begin) / 1000 - known.get(name, 0.0))
    added = [float(sum(row)) for row in zip(*steps.values(), strict=True)]
    return Delay(added, steps, meant, models, decoding)


def _spent(line: Line) -> dict[str, NDArray[np.float64]]:
    """Read seconds and calls of the networks, and of ingest's decoding, until now, by stage."""
    wanted = {"detector": "spoton_model_seconds", "reid": "spoton_model_seconds", "ingest": "spoton_feed_seconds"}
    found: dict[str, NDArray[np.float64]] = {}
    for service, metric in wanted.items():
        for family in text_string_to_metric_families(httpx.get(f"{line.service_url(service)}/metrics").text):
            for sample in family.samples if family.name == metric else ():
                totals = found.setdefault(sample.labels["stage"], np.zeros(2))
                totals += [sample.value * (sample.name == f"{metric}_{what}") for what in ("sum", "count")]
    return found
