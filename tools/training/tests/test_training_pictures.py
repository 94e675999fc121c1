from dataclasses import replace

import numpy as np
from spoton_training.detector.dataset import label_lines, write_split
from spoton_training.pictures import Picture, random_people_of, take_pictures


def test_equal_seeds_give_equal_pictures() -> None:
    first, again = (list(take_pictures(5, 2)) for _ in range(2))
    for picture, other in zip(first, again, strict=True):
        assert np.array_equal(picture.boxes_xyxy, other.boxes_xyxy)
        assert np.array_equal(picture.visibilities, other.visibilities)
        # the software renderer may resolve a handful of edge pixels either way
        assert np.abs(picture.decode().astype(int) - other.decode()).mean() < 0.05


def test_other_seeds_give_other_pictures() -> None:
    assert next(take_pictures(5, 1)).jpeg != next(take_pictures(6, 1)).jpeg


def test_chosen_people_are_the_same_in_every_scene() -> None:
    expected = {person.person_id for person in random_people_of(3)}
    for scene in (5, 6):
        seen = {int(number) for picture in take_pictures(scene, 4, people_seed=3) for number in picture.person_ids}
        assert seen
        assert seen <= expected
    assert random_people_of(3) == random_people_of(3)
    assert random_people_of(3) != random_people_of(4)


def test_labels_name_visible_people_only(two_people: Picture) -> None:
    assert label_lines(two_people) == "0 0.500000 0.500000 0.500000 1.000000\n"
    all_hidden = replace(two_people, visibilities=np.array([0.1, 0.2], np.float32))
    assert label_lines(all_hidden) == ""


def test_a_split_is_written_once(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    write_split(tmp_path, range(5, 6), workers=1)
    images = sorted(path.name for path in (tmp_path / "images").iterdir())
    assert images == [f"0000000005_{index}.jpg" for index in range(8)]
    assert {path.stem for path in (tmp_path / "labels").iterdir()} == {name[:-4] for name in images}
    monkeypatch.setattr("spoton_training.progress.show_progress", lambda items, *_: iter(list(items)))
    (tmp_path / "images" / images[0]).write_bytes(b"kept")
    write_split(tmp_path, range(5, 6), workers=1)
    assert (tmp_path / "images" / images[0]).read_bytes() == b"kept"
