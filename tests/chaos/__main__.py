"""``python -m tests.chaos --runs 100 --seed 7``: kills at random moments, and whether anything shows afterwards."""

import argparse
import os
import shutil
import signal
import sys
import time
import uuid
from pathlib import Path

from rich.console import Console
from spoton_local import Layout, stack
from spoton_local.ports import BASE_VARIABLE

from tests.chaos.chaos import Chaos, Result
from tests.chaos.faults import draw_run
from tests.chaos.fleet import Fleet
from tests.chaos.material import Material
from tests.chaos.report import Report

CHECKOUT = Path(__file__).parents[2]
REPORT = CHECKOUT / ".local" / "reports" / "chaos.json"
_PORT_BASE = 19600  # beside the developer's own stack
_WITHIN_S = 10.0  # about what the task takes undisturbed; fixed, so that a run can be repeated
_NAMESPACE = uuid.UUID(int=0)


def main(arguments: list[str] | None = None) -> int:
    """Run; 0 if every run left what an undisturbed one leaves."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is stopped
    console = Console(stderr=True, highlight=False)
    layout = Layout(CHECKOUT / ".local" / "chaos")
    stack.down(layout)
    shutil.rmtree(layout.root)
    fleet = Fleet(layout, int(os.environ.get(BASE_VARIABLE, _PORT_BASE)))
    report = Report(REPORT, options.seed)
    try:
        fleet.start_servers()
        results = _run_all(options, fleet, layout, report, console)
    finally:
        fleet.stop()
    console.print(report.table())
    failed = [result for result in results if result.problems]
    console.print(f"{len(results) - len(failed)} of {len(results)} runs left what an undisturbed one leaves")
    console.print(f"all runs of this seed: {REPORT.relative_to(CHECKOUT)}")
    return 1 if failed else 0


def _run_all(
    options: argparse.Namespace, fleet: Fleet, layout: Layout, report: Report, console: Console
) -> list[Result]:
    material = Material(layout.data / "scene", layout, fleet.connections, seed=1)
    chaos = Chaos(fleet, material, console.print)
    expected, length_s = chaos.undisturbed(str(uuid.uuid5(_NAMESPACE, f"undisturbed {options.seed}")))
    records = sum(map(len, expected.values()))
    console.print(f"undisturbed: {length_s:.1f} s, {records} records in {len(expected)} tables, files and streams")
    results: list[Result] = []
    deadline = time.monotonic() + options.minutes * 60
    for number in range(options.first, options.first + options.runs):
        if time.monotonic() > deadline:
            console.print(f"time is up: go on with --first {number}")
            break
        run = draw_run(options.seed, number, _WITHIN_S)
        console.print(f"run {number} of seed {options.seed}:")
        result = chaos.disturbed(run, expected)
        results.append(result)
        console.print(f"    {result.seconds:.1f} s, {result.connections} connections: {_verdict(result)}")
        report.add(result.as_dict(), length_s, records)
        if result.problems:  # what is wrong with a process now must not show in the runs to come
            fleet.kill_services()
    return results


def _verdict(result: Result) -> str:
    return "as undisturbed" if not result.problems else "\n      ".join(["DIFFERENT", *result.problems])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Kill, restart, compare.")
    parser.add_argument("--runs", type=int, default=20, help="how many runs")
    parser.add_argument("--seed", type=int, default=7, help="what goes wrong and when follows from it")
    parser.add_argument("--first", type=int, default=0, help="number of the first run, to repeat one or to go on")
    parser.add_argument("--minutes", type=float, default=600, help="begin no run after so many minutes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
