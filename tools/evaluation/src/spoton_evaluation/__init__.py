"""Scores identities and positions against ground truth."""

from spoton_evaluation.errors import EvaluationError, ExportError, GroundTruthError
from spoton_evaluation.report import Report, evaluate
from spoton_evaluation.scores import Scores

__all__ = ["EvaluationError", "ExportError", "GroundTruthError", "Report", "Scores", "evaluate"]
