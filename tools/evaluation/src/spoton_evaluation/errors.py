"""Errors of the evaluation.

EvaluationError
├── SceneError          an environment folder that cannot be used
├── GroundTruthError    no ground truth, or a file that cannot be read as one
├── ExportError         an export that lacks a camera or cannot be read
└── DatasetError        a data set that is not known, or not on this machine
"""


class EvaluationError(Exception):
    """Base of all errors of the evaluation."""


class SceneError(EvaluationError):
    """An environment folder that cannot be used."""


class GroundTruthError(EvaluationError):
    """The ground truth is missing or malformed."""


class ExportError(EvaluationError):
    """The export is missing a camera or malformed."""


class DatasetError(EvaluationError):
    """A data set is not known, or not on this machine."""
