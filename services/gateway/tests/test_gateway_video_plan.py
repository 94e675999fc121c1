"""Which pictures a video has, where things stand in it, and how it grows piece by piece."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from spoton_gateway.errors import VideoFailed
from spoton_gateway.videos.pictures import Part, Pictures, look_into
from spoton_gateway.videos.pieces import PieceWriter, WorkFolder, join
from spoton_gateway.videos.plan import Cell, Timeline, fitted, grid, single, timeline
from spoton_gateway.videos.rows import VideoRow, Wanted
from spoton_gateway.videos.views import url_of, view

TWENTY_FIVE = Timeline(Fraction(0), Fraction(25), 450)


def test_a_video_goes_from_the_first_picture_of_any_camera_to_the_last_at_the_highest_rate() -> None:
    spans = [(Fraction(0), Fraction(10)), (Fraction(3, 2), Fraction(12))]
    planned = timeline(spans, [Fraction(25), Fraction(30000, 1001)])
    assert (planned.start_s, planned.fps, planned.frames) == (0, Fraction(30000, 1001), 360)
    assert planned.time_s(30000) == 1001
    assert timeline(spans, [Fraction(240)]).fps == 60


@pytest.mark.parametrize(
    ("fps", "frames", "sizes"),
    [(25, 450, [200, 200, 50]), (Fraction(30000, 1001), 240, [236, 4]), (10, 80, [80]), (Fraction(1, 5), 5, [4, 1])],
)
def test_pieces_hold_whole_stretches_between_keyframes(fps: Fraction, frames: int, sizes: list[int]) -> None:
    planned = Timeline(Fraction(0), Fraction(fps), frames)
    pieces = planned.pieces()
    assert [len(piece) for piece in pieces] == sizes
    assert [index for piece in pieces for index in piece] == list(range(frames))
    assert planned.keyframe_every / planned.fps <= 2 or planned.keyframe_every == 1
    assert all(piece.start % planned.keyframe_every == 0 for piece in pieces)


@pytest.mark.parametrize(
    ("size", "shown"), [((640, 360), (640, 360)), ((641, 361), (640, 360)), ((3840, 2160), (1920, 1080))]
)
def test_one_camera_is_shown_as_it_is_but_no_larger_than_browsers_like(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    layout = single(*size)
    assert layout.cameras == (Cell(0, 0, *shown),)
    assert layout.footer == Cell(0, shown[1], shown[0], layout.height - shown[1])
    assert layout.height % 2 == 0


@pytest.mark.parametrize(
    ("cameras", "with_floor", "columns", "rows"),
    [
        (1, True, 2, 1),
        (2, False, 2, 1),
        (2, True, 2, 2),
        (3, True, 2, 2),
        (4, False, 2, 2),
        (4, True, 3, 2),
        (12, True, 4, 4),
    ],
)
def test_a_grid(cameras: int, with_floor: bool, columns: int, rows: int) -> None:
    layout = grid([(1280, 720)] * cameras, with_floor=with_floor)
    cell = layout.cameras[0]
    assert (layout.width, layout.footer.y) == (columns * cell.width, rows * cell.height)
    assert layout.width <= 1920
    assert layout.height <= 1080
    assert cell.width <= 1280
    cells = [*layout.cameras, *([layout.floor] if layout.floor else [])]
    covered = np.zeros((layout.height, layout.width), int)
    for c in cells:
        covered[c.y : c.y + c.height, c.x : c.x + c.width] += 1
    assert covered.max() == 1
    if with_floor:
        assert covered[: layout.footer.y].min() == 1  # nothing stays empty


def test_a_picture_of_another_shape_stands_in_the_middle_of_its_cell() -> None:
    assert fitted(100, 100, Cell(200, 0, 160, 80)) == Cell(240, 0, 80, 80)
    assert fitted(160, 40, Cell(0, 0, 160, 80)) == Cell(0, 20, 160, 40)


def write_piece(work: WorkFolder, index: int, planned: Timeline, grey: int) -> None:
    layout = single(64, 48)
    with PieceWriter(work.piece(index), layout, planned) as writer:
        for _ in planned.pieces()[index]:
            writer.write(np.full((layout.height * 3 // 2, layout.width), grey, np.uint8))


def test_pieces_are_joined_without_a_seam(tmp_path: Path) -> None:
    planned = Timeline(Fraction(0), Fraction(10), 170)
    work = WorkFolder(tmp_path / "work", "plan")
    work.open()
    for index in range(3):
        write_piece(work, index, planned, 60 + 60 * index)
    with av.open(str(join(work, planned))) as container:
        stream = container.streams.video[0]
        frames = [(frame.time, int(frame.to_ndarray()[10, 10])) for frame in container.decode(stream)]
    assert [time for time, _ in frames] == pytest.approx([index / 10 for index in range(170)])
    assert [value // 60 for _, value in frames] == [1] * 80 + [2] * 80 + [3] * 10


def test_work_of_the_same_plan_is_taken_over_and_of_another_is_not(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work", {"revision": 1})
    work.open()
    work.piece(0).write_bytes(b"whole")
    same = WorkFolder(tmp_path / "work", {"revision": 1})
    same.open()
    assert same.has(0)
    other = WorkFolder(tmp_path / "work", {"revision": 2})
    other.open()
    assert not other.has(0)


def test_an_interrupted_piece_is_not_there(tmp_path: Path) -> None:
    odd = np.zeros((3, 3), np.uint8)
    with (
        pytest.raises(ValueError, match="array shape"),
        PieceWriter(tmp_path / "piece.mp4", single(64, 48), TWENTY_FIVE) as writer,
    ):
        writer.write(odd)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_piece_is_made_again(tmp_path: Path) -> None:
    planned = Timeline(Fraction(0), Fraction(10), 100)
    work = WorkFolder(tmp_path / "work", "plan")
    work.open()
    write_piece(work, 0, planned, 60)
    write_piece(work, 1, Timeline(Fraction(0), Fraction(10), 90), 60)
    with pytest.raises(VideoFailed, match="damaged"):
        join(work, planned)
    assert (work.has(0), work.has(1)) == (True, False)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "mjpeg"), ("a.avi", "libx264"), ("a.mp4", "libvpx-vp9")]
)
def test_a_camera_shows_its_newest_picture_also_from_the_middle_on(
    write_ramp: Callable[..., Path], tmp_path: Path, name: str, codec: str
) -> None:
    path = write_ramp(tmp_path / name, codec)
    timing = look_into(path, name)
    assert (timing.duration_s, timing.fps) == (5, 10)
    parts = [Part(path, timing, Fraction(1)), Part(path, timing, Fraction(6))]
    tolerance = Fraction(1, 20)

    def shown(from_index: int) -> list[int | None]:
        pictures = Pictures(parts, 64, 48, wide=False)
        canvases = [pictures.at(Fraction(index, 10), tolerance) for index in range(from_index, 120)]
        return [None if canvas is None else round((int(canvas.y[20, 20]) - 40) / 4) for canvas in canvases]

    everything = shown(0)
    assert everything == [*[None] * 10, *range(50), *range(50), *[49] * 10]
    for from_index in (10, 29, 37, 59, 60, 61, 99):
        assert shown(from_index) == everything[from_index:]


def test_what_is_no_video_any_more_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no video")
    with pytest.raises(VideoFailed, match=r"holiday\.mp4 can no longer be read"):
        look_into(tmp_path / "x", "holiday.mp4")


@pytest.fixture
def write_ramp() -> Callable[..., Path]:
    """Write 50 pictures whose grey tells which they are, keyframes seldom."""

    def write(path: Path, codec: str) -> Path:
        kind = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        with av.open(str(path), "w") as container:
            options = {"crf": "1", "bf": "0"} if codec == "libx264" else {}
            stream: Any = container.add_stream(codec, rate=10, options=options)
            stream.width, stream.height, stream.pix_fmt = 64, 48, kind
            stream.codec_context.gop_size = 20
            for index in range(50):
                grey = np.full((72, 64), 4 * (index + 10), np.uint8)
                grey[48:] = 128
                frame = av.VideoFrame.from_ndarray(grey, format="yuv420p").reformat(format=kind)
                frame.pts, frame.time_base = index, Fraction(1, 10)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write


def row(status: str, *, done: int = 0, camera_id: str | None = "c1", message: str | None = None) -> VideoRow:
    return VideoRow("v", Wanted("a task", camera_id, "none"), status, 1, 200, done, 0, None, message)


def test_how_far_a_video_is_in_words() -> None:
    assert view(row("waiting"), is_over=True).message == "The video waits for its turn."
    assert "still running" in view(row("waiting"), is_over=False).message
    making = view(row("making", done=50), is_over=True)
    assert (making.progress, making.message) == (25.0, "The video is being made: 25 %.")
    assert view(row("making", done=200), is_over=True).progress == 99.9
    assert view(row("finished"), is_over=True).progress == 100.0
    assert (
        view(row("failed", message="the disk is full"), is_over=True).message
        == "The video could not be made: the disk is full."
    )
    assert view(row("expired"), is_over=True).status == "waiting"


def test_the_place_of_a_video_is_one_that_can_be_asked() -> None:
    assert url_of(Wanted("a/b", "c 1", "faces")) == "/api/v1/results/a%2Fb/video?camera_id=c+1&blur=faces"
    assert url_of(Wanted("a", None, "none")) == "/api/v1/results/a/video?layout=grid"
