"""Health: what answers, what does not, and that nothing else is told."""

import pytest
from django.test import Client

from portal import health
from portal.health import Check

SECRET = "redis://:s3cret@10.0.0.1/0"


def works() -> None:
    return


def fails() -> None:
    raise ConnectionError(SECRET)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch):
    health.forget()
    yield
    health.forget()


def use(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    monkeypatch.setattr(health, "CHECKS", checks)


def test_live_asks_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Check("database", fails, is_vital=True))

    assert client.get("/health/live").json() == {"status": "ok"}


def test_ready_tells_status_and_time_of_each(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Check("database", works, is_vital=True), Check("redis", works))

    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response.json()["checks"]["redis"]["status"] == "ok"
    assert response.json()["checks"]["redis"]["ms"] >= 0


def test_ready_is_degraded_but_open_without_storage(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    use(monkeypatch, Check("database", works, is_vital=True), Check("storage", fails))

    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"


def test_ready_fails_without_the_database(client: Client, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    use(monkeypatch, Check("database", fails, is_vital=True), Check("storage", works))

    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json()["status"] == "failed"


def test_ready_tells_no_secret(client: Client, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    use(monkeypatch, Check("redis", fails))

    assert "s3cret" not in client.get("/health/ready").text


def test_ready_asks_once_in_a_while(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    use(monkeypatch, Check("storage", lambda: asked.append(1)))

    client.get("/health/ready")
    client.get("/health/ready")

    assert len(asked) == 1


def test_health_answers_plain_http_where_pages_do_not(client: Client, settings) -> None:
    """Probes speak http to the process, behind whatever ends TLS."""
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/health/live").status_code == 200
    assert client.get("/admin/").status_code == 301


@pytest.mark.django_db
def test_real_database_answers() -> None:
    (check,) = [check for check in health.CHECKS if check.name == "database"]

    assert health._ask(check).status == "ok"


def test_real_redis_that_is_not_there_fails(caplog) -> None:
    (check,) = [check for check in health.CHECKS if check.name == "redis"]

    assert health._ask(check).status == "failed"
