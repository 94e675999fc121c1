"""Where an evaluation reads and writes."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folders:
    """Folders of an evaluation.

    Attributes:
        data: real footage (`epfl-terrace1`).
        models: real weights.
        cache: kept detections, embeddings and scenes.
        reports: `eval.json`, and pictures under `eval/`.

    """

    data: Path = Path("../shared/data")
    models: Path = Path("../shared/models")
    cache: Path = Path(".local/cache/eval")
    reports: Path = Path(".local/reports")

    @property
    def exports(self) -> Path:
        """Where exports and pictures go, a folder a data set."""
        return self.reports / "eval"
