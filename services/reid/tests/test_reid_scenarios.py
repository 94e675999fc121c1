"""What happens to people and cameras, and what must not change the answer: association as a stage."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoton_reid.association import AssociationParameters
from spoton_reid.stages.associate import AssociateMachine
from spoton_schemas.records import (
    AppearanceModel,
    Event,
    GlobalIds,
    IdentityRevision,
    Kind,
    Outcome,
    Scene,
    SceneCamera,
    TaskStart,
    Track,
    Tracks,
)

FPS = 10.0
FROM_ABOVE = (0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0)  # a hundred pixels are a metre
MODEL = AppearanceModel("test", 0.45, 10.0)
Where = Callable[[int, int], tuple[float, float] | None]  # person, tick → metres, None where nobody sees them
Answer = list[GlobalIds | IdentityRevision | Event]


def start_of(cameras: int) -> TaskStart:
    names = tuple(f"c{index}" for index in range(cameras))
    return TaskStart(Scene("e", "E", FPS, tuple(SceneCamera(n, homography=FROM_ABOVE) for n in names)), names, 0)


def look(person: int, tick: int) -> bytes:
    vector = np.random.default_rng(1000 * person + tick).normal(0, 0.08, 256)
    vector[person] += 1.0
    return (vector / np.linalg.norm(vector)).astype("<f4").tobytes()


def stream(
    camera: int,
    cameras: int,
    people: int,
    where: Where,
    ticks: range,
    last: int = 60,
) -> list[Tracks]:
    """One camera's records; a track ends where its person is not seen and another begins after."""

    def record(kind: Kind, tick: int, **content: object) -> Tracks:
        return Tracks(
            task_id="t", environment_id="e", camera_id=f"c{camera}", kind=kind, sub_video_batch_index=0,
            global_frame_index=tick, camera_frame_index=tick, event_time_us=tick * 100_000,
            image_width=4000, image_height=4000, **content,  # type: ignore[arg-type]
        )  # fmt: skip

    records = [record(Kind.START, 0, start=start_of(cameras), appearance_model=MODEL)]
    parts: dict[int, int] = defaultdict(int)
    seen: dict[int, bool] = {}
    for tick in ticks:
        tracks = []
        for person in range(people):
            place = where(person, tick)
            if place is None:
                seen[person] = False
                continue
            if not seen.get(person):
                parts[person] += 1
            seen[person] = True
            x, y = 100 * place[0], 100 * place[1]
            tracks.append(
                Track(
                    track_id=1 + person + 1000 * parts[person], bbox_xyxy=(x - 20, y - 100, x + 20, y), confidence=0.9,
                    class_id=0, class_name="person", visibility=1.0,
                    embedding=look(person, tick) if tick % 3 == 0 else None,
                )
            )  # fmt: skip
        records.append(record(Kind.FRAME, tick, tracks=tuple(tracks)))
    return [*records, record(Kind.END_OF_TASK, last, outcome=Outcome.COMPLETED)]


def answer(records: list[Tracks], restart_at: int | None = None) -> Answer:
    machine, found = AssociateMachine(AssociationParameters()), []
    for index, record in enumerate(records):
        found += [output.record for output in machine.feed(record)]
        if index == restart_at and (state := machine.snapshot()):
            machine = AssociateMachine(AssociationParameters())
            machine.restore(state)
    return [r for r in found if isinstance(r, GlobalIds | IdentityRevision | Event)]


def interleave(streams: list[list[Tracks]], seed: int) -> list[Tracks]:
    """Any order that keeps each camera's own."""
    choose, left, records = random.Random(seed), [list(s) for s in streams], []
    while any(left):
        records.append(choose.choice([s for s in left if s]).pop(0))
    return records


def revised(found: Answer) -> dict[tuple[str, int, int], int | None]:
    """The identity of (camera, person, tick) after all revisions."""
    ids: dict[tuple[str, int, int], int | None] = {}
    for r in found:
        if isinstance(r, GlobalIds):
            ids |= {(c.camera_id, t.track_id, r.global_frame_index): t.global_id for c in r.cameras for t in c.tracks}
    for r in found:
        for change in r.changes if isinstance(r, IdentityRevision) else ():
            for tick in range(change.first_frame_index, change.last_frame_index + 1):
                if (change.camera_id, change.track_id, tick) in ids:
                    ids[change.camera_id, change.track_id, tick] = change.new_global_id
    return {(camera, (track - 1) % 1000, tick): identity for (camera, track, tick), identity in ids.items()}


def of_person(found: Answer, person: int) -> set[int | None]:
    return {identity for (_, who, _), identity in revised(found).items() if who == person}


def apart(person: int, tick: int) -> tuple[float, float]:
    return 2 + 0.05 * tick + 3 * (person % 8), 3 + 3.0 * (person // 8)


@pytest.fixture(scope="module")
def two_cameras() -> list[list[Tracks]]:
    def where(person: int, tick: int) -> tuple[float, float] | None:
        return None if 25 <= tick < 28 else apart(person, tick)

    return [stream(camera, 2, 3, where, range(60)) for camera in (0, 1)]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), restart_at=st.integers(1, 120))
