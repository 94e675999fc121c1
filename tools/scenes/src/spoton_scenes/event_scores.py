"""Score a task's events against a generated scene: ``python -m spoton_scenes.event_scores SCENE_DIR EVENTS_JSON``.

EVENTS_JSON is what ``GET /api/v1/processing-tasks/{task_id}/events?limit=20000`` answers. Identities of a task are not
those of the truth, so people are not compared; types, places, directions and times are.
"""

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path as File
from typing import Any

import numpy as np
import yaml

from spoton_scenes.event_truth import Path, TrueEvent, score, true_events

TOLERANCE_S = 1.0
TYPES = frozenset({"zone_entered", "zone_left", "tripwire_crossed", "standing", "walking", "running", "met"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table by type; return the exit status."""
    parser = argparse.ArgumentParser(description="Score a task's events against a generated scene.")
    parser.add_argument("scene", type=File, help="folder of the scene, with environment.yaml and ground_truth/")
    parser.add_argument("events", type=File, help="the task's events as the gateway gives them, JSON")
    given = parser.parse_args(arguments)
    items = json.loads(given.events.read_text())["items"]
    sys.stdout.writelines(report(given.scene, [_told(item) for item in items]))
    return 0


def report(scene: File, found: Sequence[TrueEvent]) -> list[str]:
    """Return a line for each type of event of a scene's folder, and one for all."""
    environment = yaml.safe_load((scene / "environment.yaml").read_text())
    zones = {zone["id"]: zone["polygon"] for zone in environment["zones"]}
    tripwires = {wire["id"]: (wire["from"], wire["to"]) for wire in environment["tripwires"]}
    true = true_events(
        read_paths(scene / "ground_truth" / "floor.csv"), environment["processing_fps"], zones, tripwires
    )
    scored = [event for event in found if event.type in TYPES]
    return [
        f"{kind:<18} true {each.true:4} found {each.found:4} right {each.matched:4} F1 {each.f1:.3f}\n"
        for kind, each in score(true, scored, TOLERANCE_S, by_person=False).items()
    ]


def read_paths(floor: File) -> list[Path]:
    """Read everybody's stays from ``floor.csv``; a gap in the frames ends a stay."""
    places: defaultdict[int, list[tuple[int, float, float]]] = defaultdict(list)
    with floor.open() as file:
        for row in csv.DictReader(file):
            places[int(row["id"])].append((int(row["frame"]) - 1, float(row["x_m"]), float(row["y_m"])))
    found = []
    for person_id, rows in places.items():
        table = np.array(rows)
        stays = np.split(table, np.flatnonzero(np.diff(table[:, 0]) > 1) + 1)
        found += [Path(person_id, int(stay[0, 0]), stay[:, 1:]) for stay in stays]
    return found


def _told(item: dict[str, Any]) -> TrueEvent:
    people = tuple(range(1 + len(item["others"])))
    return TrueEvent(
        item["type"], item["start_s"], item["end_s"], item["place"], people, item["details"].get("direction")
    )


if __name__ == "__main__":
    sys.exit(main())
