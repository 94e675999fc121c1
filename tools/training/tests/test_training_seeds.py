import pytest
from spoton_training.errors import RecipeError
from spoton_training.seeds import held_out_scenes, training_scenes


def test_seeds_share_no_scene() -> None:
    first, second = training_scenes(1, 100_000), training_scenes(2, 100_000)
    assert first[-1] < second[0]
    assert training_scenes(9_999, 100_000)[-1] < held_out_scenes(1)[0]


def test_offset_moves_the_block() -> None:
    assert list(training_scenes(3, 2, offset=10)) == [300_010, 300_011]


@pytest.mark.parametrize("seed", [-1, 10_000])
def test_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(RecipeError, match="seed must be"):
        training_scenes(seed, 1)


@pytest.mark.parametrize(("count", "offset"), [(0, 0), (1, -1), (2, 99_999)])
def test_scenes_that_do_not_fit_are_refused(count: int, offset: int) -> None:
    with pytest.raises(RecipeError, match="do not lie"):
        held_out_scenes(count, offset)
