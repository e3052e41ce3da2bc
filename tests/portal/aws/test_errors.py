"""Refusals of Amazon's other services name the right that is missing."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.aws import errors


@pytest.mark.parametrize(
    ("code", "said", "named"),
    [
        ("AccessDeniedException", "", "need the permission dynamodb:PutItem (AccessDeniedException)"),
        (
            "AccessDeniedException",
            "User: x is not authorized to perform: dynamodb:PutItem on resource: y because none allows it",
            "need the permission dynamodb:PutItem (",
        ),
        ("ExpiredTokenException", "", "keys are wrong, or have ended (ExpiredTokenException)"),
    ],
)
def test_refusal_names_the_action_or_blames_the_keys(code: str, said: str, named: str) -> None:
    response: Any = {"Error": {"Code": code, "Message": said}}

    refused = errors.translate(ClientError(response, "PutItem"), "PutItem")

    assert isinstance(refused, errors.Refused)
    assert named in str(refused)


def test_refusal_of_an_operation_without_a_line_still_speaks() -> None:
    response: Any = {"Error": {"Code": "AccessDenied", "Message": ""}}

    assert "ListTables was refused" in str(
        errors.translate(ClientError(response, "ListTables"), "ListTables")
    )
