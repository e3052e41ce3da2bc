"""Why can the world see this? The chain, the verdict, and what a stranger really gets."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.s3 import acl, buckets, ownership, policy, public_access_block, session
from portal.s3.acl import EVERYBODY, Acl, Canned, Grant, Permission
from portal.s3.anonymous import Attempt
from portal.s3.anonymous import Seen as Got
from portal.s3.answer import Answer
from portal.s3.buckets import Birth
from portal.s3.differences import Capability
from portal.s3.ownership import Ownership
from portal.s3.policy_match import Judgement
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import VersioningState
from storage_admin.buckets import visibility, visibility_words
from storage_admin.buckets.visibility import SILENT, Doors, Seen, Thing
from storage_admin.buckets.visibility_words import Effect
from storage_admin.models import Bucket
from tests import store as stores_of_tests
from tests.contract import stores
from tests.factories import BucketFactory
from tests.storage_admin.conftest import address, in_role
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

PUBLIC_ACL = Acl("me", (Grant(EVERYBODY, Permission.READ),))
PRIVATE = Acl("me", (Grant("me", Permission.FULL_CONTROL),))
OPEN, SHUT = PublicAccessBlock(), PublicAccessBlock.all_on()
ALLOWED = Judgement(Answer.YES, Answer.NO)


def doors(**changes: Any) -> Doors:
    """A bucket as it was before April 2023: ACLs count, nothing blocks, and nothing is open."""
    plain = {
        "ownership": Ownership.OBJECT_WRITER,
        "account": OPEN,
        "own": OPEN,
        "policy": SILENT,
        "is_public_policy": False,
        "acl": PRIVATE,
    }
    return Doors(**{**plain, **changes})


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Answer.NO),
        ({"policy": ALLOWED}, Answer.YES),
        ({"acl": PUBLIC_ACL}, Answer.YES),
        ({"acl": PUBLIC_ACL, "ownership": Ownership.ENFORCED}, Answer.NO),
        ({"acl": PUBLIC_ACL, "ownership": None}, Answer.UNKNOWN),
        ({"acl": PUBLIC_ACL, "own": PublicAccessBlock(ignore_public_acls=True)}, Answer.NO),
        ({"acl": PUBLIC_ACL, "account": PublicAccessBlock(ignore_public_acls=True)}, Answer.NO),
        ({"acl": PUBLIC_ACL, "account": None}, Answer.UNKNOWN),
        ({"acl": PUBLIC_ACL, "account": None, "own": SHUT}, Answer.NO),
        ({"policy": ALLOWED, "own": SHUT}, Answer.NO),
        ({"policy": ALLOWED, "own": PublicAccessBlock(ignore_public_acls=True)}, Answer.YES),
        ({"policy": None}, Answer.UNKNOWN),
        ({"policy": None, "acl": PUBLIC_ACL}, Answer.UNKNOWN),
        ({"policy": Judgement(Answer.YES, Answer.YES)}, Answer.NO),
        ({"policy": Judgement(Answer.NO, Answer.YES), "acl": PUBLIC_ACL}, Answer.NO),
        ({"policy": Judgement(Answer.DEPENDS, Answer.NO)}, Answer.DEPENDS),
        ({"policy": Judgement(Answer.DEPENDS, Answer.NO), "own": SHUT}, Answer.DEPENDS),
        ({"policy": Judgement(Answer.DEPENDS, Answer.NO), "own": SHUT, "is_public_policy": True}, Answer.NO),
        ({"policy": Judgement(Answer.NO, Answer.DEPENDS), "acl": PUBLIC_ACL}, Answer.DEPENDS),
        ({"policy": ALLOWED, "encryption": "aws:kms"}, Answer.NO),
        ({"acl": None}, Answer.UNKNOWN),
        ({"acl": None, "ownership": Ownership.ENFORCED}, Answer.NO),
        ({"acl": None, "policy": ALLOWED}, Answer.YES),
    ],
)
def test_verdict_follows_from_the_parts(changes: Any, verdict: Answer) -> None:
    assert doors(**changes).verdict is verdict


answers = st.sampled_from(Answer)
blocks = st.none() | st.builds(PublicAccessBlock, st.booleans(), st.booleans(), st.booleans(), st.booleans())
any_doors = st.builds(
    Doors,
    ownership=st.none() | st.sampled_from(Ownership),
    account=blocks,
    own=blocks,
    policy=st.none()
    | st.builds(Judgement, st.sampled_from([Answer.YES, Answer.NO, Answer.DEPENDS]), answers),
    is_public_policy=st.none() | st.booleans(),
    acl=st.none() | st.sampled_from([PUBLIC_ACL, PRIVATE]),
)


@given(any_doors)
def test_what_is_unread_is_never_taken_for_shut(found: Doors) -> None:
    """Whatever is unknown: were it open, the verdict must not have said "not public"."""
    worst = Doors(
        ownership=found.ownership or Ownership.OBJECT_WRITER,
        account=found.account or OPEN,
        own=found.own or OPEN,
        policy=found.policy or ALLOWED,
        is_public_policy=bool(found.is_public_policy),
        acl=found.acl or PUBLIC_ACL,
    )

    assert not (found.verdict is Answer.NO and worst.verdict is Answer.YES)
    assert visibility_words.steps(found)
    assert visibility_words.switches(found)
    assert visibility_words.verdict(found)


def words_of(found: Doors) -> str:
    return " ".join(one.sentence for one in visibility_words.switches(found))


def test_switch_that_would_change_it_is_named() -> None:
    assert "RestrictPublicBuckets shuts" in words_of(doors(policy=ALLOWED))
    assert "IgnorePublicAcls makes" in words_of(doors(acl=PUBLIC_ACL))
    assert "RestrictPublicBuckets goes off" in words_of(doors(policy=ALLOWED, own=SHUT))
    assert "IgnorePublicAcls goes off" in words_of(doors(acl=PUBLIC_ACL, account=SHUT))
    assert "ownership is not enforced" in words_of(doors(acl=PUBLIC_ACL, ownership=Ownership.ENFORCED))
    assert "denies" in words_of(doors(policy=Judgement(Answer.YES, Answer.YES)))
    assert "Nothing opens it" in words_of(doors())


@pytest.mark.parametrize(
    ("got", "changes", "lacks", "words"),
    [
        (Got.READABLE, {}, {Capability.STRANGERS_REFUSED: "It asks nobody for keys."}, "nobody for keys"),
        (Got.READABLE, {}, {}, "Take it for public"),
        (Got.REFUSED, {"acl": PUBLIC_ACL}, {Capability.ACLS_ENFORCED: "It keeps ACLs, but"}, "keeps ACLs"),
        (Got.REFUSED, {"policy": ALLOWED}, {Capability.ACLS_ENFORCED: "It keeps ACLs, but"}, "organisation"),
        (Got.REFUSED, {}, {}, ""),
        (Got.READABLE, {"policy": ALLOWED}, {}, ""),
        (Got.UNKNOWN, {"policy": ALLOWED}, {}, ""),
    ],
)
def test_difference_between_settings_and_reality_is_explained(got, changes, lacks, words) -> None:
    seen = Seen(Thing(Bucket(name="b"), "k"), doors(**changes), Attempt(got, 200))

    found = visibility_words.surprise(seen, lacks)

    assert words in found
    assert bool(found) is bool(words)


@pytest.fixture
def open_bucket(another_bucket) -> Bucket:
    """A bucket whose policy shows `open/` to the world."""
    made = another_bucket(VersioningState.ENABLED)
    statement = {
        "Sid": "é<script>",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:Get*",
        "Resource": f"arn:aws:s3:::{made.name}/open/*",
    }
    policy.write(made.name, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return made


def test_page_quotes_the_statement_and_tells_what_a_stranger_gets(page, open_bucket, put) -> None:
    key = "open/a b+c%20<i>\x01"  # SeaweedFS' own wildcards stop at line feeds
    put(key, into=open_bucket.name)

    response = page.get(address("visible", open_bucket, key=key))

    assert response.context["verdict"] == "yes"
    assert response.context["attempt"].seen is Got.READABLE
    assert "&quot;Action&quot;: &quot;s3:Get*&quot;" in response.text
    assert "é&lt;script&gt;" in response.text
    assert "<i>" not in response.text.replace("<i></i>", "")
    assert not response.context["surprise"]


def test_object_that_no_statement_names_is_not_public(page, open_bucket, put) -> None:
    put("else/a", into=open_bucket.name)

    response = page.get(address("visible", open_bucket, key="else/a"))

    assert response.context["verdict"] == "no"
    assert response.context["attempt"].seen is Got.REFUSED
    assert not response.context["surprise"]


def test_version_is_asked_for_itself(page, open_bucket, put) -> None:
    first = put("open/a", into=open_bucket.name)
    put("open/a", into=open_bucket.name)

    response = page.get(address("visible", open_bucket, key="open/a", version=first))

    assert response.context["verdict"] == "yes"
    assert first in response.text


def test_bucket_itself_is_about_listing(page, open_bucket) -> None:
    response = page.get(address("visible", open_bucket))

    assert response.context["verdict"] == "no"  # its objects may be read, not listed
    assert response.context["attempt"].seen is Got.REFUSED
    assert "strangers cannot list it" in response.text
    assert "Objects may be public." in response.text
    assert "é&lt;script&gt;" in response.text


def test_store_that_keeps_acls_without_heeding_them_is_explained(page, bucket, prefix, put, settings) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = "seaweedfs"
    put(f"{prefix}a")
    ownership.write(bucket.name, Ownership.OBJECT_WRITER)
    try:
        acl.write_object(bucket.name, f"{prefix}a", canned=Canned.PUBLIC_READ)

        response = page.get(address("visible", bucket, key=f"{prefix}a"))
    finally:
        ownership.write(bucket.name, Ownership.ENFORCED)

    assert response.context["verdict"] == "yes"
    assert "strangers read nothing whatever they say" in response.context["surprise"]


def test_part_that_is_refused_leaves_the_verdict_unknown(page, open_bucket, put) -> None:
    put("open/a", into=open_bucket.name)

    with answering("GetBucketPolicy", refusal(403, "AccessDenied")):
        response = page.get(address("visible", open_bucket, key="open/a"))

    assert response.context["verdict"] == "unknown"
    assert "AccessDenied" in response.text


def test_what_is_not_there_is_told(page, bucket, put, prefix) -> None:
    put(f"{prefix}hidden")
    session.client().delete_object(Bucket=bucket.name, Key=f"{prefix}hidden")

    assert page.get(address("visible", bucket, key=f"{prefix}none")).status_code == 404
    assert page.get(address("visible", bucket, key=f"{prefix}hidden")).status_code == 404


def test_store_that_is_away_is_told_calmly(page, no_store) -> None:
    assert page.get(address("visible", BucketFactory(), key="a")).status_code == 503


@pytest.mark.parametrize("role", ["Viewer", "Curator", "Storage operator", "Storage admin", "Auditor"])
def test_each_role_may_what_the_table_says(client, bucket, put, prefix, role) -> None:
    put(f"{prefix}a")
    client.force_login(in_role(role))

    response = client.get(address("visible", bucket, key=f"{prefix}a"))

    assert (response.status_code == 200) is (role in {"Storage operator", "Storage admin", "Auditor"})


def test_object_page_leads_here(page, bucket, put, prefix) -> None:
    put(f"{prefix}a&b")

    text = page.get(address("object", bucket, key=f"{prefix}a&b")).text

    assert address("visible", bucket, key=f"{prefix}a&b") in text


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stores.Endpoint]:
    with stores.ministack(tmp_path_factory.mktemp("ministack")) as found:
        yield found


@pytest.fixture
def amazonlike(
    simulator: stores.Endpoint, settings: Any, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator[Callable[[Birth], Bucket]]:
    """Make buckets in a simulator of Amazon that has Block Public Access and ownership."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", simulator.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", simulator.secret_key)
    stores_of_tests.use_store(settings, simulator.endpoint_url)
    settings.S3_CONNECTIONS["default"]["server"] = simulator.server.value

    def make(birth: Birth) -> Bucket:
        name = f"visible-{uuid4().hex[:12]}"
        buckets.create(name, birth)
        row: Bucket = BucketFactory(name=name)
        return row

    yield make
    stores_of_tests.leave_store()


