"""How a body walks: joint angles from a phase, with feet that neither slide nor sink. Pure maths.

The hip swings as A sin(phase); while a foot is down the hip moves over it, so one step is 2 L sin(A) long for
a leg of length L. A person's phase therefore follows the distance walked, not the clock.
"""

from dataclasses import dataclass
from math import asin, cos, pi, sin

import numpy as np


@dataclass(frozen=True)
class Gait:
    """One person's way of walking. Speed = step length x cadence; angles in radians."""

    step_length_m: float
    cadence_hz: float
    arm_swing_rad: float
    elbow_rad: float
    lean_rad: float
    sway_rad: float

    @property
    def speed_m_s(self) -> float:
        """Preferred walking speed."""
        return self.step_length_m * self.cadence_hz

    def phase_per_metre(self) -> float:
        """Radians of phase for a metre walked: two steps are a full turn."""
        return pi / self.step_length_m


@dataclass(frozen=True)
class Skeleton:
    """Joint heights and lengths of one body, metres."""

    height_m: float
    thigh_m: float
    shin_m: float
    ankle_m: float
    hip_half_m: float
    shoulder_half_m: float
    shoulder_above_hip_m: float
    neck_above_hip_m: float
    upper_arm_m: float
    forearm_m: float

    @property
    def leg_m(self) -> float:
        """Hip to ankle, stretched."""
        return self.thigh_m + self.shin_m


@dataclass(frozen=True)
class Pose:
    """Joint pitches in radians (positive swings a hanging limb forward), in pairs (left, right)."""

    hip_height_m: float
    hips: tuple[float, float]
    knees: tuple[float, float]
    ankles: tuple[float, float]
    shoulders: tuple[float, float]
    elbows: tuple[float, float]
    torso_pitch: float
    torso_yaw: float
    torso_roll: float


def random_gait(rng: np.random.Generator, height_m: float, freedom: float = 1.0) -> Gait:
    """Draw a gait that suits a body height: steps of about 0.4 of it (as adults walk), about 1.8 a second.

    `freedom` shortens the steps (a skirt's cloth allows about 0.85).
    """
    return Gait(
        step_length_m=height_m * freedom * float(rng.uniform(0.35, 0.45)),
        cadence_hz=float(rng.uniform(1.55, 2.1)),
        arm_swing_rad=float(rng.uniform(0.2, 0.6)),
        elbow_rad=float(rng.uniform(0.12, 0.55)),
        lean_rad=float(rng.uniform(0.0, 0.09)),
        sway_rad=float(rng.uniform(0.02, 0.09)),
    )


def walking_pose(gait: Gait, skeleton: Skeleton, phase: float, stride: float) -> Pose:
    """Return the pose at `phase` (radians); `stride` is 0 standing … 1 at the preferred step length."""
    swing = asin(min(0.8, gait.step_length_m * stride / (2 * skeleton.leg_m)))
    legs = [_leg(swing, stride, phase + side) for side in (0.0, pi)]
    extents = [
        skeleton.thigh_m * cos(hip) + skeleton.shin_m * cos(hip + knee) + 0.5 * skeleton.ankle_m * abs(sin(foot))
        for hip, knee, foot in ((hip, knee, hip + knee + ankle) for hip, knee, ankle in legs)
    ]
    arms = [-gait.arm_swing_rad * stride * sin(phase + side) for side in (0.0, pi)]
    elbows = [gait.elbow_rad * (0.4 + 0.6 * stride) + 0.25 * max(0.0, arm) for arm in arms]
    return Pose(
        hip_height_m=max(extents) + skeleton.ankle_m,
        hips=(legs[0][0], legs[1][0]),
        knees=(legs[0][1], legs[1][1]),
        ankles=(legs[0][2], legs[1][2]),
        shoulders=(arms[0], arms[1]),
        elbows=(elbows[0], elbows[1]),
        torso_pitch=-gait.lean_rad * stride,
        torso_yaw=-0.12 * stride * sin(phase),
        torso_roll=gait.sway_rad * stride * cos(phase),
    )


def _leg(swing: float, stride: float, phase: float) -> tuple[float, float, float]:
    """(hip, knee, ankle) of one leg: stretched while it stands, bent while it swings forward."""
    hip = swing * sin(phase)
    lifted = max(0.0, cos(phase + 0.35))
    knee = -(0.06 + 0.82 * stride * lifted**1.4) if stride > 0 else -0.03
    pushing_off = max(0.0, -sin(phase)) * max(0.0, cos(phase + 1.2))
    ankle = -(hip + knee) * (1 - 0.6 * lifted) - 0.5 * stride * pushing_off
    return hip, knee, ankle
