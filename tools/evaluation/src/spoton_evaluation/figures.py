"""Measurements under flat keys: what stands in eval.json."""

from collections.abc import Mapping
from dataclasses import asdict

from spoton_evaluation.measure import Measurement
from spoton_evaluation.report import Report

Figures = dict[str, float | int | None]
"""`<data set>.<variant>.<kind>.<scope>.<metric>`; the package's README lists the parts."""


def flatten(prefix: str, found: Measurement) -> Figures:
    """Lay out a measurement under flat keys."""
    figures = flatten_reports(prefix, found.reports)
    figures |= {f"{prefix}.{name}": value for name, value in asdict(found.timeliness).items()}
    figures[f"{prefix}.track_purity"] = found.purity
    figures[f"{prefix}.tracks"] = found.tracks
    figures[f"{prefix}.association_ms_per_tick"] = round(1000 * found.timing.associate_s / max(found.ticks, 1), 3)
    if found.reliability is not None:
        figures[f"{prefix}.expected_calibration_error"] = found.reliability.expected_calibration_error
    return figures


def flatten_reports(prefix: str, reports: Mapping[str, Report]) -> Figures:
    """Lay out reports by kind under flat keys."""
    figures: Figures = {}
    for kind, report in reports.items():
        scopes = {**report.cameras, "all": report.cross_camera}
        if report.floor is not None:
            scopes["floor"] = report.floor
        for scope, scores in scopes.items():
            figures |= {f"{prefix}.{kind}.{scope}.{name}": value for name, value in asdict(scores).items()}
        for name, error in (("box_error", report.ground), ("map_error", report.person_ground)):
            figures[f"{prefix}.{kind}.{name}.median_m"] = error.median_m
            figures[f"{prefix}.{kind}.{name}.p90_m"] = error.p90_m
    return figures
