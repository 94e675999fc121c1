"""What the compose file and the Dockerfiles promise, read from the files; nothing is built."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

BUILT = ("ingest", "detector", "reid", "mapper", "gateway")
WITHOUT_TORCH = {"torch", "torchvision", "triton", "ultralytics", "boxmot"}
WRITABLE = ("/var/cache/spoton", "/var/lib/spoton/uploads", "/var/lib/spoton/videos")
ONCE = {"secrets", "topics", "environments"}


def program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def dockerfile(checkout: Path, service: str) -> str:
    return (checkout / "services" / service / "Dockerfile").read_text()


@pytest.fixture(scope="session")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(compose["services"])


def test_compose_fits_its_specification(checkout: Path) -> None:
    command = [program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    checked = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_dockerfiles_pass_hadolint(checkout: Path) -> None:
    files = [f"services/{service}/Dockerfile" for service in BUILT]
    command = [program("hadolint"), *files]
    checked = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_service_is_limited_watched_and_restarted(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert "mem_limit" in service, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if name in ONCE:
            assert service["restart"] == "no", name
        else:
            assert service["restart"] == "unless-stopped", name
            assert "build" in service or "test" in service["healthcheck"], name


def test_our_own_write_nowhere_but_into_tmp_and_named_volumes(services: dict[str, dict[str, Any]]) -> None:
    own = {name: service for name, service in services.items() if "build" in service}
    assert set(own) >= {*BUILT, "sink", "videos", *ONCE}
    for name, service in own.items():
        assert service["read_only"] is True, name
        assert service["tmpfs"] == ["/tmp"], name
        for volume in service.get("volumes", ()):
            place = volume.split(":")[1]
            assert volume.endswith(":ro") or place in WRITABLE, (name, volume)


def test_only_the_gateway_and_grafana_are_published_and_only_here(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"gateway", "grafana"}
    for ports in published.values():
        assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_images_are_pinned(services: dict[str, dict[str, Any]], checkout: Path) -> None:
    images = [service["image"] for service in services.values()]
    for service in BUILT:
        images += re.findall(r"^FROM (\S+)", dockerfile(checkout, service), re.MULTILINE)
    for image in images:
        tag = image.rpartition(":")[2]
        assert re.search(r"\d+\.\d+\.\d+|pg\d+\.\d+-ts\d+\.\d+\.\d+", tag), image


def test_servers_are_of_the_versions_that_the_tests_run_on(services: dict[str, dict[str, Any]], checkout: Path) -> None:
    locked = json.loads((checkout / "infra/local/src/spoton_local/artifacts.lock.json").read_text())
    versions = {entry["name"]: entry["version"] for component in locked.values() for entry in component}
    assert services["kafka"]["image"] == f"apache/kafka:{versions['kafka_2.13']}"
    assert services["registry"]["image"] == f"apicurio/apicurio-registry:{versions['apicurio-registry-app']}"


def test_images_carry_their_packages_version(services: dict[str, dict[str, Any]], checkout: Path) -> None:
    for name in BUILT:
        project = tomllib.loads((checkout / "services" / name / "pyproject.toml").read_text())["project"]
        assert services[name]["image"] == f"spoton-{name}:{project['version']}"


@pytest.mark.parametrize("service", BUILT)
def test_an_image_is_small_unprivileged_and_tells_its_health(service: str, checkout: Path) -> None:
    text = dockerfile(checkout, service)
    build, _, final = text.rpartition("\nFROM ")
    assert "uv sync" in build
    assert "uv" not in final
    assert "--frozen --no-dev" in build
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert 'CMD ["python", "-m", "spoton_common.healthcheck"]' in final
    assert f'ENTRYPOINT ["python", "-m", "spoton_{service}"]' in final


@pytest.mark.parametrize("service", BUILT)
def test_no_image_has_what_it_does_not_need(service: str, checkout: Path) -> None:
    packages = {p["name"]: p for p in tomllib.loads((checkout / "uv.lock").read_text())["package"]}
    found, open_names = set(), [(f"spoton-{service}", ())]
    while open_names:
        name, extras = open_names.pop()
        if (name, extras) in found or name not in packages:
            continue
        found.add((name, extras))
        package = packages[name]
        wanted = list(package.get("dependencies", []))
        for extra in extras:
            wanted += package.get("optional-dependencies", {}).get(extra, [])
        open_names += [(d["name"], tuple(d.get("extra", ()))) for d in wanted]
    names = {name for name, _ in found}
    assert "confluent-kafka" in names
    assert not names & WITHOUT_TORCH
    assert not [name for name in names if name.startswith("nvidia-")]
    assert ("opencv-python-headless" in names) is (service not in ("mapper", "gateway"))


def test_the_settings_of_compose_are_those_of_the_example(checkout: Path, compose_variables: set[str]) -> None:
    lines = (checkout / ".env.example").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(settings) == compose_variables | {"COMPOSE_PROFILES"}


def test_every_secret_is_required_checked_and_a_placeholder_in_the_example(
    checkout: Path, compose_text: str, compose: dict[str, Any]
) -> None:
    example = (checkout / ".env.example").read_text()
    secrets = set(re.findall(r"^(\w+)=change-me", example, re.MULTILINE))
    assert set(compose["services"]["secrets"]["command"]) == secrets
    for name in secrets:
        assert not re.search(rf"\$\{{{name}(?!:\?)", compose_text), name


def test_each_profile_has_one_detector_and_one_reid(services: dict[str, dict[str, Any]]) -> None:
    by_profile = {
        profile: {name for name, service in services.items() if service.get("profiles") == [profile]}
        for profile in ("cpu", "gpu")
    }
    assert by_profile == {"cpu": {"detector", "reid"}, "gpu": {"detector-gpu", "reid-gpu"}}
    for name in by_profile["gpu"]:
        assert services[name]["networks"]["default"]["aliases"] == [name.removesuffix("-gpu")]
        assert services[name]["build"]["args"] == {"EXTRAS": "torch"}


def test_what_a_service_waits_for_says_when_it_is_ready(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert wait["condition"] == expected, (name, other)
            assert "profiles" not in services[other], (name, other)


def test_mounted_configuration_is_read_only(services: dict[str, dict[str, Any]], compose_text: str) -> None:
    assert yaml.safe_load(compose_text)["name"] == "spoton"
    for name, service in services.items():
        for volume in service.get("volumes", ()):
            if volume.startswith((".", "$")):
                assert volume.endswith(":ro"), (name, volume)


def test_prometheus_asks_every_service_where_it_listens(services: dict[str, dict[str, Any]], checkout: Path) -> None:
    document = yaml.safe_load((checkout / "infra/prometheus/prometheus.yml").read_text())
    targets = {
        target for job in document["scrape_configs"] for static in job["static_configs"] for target in static["targets"]
    }
    ports = dict.fromkeys((*BUILT, "events", "sink", "videos"), "9100") | {"gateway": "8000"}
    assert targets == {f"{name}:{port}" for name, port in ports.items()}
    for name in BUILT:
        assert f"SPOTON_HTTP_PORT={ports[name]}" in dockerfile(checkout, name)
    for name in ("sink", "videos"):
        assert services[name]["environment"]["SPOTON_HTTP_PORT"] == ports[name]


def test_grafana_finds_the_dashboards(services: dict[str, dict[str, Any]], checkout: Path) -> None:
    (provider,) = (checkout / "infra/grafana/provisioning/dashboards").iterdir()
    path = yaml.safe_load(provider.read_text())["providers"][0]["options"]["path"]
    assert f"./infra/grafana/dashboards:{path}:ro" in services["grafana"]["volumes"]
