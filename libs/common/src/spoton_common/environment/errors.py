"""Errors of the environment package.

InvalidEnvironmentError (ValueError)    an environment folder with at least one mistake
"""

from collections.abc import Iterable
from pathlib import Path


class InvalidEnvironmentError(ValueError):
    """An environment folder that cannot be used.

    Attributes:
        folder: the folder.
        problems: one line for each mistake, each beginning with its place, such as `cameras[1].points: …`.

    """

    def __init__(self, folder: Path, problems: Iterable[str]) -> None:
        self.folder = folder
        self.problems = tuple(problems)
        count = "1 mistake" if len(self.problems) == 1 else f"{len(self.problems)} mistakes"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"environment {folder} has {count}:{lines}")
