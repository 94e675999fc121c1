import numpy as np
import pytest
from panda3d import core
from spoton_scenes.errors import SceneArgumentError
from spoton_scenes.meshes import ellipsoid
from spoton_scenes.panda import Canvas, flat_state, geometry_node, numbers_of
from spoton_scenes.random_scenes import iterate_frames, random_scene
from spoton_scenes.render import SceneRenderer
from spoton_scenes.scene import Obstacle, PersonState
from spoton_scenes.truth import disjoint_groups, measure_silhouette


def standing(index, x, y):
    return PersonState(index, x, y, heading_rad=0.0, phase_rad=0.0, stride=0.0)


def pillar(x, y, radius=0.4):
    return Obstacle("pillar", x, y, radius, radius, 3.5, (0.8, 0.8, 0.8))


def test_every_number_is_painted_exactly():
    canvas = Canvas("numbers", 4, 4)
    root = core.NodePath("root")
    ball = root.attach_new_node(geometry_node("ball", ellipsoid((9, 9, 9), (0, 20, 0), (1, 1, 1))))
    canvas.camera.reparent_to(root)
    for number in [*range(256), *range(256, 65536, 251)]:
        ball.set_state(flat_state(number))
        assert numbers_of(canvas.draw())[2, 2] == number
    canvas.close()


def test_a_person_stands_on_their_floor_point_with_their_height(plain_scene):
    scene = plain_scene(people=1)
    camera = scene.cameras[0]
    with SceneRenderer(scene, 480, 270) as renderer:
        (box,) = renderer.render(0, [standing(0, 6.0, 5.0)]).boxes
    ends = np.array([(6.0, 5.0, 0.0), (6.0, 5.0, scene.people[0].looks.height_m)])
    (foot, head), _ = camera.project(ends)
    x1, y1, x2, y2 = box.bbox_xyxy
    assert box.visibility == 1.0
    assert box.floor_m == (6.0, 5.0)
    assert (x1 + x2) / 2 == pytest.approx(foot[0], abs=4)
    assert y2 == pytest.approx(foot[1], abs=5)
    assert y1 == pytest.approx(head[1], abs=5)


def test_the_box_holds_exactly_the_pixels_that_the_person_changes(plain_scene):
    with SceneRenderer(plain_scene(people=1), 480, 270) as renderer:
        empty = renderer.render(0, []).image
        frame = renderer.render(0, [standing(0, 6.0, 4.2)])
    x1, y1, x2, y2 = (int(value) for value in frame.boxes[0].bbox_xyxy)
    changed = np.any(frame.image != empty, axis=2)
    ys, xs = np.nonzero(changed[: y2 - 12])  # without the shadow round the feet
    assert (xs.min(), ys.min(), xs.max() + 1) == (x1, y1, x2)


def test_somebody_wholly_behind_a_pillar_is_in_the_truth_with_visibility_0(plain_scene):
    with SceneRenderer(plain_scene(people=1, obstacles=[pillar(3.0, 5.0)]), 480, 270) as renderer:
        (hidden,) = renderer.render(0, [standing(0, 8.0, 5.0)]).boxes
    with SceneRenderer(plain_scene(people=1), 480, 270) as renderer:
        (seen,) = renderer.render(0, [standing(0, 8.0, 5.0)]).boxes
    assert hidden.visibility == 0.0
    assert seen.visibility == 1.0
    assert hidden.bbox_xyxy == seen.bbox_xyxy


def test_somebody_half_behind_a_pillar_is_partly_visible(plain_scene):
    with SceneRenderer(plain_scene(people=1, obstacles=[pillar(4.0, 5.35)]), 480, 270) as renderer:
        (box,) = renderer.render(0, [standing(0, 8.0, 5.0)]).boxes
    assert 0.1 < box.visibility < 0.9


def test_the_nearer_of_two_people_hides_the_farther_one(plain_scene):
    with SceneRenderer(plain_scene(people=2), 480, 270) as renderer:
        near, far = renderer.render(0, [standing(0, 4.0, 5.0), standing(1, 6.0, 5.0)]).boxes
    assert near.visibility == 1.0
    assert far.visibility < 0.5


def test_nobody_outside_the_image_gets_a_box(plain_scene):
    with SceneRenderer(plain_scene(people=2), 480, 270) as renderer:
        boxes = renderer.render(0, [standing(0, 6.0, 5.0), standing(1, 0.1, 9.5)]).boxes
    assert [box.person_id for box in boxes] == [1]


def test_the_same_seed_renders_the_same_bytes_and_another_seed_others():
    first, again, other = (
        list(iterate_frames(random_scene(seed, people=5), 3, width_px=160, height_px=90)) for seed in (4, 4, 5)
    )
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], other[0][0])


def test_supersampling_changes_the_picture_but_not_the_truth():
    scene = random_scene(4, people=5)
    (plain, plain_boxes), (smooth, smooth_boxes) = (
        next(iterate_frames(scene, 1, width_px=160, height_px=90, supersample=factor)) for factor in (1.0, 2.0)
    )
    assert plain.shape == smooth.shape == (90, 160, 3)
    assert not np.array_equal(plain, smooth)
    assert plain_boxes == smooth_boxes


def test_an_empty_image_is_refused(plain_scene):
    with pytest.raises(SceneArgumentError, match="positive size"):
        SceneRenderer(plain_scene(), 0, 270)


def test_a_silhouette_is_measured_by_its_pixels():
    alone, together = np.zeros((6, 8), np.uint16), np.zeros((6, 8), np.uint16)
    alone[1:5, 2:4] = 7
    together[1:3, 2:4] = 7
    assert measure_silhouette(7, alone, together, (0, 0, 8, 6)) == ((2, 1, 4, 5), 0.5)
    assert measure_silhouette(8, alone, together, (0, 0, 8, 6)) is None


def test_only_people_whose_windows_are_apart_share_an_image():
    groups = disjoint_groups({1: (0, 0, 4, 4), 2: (3, 3, 6, 6), 3: (4, 0, 8, 3)})
    assert groups == [[1, 3], [2]]
