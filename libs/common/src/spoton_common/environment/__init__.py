"""Environments: cameras, floor, areas; read from folders that users write."""

from .check import CameraCheck, EnvironmentCheck, check_environment
from .errors import InvalidEnvironmentError
from .loader import EnvironmentFolder, load_environment, read_environment_folder
from .models import Camera, Environment, FloorMap, Tripwire, Zone
from .picture import draw_check
from .scene import UnknownFrameRateError, scene_record

__all__ = [
    "Camera",
    "CameraCheck",
    "Environment",
    "EnvironmentCheck",
    "EnvironmentFolder",
    "FloorMap",
    "InvalidEnvironmentError",
    "Tripwire",
    "UnknownFrameRateError",
    "Zone",
    "check_environment",
    "draw_check",
    "load_environment",
    "read_environment_folder",
    "scene_record",
]
