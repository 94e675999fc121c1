import os
import subprocess
import sys

import pytest
from spoton_common.errors import InsecureSettings
from spoton_common.secrets import main, require_password, require_secret
from spoton_common.settings import Connections, S3Settings

URL = "postgresql://spoton:{}@db:5432/spoton"


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTON_ENV", "production")


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("value", ["", "change-me", "change-me-postgres"])
def test_production_refuses_a_placeholder_by_name_and_does_not_show_it(value: str) -> None:
    with pytest.raises(InsecureSettings, match="POSTGRES_PASSWORD") as refused:
        require_secret("POSTGRES_PASSWORD", value)
    assert "change-me" not in str(refused.value)


@pytest.mark.usefixtures("production")
def test_production_takes_a_real_secret() -> None:
    require_secret("POSTGRES_PASSWORD", "81ab66d0")
    require_password("SPOTON_DATABASE_URL", URL.format("81ab66d0"))


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("url", [URL.format("change-me-postgres"), "postgresql://db:5432/spoton"])
def test_production_refuses_a_url_without_a_real_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTON_DATABASE_URL", url)
    with pytest.raises(InsecureSettings, match="SPOTON_DATABASE_URL"):
        Connections()


@pytest.mark.usefixtures("production")
def test_production_refuses_a_placeholder_for_object_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTON_S3_SECRET_KEY", "change-me-s3")
    with pytest.raises(InsecureSettings, match="SPOTON_S3_SECRET_KEY"):
        S3Settings()


@pytest.mark.usefixtures("production")
def test_a_service_needs_only_the_secrets_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTON_DATABASE_URL", raising=False)
    monkeypatch.delenv("SPOTON_REDIS_URL", raising=False)
    Connections()


def test_development_takes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTON_ENV", raising=False)
    monkeypatch.setenv("SPOTON_DATABASE_URL", URL.format("change-me-postgres"))
    Connections()


def test_an_unknown_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTON_ENV", "prod")
    with pytest.raises(InsecureSettings, match="SPOTON_ENV=prod"):
        require_secret("X", "81ab66d0")


@pytest.mark.usefixtures("production")
def test_the_command_names_the_first_placeholder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("A_PASSWORD", "81ab66d0")
    monkeypatch.setenv("B_PASSWORD", "change-me")
    assert main(["A_PASSWORD"]) == 0
    assert main(["A_PASSWORD", "B_PASSWORD"]) == 1
    assert "B_PASSWORD" in capsys.readouterr().err


def test_no_process_starts_with_a_placeholder() -> None:
    environment = {**os.environ, "SPOTON_ENV": "production", "SPOTON_REDIS_URL": "redis://default:change-me@r:6379/0"}
    command = [sys.executable, "-m", "spoton_mapper"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert "SPOTON_REDIS_URL: the secret is a placeholder" in ended.stderr
    assert "change-me" not in ended.stderr
