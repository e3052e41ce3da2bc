"""What is handed to a job is kept and shown: no secret is."""

import pytest

from storage_admin.errors import NotPossible
from storage_admin.glue import arguments

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-AbCdEf"


def test_lines_are_read_with_and_without_dashes() -> None:
    assert arguments.parsed("date=2026-12-01\n\n --source = s3://b/k=1 \n--empty=") == {
        "--date": "2026-12-01",
        "--source": "s3://b/k=1",
        "--empty": "",
    }


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db_password",
        "DbPassWd",
        "api-key",
        "KEY",
        "secret",
        "client.Secret",
        "token",
        "credentials",
    ],
)
def test_secret_is_refused_without_being_repeated(name: str) -> None:
    with pytest.raises(NotPossible) as error:
        arguments.parsed(f"{name}=hunter2")

    assert "Secrets Manager" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_where_a_secret_lies_may_be_told() -> None:
    assert arguments.parsed(f"db_secret={ARN}") == {"--db_secret": ARN}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no value", "name=value"),
        ("a=1\n--a=2", "twice"),
        ("portal-run=1", "portal itself"),
        ("--JOB_NAME=x", "by Glue"),
        ("conf=spark.x=1", "by Glue"),
        ("a b=1", "no name"),
        ("--=1", "no name"),
        ("a=x\0y", "nobody sees"),
        ("a=" + "x" * 3_000, "too long"),
        ("\n".join(f"a{n}=1" for n in range(51)), "more than 50"),
    ],
)
def test_what_is_not_handed_over_is_said(text: str, why: str) -> None:
    with pytest.raises(NotPossible, match=why):
        arguments.parsed(text)
