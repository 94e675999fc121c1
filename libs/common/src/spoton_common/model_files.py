"""Where shipped models lie."""

import os
from collections.abc import Iterable
from pathlib import Path


def model_folders() -> list[Path]:
    """Return the folders of shipped models: SPOTON_MODELS_DIR, else every ``models`` above this package."""
    configured = os.environ.get("SPOTON_MODELS_DIR")
    if configured:
        return [Path(configured)]
    return [folder for parent in Path(__file__).parents if (folder := parent / "models").is_dir()]


def candidate_paths(name: str, suffix: str, folders: Iterable[Path]) -> list[Path]:
    """List where a model of that name may lie: as a path, then in each folder as it is or with ``suffix``."""
    return [Path(name).expanduser(), *(folder / entry for folder in folders for entry in (name, name + suffix))]
