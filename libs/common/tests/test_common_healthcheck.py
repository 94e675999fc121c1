import pytest
from spoton_common import healthcheck
from spoton_common.health import Health, State, serve_health


@pytest.mark.integration
def test_the_check_follows_the_services_health(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], free_port_base
) -> None:
    port = free_port_base()
    monkeypatch.setenv("SPOTON_HTTP_PORT", str(port))
    assert healthcheck.main() == 1
    assert "no answer" in capsys.readouterr().out
    health = Health()
    stop = serve_health(health, "127.0.0.1", port)
    try:
        health.set("model", State.UNHEALTHY, "loading")
        assert healthcheck.main() == 1
        assert "loading" in capsys.readouterr().out
        health.set("model", State.DEGRADED, "slow")
        assert healthcheck.main() == 0
    finally:
        stop()
    assert healthcheck.main() == 1
