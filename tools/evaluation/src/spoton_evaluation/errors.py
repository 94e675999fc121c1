"""Errors of the evaluation.

EvaluationError
├── GroundTruthError    no ground truth, or a file that cannot be read as one
└── ExportError         an export that lacks a camera or cannot be read
"""


class EvaluationError(Exception):
    """Base of all errors of the evaluation."""


class GroundTruthError(EvaluationError):
    """The ground truth is missing or malformed."""


class ExportError(EvaluationError):
    """The export is missing a camera or malformed."""
