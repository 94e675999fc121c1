"""How fast annotated videos are drawn: ``OMP_NUM_THREADS=1 taskset -c 0 python bench/videos.py [FILE]``.

Draws 16 s of a file (default: a moving pattern), brought to 1280x720 at 25 frames/s and H.264 beforehand: eight people
with labels, the floor with their trails as an inset, events below; decoding, drawing, encoding and joining are counted,
reading the database is not. Prints frames a second of processor time and how that compares with real time.
"""

import math
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import get_args

import av
import numpy as np
from spoton_gateway.api.models import EventView
from spoton_gateway.videos import plan
from spoton_gateway.videos.facts import CameraFacts, PieceFacts
from spoton_gateway.videos.floor import extent_of, inset_cell
from spoton_gateway.videos.motion import Track, Walk
from spoton_gateway.videos.overlay import Blur
from spoton_gateway.videos.pictures import Part, look_into
from spoton_gateway.videos.pieces import PieceWriter, WorkFolder, join
from spoton_gateway.videos.studio import Script, Studio

WIDTH, HEIGHT, FPS, SECONDS = 1280, 720, 25, 16
PEOPLE, LOOKS_PER_S = 8, 12.5


def main() -> None:
    """Measure each way to blur."""
    with tempfile.TemporaryDirectory() as folder:
        source = prepare(Path(sys.argv[1]) if len(sys.argv) > 1 else None, Path(folder) / "source.mp4")
        print(f"{'blur':<8} {'frames/s':>9} {'x real time':>12} {'MB/min':>7}")
        for blur in get_args(Blur):
            per_s, size = measure(source, Path(folder) / blur, blur)
            print(f"{blur:<8} {per_s:9.1f} {per_s / FPS:12.2f} {size / 1e6 * 60 / SECONDS:7.1f}")


def prepare(file: Path | None, target: Path) -> Path:
    """Write the pictures of a file, or a pattern, as a camera would send them."""
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index, picture in zip(range(SECONDS * FPS), pictures(file), strict=False):
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return target


def pictures(file: Path | None) -> Iterator[np.ndarray]:
    """Yield pictures in 4:2:0."""
    if file is not None:
        with av.open(str(file)) as container:
            for frame in container.decode(video=0):
                yield frame.reformat(WIDTH, HEIGHT, "yuv420p").to_ndarray()
    rows, columns = np.mgrid[: HEIGHT * 3 // 2, :WIDTH]
    for index in range(SECONDS * FPS):
        yield (128 + 60 * np.sin((columns + 3 * index) / 40) * np.cos(rows / 25)).astype(np.uint8)


def measure(source: Path, folder: Path, blur: Blur) -> tuple[float, int]:
    """Return frames a second of processor time, and the size of the video in bytes."""
    timing = look_into(source, source.name)
    part = Part(source, timing, Fraction(0))
    timeline, layout = plan.timeline([(part.start_s, part.end_s)], [timing.fps]), plan.single(WIDTH, HEIGHT)
    camera = CameraFacts("camera", WIDTH, HEIGHT, SECONDS, 0.0, True)
    extent = extent_of({}, (0, 0, 10, 8), None)
    assert extent is not None
    cell = inset_cell(extent, WIDTH, HEIGHT, "upper_right")
    script = Script((camera,), layout, timeline, "camera", blur, LOOKS_PER_S, {}, cell, extent, None)
    facts, work = made_up_facts(), WorkFolder(folder, "bench")
    work.open()
    began = time.process_time()
    studio = Studio(script, {"camera": [part]})
    for index, piece in enumerate(timeline.pieces()):
        with PieceWriter(work.piece(index), layout, timeline) as writer:
            studio.draw(piece, facts, writer, lambda _: None)
    size = join(work, timeline).stat().st_size
    return timeline.frames / (time.process_time() - began), size


def made_up_facts() -> PieceFacts:
    """Let people walk about, and something happen every second."""
    times = [index / LOOKS_PER_S for index in range(int(SECONDS * LOOKS_PER_S))]
    tracks, walks = [], []
    for person in range(PEOPLE):
        left = [150 * person + 60 * math.sin(t + person) for t in times]
        boxes = [(x, 200.0 + 10 * person, x + 90, 480.0 + 10 * person) for x in left]
        tracks.append(Track(person, "person", times, boxes, [person + 1] * len(times)))
        places = [(5 + 4 * math.sin(t / 2 + person), 4 + 3 * math.cos(t / 3 + 2 * person)) for t in times]
        walks.append(Walk(person + 1, times, places))
    unset = dict.fromkeys(EventView.model_fields)
    said = [
        {"start_s": float(s), "global_id": s % PEOPLE + 1, "text": f"Person {s % PEOPLE + 1} entered door"}
        for s in range(SECONDS)
    ]
    events = [EventView.model_construct(**{**unset, "type": "zone_entered", **values}) for values in said]
    return PieceFacts({"camera": tracks}, walks, events)


if __name__ == "__main__":
    main()
