"""How far a task is."""

from spoton_schemas.records import Stage

FRAMES_BY_STAGE = {
    Stage.INGEST: "frames",
    Stage.DETECTOR: "detections",
    Stage.TRACK: "tracks",
    Stage.ASSOCIATE: "global-ids",
    Stage.MAPPER: "map-points",
}
"""Stage → the topic that it writes, under which its frames are counted."""


def fraction_done(done: int, frames_known: int, media_known: int, media_total: int | None) -> float:
    """Estimate the part of a task that is done, 0 to 1.

    ``frames_known`` frames are in the ``media_known`` sub-videos looked at so far; the others, of ``media_total`` in
    all (None: not known), are taken to be as long.
    """
    if not frames_known or not media_known:
        return 0.0
    expected = frames_known * max(media_total or 0, media_known) / media_known
    return min(done / expected, 1.0)
