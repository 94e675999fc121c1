"""Identities over all cameras of a scene: pure functions over evidence, and the online associator."""

from spoton_reid.association.associator import Associator
from spoton_reid.association.calibration import CameraHealth
from spoton_reid.association.floor import foot_on_floor, touches_border
from spoton_reid.association.parameters import AssociationParameters, EvidenceParameters, SmoothingParameters
from spoton_reid.association.values import (
    Bucket,
    FilledBox,
    IdentityAppearance,
    IdentityRevision,
    LabelledBucket,
    Observation,
    Scene,
    SceneCamera,
)

__all__ = [
    "AssociationParameters",
    "Associator",
    "Bucket",
    "CameraHealth",
    "EvidenceParameters",
    "FilledBox",
    "IdentityAppearance",
    "IdentityRevision",
    "LabelledBucket",
    "Observation",
    "Scene",
    "SceneCamera",
    "SmoothingParameters",
    "foot_on_floor",
    "touches_border",
]
