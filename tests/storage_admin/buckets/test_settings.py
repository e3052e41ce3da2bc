"""Each setting by itself: its data, its words, and what it says of a change, without any store.

A setting without a strategy in `VALUES` fails: its data must be told to be exact.
"""

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.s3.acl import ANY_ACCOUNT, EVERYBODY, LOG_DELIVERY, Acl, Canned, Grant, Permission
from portal.s3.encryption import DefaultEncryption
from portal.s3.inventory import Frequency, Inventory
from portal.s3.lifecycle import USUAL_SMALLEST_MOVED, Lifecycle
from portal.s3.notifications import Notification, Notifications, Target
from portal.s3.object_lock import LockDefault
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import Algorithm, RetentionMode, VersioningState
from portal.s3.versioning import Versioning
from storage_admin import bucket_settings
from storage_admin.bucket_settings import canned
from storage_admin.bucket_settings.cors import CorsRules
from storage_admin.bucket_settings.encryption import EncryptionForm
from storage_admin.bucket_settings.policy_statements import BucketPolicy
from storage_admin.bucket_settings.setting import Difference, Place, Setting
from storage_admin.models import BucketChange

PLACE = Place("a-bucket", "default")
NAMES = st.text(max_size=6)
RULES = st.fixed_dictionaries(
    {"Status": st.sampled_from(["Enabled", "Disabled"])},
    optional={
        "ID": NAMES,
        "Prefix": NAMES,
        "Filter": st.fixed_dictionaries(
            {}, optional={"Prefix": NAMES, "ObjectSizeLessThan": st.integers(1, 9)}
        ),
        "Expiration": st.one_of(
            st.builds(lambda days: {"Days": days}, st.integers(1, 9)),
            st.builds(lambda at: {"Date": at}, st.datetimes(timezones=st.just(UTC))),
            st.just({"ExpiredObjectDeleteMarker": True}),
        ),
        "Transitions": st.lists(
            st.fixed_dictionaries({"Days": st.integers(1, 9), "StorageClass": NAMES}), max_size=2
        ),
        "NoncurrentVersionExpiration": st.fixed_dictionaries(
            {}, optional={"NoncurrentDays": st.integers(1, 9), "NewerNoncurrentVersions": st.integers(1, 9)}
        ),
        "Tomorrow": NAMES,
    },
)
WORDS = st.one_of(NAMES, st.lists(NAMES, max_size=2))
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={"Sid": NAMES, "Principal": WORDS, "Action": WORDS, "Resource": WORDS, "Tomorrow": WORDS},
)
POLICIES = st.fixed_dictionaries(
    {"Statement": st.one_of(STATEMENTS, st.lists(STATEMENTS, max_size=2))},
    optional={"Version": NAMES, "Id": NAMES},
)
CORS_RULES = st.fixed_dictionaries(
    {"AllowedOrigins": st.lists(NAMES, max_size=2)},
    optional={
        "ID": st.sampled_from(["portal-uploads", "a"]),
        "MaxAgeSeconds": st.integers(0, 9),
        "More": NAMES,
    },
)
ENTRIES = st.builds(
    Notification,
    st.sampled_from(Target),
    st.fixed_dictionaries(
        {"Events": st.lists(st.sampled_from(["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]), max_size=2)},
        optional={
            "Id": NAMES,
            "QueueArn": NAMES,
            "Filter": st.builds(
                lambda name, value: {"Key": {"FilterRules": [{"Name": name, "Value": value}]}},
                st.sampled_from(["prefix", "Prefix", "Suffix"]),
                NAMES,
            ),
        },
    ),
)
IDS = st.text("0123456789abcdef", min_size=4, max_size=8)
GRANTEES = st.one_of(IDS, st.sampled_from([EVERYBODY, ANY_ACCOUNT, LOG_DELIVERY, "owner"]))
GRANTS = st.builds(Grant, GRANTEES, st.sampled_from(Permission), st.text(max_size=5))
# What a store may say, by the setting's slug.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "versioning": st.builds(Versioning, st.sampled_from(VersioningState), st.booleans()),
    "encryption": st.builds(
        DefaultEncryption,
        st.sampled_from(Algorithm),
        st.text("abc:/-", max_size=6),
        st.booleans(),
        st.sampled_from([(), ("NONE",), ("SSE-C",)]),
    ),
    "public-access": st.builds(PublicAccessBlock, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    "ownership": st.sampled_from(Ownership),
    "acl": st.builds(Acl, st.just("owner"), st.lists(GRANTS).map(tuple), IDS).map(canned.ordered),
    "policy": st.one_of(
        st.builds(lambda said: BucketPolicy(json.dumps(said)), POLICIES), st.builds(BucketPolicy, NAMES)
    ),
    "object-lock": st.builds(
        LockDefault,
        st.booleans(),
        st.sampled_from([None, *RetentionMode]),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    "cors": st.builds(CorsRules, st.lists(CORS_RULES, max_size=3).map(tuple)),
    "tags": st.dictionaries(NAMES, NAMES, max_size=3),
    "notifications": st.builds(Notifications, st.lists(ENTRIES, max_size=3).map(tuple), st.booleans()),
    "inventory": st.one_of(
        st.just(Inventory()),
        st.builds(
            Inventory,
            st.sampled_from(Frequency),
            NAMES,
            NAMES,
            st.sampled_from(["CSV", "Parquet", "ORC"]),
            st.booleans(),
            st.booleans(),
            st.lists(NAMES, max_size=2).map(tuple),
            IDS,
            NAMES,
            NAMES,
        ),
    ),
    "lifecycle": st.builds(
        Lifecycle,
        st.lists(RULES, max_size=3, unique_by=lambda rule: rule.get("ID")).map(tuple),
        st.sampled_from(["", USUAL_SMALLEST_MOVED, "varies_by_storage_class"]),
    ),
}

each_setting = pytest.mark.parametrize("setting", bucket_settings.ALL, ids=lambda setting: setting.slug)


@each_setting
@given(data=st.data())
def test_data_keeps_a_value_exactly(setting: Setting[Any], data: st.DataObject) -> None:
    value = data.draw(VALUES[setting.slug])

    assert setting.from_data(setting.as_data(value)) == value


@each_setting
@given(data=st.data())
def test_words_differ_where_values_do_and_nowhere_else(setting: Setting[Any], data: st.DataObject) -> None:
    one, other = data.draw(VALUES[setting.slug]), data.draw(VALUES[setting.slug])

    assert bool(setting.difference(one, other)) is (one != other)
    assert setting.summary(one)


@each_setting
def test_setting_fits_the_rows_and_the_addresses(setting: Setting[Any]) -> None:
    longest = BucketChange._meta.get_field("setting").max_length

    assert longest is not None
    assert len(setting.slug) <= longest
    assert setting.slug != "history"  # the history's own address
    assert bucket_settings.find(setting.slug) is setting
    assert [one.slug for one in bucket_settings.ALL].count(setting.slug) == 1


def test_a_difference_is_told_fact_by_fact() -> None:
    setting = bucket_settings.find("public-access")
    assert setting is not None

    found = setting.difference(PublicAccessBlock.all_on(), PublicAccessBlock(True, True, True, False))

    words = "RestrictPublicBuckets: a stored public policy lets in nobody from outside the account"
    assert found == [Difference(words, "on", "off")]
    assert str(found[0]) == f"{words}: on → off"


@pytest.mark.parametrize(
    ("slug", "before", "after", "opens"),
    [
        ("public-access", PublicAccessBlock.all_on(), PublicAccessBlock(), True),
        ("public-access", PublicAccessBlock(), PublicAccessBlock.all_on(), False),
        ("ownership", Ownership.ENFORCED, Ownership.PREFERRED, True),
        ("ownership", Ownership.OBJECT_WRITER, Ownership.ENFORCED, False),
        ("ownership", Ownership.OBJECT_WRITER, Ownership.PREFERRED, False),
        ("versioning", Versioning(VersioningState.ENABLED), Versioning(VersioningState.SUSPENDED), False),
    ],
)
def test_what_may_let_the_world_in_is_known(slug: str, before: Any, after: Any, opens: bool) -> None:
    setting = bucket_settings.find(slug)
    assert setting is not None

    assert setting.opens(before, after) is opens
    assert setting.asks_for_name(before, after, Place("photos", "default", holds_photos=True)) is opens
    assert not setting.asks_for_name(before, after, PLACE)


@pytest.mark.parametrize("ticked", [{}, {"bucket_key": "on"}])
def test_what_means_nothing_without_kms_is_no_change(ticked: dict[str, str]) -> None:
    now = DefaultEncryption(Algorithm.SSE_S3, bucket_key=True, blocked=("SSE-C",))

    form = EncryptionForm({"algorithm": "AES256", **ticked}, now=now, place=PLACE)

    assert form.is_valid()
    assert form.wanted() == now


NOBODY = Acl("owner", (Grant("owner", Permission.FULL_CONTROL),))


@pytest.mark.parametrize("one", canned.CANNED)
def test_canned_acl_is_known_by_its_grants(one: Canned) -> None:
    made = canned.of_canned(one, NOBODY)

    assert canned.canned_of(made) is one
    setting = bucket_settings.find("acl")
    assert setting is not None
    assert setting.opens(NOBODY, made) is one.is_public
    assert not setting.opens(made, NOBODY)


def test_grants_beyond_a_canned_acl_are_none() -> None:
    made = canned.of_canned(Canned.PUBLIC_READ, NOBODY)
    more = Acl(made.owner, (*made.grants, Grant("0a1b", Permission.READ)))

    assert canned.canned_of(canned.ordered(more)) is None
