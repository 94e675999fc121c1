"""`spoton eval`: how good identities and positions are, against ground truth."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from spoton_evaluation import EvaluationError

from spoton_cli.errors import CommandError

REPORTS = Path(".local/reports")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eval", epilog="Example: spoton eval --environment hall --ground-truth hall/gt --export results/")(
        evaluate
    )


def evaluate(
    environment: Annotated[Path | None, typer.Option(help="Environment folder of the export.")] = None,
    ground_truth: Annotated[
        Path | None, typer.Option(help="Ground truth of the export: MOTChallenge's or WILDTRACK's layout.")
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Folder that `spoton run --export` wrote.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Measure this data set only; may be given again.")] = None,
    ladder: Annotated[bool, typer.Option(help="Also run the error ladder and other trackers.")] = True,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes at once; default: one a core.")] = None,
    data: Annotated[Path, typer.Option(help="Folder of real footage.")] = Path("../shared/data"),
    models: Annotated[Path, typer.Option(help="Folder of real weights.")] = Path("../shared/models"),
) -> None:
    """Score an export, or measure all data sets without a stack where none is given.

    Writes .local/reports/eval.json, and pictures beside it in eval/.
    """
    given = (environment, ground_truth, export)
    try:
        if environment is not None and ground_truth is not None and export is not None:
            _score(environment, ground_truth, export)
        elif any(given):
            raise CommandError("--environment, --ground-truth and --export belong together")
        else:
            _measure(only or [], ladder, workers, data, models)
    except EvaluationError as error:
        raise CommandError(str(error)) from error


def _score(environment: Path, ground_truth: Path, export: Path) -> None:
    from spoton_evaluation.exports import score_export  # seconds to import, as is what draws
    from spoton_evaluation.figures import flatten_reports
    from spoton_evaluation.pictures import draw_all

    found = score_export(environment, ground_truth, export)
    figures = flatten_reports("export", found.reports)
    figures |= {f"export.{name}": value for name, value in asdict(found.timeliness).items()}
    figures |= {"export.check.largest_difference": found.disagreement.shares}
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / "eval.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for kind, report in found.reports.items():
        typer.echo(f"{kind}\n{report.to_table()}")
    late = found.timeliness
    typer.echo(
        f"first right identity after {_s(late.first_correct_median_s)} (median), {_s(late.first_correct_p90_s)} (p90), "
        f"never for {late.never_correct}; {late.revisions_per_minute:.1f} revisions a minute"
    )
    pictures = draw_all(list(found.matched.values())[-1], found.fps, export.name, REPORTS / "eval" / "export")
    for path in [REPORTS / "eval.json", *pictures]:
        typer.echo(path)


def _measure(only: list[str], ladder: bool, workers: int | None, data: Path, models: Path) -> None:
    from spoton_evaluation.command import Plan, run_plan, to_table  # torch and OpenVINO take seconds to import
    from spoton_evaluation.places import Folders

    plan = Plan(only, ladder, folders=Folders(data, models, reports=REPORTS))
    typer.echo(to_table(run_plan(replace(plan, workers=workers or plan.workers))))
    typer.echo(REPORTS / "eval.json")


def _s(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"
