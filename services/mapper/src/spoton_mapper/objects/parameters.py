"""All that can be set. Times are seconds, lengths shares of the object's own box unless they are named otherwise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObjectParameters:
    """What counts as at rest, as gone, and as put down again.

    Attributes:
        still_s: a thing that has not moved for this long is at rest. The time of the event is looked back for.
        held_still_s: the same where somebody touches it: hands can hold a thing still, but not for long.
        still_shift: how far from its middle place the centre of a thing at rest may seem to be, and
        still_px: what is added to that, pixels: the edges of small boxes are no better than this.
        still_size: how much larger or smaller its box may seem.
        seen_share: of the pictures in that time it must be found in this share.
        largest_share: what takes more of the picture than this is furniture.
        least_confidence: mean confidence of a thing that comes to rest; steady weaker boxes are background.
        same_place_iou: a box that overlaps the resting place by this much shows the thing at rest,
        exact_iou: a thing whose place nobody came near, found again like this, was there all the time.
        exact_shift: a thing that was out of sight and is found this near to where it was, has not been moved.
        foot_shift: so much of its height the lower edge of a thing may be off when it touches down.
        part_share: as does a box that lies within it by this share: the thing, half covered,
        part_area: if it is not smaller than this share of it.
        double_share: a box that lies by this share in another one of its class is the same thing, found twice.
        back_s: a thing seen in its place again after less than this was there all the time.
        absent_s: where somebody was near, a thing that was not seen for this long, though not covered, is gone.
        unattended_absent_s: the same where nobody was seen near: hands are often not detected.
        gap_factor: a thing that the detector had lost and found again is waited for this many times longer,
        longest_wait_s: but not longer than this.
        doer_s: who touched it at most this long before or after the moment did it.
        near_s: somebody who touched it this long ago was near.
        touch_margin: people touch the box grown by this share.
        covered_share: a thing of which somebody's box covers this share is covered: not seeing it says nothing.
        still_covered_s: whoever covered it is taken to do so for this much longer: hands are often lost.
        behind_s: a thing that was seen for this long while somebody covered it, more often than not, stands in front
            of that person.
        moving_s: a thing followed for this long on its way from a place is what lay there.
        unseen_s: a moment that was out of sight for less than this was in the middle of that time.
        moving_distance: by how much it must have moved.
        shaken_s: a thing that is at rest again within this time and
        shaken_distance: this near to where it was, was pushed and not picked up.
        lost_s: a moving thing that was not seen for this long is followed no longer.
        speed_per_s: how far a moving thing may get in a second,
        reach_s: and for how long it goes on like that out of sight.
        look_back_s: how far back the moment of touching down is looked for.
        longest_step_s: time between two pictures that counts at most: where pictures are missing, nothing was unseen.
        most_away: things that were picked up and not put back are remembered up to this many a camera.

    """

    still_s: float = 1.0
    held_still_s: float = 2.5
    still_shift: float = 0.035
    still_px: float = 1.5
    still_size: float = 0.2
    seen_share: float = 0.6
    largest_share: float = 0.25
    least_confidence: float = 0.2
    same_place_iou: float = 0.6
    exact_iou: float = 0.8
    exact_shift: float = 0.04
    foot_shift: float = 0.05
    part_share: float = 0.8
    part_area: float = 0.2
    double_share: float = 0.7
    back_s: float = 1.0
    absent_s: float = 1.5
    unattended_absent_s: float = 3.0
    gap_factor: float = 3.0
    longest_wait_s: float = 10.0
    doer_s: float = 0.5
    near_s: float = 2.0
    touch_margin: float = 0.15
    covered_share: float = 0.5
    still_covered_s: float = 1.0
    behind_s: float = 1.0
    moving_s: float = 0.3
    unseen_s: float = 2.0
    moving_distance: float = 0.5
    shaken_s: float = 0.7
    shaken_distance: float = 1.0
    lost_s: float = 1.2
    speed_per_s: float = 5.0
    reach_s: float = 0.5
    look_back_s: float = 5.0
    longest_step_s: float = 0.5
    most_away: int = 100