def effects(bucket: Bucket, key: str) -> dict[str, Effect]:
    found = visibility.look(Thing(bucket, key))
    return {one.title: one.effect for one in visibility_words.steps(found.doors)}


def test_switches_of_the_bucket_shut_what_the_policy_opens(amazonlike) -> None:
    made = amazonlike(Birth(Ownership.OBJECT_WRITER, OPEN))
    session.client().put_object(Bucket=made.name, Key="a", Body=b"a")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": f"arn:aws:s3:::{made.name}/*",
    }
    policy.write(made.name, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    acl.write_object(made.name, "a", canned=Canned.PUBLIC_READ)

    open_to_all = effects(made, "a")
    assert open_to_all["Bucket policy"] is Effect.OPENS
    assert open_to_all["ACL"] is Effect.OPENS

    public_access_block.write(made.name, SHUT)
    shut = effects(made, "a")

    assert shut["Block Public Access of the bucket"] is Effect.SHUTS
    assert (shut["Bucket policy"], shut["ACL"]) == (Effect.NOTHING, Effect.NOTHING)
    assert visibility.look(Thing(made, "a")).doors.verdict is Answer.NO


def test_ownership_shuts_what_an_acl_opens_and_the_simulator_is_found_out(page, amazonlike) -> None:
    made = amazonlike(Birth(Ownership.OBJECT_WRITER, OPEN))
    session.client().put_object(Bucket=made.name, Key="a", Body=b"a", ACL="public-read")
    ownership.write(made.name, Ownership.ENFORCED)

    response = page.get(address("visible", made, key="a"))

    assert response.context["verdict"] == "no"
    assert response.context["surprise"] == "It asks nobody for keys."
