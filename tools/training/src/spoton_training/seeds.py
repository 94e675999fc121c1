"""Which scene seeds are for training and which are never trained on."""

from spoton_training.errors import RecipeError

SCENES_PER_SEED = 100_000  # room for every scene of one training seed
_HELD_OUT = 1_000_000_000  # far above every training seed


def training_scenes(seed: int, count: int, offset: int = 0) -> range:
    """Scene seeds `offset` … `offset + count` of training seed `seed`.

    Raises:
        RecipeError: the seed is outside 0…9999, or the scenes do not fit one seed's room.

    """
    if not 0 <= seed < _HELD_OUT // SCENES_PER_SEED:
        raise RecipeError(f"the seed must be 0…{_HELD_OUT // SCENES_PER_SEED - 1}, not {seed}")
    return _block(seed * SCENES_PER_SEED, count, offset)


def held_out_scenes(count: int, offset: int = 0) -> range:
    """Scene seeds of the evaluation: the same for every training seed, used by none."""
    return _block(_HELD_OUT, count, offset)


def _block(start: int, count: int, offset: int) -> range:
    if count < 1 or offset < 0 or offset + count > SCENES_PER_SEED:
        raise RecipeError(f"scenes {offset}…{offset + count} do not lie in 0…{SCENES_PER_SEED}")
    return range(start + offset, start + offset + count)
