"""How soon an identity is right, and how often it changes afterwards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from spoton_evaluation.matching import ScoredFrame, match_pairs


@dataclass(frozen=True, slots=True)
class Timeliness:
    """When identities were right.

    Attributes:
        first_correct_median_s: from a person's first scored appearance to the publication of the first box that has
            the person's identity; None where nobody ever got it.
        first_correct_p90_s: the same, 90th percentile.
        never_correct: people who never got it.
        revisions_per_minute: changed stretches of tracks per minute of video.

    """

    first_correct_median_s: float | None
    first_correct_p90_s: float | None
    never_correct: int
    revisions_per_minute: float


@dataclass(frozen=True, slots=True)
class Sight:
    """A matched box: whom it shows, under what identity, and when that was published (seconds of video)."""

    person: int
    identity: int
    seen_s: float
    published_s: float


def identity_of(frames: Iterable[ScoredFrame]) -> dict[int, int]:
    """Assign each person one found identity, as IDF1 does: most boxes in common, one to one."""
    shared: dict[tuple[int, int], int] = {}
    for frame in frames:
        for row, column in match_pairs(frame.similarity):
            pair = int(frame.true_ids[row]), int(frame.found_ids[column])
            shared[pair] = shared.get(pair, 0) + 1
    people = sorted({person for person, _ in shared})
    identities = sorted({identity for _, identity in shared})
    if not shared:
        return {}
    counts = np.array([[shared.get((person, identity), 0) for identity in identities] for person in people])
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return {people[r]: identities[c] for r, c in zip(rows.tolist(), columns.tolist(), strict=True) if counts[r, c]}


def first_correct_delays(
    sights: Iterable[Sight], identities: Mapping[int, int], first_seen_s: Mapping[int, float]
) -> tuple[list[float], int]:
    """Return the delay of everybody who got the right identity, and how many never did."""
    correct: dict[int, float] = {}
    for sight in sights:
        if identities.get(sight.person) == sight.identity:
            correct[sight.person] = min(sight.published_s, correct.get(sight.person, np.inf))
    delays = [
        max(0.0, correct[person] - seen_s) for person, seen_s in sorted(first_seen_s.items()) if person in correct
    ]
    return delays, sum(person not in correct for person in first_seen_s)


def summarise_timeliness(delays: list[float], never: int, revisions: int, minutes: float) -> Timeliness:
    """Median, 90th percentile and rate."""
    median, p90 = np.percentile(delays, [50, 90]).round(3).tolist() if delays else (None, None)
    return Timeliness(median, p90, never, round(revisions / max(minutes, 1e-9), 2))
