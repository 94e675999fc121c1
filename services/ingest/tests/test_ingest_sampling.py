"""Numbers small enough to check by hand; positions are in ticks unless a name says otherwise."""

from fractions import Fraction

import pytest
from spoton_ingest.sampling import CameraClock, PlannedFrame, VideoTiming, plan_frames

MS = Fraction(1, 1000)


def _plan(
    pts: list[int],
    fps: float = 25,
    offset_s: str = "0",
    start_s: Fraction = Fraction(0),
    first_tick: int = 0,
    time_base: Fraction = MS,
    rate: Fraction | None = None,
) -> list[PlannedFrame]:
    clock = CameraClock(Fraction(fps).limit_denominator(10**5), Fraction(offset_s))
    return plan_frames(VideoTiming(tuple(pts), time_base, rate), start_s, clock, first_tick, 0)


def _ticks(plan: list[PlannedFrame]) -> list[int]:
    return [frame.tick for frame in plan]


def test_equal_rates_take_every_frame_once() -> None:
    plan = _plan([0, 40, 80, 120])
    assert [(f.tick, f.camera_frame_index, f.pts) for f in plan] == [(0, 0, 0), (1, 1, 40), (2, 2, 80), (3, 3, 120)]


def test_times_count_from_the_first_frame() -> None:
    assert _ticks(_plan([5000, 5040, 5080])) == [0, 1, 2]


@pytest.mark.parametrize("offset_s", ["0", "0.010", "0.019", "0.020", "0.021", "0.030"])
def test_jitter_loses_no_frame_wherever_the_camera_stands_on_the_tick_grid(offset_s: str) -> None:
    jitter = [0, 4, -3, 2, -4, 4, -4, 0, 3, -3]
    plan = _plan([40 * i + jitter[i % 10] for i in range(100)], offset_s=offset_s)
    assert [f.camera_frame_index for f in plan] == list(range(100))
    ticks = _ticks(plan)
    assert ticks == list(range(ticks[0], ticks[0] + 100))


def test_25_to_10_fps_takes_the_nearest_frame() -> None:
    # Frames at 0, .4, .8, 1.2, 1.6, 2.0, 2.4, 2.8, 3.2, 3.6 ticks: tick 1 is as near to .8 as to 1.2.
    plan = _plan([40 * i for i in range(10)], fps=10)
    assert _ticks(plan) == [0, 1, 2, 3]
    assert plan[0].pts == 0
    assert plan[1].pts in (80, 120)
    assert plan[2].pts == 200
    assert plan[3].pts in (280, 320)


def test_a_faster_video_leaves_the_next_ones_first_tick_alone() -> None:
    # 50 fps, 4 frames: 2 ticks long; the frame at 1.5 ticks must not fill tick 2.
    assert _ticks(_plan([0, 20, 40, 60])) == [0, 1]


def test_a_slower_video_leaves_ticks_empty() -> None:
    # 10 fps at 25: frames at 0, 2.5, 5, 7.5 ticks.
    plan = _plan([0, 100, 200, 300])
    assert [f.pts for f in plan] == [0, 100, 200, 300]
    assert _ticks(plan)[0::2] == [0, 5]
    assert _ticks(plan)[1] in (2, 3)


def test_a_gap_leaves_its_ticks_empty_and_indexes_go_on() -> None:
    plan = _plan([0, 40, 80, 240, 280])
    assert _ticks(plan) == [0, 1, 2, 6, 7]
    assert [f.camera_frame_index for f in plan] == [0, 1, 2, 3, 4]


def test_in_a_gap_of_a_fast_video_no_frame_serves_a_far_tick() -> None:
    # At 10 fps: frames at 0, .2, .4, then 3.0: ticks 1 and 2 are more than half a tick away from all.
    assert _ticks(_plan([0, 20, 40, 300], fps=10)) == [0, 3]


def test_too_close_frames_do_not_share_a_tick() -> None:
    assert _ticks(_plan([0, 40, 45, 80, 120])) == [0, 1, 2, 3]


def test_an_offset_shifts_the_ticks() -> None:
    assert _ticks(_plan([0, 40, 80], offset_s="0.4")) == [10, 11, 12]


def test_an_offset_of_half_a_tick_keeps_every_frame() -> None:
    ticks = _ticks(_plan([0, 40, 80, 120], offset_s="0.02"))
    assert ticks in ([0, 1, 2, 3], [1, 2, 3, 4])


def test_29_97_fps_at_its_own_rate_takes_every_frame() -> None:
    pts = [1001 * i for i in range(3000)]
    plan = _plan(pts, fps=30000 / 1001, time_base=Fraction(1, 30000), rate=Fraction(30000, 1001))
    assert _ticks(plan) == list(range(3000))


def test_29_97_fps_at_30_leaves_a_tick_empty_every_thousand() -> None:
    ticks = _ticks(_plan([1001 * i for i in range(2000)], fps=30, time_base=Fraction(1, 30000)))
    assert len(ticks) == 2000
    assert ticks[0] == 0
    assert ticks[-1] == 2001


def test_ticks_of_an_earlier_video_are_not_used_again() -> None:
    assert _ticks(_plan([0, 40, 80], start_s=Fraction(4, 10), first_tick=11))[0] == 11


def test_one_frame_is_a_video() -> None:
    assert _ticks(_plan([7], rate=Fraction(25))) == [0]


@pytest.mark.parametrize(
    ("pts", "time_base", "rate", "seconds"),
    [
        ([0, 40, 80], MS, None, Fraction(12, 100)),
        # 30 fps in whole milliseconds: 33.3 and 66.7 were rounded.
        ([0, 33, 67], MS, Fraction(30), Fraction(1, 10)),
        # Rounded, and no rate in the header.
        ([0, 40, 81], MS, None, Fraction(12, 100)),
        # One frame is missing.
        ([0, 40, 120], MS, Fraction(25), Fraction(16, 100)),
        # The header's rate has nothing to do with the frames.
        ([0, 40, 80], MS, Fraction(1000), Fraction(12, 100)),
        ([0], MS, Fraction(25), Fraction(4, 100)),
        ([0], MS, None, Fraction(0)),
    ],
)
def test_duration(pts: list[int], time_base: Fraction, rate: Fraction | None, seconds: Fraction) -> None:
    assert VideoTiming(tuple(pts), time_base, rate).duration_s() == seconds


def test_a_hundred_chained_videos_with_rounded_times_do_not_drift() -> None:
    clock = CameraClock(Fraction(30), Fraction(0))
    timing = VideoTiming(tuple(round(1000 * i / 30) for i in range(31)), MS, Fraction(30))
    start, tick = Fraction(0), 0
    for video in range(100):
        plan = plan_frames(timing, start, clock, tick, 31 * video)
        assert _ticks(plan) == list(range(31 * video, 31 * video + 31))
        start, tick = start + timing.duration_s(), plan[-1].tick + 1
