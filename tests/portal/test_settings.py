"""Settings as a real environment makes them: each case is a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEY = "only-for-tests-" + "0123456789abcdef" * 4
PRODUCTION = {
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "pets.example.org",
    "PORTAL_ORIGINS": "https://pets.example.org",
    "BEHIND_TLS_PROXY": "true",
    "DATABASE_URL": "postgres://portal:p%40ss@db.example.org:5433/pets?sslmode=require",
    "REDIS_URL": "redis://redis.example.org:6379/1",
    "AWS_REGION": "eu-central-1",
    "AWS_STORAGE_BUCKET_NAME": "example-photos",
}


def start(environment: dict[str, str], expression: str) -> subprocess.CompletedProcess[str]:
    """Import the settings with nothing else set, and print an expression over them as JSON."""
    code = f"import json; from portal import settings; print(json.dumps({expression}, default=str))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def ask(tmp_path):
    """Return what an expression over the settings is in a production-like environment, changed as asked."""

    def answer(expression: str, **changes: str | None):
        changed = {**PRODUCTION, "PORTAL_DATA_DIR": str(tmp_path), **changes}
        finished = start({name: value for name, value in changed.items() if value is not None}, expression)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return answer


@pytest.fixture
def refusal(tmp_path):
    """Return the last line that a start with a bad value says."""

    def answer(**changes: str | None) -> str:
        changed = {**PRODUCTION, "PORTAL_DATA_DIR": str(tmp_path), **changes}
        finished = start({name: value for name, value in changed.items() if value is not None}, "1")
        assert finished.returncode != 0
        return finished.stderr.strip().splitlines()[-1]

    return answer


def test_production_is_safe_without_being_told(ask) -> None:
    found = ask(
        "[settings.DEBUG, settings.SECURE_SSL_REDIRECT, settings.SESSION_COOKIE_SECURE, "
        "settings.CSRF_COOKIE_SECURE, settings.SECURE_HSTS_SECONDS, settings.SECURE_PROXY_SSL_HEADER]"
    )

    assert found == [False, True, True, True, 31_536_000, ["HTTP_X_FORWARDED_PROTO", "https"]]


def test_forwarded_protocol_is_believed_only_behind_a_proxy(ask) -> None:
    assert ask("hasattr(settings, 'SECURE_PROXY_SSL_HEADER')", BEHIND_TLS_PROXY=None) is False


def test_database_url_is_taken_apart(ask) -> None:
    found = ask("settings.DATABASES['default']")

    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example.org", 5433, "pets")
    assert found["PASSWORD"] == "p@ss"
    assert found["OPTIONS"] == {"sslmode": "require"}


def test_database_without_url_is_sqlite_in_the_data_directory(ask, tmp_path) -> None:
    found = ask("settings.DATABASES['default']", DATABASE_URL=None)

    assert found["NAME"] == str(tmp_path / "portal.sqlite3")
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in found["OPTIONS"]["init_command"]


def test_secret_key_comes_from_a_file(ask, tmp_path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")

    assert ask("settings.SECRET_KEY", SECRET_KEY=None, SECRET_KEY_FILE=str(file)) == KEY


def test_broker_is_redis_unless_named(ask) -> None:
    assert ask("settings.CELERY_BROKER_URL") == PRODUCTION["REDIS_URL"]
    other = "redis://queue.example.org/0"
    assert ask("[settings.CELERY_BROKER_URL, settings.REDIS_URL]", CELERY_BROKER_URL=other) == [
        other,
        PRODUCTION["REDIS_URL"],
    ]


def test_policy_lets_pictures_in_from_the_bucket_at_amazon(ask) -> None:
    found = ask("settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['img-src']")

    assert "https://example-photos.s3.eu-central-1.amazonaws.com" in found


def test_policy_names_no_private_endpoint(ask) -> None:
    found = ask(
        "settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['connect-src']", AWS_ENDPOINT_URL_S3="http://s3:8333"
    )

    assert found == ["'self'"]


def test_policy_names_the_address_for_browsers_without_its_path(ask) -> None:
    found = ask(
        "settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['connect-src']",
        AWS_ENDPOINT_URL_S3="http://s3:8333",
        S3_BROWSER_ENDPOINT_URL="https://photos.example.org:8443/base",
    )

    assert found == ["'self'", "https://photos.example.org:8443"]


def test_second_region_variable_of_boto_is_taken_too(ask) -> None:
    assert ask("settings.AWS_REGION", AWS_REGION=None, AWS_DEFAULT_REGION="eu-west-1") == "eu-west-1"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY must be set; see .env.example."),
        ({"SECRET_KEY_FILE": "/nonexistent/key"}, "Both SECRET_KEY and SECRET_KEY_FILE are set; set one."),
        ({"DEBUG": "maybe"}, "DEBUG is 'maybe'; it must be true or false."),
        ({"MAX_UPLOAD_BYTES": "25MB"}, "MAX_UPLOAD_BYTES is '25MB'; it must be a whole number."),
        ({"MAX_UPLOAD_BYTES": "0"}, "MAX_UPLOAD_BYTES is 0; it must be at least 1."),
        ({"ORIGINAL_URL_SECONDS": "3600"}, "ORIGINAL_URL_SECONDS is 3600; it must be between 10 and 300."),
        (
            {"RENDITION_URL_SECONDS": "7200"},
            "RENDITION_URL_SECONDS is 7200; it must be between 120 and 3600.",
        ),
        ({"S3_ADDRESSING_STYLE": "p"}, "S3_ADDRESSING_STYLE is 'p'; it must be one of auto, path, virtual."),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud'; it must be one of DEBUG, INFO, WARNING, ERROR."),
    ],
)
def test_bad_value_stops_the_start_with_a_sentence(refusal, changes, sentence: str) -> None:
    assert refusal(**changes).endswith(sentence)


def test_named_connections_read_variables_of_their_own(ask) -> None:
    found = ask(
        "settings.S3_CONNECTIONS['deep-archive']",
        S3_CONNECTION_NAMES="deep-archive,partner",
        S3_DEEP_ARCHIVE_REGION="eu-north-1",
        S3_DEEP_ARCHIVE_ROLE_ARN="arn:aws:iam::111122223333:role/portal",
        S3_DEEP_ARCHIVE_EXPECTED_OWNER="111122223333",
        S3_PARTNER_ENDPOINT_URL="https://s3.example.org",
    )

    assert found["region"] == "eu-north-1"
    assert found["role_arn"] == "arn:aws:iam::111122223333:role/portal"
    assert found["expected_owner"] == "111122223333"
    assert found["endpoint_url"] == ""


@pytest.mark.parametrize("names", ["default", "browser", "a,a", "With Blank", "UPPER"])
def test_connection_name_that_would_be_ambiguous_stops_the_start(refusal, names: str) -> None:
    assert "S3_CONNECTION_NAMES" in refusal(S3_CONNECTION_NAMES=names)
