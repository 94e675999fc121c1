"""Ultralytics' switches, set before it is imported: no look-ups, no installs, its settings under our own folder."""

import os
from pathlib import Path

WORK_FOLDER = Path(".local/training")  # rendered data and checkpoints, kept between runs


def import_ultralytics_offline() -> None:
    """Make every later import of ultralytics stay off the network."""
    settings_folder = (WORK_FOLDER / "ultralytics").resolve()
    settings_folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("YOLO_OFFLINE", "1")
    os.environ.setdefault("YOLO_AUTOINSTALL", "0")
    os.environ.setdefault("YOLO_CONFIG_DIR", str(settings_folder))
    from ultralytics import settings

    settings.update({"sync": False})
