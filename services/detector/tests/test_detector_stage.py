from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
import simplejpeg
from prometheus_client import REGISTRY
from spoton_common.runtime.stage import Output, Rejection
from spoton_detector.crops import Cropper
from spoton_detector.stage import DetectorStage
from spoton_schemas.records import Detections, Frame, Kind
from spoton_schemas.topics import DETECTIONS

Jpeg = Callable[..., bytes]


@pytest.fixture
def make_stage(fake_detector: Any) -> Callable[[], DetectorStage]:
    return lambda: DetectorStage(fake_detector, Cropper(8, 16, 95), max_pixels=10_000, workers=2)


@pytest.fixture
def stage(make_stage: Callable[[], DetectorStage]) -> DetectorStage:
    return make_stage()


def records_of(outputs: Sequence[Output | Rejection]) -> list[Detections]:
    assert all(output.topic is DETECTIONS for output in outputs if isinstance(output, Output))
    return [output.record for output in outputs if isinstance(output, Output)]


def rejections_of(outputs: Sequence[Output | Rejection]) -> list[tuple[int, str]]:
    return [(output.index, output.reason) for output in outputs if isinstance(output, Rejection)]


def test_every_record_is_answered_in_order(stage: DetectorStage, stream: Any, jpeg: Jpeg) -> None:
    a, b = stream("a"), stream("b")
    records = [a.start(), b.start(), a.frame(0, jpeg(10)), b.frame(0, jpeg(20)), a.frame(1, jpeg(30))]
    records += [a.end_of_segment(2), b.end(1), a.end(2)]
    answers = records_of(stage.feed(records))
    assert [(r.camera_id, r.kind, r.global_frame_index) for r in answers] == [
        (r.camera_id, r.kind, r.global_frame_index) for r in records
    ]


def test_marks_keep_all_their_fields(stage: DetectorStage, stream: Any) -> None:
    marks: list[Frame] = [stream().start(), stream().end_of_segment(7), stream().end(7)]
    for mark, answer in zip(marks, records_of(stage.feed(marks)), strict=True):
        expected = msgspec.to_builtins(mark) | {"detections": (), "observed": True}
        expected.pop("jpeg")
        assert msgspec.to_builtins(answer) == expected


def test_only_the_scenes_classes_are_kept(stage: DetectorStage, stream: Any, jpeg: Jpeg) -> None:
    a, b = stream("a", ("person",)), stream("b", ("bottle", "person"))
    answers = records_of(stage.feed([a.start(), b.start(), a.frame(0, jpeg(10)), b.frame(0, jpeg(10))]))
    assert [d.class_name for d in answers[2].detections] == ["person"]
    assert [d.class_name for d in answers[3].detections] == ["person", "bottle"]


def test_unknown_classes_are_counted_and_left_out(stage: DetectorStage, stream: Any, jpeg: Jpeg) -> None:
    def count() -> float:
        labels = {"stage": "detector", "reason": "unknown_class"}
        return REGISTRY.get_sample_value("spoton_dropped_total", labels) or 0.0

    before = count()
    camera = stream(classes=("unicorn", "bottle"))
    answers = records_of(stage.feed([camera.start(), camera.frame(0, jpeg(10)), camera.frame(1, jpeg(10))]))
    assert [d.class_name for d in answers[1].detections] == ["bottle"]
    assert count() - before == 1


def test_people_get_a_crop_and_objects_do_not(stage: DetectorStage, stream: Any, jpeg: Jpeg) -> None:
    camera = stream(classes=("person", "bottle"))
    person, bottle = records_of(stage.feed([camera.start(), camera.frame(0, jpeg(90, 64, 128))]))[1].detections
    assert person.bbox_xyxy == (0.0, 0.0, 64.0, 128.0)
    assert (person.confidence, person.class_id) == (0.875, 0)
    assert person.crop is not None
    assert simplejpeg.decode_jpeg(person.crop).shape == (128, 64, 3)
    assert bottle.crop is None
    assert bottle.confidence == 90 / 256


