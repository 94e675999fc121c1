"""All that can be set. Lengths are metres, times seconds, speeds metres per second."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BehaviourParameters:
    """What counts as an event.

    Attributes:
        settle_s: somebody must stay on one side of a boundary for this long to have crossed it,
        margin_m: and get this far away from it; smoothed positions are good to about half of it.
        lost_s: somebody unseen for this long is gone.
        dwell_s, outside_s: staying in a zone for this long is an event of its own; being outside for less than the
            second, or unseen, does not end it.
        standing_m_s, walking_m_s: slower than the first is standing, and ends only above the second.
        running_m_s, slowing_m_s: faster than the first is running, and ends only below the second.
        action_s: an action must last this long to count.
        loiter_s, loiter_m: staying within this distance for this long is loitering.
        meeting_m, parting_m, meeting_s: two people meet who are nearer than the first for so long, and part beyond the
            second. Passing each other takes two walkers about a second.
        crowd, crowd_s: more people than this in one zone for so long, or on the floor where there are no zones, are a
            crowd; it ends when they have been fewer for as long.
        known_people: how many people must have come along before a place or a way can be unusual.

    """

    settle_s: float = 0.5
    margin_m: float = 0.15
    lost_s: float = 2.0
    dwell_s: float = 10.0
    outside_s: float = 2.0
    standing_m_s: float = 0.43
    walking_m_s: float = 0.46
    running_m_s: float = 2.1
    slowing_m_s: float = 1.9
    action_s: float = 0.7
    loiter_s: float = 30.0
    loiter_m: float = 2.0
    meeting_m: float = 1.5
    parting_m: float = 2.0
    meeting_s: float = 2.0
    crowd: int = 8
    crowd_s: float = 2.0
    known_people: int = 10
