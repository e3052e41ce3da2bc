"""What a bucket policy says to strangers."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.s3.answer import Answer
from portal.s3.policy_match import Judgement, fits, judge, opens_anything

READ = "s3:GetObject"


def statement(**changes: Any) -> dict[str, Any]:
    plain = {"Effect": "Allow", "Principal": "*", "Action": READ, "Resource": "arn:aws:s3:::b/*"}
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}


def judged(*statements: dict[str, Any], key: str = "photos/a.jpg", version: str = "2012-10-17") -> Judgement:
    return judge({"Version": version, "Statement": list(statements)}, READ, bucket="b", key=key)


@pytest.mark.parametrize(
    "principal", ["*", ["*"], {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}, {"*": "*"}]
)
def test_everybody_is_named_in_many_ways(principal: Any) -> None:
    assert judged(statement(Principal=principal)).allowed is Answer.YES


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "arn:aws:iam::111122223333:root"},
        {"AWS": "111122223333"},
        {"Service": "cloudfront.amazonaws.com"},
        {"CanonicalUser": "79a5"},
        None,
    ],
)
def test_others_are_no_strangers(principal: Any) -> None:
    assert judged(statement(Principal=principal)).allowed is Answer.NO


def test_all_but_the_named_are_strangers_too() -> None:
    named = statement(Principal=None, NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"})

    assert judged(named).allowed is Answer.YES
    assert judged(statement(), {**named, "Effect": "Deny"}).denied is Answer.YES


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("s3:GetObject", True),
        ("s3:getobject", True),
        ("S3:*", True),
        ("*", True),
        ("s3:Get*", True),
        ("s3:GetObjec?", True),
        (["s3:PutObject", "s3:GetObject"], True),
        ("s3:GetObjectVersion", False),
        ("s3:GetObject?", False),
        ("s3:List*", False),
    ],
)
def test_actions_fit_by_wildcard_and_in_any_case(action: Any, expected: bool) -> None:
    assert (judged(statement(Action=action)).allowed is Answer.YES) is expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("arn:aws:s3:::b/*", True),
        ("arn:aws-cn:s3:::b/*", True),
        ("arn:aws:s3:::b/photos/?.jpg", True),
        ("arn:aws:s3:::*", True),
        ("*", True),
        (["arn:aws:s3:::other/*", "arn:aws:s3:::b/photos/*"], True),
        ("arn:aws:s3:::b/photos/${*}.jpg", False),
        ("arn:aws:s3:::b/Photos/*", False),
        ("arn:aws:s3:::b", False),
        ("arn:aws:s3:::b2/*", False),
    ],
)
def test_resources_fit_by_wildcard_and_in_their_own_case(resource: Any, expected: bool) -> None:
    assert (judged(statement(Resource=resource)).allowed is Answer.YES) is expected


def test_not_action_and_not_resource_are_what_is_left_over() -> None:
    assert judged(statement(Action=None, NotAction="s3:Put*")).allowed is Answer.YES
    assert judged(statement(Action=None, NotAction="s3:*")).allowed is Answer.NO
    assert judged(statement(Resource=None, NotResource="arn:aws:s3:::b/renditions/*")).allowed is Answer.YES
    assert judged(statement(Resource=None, NotResource="arn:aws:s3:::b/photos/*")).allowed is Answer.NO


def test_condition_is_not_judged_but_said() -> None:
    limited = statement(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})

    found = judged(limited)

    assert found.allowed is Answer.DEPENDS
    assert found.matches[0].statement == limited
    assert judged(limited, statement()).allowed is Answer.YES


def test_denial_is_told_beside_what_is_allowed() -> None:
    found = judged(
        statement(), statement(Effect="Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})
    )

    assert (found.allowed, found.denied) == (Answer.YES, Answer.DEPENDS)
    assert len(found.matches) == 2


def test_variable_makes_it_depend_and_an_escape_is_literal() -> None:
    assert judged(statement(Resource="arn:aws:s3:::b/${aws:username}/*")).allowed is Answer.DEPENDS
    assert judged(statement(Resource="arn:aws:s3:::b/a${*}"), key="a*").allowed is Answer.YES
    assert judged(statement(Resource="arn:aws:s3:::b/a${$}*"), key="a$b?*").allowed is Answer.YES
    # Older policies know no variables.
    old = statement(Resource="arn:aws:s3:::b/${x}")
    assert judged(old, key="${x}", version="2008-10-17").allowed is Answer.YES


def test_bucket_itself_is_another_thing_than_its_objects() -> None:
    policy = {"Statement": statement(Action="s3:ListBucket", Resource="arn:aws:s3:::b")}

    assert judge(policy, "s3:ListBucket", bucket="b").allowed is Answer.YES
    assert judge(policy, "s3:ListBucket", bucket="b", key="a").allowed is Answer.NO


@pytest.mark.parametrize(
    ("statements", "answer"),
    [
        ([statement(Action="s3:List*", Resource="*")], Answer.YES),
        ([statement(Condition={"Bool": {"aws:SecureTransport": "true"}})], Answer.DEPENDS),
        ([statement(Principal={"AWS": "111122223333"}), statement(Effect="Deny"), "no"], Answer.NO),
    ],
)
def test_policy_that_names_strangers_anywhere_opens_something(statements: list[Any], answer: Answer) -> None:
    assert opens_anything({"Statement": statements}) is answer


@pytest.mark.parametrize("policy", [{}, {"Statement": []}, {"Statement": ["no"]}, {"Statement": [{}]}])
def test_what_is_no_statement_says_nothing(policy: dict[str, Any]) -> None:
    assert judge(policy, READ, bucket="b", key="a").allowed is Answer.NO


@given(st.text("ab*?.[\n", max_size=12), st.text("ab*?.[\n", max_size=12))
def test_wildcards_are_those_of_amazon_and_no_others(pattern: str, text: str) -> None:
    expected = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)

    assert fits(pattern, text) == bool(re.fullmatch(expected, text, re.DOTALL))


def test_pattern_made_to_take_long_takes_no_time() -> None:
    assert not fits("*a" * 300 + "b", "a" * 1_000)


keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(keys)
def test_any_key_fits_itself_escaped_and_the_whole_bucket(key: str) -> None:
    escaped = "".join(f"${{{one}}}" if one in "*?$" else one for one in key)

    assert judged(statement(Resource=f"arn:aws:s3:::b/{escaped}"), key=key).allowed is Answer.YES
    assert judged(statement(), key=key).allowed is Answer.YES
    assert judged(statement(Resource="arn:aws:s3:::b"), key=key).allowed is Answer.NO


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    ["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Condition"]
)


@given(st.lists(st.dictionaries(fields, json_values), max_size=3))
def test_hostile_policy_breaks_nothing_and_is_quoted_literally(statements: list[Any]) -> None:
    found = judged(*statements)

    assert all(one.statement in statements for one in found.matches)
    json.dumps([one.statement for one in found.matches])


@pytest.mark.parametrize("one", Answer)
@pytest.mark.parametrize("other", Answer)
def test_logic_of_four_values_is_that_of_two_with_doubts(one: Answer, other: Answer) -> None:
    assert one | other is other | one
    assert ~(one & other) is (~one | ~other)
    assert (one & Answer.NO, one | Answer.YES) == (Answer.NO, Answer.YES)
    assert (one & Answer.YES, one | Answer.NO) == (one, one)
