from itertools import pairwise
from math import cos, hypot, pi, sin

import numpy as np
import pytest
from spoton_scenes.bodies import skeleton_of
from spoton_scenes.crowd import BODY_M, keep_apart
from spoton_scenes.errors import SceneArgumentError
from spoton_scenes.gait import walking_pose
from spoton_scenes.paths import MAX_SPEED_M_S, simulate
from spoton_scenes.presets import adjusted, build_scene, find_preset
from spoton_scenes.scene import Obstacle


@pytest.fixture(scope="module")
def crowd():
    scene = build_scene(find_preset("crowd"), 1)
    return scene, simulate(scene, 25, 10)


def test_nobody_teleports(crowd):
    _, frames = crowd
    for before, after in pairwise(frames):
        places = {state.index: state for state in before}
        for state in after:
            if state.index in places:
                last = places[state.index]
                assert hypot(state.x_m - last.x_m, state.y_m - last.y_m) <= MAX_SPEED_M_S * 0.1 + 1e-9


def test_whoever_appears_during_the_film_does_so_behind_a_wall(crowd):
    scene, frames = crowd
    appeared = 0
    for before, after in pairwise(frames):
        known = {state.index for state in before}
        for state in (state for state in after if state.index not in known):
            appeared += 1
            assert not (0 <= state.x_m <= scene.width_m and 0 <= state.y_m <= scene.depth_m)
    assert appeared > 3


def test_people_do_not_walk_through_each_other(crowd):
    _, frames = crowd
    for states in frames:
        places = np.array([(state.x_m, state.y_m) for state in states])
        apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(len(places)) * 9
        assert apart.min() > 0.4


def test_people_do_not_walk_through_obstacles(crowd):
    scene, frames = crowd
    for states in frames:
        for state in states:
            for obstacle in scene.obstacles:
                assert hypot(state.x_m - obstacle.x_m, state.y_m - obstacle.y_m) > obstacle.radius_m + 0.15


def test_people_leave_and_come_back():
    scene = build_scene(find_preset("demo"), 1)
    frames = simulate(scene, 40, 10)
    presence = np.array([[any(s.index == i for s in states) for states in frames] for i in range(len(scene.people))])
    entries = np.sum(presence[:, 1:] & ~presence[:, :-1], axis=1)
    assert presence.any(axis=1).all()
    assert np.sum(presence[:, 0] & (entries > 0)) >= 2


def test_the_same_seed_walks_the_same_way_and_another_seed_another():
    films = [simulate(build_scene(find_preset("demo"), seed), 3, 10) for seed in (1, 1, 2)]
    assert films[0] == films[1]
    assert films[0] != films[2]


@pytest.mark.parametrize(("seconds", "fps"), [(0, 10), (-1, 10), (5, 0)])
def test_a_film_without_frames_is_refused(seconds, fps):
    with pytest.raises(SceneArgumentError, match="positive"):
        simulate(build_scene(find_preset("easy"), 1), seconds, fps)


def test_people_without_a_door_are_refused(plain_scene):
    with pytest.raises(SceneArgumentError, match="door"):
        simulate(plain_scene(people=1), 1, 10)


def test_overlapping_bodies_are_moved_just_apart():
    moved = keep_apart(np.array([[0.0, 0.0], [0.35, 0.0]]), ())
    assert np.linalg.norm(moved[1] - moved[0]) == pytest.approx(BODY_M)
    assert moved.mean(axis=0) == pytest.approx([0.175, 0.0])


def test_a_body_is_moved_out_of_a_pillar():
    pillar = Obstacle("pillar", 0, 0, 0.3, 0.3, 3, (1, 1, 1))
    (moved,) = keep_apart(np.array([[0.2, 0.0]]), (pillar,))
    assert moved == pytest.approx([0.65, 0.0])


def test_two_crossing_views_of_blind_gap_share_no_floor():
    scene = build_scene(find_preset("blind-gap"), 1)
    grid = [(x, y) for x in np.arange(0.25, scene.width_m, 0.5) for y in np.arange(0.25, scene.depth_m, 0.5)]
    seen_by = [sum(camera.sees_floor_point(x, y) for camera in scene.cameras) for x, y in grid]
    assert max(seen_by) == 1
    assert 0.2 < seen_by.count(0) / len(grid) < 0.7


