"""`python -m spoton_training detector|embedder|evaluate`: train the shipped models, or measure them."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from spoton_training.errors import TrainingError

app = typer.Typer(help="Train the shipped demo models on generated scenes, and measure them.", no_args_is_help=True)
Seed = Annotated[int, typer.Option(help="Decides scenes, weights and order of training.", min=0)]
Out = Annotated[Path, typer.Option(help="Folder that receives the ONNX file.")]


@app.command()
def detector(seed: Seed = 1, out: Out = Path("models")) -> None:
    """Render pictures, train the person detector from scratch and export it."""
    from spoton_training.detector.training import DetectorRecipe, train_detector  # torch takes seconds to import

    typer.echo(train_detector(seed, out, DetectorRecipe()))


@app.command()
def embedder(seed: Seed = 1, out: Out = Path("models")) -> None:
    """Render people, train the Re-ID embedder from scratch and export it."""
    from spoton_training.embedder.training import EmbedderRecipe, train_embedder

    typer.echo(train_embedder(seed, out, EmbedderRecipe()))


@app.command()
def evaluate(
    models: Annotated[Path, typer.Option(help="Folder of the two ONNX files.")] = Path("models"),
    scenes: Annotated[int, typer.Option(help="Held-out scenes for the detector, 4 pictures each.")] = 60,
    groups: Annotated[int, typer.Option(help="Held-out groups of 8 to 16 people for the embedder.")] = 12,
) -> None:
    """Print the figures of both models on scenes and people that no training seed contains, as JSON."""
    from spoton_training.detector.evaluation import evaluate_detector
    from spoton_training.embedder.evaluation import evaluate_embedder

    figures = {
        "detector": asdict(evaluate_detector(models / "spoton-demo-detector.onnx", scenes)),
        "embedder": asdict(evaluate_embedder(models / "spoton-demo-embedder.onnx", groups)),
    }
    typer.echo(json.dumps(figures, indent=2))


if __name__ == "__main__":
    try:
        app()
    except TrainingError as error:
        typer.echo(f"spoton_training: {error}", err=True)
        sys.exit(1)
