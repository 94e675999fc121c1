"""Every number of association, with its unit and its origin.

"terrace1" stands for a measurement on EPFL's terrace sequence with person-reidentification-retail-0286;
nothing is tuned per scene.
"""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class EvidenceParameters:
    """Log-odds that two tracklets show the same person."""

    # Appearance: slope · (cosine − midpoint), clipped, scaled down for few good crops.
    appearance_slope: float = 10.0  # per unit of cosine; terrace1
    appearance_midpoint: float = 0.45  # cosine at even odds; terrace1
    appearance_limit: float = 5.0  # one source of evidence must not silence the others
    full_crops: float = 8.0  # visibility-weighted crops after which a mean appearance is trusted; generated scenes

    lookalike_crops: float = 4.0  # of both, to compare somebody with a stranger
    lookalike_least: float = 4.0  # log-odds of their likeness, from which two strangers are hard to tell apart
    lookalike_share: float = 0.5  # of a likeness that counts however many strangers look like it; generated scenes

    # Floor: for simultaneous tracklets of different cameras.
    floor_slope_per_m: float = 6.0  # terrace1
    floor_midpoint_m: float = 0.7  # two people rarely stand nearer; planes agree to about 0.2 m
    floor_most: float = 4.0
    floor_least: float = -8.0
    floor_full_s: float = 1.0  # seconds together after which the distance counts fully

    # Motion: for successive tracklets.
    motion_horizon_s: float = 4.0  # beyond, people may have gone anywhere
    motion_slack_m: float = 0.5  # error of a position
    motion_speed_mps: float = 2.2  # a fast walk
    motion_penalty_per_m: float = 4.0
    motion_least: float = -8.0
    motion_bonus: float = 4.0  # at full overlap of the predicted with the found box, same camera
    motion_bonus_fade_s: float = 0.5  # the bonus halves in this time: predictions age quickly
    transit_limit: float = 2.0  # either way: learned from what association itself decided
    geometry_limit: float = 8.0  # of floor and motion together, between two clusters
    person_height_m: float = 1.7  # scales pixels to metres where the floor position is unknown


@dataclass(frozen=True, slots=True)
class AttachmentParameters:
    """When a short cluster is given to a person although it was not joined."""

    person_s: float = 2.0  # summed length from which a cluster is a person of its own
    least_odds: float = -1.0  # log-odds of the best person; hardly anybody appears for a second only
    least_odds_growing: float = 2.0  # of somebody in view, who may be new and grow into a person
    settle_s: float = 1.0  # after so long out of view, a cluster does not grow any more
    fragment_s: float = 8.0  # summed length below which a cluster that is over may be a fragment of a person
    least_odds_adopted: float = 1.0  # of the best person for it: who was there for seconds may be a stranger
    least_margin: float = 1.0  # by which the best person must beat the second
    least_mean_confidence: float = 0.5  # of its boxes: the detector's doubts are mostly false boxes


@dataclass(frozen=True, slots=True)
class CertaintyParameters:
    """Logistic curve from margins to the probability that an identity is right; fitted on generated scenes."""

    offset: float = 1.24
    slope: float = 0.225
    most_margin: float = 10.0  # beyond, more evidence of the same kind tells nothing new


@dataclass(frozen=True, slots=True)
class SmoothingParameters:
    """When the path of somebody knows better than the detector where they are; terrace1 and generated scenes."""

    reach_s: float = 1.0  # before and after: further off, people have turned
    least_boxes: int = 4  # found within reach, besides the one in question
    scale: float = 0.06  # of a body's height: from here on a deviation counts less
    sure_confidence: float = 0.75  # of a box that is believed as it is
    least_overlap: float = 0.8  # IoU with the path, from which on a box is kept as it is


@dataclass(frozen=True, slots=True)
class AssociationParameters:
    """How evidence becomes published identities."""

    evidence: EvidenceParameters = field(default_factory=EvidenceParameters)
    attachment: AttachmentParameters = field(default_factory=AttachmentParameters)
    certainty: CertaintyParameters = field(default_factory=CertaintyParameters)
    smoothing: SmoothingParameters = field(default_factory=SmoothingParameters)
    label_delay_s: float = 2.0  # a bucket is published this much video later; 0 publishes at once, fills no gap
    longest_gap_s: float = 1.0  # of one identity in one camera, filled; in longer ones people turn
    solve_interval_s: float = 0.5  # must not exceed the delay, or new tracklets are published without a label
    window_s: float = 30.0  # what lies further back is final; bounds the cost of a solve
    fastest_mps: float = 7.0  # a sprint: who would have to be faster to get to another place is not looked for there
    window_step_s: float = 5.0  # the window moves in steps: each parts tracklets and weighs them anew
    least_identity_s: float = 1.0  # summed length of a cluster below which it is taken for a ghost
    least_mean_confidence: float = 0.5  # of a cluster's boxes, else a ghost
    least_tracklet_s: float = 0.5  # in one tracklet, or seen by two cameras at once, else a ghost: false boxes flicker
    longest_tail_s: float = 0.25  # a tracker's patience: shorter overlaps of two tracklets are its mistakes
    cut_crops: int = 6  # crops before and after a suspected swap
    cut_cosine: float = 0.45  # of their mean appearances, below which the tracklet is cut
    reentry_cosine: float = 0.7  # of a newcomer with a gallery entry, to be taken for the same person
    reentry_margin: float = 0.08  # by which the best entry must beat the second
    reentry_crops: float = 3.0  # visibility-weighted crops a newcomer needs before being looked up

    def for_model(self, even_cosine: float, slope: float) -> "AssociationParameters":
        """Read cosines on the scale of another network.

        Args:
            even_cosine: cosine of two crops at which same and different person are equally likely.
            slope: log-odds of being the same person for each unit of cosine above that.

        """
        evidence = self.evidence
        stretch = evidence.appearance_slope / slope

        def on_scale(cosine: float) -> float:
            return even_cosine + (cosine - evidence.appearance_midpoint) * stretch

        return replace(
            self,
            evidence=replace(evidence, appearance_midpoint=even_cosine, appearance_slope=slope),
            cut_cosine=on_scale(self.cut_cosine),
            reentry_cosine=on_scale(self.reentry_cosine),
            reentry_margin=self.reentry_margin * stretch,
        )
