"""`python -m spoton_scenes PRESET --out DIR`: make an environment folder with videos and ground truth."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from spoton_scenes.environment import write_environment
from spoton_scenes.errors import ScenesError
from spoton_scenes.film import plan_film
from spoton_scenes.presets import PRESETS, adjusted, find_preset

_EPILOG = """presets:
  {presets}

examples:
  python -m spoton_scenes demo --out scenes/demo
  python -m spoton_scenes crowd --out scenes/crowd --people 40 --seed 7
  python -m spoton_scenes easy --out scenes/short --cameras 3 --seconds 4 --fps 5"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when the folder is complete, 2 after an error that is said on standard error."""
    options = _parser().parse_args(arguments)
    try:
        preset = adjusted(
            find_preset(options.preset),
            cameras=options.cameras,
            people=options.people,
            seconds=options.seconds,
            fps=options.fps,
        )
        film = plan_film(preset, options.seed)
        total = len(film.states) * len(film.scene.cameras)
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("frames"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(f"rendering {preset.name}", total=total)
            write_environment(film, preset.title, options.out, lambda frames: progress.advance(task, frames))
    except ScenesError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{options.out / 'environment.yaml'}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    listing = "\n  ".join(
        f"{p.name:<10} {p.title}: {p.cameras} cameras, {p.people} people, {p.batches} x {p.batch_seconds:g} s"
        for p in PRESETS.values()
    )
    parser = argparse.ArgumentParser(
        prog="python -m spoton_scenes",
        description="Render a calibrated multi-camera scene with exact ground truth.",
        epilog=_EPILOG.format(presets=listing),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("preset", metavar="PRESET", help="kind of scene, see below")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="environment folder to write")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another scene (default 1)")
    parser.add_argument("--cameras", type=int, help="number of cameras")
    parser.add_argument("--people", type=int, help="number of people")
    parser.add_argument("--seconds", type=float, help="length of the film")
    parser.add_argument("--fps", type=int, help="frames per second")
    return parser


if __name__ == "__main__":
    sys.exit(main())
