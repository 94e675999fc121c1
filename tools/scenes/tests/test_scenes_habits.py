import numpy as np
from spoton_scenes.habits import LENGTH_M, draw_habits


def test_the_same_seed_draws_the_same_people() -> None:
    first, second, other = draw_habits(1, 10), draw_habits(1, 10), draw_habits(2, 10)
    assert first.unusual == second.unusual != other.unusual
    assert all(np.array_equal(a.xy_m, b.xy_m) for a, b in zip(first.paths, second.paths, strict=True))


def test_the_odd_ones_come_behind_many_usual_ones_and_nobody_goes_aside_twice_at_one_place() -> None:
    habits = draw_habits(3, 10)
    assert min(event.people[0] for event in habits.unusual) > 30
    assert [event.type for event in habits.unusual].count("unusual_path") == 4
    paths = {path.person_id: path.xy_m for path in habits.paths}
    aside = [event.people[0] for event in habits.unusual if event.type == "unusual_place"]
    niches = sorted(float(paths[person][paths[person][:, 1].argmax(), 0]) for person in aside)
    assert len(niches) == 3
    assert min(np.diff(niches)) > 3
    for person in set(paths) - set(aside):
        assert paths[person][:, 1].max() < 7
        assert abs(paths[person][-1, 0] - paths[person][0, 0]) > LENGTH_M - 3