def test_the_views_of_the_demo_overlap_and_have_blind_spots():
    scene = build_scene(find_preset("demo"), 1)
    grid = [(x, y) for x in np.arange(0.25, scene.width_m, 0.5) for y in np.arange(0.25, scene.depth_m, 0.5)]
    seen_by = np.array([sum(camera.sees_floor_point(x, y) for camera in scene.cameras) for x, y in grid])
    assert np.mean(seen_by >= 2) > 0.5
    assert np.mean(seen_by < 4) > 0.2


def test_a_standing_leg_is_as_long_as_its_bones(crowd):
    person = crowd[0].people[0]
    skeleton = skeleton_of(person.looks)
    pose = walking_pose(person.gait, skeleton, 0.0, 0.0)
    assert pose.hips == (0.0, 0.0)
    assert pose.hip_height_m == pytest.approx(skeleton.leg_m + skeleton.ankle_m, abs=0.01)


def test_feet_keep_to_the_floor_and_alternate(crowd):
    person = crowd[0].people[0]
    skeleton = skeleton_of(person.looks)
    for phase in np.linspace(0, 2 * pi, 25):
        pose = walking_pose(person.gait, skeleton, phase, 1.0)
        opposite = walking_pose(person.gait, skeleton, phase + pi, 1.0)
        assert pose.hips == pytest.approx(opposite.hips[::-1])
        for hip, knee in zip(pose.hips, pose.knees, strict=True):
            ankle_height = pose.hip_height_m - skeleton.thigh_m * cos(hip) - skeleton.shin_m * cos(hip + knee)
            assert ankle_height > skeleton.ankle_m * 0.9


def test_a_step_is_as_long_as_the_gait_says(crowd):
    person = crowd[0].people[0]
    skeleton = skeleton_of(person.looks)
    pose = walking_pose(person.gait, skeleton, pi / 2, 1.0)
    assert 2 * skeleton.leg_m * sin(pose.hips[0]) == pytest.approx(person.gait.step_length_m)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cameras": 0}, "cameras must be at least 1, not 0"),
        ({"people": -1}, "people must be between"),
        ({"fps": 0}, "fps must be at least 1"),
        ({"seconds": 0.0}, "at least one frame"),
    ],
)
def test_counts_that_make_no_film_are_refused(change, message):
    with pytest.raises(SceneArgumentError, match=message):
        adjusted(find_preset("demo"), **change)


@pytest.mark.parametrize("cameras", [1, 5, 13])
@pytest.mark.parametrize("name", ["large", "blind-gap"])
def test_any_number_of_cameras_stands_inside_and_sees_floor(name, cameras):
    scene = build_scene(adjusted(find_preset(name), cameras=cameras, people=0), 2)
    assert len({camera.position_m for camera in scene.cameras}) == cameras
    for camera in scene.cameras:
        assert 0 < camera.position_m[0] < scene.width_m
        assert 0 < camera.position_m[1] < scene.depth_m
        assert camera.sees_floor_point(*camera.target_m[:2])


def test_people_in_uniforms_share_clothes_and_nothing_else():
    people = build_scene(find_preset("alike"), 1).people
    outfits = {(p.looks.top, p.looks.top_colours, p.looks.bottom, p.looks.bottom_colours) for p in people}
    assert len(outfits) == 3
    assert len({p.looks.texture_seed for p in people}) == len(people) == 9


def test_who_leaves_comes_back_after_a_minute_or_more():
    scene = build_scene(find_preset("returns"), 1)
    seen = [{state.index for state in states} for states in simulate(scene, 300, 2)]
    absences = [
        (frame, later)
        for index in range(len(scene.people))
        for frame, later in pairwise(k for k, present in enumerate(seen) if index in present)
        if later - frame > 1
    ]
    assert absences
    assert all((later - frame) / 2 >= 60 for frame, later in absences)
