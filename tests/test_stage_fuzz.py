"""Whatever plausible comes into a stage, what goes out is plausible too, and nothing but a named rejection stops it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoton_common.runtime.stage import KeyedStage, Output, Rejection
from spoton_detector.crops import Cropper
from spoton_detector.detector import FrameDetections
from spoton_detector.stage import DetectorStage
from spoton_gateway.sinks.rows import Rows, from_micros
from spoton_gateway.ws.story import Story
from spoton_mapper.mapper import MapperParameters
from spoton_mapper.stage import MapperMachine
from spoton_reid.association import AssociationParameters
from spoton_reid.stages.associate import AssociateMachine
from spoton_reid.stages.track import TrackMachine, TrackTools
from spoton_reid.tracking import create_tracker
from spoton_schemas.bounds import MAX_TICK
from spoton_schemas.codec import Codec
from spoton_schemas.records import (
    AppearanceModel,
    Detections,
    Event,
    Frame,
    GlobalIds,
    IdentityRevision,
    Kind,
    MapPoints,
    Outcome,
    Scene,
    SceneCamera,
    TaskStart,
    TaskStatus,
    Tracks,
)
from spoton_schemas.topics import DETECTIONS, GLOBAL_IDS, TRACKS

from tests.hostile.plausible import plausible

FUZZ = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
HOMOGRAPHY = (0.01, 0.0, 0.0, 0.0, 0.02, 0.0, 0.0, 0.0005, 1.0)
SCENE = Scene("e", "E", 10.0, (SceneCamera("c0", homography=HOMOGRAPHY), SceneCamera("c1")))
START = TaskStart(SCENE, ("c0", "c1"), 0)
OF_TASK: dict[str, Any] = {"task_id": "t", "environment_id": "e", "outcome": None, "error": None}
MARK = {**OF_TASK, "sub_video_batch_index": 0, "global_frame_index": 0, "event_time_us": 0}
PICTURE = simplejpeg.encode_jpeg(np.zeros((40, 30, 3), np.uint8))
TICKS = st.lists(
    st.one_of(st.integers(0, 30), st.sampled_from([MAX_TICK // 2, MAX_TICK])), min_size=1, max_size=6, unique=True
)


class MemoryRegistry:
    def __init__(self) -> None:
        self.schemas: list[Any] = []

    def lookup_schema(self, _subject: str, schema: Any) -> Any:
        self.schemas.append(schema)
        return SimpleNamespace(schema_id=len(self.schemas) - 1)

    def get_schema(self, schema_id: int) -> Any:
        return self.schemas[schema_id]


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(MemoryRegistry())  # type: ignore[arg-type]


def frames_of(record_type: type[Any], **fixed: Any) -> st.SearchStrategy[list[Any]]:
    """Make pictures of one stream, in order."""
    one = plausible(record_type, **OF_TASK, kind=Kind.FRAME, start=None, **fixed)

    @st.composite
    def stream(draw: st.DrawFn) -> list[Any]:
        return [replace(draw(one), global_frame_index=tick) for tick in sorted(draw(TICKS))]

    return stream()


def hold(codec: Codec, outputs: Sequence[Output | Rejection]) -> None:
    """Require that everything said can be read by whoever comes next."""
    for output in outputs:
        if isinstance(output, Rejection):
            assert output.reason != "failed", output.detail
        else:
            topic, record = output.topic, output.record
            codec.read(topic, topic.key(record).encode(), codec.encode(topic, record))


class BlindDetector:
    name = device = "blind"
    class_names = {0: "person"}  # noqa: RUF012

    def warm_up(self) -> None:
        pass

    def detect(self, images: Sequence[Any]) -> list[FrameDetections]:
        boxes = np.array([[-5, -5, 50, 50], [0, 0, 0, 0]], np.float32)
        return [FrameDetections(boxes, np.array([0.9, 0.1], np.float32), np.zeros(2, np.int64)) for _ in images]


@FUZZ
@given(
    frames=frames_of(Frame, camera_id="c0"),
    jpegs=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.integers(1, len(PICTURE)).map(lambda n: PICTURE[:n]),
            st.tuples(st.integers(2, len(PICTURE) - 1), st.integers(0, 255)).map(
                lambda c: PICTURE[: c[0]] + bytes([c[1]]) + PICTURE[c[0] + 1 :]
            ),
        ),
        min_size=6,
        max_size=6,
    ),
)
def test_detector(codec: Codec, frames: list[Frame], jpegs: list[bytes]) -> None:
    stage = DetectorStage(BlindDetector(), Cropper(8, 24, 95), 10_000, 1)  # type: ignore[arg-type]
    start = Frame(**MARK, kind=Kind.START, start=START, camera_id="c0", camera_frame_index=0)
    pictures = [replace(frame, jpeg=jpeg) for frame, jpeg in zip(frames, jpegs, strict=False)]
    outputs = list(stage.feed([start, *pictures]))
    assert [o.record.global_frame_index for o in outputs if isinstance(o, Output)][1:] == [
        frame.global_frame_index for frame in pictures
    ], "a picture went missing"
    hold(codec, outputs)


class FlatEmbedder:
    description = SimpleNamespace(name="flat", even_cosine=0.5, slope=10.0)

    def warm_up(self) -> None:
        pass

    def embed(self, crops: Sequence[Any]) -> list[Any]:
        return [np.full(4, 0.5, np.float32) for _ in crops]


@FUZZ
@given(frames=frames_of(Detections, camera_id="c0"), good_crops=st.booleans())
def test_track(codec: Codec, frames: list[Detections], good_crops: bool) -> None:
    tools = TrackTools(FlatEmbedder(), lambda fps: create_tracker("tracklet", fps=fps))  # type: ignore[arg-type]
    stage = KeyedStage(DETECTIONS, lambda _key: TrackMachine(tools))
    if good_crops:
        frames = [replace(f, detections=tuple(replace(d, crop=PICTURE) for d in f.detections)) for f in frames]
    start = Detections(**MARK, kind=Kind.START, start=START, camera_id="c0", camera_frame_index=0)
    end = replace(start, kind=Kind.END_OF_TASK, start=None, global_frame_index=MAX_TICK, outcome=Outcome.COMPLETED)
    outputs = list(stage.feed([start, *frames, end]))
    assert len([o for o in outputs if isinstance(o, Output)]) == len(frames) + 2, "a picture went missing"
    hold(codec, outputs)


@FUZZ
@given(
    first=frames_of(Tracks, camera_id="c0", appearance_model=None),
    second=frames_of(Tracks, camera_id="c1", appearance_model=None),
)
def test_associate(codec: Codec, first: list[Tracks], second: list[Tracks]) -> None:
    stage = KeyedStage(TRACKS, lambda _task: AssociateMachine(AssociationParameters()))
    model = AppearanceModel("m", 0.5, 10.0)
    marks = [
        Tracks(**MARK, kind=Kind.START, start=START, camera_id=c, camera_frame_index=0, appearance_model=model)
        for c in START.camera_ids
    ]
    ends = [
        replace(mark, kind=Kind.END_OF_TASK, start=None, global_frame_index=MAX_TICK, outcome=Outcome.COMPLETED)
        for mark in marks
    ]
    outputs = list(stage.feed([*marks, *first, *second, *ends]))
    hold(codec, outputs)
    assert outputs[-1].record.kind is Kind.END_OF_TASK  # type: ignore[union-attr]


@FUZZ
@given(frames=frames_of(GlobalIds))
def test_mapper(codec: Codec, frames: list[GlobalIds]) -> None:
    stage = KeyedStage(GLOBAL_IDS, lambda _task: MapperMachine(MapperParameters()))
    known = [replace(f, cameras=tuple(replace(c, camera_id=f"c{i}") for i, c in enumerate(f.cameras))) for f in frames]
    hold(codec, list(stage.feed([GlobalIds(**MARK, kind=Kind.START, start=START), *known])))


@FUZZ
@given(
    frame=plausible(MapPoints, **OF_TASK, start=None),
    revision=plausible(IdentityRevision),
    event=plausible(Event),
    origin_us=st.integers(0, 2**53),
)
def test_rows_of_the_sink(frame: MapPoints, revision: IdentityRevision, event: Event, origin_us: int) -> None:
    rows = Rows()
    with suppress(OverflowError):  # no calendar goes so far: the sink calls that unstorable
        rows.add_frame(frame, from_micros(origin_us))
    rows.add_revision(revision, datetime.now(UTC))
    rows.add_event(event)
    assert len(rows.events) == 1


@FUZZ
@given(
    st.lists(
        st.one_of(plausible(TaskStatus), plausible(MapPoints, **OF_TASK, start=None), plausible(Event)), max_size=8
    )
)
def test_story_of_the_gateway(records: list[Any]) -> None:
    story = Story.of("t", "e", frozenset(), None)
    for record in records:
        if isinstance(record, TaskStatus):
            story.task_status(record)
        elif isinstance(record, Event):
            story.event(record)
        else:
            story.map_points(record, datetime(2026, 1, 1, tzinfo=UTC), {})
    assert story.may_go_on in (True, False)
