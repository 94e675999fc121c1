"""Dashboards, alert rules and scrape targets against what the services really declare."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from spoton_common.metrics import DECLARED, STAGES

INFRA = Path(__file__).parents[1]
RUNBOOK = INFRA.parent / "docs" / "runbook.md"
DASHBOARDS = sorted((INFRA / "grafana" / "dashboards").glob("*.json"))
RULES = [
    rule for g in yaml.safe_load((INFRA / "prometheus" / "alerts.yml").read_text())["groups"] for rule in g["rules"]
]
SCRAPE = yaml.safe_load((INFRA / "prometheus" / "prometheus.yml").read_text())

FROM_PROMETHEUS = {"job", "instance", "service"}
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
SERIES = {f"{d.name}{suffix}": d for d in DECLARED for suffix in SUFFIXES[d.kind]}
OF_PROCESSES = {  # prometheus_client's own collectors, on Linux, and Prometheus's
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "process_start_time_seconds",
    "up",
}


def parts(expression: Any) -> Iterator[Any]:
    """Yield every node of a PromQL expression."""
    yield expression
    for name in ("lhs", "rhs", "expr", "param", "vector_selector", "args"):
        inner = getattr(expression, name, None)
        for node in inner if isinstance(inner, list) else [inner]:
            if node is not None:
                yield from parts(node)


def read(expression: str) -> list[Any]:
    return list(parts(promql.parse(expression.replace("$__rate_interval", "1m"))))


def panels() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path.name, panel["title"], panel) for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]
    ]


def expressions() -> list[tuple[str, str]]:
    found = [(f"{name}: {title}", t["expr"]) for name, title, panel in panels() for t in panel["targets"]]
    return found + [(rule["alert"], rule["expr"]) for rule in RULES]


def known_labels(selectors: list[Any]) -> set[str]:
    found = set(FROM_PROMETHEUS)
    for selector in selectors:
        if selector.name in SERIES:
            found |= set(SERIES[selector.name].labels) | ({"le"} if selector.name.endswith("_bucket") else set())
    return found


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_an_expression_names_metrics_labels_and_stages_that_exist(where: str, expression: str) -> None:
    nodes = read(expression)
    selectors = [node for node in nodes if isinstance(node, promql.VectorSelector)]
    assert selectors
    for selector in selectors:
        assert selector.name in SERIES or selector.name in OF_PROCESSES, where
        for matcher in selector.matchers.matchers:
            assert matcher.name in known_labels([selector]), where
            if matcher.name == "stage":
                assert matcher.value in SERIES[selector.name].stages, where
    grouped = {label for node in nodes if getattr(node, "modifier", None) for label in labels_of(node)}
    assert grouped <= known_labels(selectors), where


def labels_of(node: Any) -> list[str]:
    return list(getattr(node.modifier, "labels", None) or [])


@pytest.mark.parametrize(("name", "title", "panel"), panels())
def test_a_legend_names_labels_that_the_result_has(name: str, title: str, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        aggregates = [node for node in read(target["expr"]) if isinstance(node, promql.AggregateExpr)]
        kept = {label for node in aggregates for label in labels_of(node)} or {*FROM_PROMETHEUS}
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= kept, (name, title)


def test_every_declared_metric_is_on_a_dashboard() -> None:
    shown = {
        SERIES[node.name].name
        for _, _, panel in panels()
        for target in panel["targets"]
        for node in read(target["expr"])
        if isinstance(node, promql.VectorSelector) and node.name in SERIES
    }
    assert shown == {declaration.name for declaration in DECLARED}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
    assert rule["labels"]["severity"] in ("warning", "critical")
    page, anchor = rule["annotations"]["runbook"].split("#")
    assert page == "docs/runbook.md"
    headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    aggregates = [node for node in read(rule["expr"]) if isinstance(node, promql.AggregateExpr)]
    kept = (
        {label for node in aggregates for label in labels_of(node)} if aggregates else {"component", *FROM_PROMETHEUS}
    )
    assert named <= kept


def test_every_process_is_scraped() -> None:
    targets = {t for job in SCRAPE["scrape_configs"] for group in job["static_configs"] for t in group["targets"]}
    assert targets == {
        *(f"{n}:9100" for n in ("ingest", "detector", "reid", "mapper", "events", "sink", "videos")),
        "gateway:8000",
    }


def test_the_containers_find_all_of_it_where_it_is_mounted() -> None:
    services = yaml.safe_load((INFRA.parent / "docker-compose.yml").read_text())["services"]
    mounts = {
        line.split(":")[0]: line.split(":")[1]
        for name in ("grafana", "prometheus")
        for line in services[name]["volumes"]
    }
    provider = yaml.safe_load((INFRA / "grafana" / "provisioning" / "dashboards" / "spoton.yml").read_text())
    assert provider["providers"][0]["options"]["path"] == mounts["./infra/grafana/dashboards"]
    assert mounts["./infra/grafana/provisioning"] == "/etc/grafana/provisioning"
    assert mounts["./infra/prometheus"] == "/etc/prometheus"
    source = yaml.safe_load((INFRA / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    uids = {panel["datasource"]["uid"] for _, _, panel in panels()}
    assert uids == {source["datasources"][0]["uid"]}


def test_panels_of_a_dashboard_have_ids_and_places_of_their_own() -> None:
    for path in DASHBOARDS:
        found = json.loads(path.read_text())["panels"]
        assert len({panel["id"] for panel in found}) == len(found)
        assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in found}) == len(found)


def test_labels_are_bounded() -> None:
    names = {label for declaration in DECLARED for label in declaration.labels}
    assert names == {"stage", "topic", "reason", "queue", "source", "component", "outcome"}
    assert {stage for declaration in DECLARED for stage in declaration.stages} == set(STAGES)
