"""What is measured on: real footage with real weights where they lie beside the checkout, else a generated scene."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import av
import yaml
from spoton_evaluation.ground_truth import find_ground_truth
from spoton_scenes.__main__ import main as generate_scene

CHECKOUT = Path(__file__).parents[3]
SHARED = CHECKOUT.parent / "shared"
SHIPPED_EMBEDDER = CHECKOUT / "models" / "spoton-demo-embedder.onnx"
_SHIPPED_DETECTOR = CHECKOUT / "models" / "spoton-demo-detector.onnx"

_MODELS = ("yolo11n_int8_openvino_model", "person-reidentification-retail-0286")
_FOOTAGE = "epfl-terrace1"
_METRES_PER_UNIT = 0.035  # of EPFL's top view, by people's walking speed
_CLIP_START = 1500  # of terrace1's 3000 frames: five to seven people in view; a multiple of the annotation's step


@dataclass(frozen=True, slots=True)
class Materials:
    """Videos with their truth, and the models that look at them.

    Attributes:
        folder: an environment folder.
        ground_truth: as ``spoton_evaluation.evaluate`` reads it.
        detector: path of a YOLO model that Ultralytics reads too.
        embedder: path of a Re-ID model.
        note: what this is, for the report.

    """

    folder: Path
    ground_truth: Path
    detector: Path
    embedder: Path
    note: str

    def videos(self) -> dict[str, list[Path]]:
        """Return each camera's videos in order."""
        document = yaml.safe_load((self.folder / "environment.yaml").read_text(encoding="utf-8"))
        return {c["id"]: [self.folder / source for source in c["sources"]] for c in document["cameras"]}


def find_materials(work: Path) -> Materials:
    """Return the best that there is; environment folders are written below ``work``."""
    footage = SHARED / "data" / _FOOTAGE
    models = [SHARED / "models" / name for name in _MODELS]
    missing = [path for path in (footage, *models) if not path.exists()]
    if missing:
        return _generated(work, f"{missing[0].name} is not there")
    folder = work / "terrace1"
    _write_terrace(folder, footage)
    note = "EPFL terrace sequence 1, cameras c0 and c1, 360x288, 25 frames/s"
    return Materials(folder, footage / "gt", models[0], models[1], note)


def clip(materials: Materials, work: Path, frames: int) -> Materials:
    """Cut each camera's first video to this many frames, ground truth included; re-encoded, visually lossless."""
    start = _CLIP_START if materials.folder.name == "terrace1" else 0
    folder = work / f"{materials.folder.name}-{frames}"
    truth = folder / "gt"
    if not (folder / "environment.yaml").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        truth.mkdir(parents=True)
        document = yaml.safe_load((materials.folder / "environment.yaml").read_text(encoding="utf-8"))
        for camera, source in zip(document["cameras"], materials.videos().values(), strict=True):
            cut_video(source[0], folder / f"{camera['id']}.mp4", start, frames)
            camera["sources"] = [f"{camera['id']}.mp4"]
        for camera_id, file in find_ground_truth(materials.ground_truth).items():
            (truth / f"{camera_id}.txt").write_text(cut_rows(file.read_text(encoding="utf-8"), start, frames))
        document["id"] = folder.name
        (folder / "environment.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    note = f"{materials.note}, frames {start} to {start + frames - 1} of each"
    return Materials(folder, truth, materials.detector, materials.embedder, note)


def cut_video(source: Path, target: Path, start: int, frames: int) -> None:
    """Write frames ``start`` to ``start + frames - 1`` of a video as H.264."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = read.streams.video[0]
        rate = stream.average_rate
        out = written.add_stream("libx264", rate=rate, options={"crf": "12", "preset": "veryfast"})
        out.width, out.height, out.pix_fmt = stream.width, stream.height, "yuv420p"
        for number, frame in enumerate(read.decode(stream)):
            if number < start:
                continue
            if number >= start + frames:
                break
            frame.pts, frame.time_base = number - start, 1 / rate
            written.mux(out.encode(frame))
        written.mux(out.encode())


def cut_rows(text: str, start: int, frames: int) -> str:
    """Keep MOTChallenge rows of these frames and count them from 1 again."""
    rows = []
    for line in text.splitlines():
        frame, _, rest = line.partition(",")
        if start < int(float(frame)) <= start + frames:
            rows.append(f"{int(float(frame)) - start},{rest}\n")
    return "".join(rows)


def _write_terrace(folder: Path, footage: Path) -> None:
    planes = json.loads((footage / "homographies.json").read_text(encoding="utf-8"))
    cameras = []
    for camera in ("c0", "c1"):
        x, y, w = planes[camera]
        metres = [[_METRES_PER_UNIT * value for value in row] for row in (x, y)]
        video = footage / f"terrace1-{camera}.mp4"
        cameras.append({"id": camera, "sources": [str(video)], "homography": [*metres, [float(value) for value in w]]})
    document = {"id": "terrace1", "name": "EPFL terrace", "processing_fps": 25, "cameras": cameras}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "environment.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")


def _generated(work: Path, why: str) -> Materials:
    folder = work / "generated"
    if not (folder / "environment.yaml").is_file() and generate_scene(["demo", "--seed", "1", "--out", str(folder)]):
        raise RuntimeError(f"the scene could not be rendered into {folder}")
    return Materials(
        folder,
        folder / "ground_truth",
        _SHIPPED_DETECTOR,
        SHIPPED_EMBEDDER,
        f"the generated scene of the demo with the shipped models ({why})",
    )
