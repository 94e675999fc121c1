"""The generated parts of the documentation, and what services say of themselves."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings
from spoton_common.description import Description, Group, all_settings, help_text
from spoton_common.metrics import DECLARED
from spoton_docs import SERVICES, outdated, pages, rewrite

CHECKOUT = Path(__file__).parents[3]


def test_what_is_generated_is_up_to_date() -> None:
    assert outdated(CHECKOUT) == [], "run `make docs`"


def test_every_service_has_a_readme_with_all_its_tables() -> None:
    for module in SERVICES:
        readme = CHECKOUT / "services" / module.split(".")[0].removeprefix("spoton_") / "README.md"
        assert readme in pages(CHECKOUT)
        text = readme.read_text(encoding="utf-8")
        assert all(f"<!-- generated: {kind} {module} -->" in text for kind in ("topics", "settings", "metrics"))
        assert "## How it scales" in text
        assert "## How it fails" in text


def test_a_stale_table_is_found_and_written_anew() -> None:
    page = "before\n<!-- generated: settings spoton_mapper -->\nold\n<!-- end -->\nafter\n"
    written = rewrite(page)
    assert "SPOTON_MAPPER_COAST_S" in written
    assert "old" not in written
    assert written.startswith("before\n")
    assert written.endswith("<!-- end -->\nafter\n")
    assert rewrite(written) == written


def test_a_part_that_nobody_can_write_is_named() -> None:
    with pytest.raises(KeyError, match="spoton_nobody"):
        rewrite("<!-- generated: settings spoton_nobody -->\n<!-- end -->")


@pytest.mark.parametrize("module", SERVICES)
def test_help_says_everything_and_ends_well(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    description = SERVICES[module]
    main = importlib.import_module(f"{module}.__main__" if "gateway" in module else f"{module}.app").main
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed.strip() == help_text(description)
    for setting in all_settings(description):
        assert setting.variable in printed
        assert setting.description in printed
    assert all(topic in printed for topic in [*description.reads, *description.writes])


@pytest.mark.parametrize("module", SERVICES)
def test_version_is_printed(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    main = importlib.import_module(f"{module}.__main__" if "gateway" in module else f"{module}.app").main
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith(f"{SERVICES[module].package} 0.")


def test_a_bad_setting_is_named_without_its_value() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "spoton_mapper"],
        env={**os.environ, "SPOTON_MAPPER_COAST_S": "hunter2"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 2
    assert "coast_s" in finished.stderr
    assert "hunter2" not in finished.stderr
    assert "Traceback" not in finished.stderr


def test_every_stage_belongs_to_exactly_one_process() -> None:
    stages = [stage for description in SERVICES.values() for stage in description.stages]
    assert sorted(stages) == sorted({stage for declaration in DECLARED for stage in declaration.stages})


def test_a_setting_without_description_is_refused() -> None:
    class Bare(BaseSettings):
        size: int = 1

    class Told(BaseSettings):
        size: int = Field(1, description="How large")

    def describe(settings: type[BaseSettings]) -> Description:
        return Description("m", "p", "Does.", {}, {}, Told, (Group(settings),))

    assert [setting.variable for setting in all_settings(describe(Told))] == ["SIZE", "SIZE"]
    with pytest.raises(ValueError, match="without description"):
        all_settings(describe(Bare))
