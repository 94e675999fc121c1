"""``python -m spoton_bench``: measure what the line costs."""

import argparse
import signal
import sys
import time
from collections.abc import Iterator

from spoton_bench.line import running_line
from spoton_bench.materials import CHECKOUT, find_materials
from spoton_bench.parts import FULL, QUICK, Bench
from spoton_bench.report import table, write_report

_LOCAL = CHECKOUT / ".local"


def main() -> int:
    """Measure everything, or the chosen parts, and write the reports."""
    parser = argparse.ArgumentParser(prog="spoton_bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in a few minutes: less data, one round")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="measure these only")
    arguments = parser.parse_args()
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the stack is stopped then, too

    def say(what: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - began:5.0f} s] {what}\n")

    work = _LOCAL / "bench"
    work.mkdir(parents=True, exist_ok=True)
    materials = find_materials(work)
    say(f"data: {materials.note}")
    with running_line(work / "stack", materials) as line:
        effort = QUICK if arguments.quick else FULL
        bench = Bench(line, materials, effort, work, _LOCAL / "reports" / "bench", say)
        command = "make bench" + (" QUICK=1" if arguments.quick else "")
        for _ in _measure(bench, arguments.parts):
            write_report(bench.figures, materials.note, command, _LOCAL / "reports" / "bench.json")
    sys.stdout.write(table(bench.figures))
    say("done: .local/reports/bench.json, pictures in .local/reports/bench")
    return 0


PARTS = ["speed", "identities", "cpu", "delay", "scaling"]


def _measure(bench: Bench, parts: list[str]) -> Iterator[str]:
    """Measure part by part, and yield each one's name: what is measured is kept when a later part fails."""
    run = bench.speed() if "speed" in parts else bench.sample()
    yield "speed"
    if "cpu" in parts:
        bench.cpu(run)
        yield "cpu"
    if "delay" in parts:
        bench.delay()
        yield "delay"
    if "identities" in parts:
        bench.identities()
        yield "identities"
    if "scaling" in parts:
        bench.scaling(run)
        yield "scaling"


if __name__ == "__main__":
    sys.exit(main())