def test_arrival_and_restarts_change_nothing(two_cameras: list[list[Tracks]], seed: int, restart_at: int) -> None:
    expected = answer(interleave(two_cameras, 0))
    assert answer(interleave(two_cameras, seed), restart_at) == expected


def test_everyone_has_one_identity_and_its_probability(two_cameras: list[list[Tracks]]) -> None:
    found = answer(interleave(two_cameras, 0))
    identities = [of_person(found, person) for person in range(3)]
    assert [len(i) for i in identities] == [1, 1, 1]
    assert len(set.union(*identities)) == 3
    tracks = [t for r in found if isinstance(r, GlobalIds) for c in r.cameras for t in c.tracks]
    assert all(t.identity_confidence is not None and 0.5 < t.identity_confidence <= 1 for t in tracks)
    assert {t.visibility for t in tracks if t.interpolated} == {1.0}
    assert sum(t.interpolated for t in tracks) == 2 * 3 * 3


def test_two_people_who_swap_behind_a_pillar_keep_their_identities() -> None:
    def where(person: int, tick: int) -> tuple[float, float] | None:
        along = 2 + 0.1 * tick if person == 0 else 8 - 0.1 * tick
        return None if 26 <= tick < 34 else (along, 5.0)

    found = answer(stream(0, 1, 2, where, range(60)))
    first, second = of_person(found, 0), of_person(found, 1)
    assert len(first) == len(second) == 1
    assert first != second


@pytest.mark.parametrize(
    ("ticks", "last"),
    [(range(30), 30), (range(30, 60), 60), (range(0, 60, 2), 60), (range(0), 0)],
    ids=["stops", "starts late", "half the rate", "never a picture"],
)
def test_the_other_camera_is_not_as_the_first(ticks: range, last: int) -> None:
    streams = [stream(0, 2, 2, apart, range(60)), stream(1, 2, 2, apart, ticks, last)]
    found = answer(interleave(streams, 1))
    assert [len(of_person(found, person)) for person in (0, 1)] == [1, 1]
    assert of_person(found, 0) != of_person(found, 1)
    shown = [r.global_frame_index for r in found if isinstance(r, GlobalIds) and r.kind is Kind.FRAME]
    assert shown == list(range(60))


def test_someone_whom_one_camera_alone_sees() -> None:
    def alone(person: int, tick: int) -> tuple[float, float] | None:
        return apart(person, tick) if person == 0 else None

    found = answer(interleave([stream(0, 2, 2, apart, range(60)), stream(1, 2, 2, alone, range(60))], 2))
    assert [len(of_person(found, person)) for person in (0, 1)] == [1, 1]


def test_nobody_and_two_hundred_at_once() -> None:
    nobody = answer(stream(0, 1, 0, apart, range(60)))
    assert not any(isinstance(r, IdentityRevision) for r in nobody)
    found = answer(stream(0, 1, 200, apart, range(20), 20))
    assert all(len(of_person(found, person)) == 1 for person in range(200))
    assert len(set.union(*(of_person(found, person) for person in range(200)))) == 200


def about(person: int, tick: int) -> tuple[float, float]:
    """Walk to and fro, everybody at a pace of their own."""
    return 12 + 8 * np.sin(0.13 * tick / (1 + 0.3 * person)), 6 + 5 * person + 2 * np.sin(0.05 * tick + person)


def test_a_clock_that_is_three_seconds_off_is_found_told_and_taken_back() -> None:
    ticks = 500

    def later(person: int, tick: int) -> tuple[float, float]:
        return about(person, tick - 30)

    streams = [stream(0, 2, 3, about, range(ticks), ticks), stream(1, 2, 3, later, range(30, ticks), ticks)]
    blind = [[replace(r, tracks=tuple(replace(t, embedding=None) for t in r.tracks)) for r in s] for s in streams]
    found = answer(interleave(blind, 3))
    drifts = [r for r in found if isinstance(r, Event) and r.type == "camera_drift"]
    assert [drift.camera_id for drift in drifts] == ["c1"]
    assert float(drifts[0].details["value"]) == pytest.approx(3.0, abs=0.1)
    health = [r for r in found if isinstance(r, Event) and r.type == "camera_health" and r.camera_id == "c1"]
    assert float(health[-1].details["applied_late_s"]) == pytest.approx(3.0, abs=0.1)
    late = {key: identity for key, identity in revised(found).items() if key[2] >= ticks - 100}
    identities = [{i for (_, who, _), i in late.items() if who == person} for person in range(3)]
    assert [len(i) for i in identities] == [1, 1, 1], "the floor alone joins the two cameras"
    assert len(set.union(*identities)) == 3
    assert answer(interleave(blind, 4), restart_at=700) == found