def test_boxes_are_in_pixels_of_the_source(stage: DetectorStage, stream: Any, jpeg: Jpeg) -> None:
    frames = [stream().start(), stream().frame(0, jpeg(1, 64, 128), 128, 512), stream().frame(1, jpeg(1, 64, 128))]
    _, reduced, plain = records_of(stage.feed(frames))
    assert (reduced.image_width, reduced.image_height) == (128, 512)
    assert reduced.detections[0].bbox_xyxy == (0.0, 0.0, 128.0, 512.0)
    assert (plain.image_width, plain.image_height) == (64, 128)


@pytest.mark.parametrize(
    ("picture", "reason"), [(b"nonsense", "bad_image"), (None, "bad_image"), ("huge", "image_too_large")]
)
def test_a_bad_picture_is_rejected_and_still_answered(
    stage: DetectorStage, stream: Any, jpeg: Jpeg, picture: Any, reason: str
) -> None:
    data = jpeg(5, 101, 100) if picture == "huge" else picture
    camera = stream()
    outputs = stage.feed([camera.start(), camera.frame(0, jpeg(10)), camera.frame(1, data), camera.frame(2, jpeg(20))])
    assert rejections_of(outputs) == [(2, reason)]
    answers = records_of(outputs)
    assert [(r.global_frame_index, len(r.detections)) for r in answers] == [(0, 0), (0, 1), (1, 0), (2, 1)]


def test_a_picture_without_start_is_rejected_and_still_answered(stage: DetectorStage, stream: Any, jpeg: Jpeg) -> None:
    outputs = stage.feed([stream().frame(4, jpeg(10))])
    assert rejections_of(outputs) == [(0, "no_start")]
    assert [len(record.detections) for record in records_of(outputs)] == [0]


def test_neighbours_do_not_matter(make_stage: Callable[[], DetectorStage], stream: Any, jpeg: Jpeg) -> None:
    a, b = stream("a"), stream("b")
    records = [a.start(), b.start()]
    for tick in range(6):
        records += [a.frame(tick, jpeg(10 + tick)), b.frame(tick, jpeg(200 - tick, 40 + tick))]
    together, one_by_one = make_stage(), make_stage()
    expected = records_of([output for record in records for output in one_by_one.feed([record])])
    assert records_of(together.feed(records)) == expected


def test_a_restored_stage_goes_on(make_stage: Callable[[], DetectorStage], stream: Any, jpeg: Jpeg) -> None:
    camera = stream(classes=("bottle", "unicorn"))
    first, second = make_stage(), make_stage()
    first.feed([camera.start(), camera.frame(0, jpeg(10))])
    second.restore("t0/c0", first.snapshot("t0/c0"))
    record = camera.frame(1, jpeg(50))
    answers = records_of(second.feed([record]))
    assert answers == records_of(first.feed([record]))
    assert [d.class_name for d in answers[0].detections] == ["bottle"]


def test_a_scene_that_wants_nothing_is_a_state_too(stage: DetectorStage, stream: Any, jpeg: Jpeg) -> None:
    camera = stream(classes=())
    stage.feed([camera.start()])
    assert stage.snapshot("t0/c0")
    assert not rejections_of(stage.feed([camera.frame(0, jpeg(10))]))


def test_an_ended_camera_leaves_nothing(stage: DetectorStage, stream: Any) -> None:
    stage.feed([stream("a").start(), stream("b").start(), stream("a").end(9)])
    assert stage.snapshot("t0/a") == b""
    assert stage.snapshot("t0/b") != b""
    stage.forget("t0/b")
    assert stage.snapshot("t0/b") == b""


def test_kinds_are_what_the_runner_counts(stage: DetectorStage, stream: Any, jpeg: Jpeg) -> None:
    answers = records_of(stage.feed([stream().start(), stream().frame(0, jpeg(1)), stream().end(1)]))
    assert [record.kind for record in answers] == [Kind.START, Kind.FRAME, Kind.END_OF_TASK]
