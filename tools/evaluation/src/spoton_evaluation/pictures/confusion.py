"""How often each true person was given each identity."""

from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm

from spoton_evaluation.matching import match_pairs
from spoton_evaluation.pictures.canvas import canvas
from spoton_evaluation.report import Matched
from spoton_evaluation.timeliness import identity_of

_MOST_NUMBERS = 600  # cells: more get colours only


def draw_confusion(matched: Matched, title: str, path: Path) -> None:
    """Draw boxes by true person and found identity; identities stand in the order of their people."""
    frames = matched.all_frames()
    counts: dict[tuple[int, int], int] = {}
    for frame in frames:
        named = dict(match_pairs(frame.similarity))
        for row, person in enumerate(frame.true_ids.tolist()):
            found = int(frame.found_ids[named[row]]) if row in named else 0
            counts[person, found] = counts.get((person, found), 0) + 1
    people = sorted({person for person, _ in counts})
    assigned = identity_of(frames)
    others = sorted({found for _, found in counts} - set(assigned.values()) - {0})
    columns = [*(assigned[person] for person in people if person in assigned), *others, 0]
    table = np.array([[counts.get((person, column), 0) for column in columns] for person in people])
    with canvas(path, 2.5 + 0.32 * len(columns), 1.8 + 0.26 * len(people)) as figure:
        axis = figure.subplots()
        shown = np.ma.masked_equal(table, 0)
        axis.imshow(shown, cmap="Blues", norm=LogNorm(1, max(2, int(table.max()))), aspect="auto")
        if table.size <= _MOST_NUMBERS:
            for (row, column), count in np.ndenumerate(table):
                if count:
                    ink = "white" if count > 0.2 * table.max() else "black"
                    axis.text(
                        column,
                        row,
                        str(count),
                        ha="center",
                        va="center",
                        fontsize=6,
                        color=ink,
                    )
        axis.set_xticks(range(len(columns)), [str(c) if c else "missed" for c in columns], fontsize=7, rotation=90)
        axis.set_yticks(range(len(people)), [str(person) for person in people], fontsize=7)
        axis.set_xlabel("found identity: people's own first, then left-over ones")
        axis.set_ylabel("true person")
        axis.set_title(f"{title}: boxes by true and found identity", fontsize=9)
