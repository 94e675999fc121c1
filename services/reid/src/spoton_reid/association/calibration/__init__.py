"""What a scene tells of its own cameras while it runs, without labels: clocks, planes, what cosines mean."""

from spoton_reid.association.calibration.calibrator import Calibration, Calibrator
from spoton_reid.association.calibration.health import CameraHealth

__all__ = ["Calibration", "Calibrator", "CameraHealth"]
