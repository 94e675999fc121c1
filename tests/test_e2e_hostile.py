"""Hostile records on every topic while a good task goes through.

HOSTILE_RECORDS and HOSTILE_SEED choose how many and which; `make hostile N=10000` is the long run. The report lies in
`.local/reports/hostile.json`.
"""

import json
import os
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from spoton_schemas.codec import Codec

from tests.hostile import line_up
from tests.hostile.line_up import READERS, Letters, Outbox, Vitals
from tests.hostile.records import STREAMS, Hostile, generate
from tests.line import Line

pytestmark = pytest.mark.e2e

COUNT = int(os.environ.get("HOSTILE_RECORDS", "300"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
PATIENCE_S = 60 + COUNT / 50

_REPORT = Path(__file__).parents[1] / ".local" / "reports" / "hostile.json"


@pytest.fixture(scope="module")
def environment(line: Line, scene: Path) -> str:
    return line.spoton("environments", "add", scene, check=True).stdout.strip()


def run_good_task(line: Line, environment: str, records: list[Hostile], outbox: Outbox) -> tuple[str, Counter[str]]:
    """Start a task, send the hostile records while it runs, wait for its end; returns it and what was echoed."""
    tasks = f"{line.connections.gateway_url}/api/v1/processing-tasks"
    task = str(httpx.post(f"{tasks}/start", json={"environment_id": environment}).json()["task_id"])
    with line_up.echoing(line.connections, task) as echoed:
        for record in records:
            outbox.send(record, task)
        outbox.flush()
        deadline = time.monotonic() + PATIENCE_S
        while (status := httpx.get(f"{tasks}/{task}/status").json())["status"] not in ("COMPLETED", "FAILED"):
            assert time.monotonic() < deadline, status
            time.sleep(0.2)
    assert status["status"] == "COMPLETED", status
    return task, echoed


def exported(line: Line, task: str, folder: Path) -> dict[str, bytes]:
    found = {}
    for identities in ("revised", "live"):
        out = folder / task / identities
        line.spoton("export", task, "--format", "mot", "--identities", identities, "--out", out, check=True)
        found |= {f"{identities}/{path.name}": path.read_bytes() for path in sorted(out.glob("*.txt"))}
    assert any(found.values())
    return found


def test_hostile_records_change_nothing_and_are_all_accounted_for(line: Line, environment: str, tmp_path: Path) -> None:
    began = time.monotonic()
    reference = line.run(environment)
    assert reference["status"] == "COMPLETED", reference
    httpx.post(  # a command, so that there is one to take after
        f"{line.connections.gateway_url}/api/v1/processing-tasks/{reference['task_id']}/control",
        json={"command": "pause"},
    )
    samples = line_up.samples_of(line.connections, reference["task_id"])
    records = generate(samples, Codec.connect(line.connections.registry_url), COUNT, SEED)
    before = Vitals.of(line.connections)
    letters = Letters(line.connections, line_up.ends_of(line.connections, "dead-letters"))
    outbox = Outbox(line.connections)

    sending = time.monotonic()
    task, echoed = run_good_task(line, environment, records, outbox)
    accounts = Accounts(outbox, echoed)
    missing = letters.wait_for(accounts.letters, PATIENCE_S)
    after = accounts.wait_for_drops(line, before)

    assert not missing, Counter((accounts.outbox.landed[o][0].topic, outbox.landed[o][0].kind) for o in missing)
    for origin in accounts.letters:
        record, mark = outbox.landed[origin]
        assert letters.found[origin][0] == READERS[record.topic]
        assert letters.found[origin][2] == mark, f"{record} is not kept as it came"
    strays = {o: v for o, v in letters.found.items() if o not in accounts.letters}
    assert not strays, f"these were good records: {strays}"
    assert after.dropped_since(before) == accounts.drops_due(after.dropped_since(before))
    assert after.started == before.started, "a process died"
    assert exported(line, task, tmp_path) == exported(line, reference["task_id"], tmp_path)
    accounts.report(letters, after.dropped_since(before), before, after, sending - began, time.monotonic() - sending)


class Accounts:
    """What must have become of the records that were sent."""

    def __init__(self, outbox: Outbox, echoed: Counter[str]) -> None:
        self.outbox = outbox
        self.echoed = echoed
        self.letters = {o for o, (r, _) in outbox.landed.items() if not r.drops and r.topic in READERS}
        sent = Counter((r.topic, r.drops) for r, _ in outbox.landed.values())
        self._drops = Counter({READERS[t]: sent[t, True] + echoed[t] for t in (*STREAMS, "segments")})
        self._drops["ingest"] += sum(sent[topic, False] for topic in line_up.FOLLOWED)
        self._drops["gateway"] = sent["environments", False]

    def drops_due(self, seen: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
        """Return drops as seen where each stage's sum is what was sent; the sums that are due where not."""
        by_stage = Counter[str]()
        for (stage, _), number in seen.items():
            by_stage[stage] += number
        if all(by_stage[s] == self._drops[s] for s in (*self._drops, *by_stage) if s != "gateway"):
            return seen
        return Counter({(stage, "due"): number for stage, number in self._drops.items()})

    def wait_for_drops(self, line: Line, before: Vitals) -> Vitals:
        """Wait until the stages have read everything."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            vitals = Vitals.of(line.connections)
            seen = vitals.dropped_since(before)
            if seen == self.drops_due(seen) or time.monotonic() > deadline:
                return vitals
            time.sleep(0.5)

    def report(
        self,
        letters: Letters,
        drops: Counter[tuple[str, str]],
        before: Vitals,
        after: Vitals,
        made_s: float,
        ran_s: float,
    ) -> None:
        """Write the figures down."""
        found = Counter(f"{stage}/{reason}" for stage, reason, _ in letters.found.values())
        report = {
            "sent": len(self.outbox.landed),
            "echoed": sum(self.echoed.values()),
            "seed": SEED,
            "by_kind": dict(sorted(Counter(r.kind for r, _ in self.outbox.landed.values()).items())),
            "dead_letters": dict(sorted(found.items())),
            "dead_letters_repeated": letters.repeated,
            "drops": {f"{stage}/{reason}": number for (stage, reason), number in sorted(drops.items())},
            "resident_mb_before": before.resident_mb,
            "resident_mb_after": after.resident_mb,
            "prepare_s": round(made_s, 1),
            "run_s": round(ran_s, 1),
        }
        _REPORT.parent.mkdir(parents=True, exist_ok=True)
        _REPORT.write_text(json.dumps(report, indent=1))
        print(json.dumps(report, indent=1))
