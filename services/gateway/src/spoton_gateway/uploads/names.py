"""Names of files as people give them: shown, never used as paths."""

from spoton_gateway.errors import UnsupportedMedia

_MAX_NAME = 200
_FORMATS = {".mp4": "mp4", ".mov": "mov", ".avi": "avi"}


def shown_name(given: str) -> str:
    """Return the last part of a given path, of either kind of slash, without characters that cannot be printed."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in last if character.isprintable()).strip()[-_MAX_NAME:]


def named_format(name: str) -> str:
    """Return the container that a name's ending promises; ``UnsupportedMedia`` if it is none that we know."""
    stem, dot, ending = name.rpartition(".")
    found = _FORMATS.get(f"{dot}{ending}".lower())
    if found is None or not stem:
        raise UnsupportedMedia(f"{name!r} does not end in .mp4, .mov or .avi")
    return found
