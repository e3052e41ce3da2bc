"""The audit in the admin: filters along indexes, differences to read, the file to take along."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import audit, audit_export, counts, differences, spreadsheet
from portal.audit import AuditEvent, record
from portal.models import User
from storage_admin.models import Bucket
from tests.factories import BucketFactory, PetFactory, PhotoFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/portal/auditevent/"
HOSTILE = "<script>alert(1)</script>\u202e\x01"


@pytest.fixture
def auditor() -> User:
    user: User = UserFactory(username="vera")
    user.groups.add(Group.objects.get(name="Auditor"))
    return user


@pytest.fixture
def page(client: Client, auditor: User) -> Client:
    client.force_login(auditor)
    return client


def actions(page: Client, **query: str) -> list[str]:
    return [event.action for event in page.get(LIST, query).context["cl"].result_list]


def moved(event: AuditEvent, at: datetime) -> AuditEvent:
    """Events are stamped as they are written: tests may turn the clock."""
    AuditEvent.objects.filter(pk=event.pk).update(at=at)
    return event


def exported(page: Client, **query: str) -> list[dict[str, str]]:
    response: Any = page.get(f"{LIST}export/", query)
    sent = b"".join(response.streaming_content).decode()
    assert sent.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(sent.removeprefix("\ufeff"), newline="")))


# --- Filters ------------------------------------------------------------------------


def test_list_is_filtered_by_what_who_outcome_and_bucket(page, auditor) -> None:
    record("object.hidden", bucket="one")
    record("bucket.changed", bucket="two", outcome=AuditEvent.Outcome.REFUSED)
    record("account.added", actor=auditor)

    assert actions(page, action="object.hidden") == ["object.hidden"]
    assert actions(page, who="vera") == ["account.added"]
    assert actions(page, outcome="refused") == ["bucket.changed"]
    assert actions(page, bucket="one") == ["object.hidden"]
    assert actions(page, bucket="one", outcome="refused") == []


@pytest.mark.parametrize("query", [{"action": "\0"}, {"who": "x\0"}, {"outcome": "\0"}, {"q": "\0"}])
def test_damaged_filters_break_nothing(page, query) -> None:
    record("object.hidden", bucket="one")

    assert page.get(LIST, query).status_code == 200


def test_filters_offer_what_there_is(page, auditor) -> None:
    for _twice in range(2):
        record("object.hidden", bucket="one", actor=auditor)
    record("object.restored")

    specs = {spec.title: spec for spec in page.get(LIST).context["cl"].filter_specs}

    assert [value for value, _label in specs["what"].lookup_choices] == ["object.hidden", "object.restored"]
    assert [value for value, _label in specs["who"].lookup_choices] == ["portal", "vera"]


def test_days_include_both_ends_in_the_time_zone_of_who_looks(page, auditor) -> None:
    User.objects.filter(pk=auditor.pk).update(time_zone="Pacific/Auckland")  # 12 or 13 hours ahead
    moved(record("evening"), datetime(2026, 6, 1, 11, 59, tzinfo=UTC))  # still the 1st there
    moved(record("midnight"), datetime(2026, 6, 1, 12, 0, tzinfo=UTC))  # the 2nd begins
    moved(record("late"), datetime(2026, 6, 3, 11, 59, tzinfo=UTC))  # the 3rd ends
    moved(record("after"), datetime(2026, 6, 3, 12, 0, tzinfo=UTC))

    assert actions(page, **{"from": "2026-06-02", "to": "2026-06-03"}) == ["late", "midnight"]
    assert actions(page, **{"from": "2026-06-03"}) == ["after", "late"]
    assert actions(page, to="2026-06-01") == ["evening"]


def test_days_bear_with_clocks_that_differ() -> None:
    """The later event may have the smaller id: another machine wrote it."""
    base = datetime(2026, 6, 1, 12, tzinfo=UTC)
    moved(record("old"), base - timedelta(days=1))
    moved(record("fast clock"), base + timedelta(minutes=5))
    moved(record("slow clock"), base)

    found = audit.between(AuditEvent.objects.all(), base, base + timedelta(minutes=1))

    assert [event.action for event in found] == ["slow clock"]
    assert audit.between(AuditEvent.objects.all(), base, None).count() == 2


@pytest.mark.parametrize("day", ["soon", "2026-02-30", "'", "9" * 50])
def test_what_is_no_day_is_passed_over(page, day) -> None:
    record("object.hidden")

    assert actions(page, **{"from": day}) == ["object.hidden"]


def test_days_keep_the_other_filters(page) -> None:
    record("object.hidden")

    text = page.get(LIST, {"action": "object.hidden", "q": "port"}).text

    assert '<input type="hidden" name="action" value="object.hidden">' in text
    assert '<input type="hidden" name="q" value="port">' in text


def test_distinct_values_cost_a_seek_each(django_assert_num_queries) -> None:
    for action in ("a", "b", "b", "c", "a"):
        record(action)

    with django_assert_num_queries(3):
        assert counts.distinct(AuditEvent.objects.all(), "action", 3) == ["a", "b", "c"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="asks SQLite's planner")
@pytest.mark.parametrize(
    ("field", "index"),
    [("action", "audit_action"), ("actor_name", "audit_actor_name"), ("bucket", "audit_bucket")],
)
def test_distinct_values_are_found_along_an_index(field, index) -> None:
    events = AuditEvent.objects.filter(**{f"{field}__gt": "a"}).order_by(field).values_list(field, flat=True)

    assert f"COVERING INDEX {index}" in events[:1].explain()
    assert "TEMP B-TREE" not in events[:1].explain()


def test_list_takes_a_constant_number_of_queries(page, django_assert_max_num_queries) -> None:
    for number in range(30):
        record("object.hidden", key=f"k{number}", bucket="b")

    with django_assert_max_num_queries(14):
        page.get(LIST)


# --- One event ------------------------------------------------------------------------


def test_difference_shows_old_and_new_of_each_field() -> None:
    before = {"same": 1, "gone": "x", "rules": {"a": True, "b": [1]}}
    after = {"same": 1, "rules": {"a": False, "b": [1]}, "new": None}

    found = {one.field: (one.old, one.new, one.is_changed) for one in differences.between(before, after)}

    assert found == {
        "same": ("1", "1", False),
        "gone": ("x", None, True),
        "rules.a": ("true", "false", True),
        "rules.b": ("[1]", "[1]", False),
        "new": (None, "null", True),
    }


def test_event_shows_before_and_after_literally(page) -> None:
    event = record(
        "bucket.changed", bucket="b", key=HOSTILE, before={HOSTILE: HOSTILE}, after={"policy": HOSTILE},
        message=HOSTILE.replace("\x01", ""),
    )  # fmt: skip

    text = page.get(reverse("admin:portal_auditevent_change", args=[event.pk])).text
    listed = page.get(LIST).text

    assert "<script>alert" not in text + listed
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert '<span class="spelled">\\u202e</span>' in text
    assert "\u202e" not in text + listed
    assert '<tr class="changed">' in text


def test_event_leads_to_its_row_and_its_object(page) -> None:
    bucket: Bucket = BucketFactory()
    event = record("object.hidden", target=bucket, bucket=bucket.name, key="a b")

    text = page.get(reverse("admin:portal_auditevent_change", args=[event.pk])).text

    assert reverse("admin:storage_admin_bucket_change", args=[bucket.pk]) in text
    assert f"{reverse('admin:storage_admin_bucket_object', args=[bucket.pk])}?key=a+b" in text


def test_event_leads_nowhere_that_its_reader_may_not_open(client) -> None:
    bucket: Bucket = BucketFactory()
    event = record("object.hidden", target=bucket, bucket=bucket.name, key="a")
    client.force_login(UserFactory(rights=["portal.view_auditevent"]))

    text = client.get(reverse("admin:portal_auditevent_change", args=[event.pk])).text

    assert "/storage_admin/bucket/" not in text


@pytest.mark.parametrize("make", [PetFactory, PhotoFactory])
def test_event_of_a_row_that_is_gone_or_was_never_known_still_opens(page, make) -> None:
    row = make()
    event = record("x.y", target=row)
    assert f"/{row.pk}/change/" in page.get(reverse("admin:portal_auditevent_change", args=[event.pk])).text
    row.delete()
    for target_type, target_id in (
        (event.target_type, event.target_id),
        ("no.such", "1"),
        ("pets.pet", "odd"),
    ):
        AuditEvent.objects.filter(pk=event.pk).update(target_type=target_type, target_id=target_id)

        response = page.get(reverse("admin:portal_auditevent_change", args=[event.pk]))

        assert response.status_code == 200


@pytest.mark.parametrize("name", ["change", "delete"])
def test_event_is_never_changed(client, name) -> None:
    event = record("x.y", message="as it was")
    client.force_login(UserFactory(superuser=True))

    response = client.post(reverse(f"admin:portal_auditevent_{name}", args=[event.pk]), {"message": "other"})

    assert response.status_code == 403
    event.refresh_from_db()
    assert event.message == "as it was"


# --- The file ---------------------------------------------------------------------------


def test_export_holds_what_the_filters_leave(page, auditor) -> None:
    record("object.hidden", bucket="one", key='a,"b"\nc', before={"a": 1}, after={"a": "é"})
    record("object.hidden", bucket="two")

    rows = exported(page, action="object.hidden", bucket="one", p="7")

    assert [row["key"] for row in rows] == ['a,"b"\nc']
    assert (rows[0]["before"], rows[0]["after"]) == ('{"a": 1}', '{"a": "é"}')
    assert datetime.fromisoformat(rows[0]["when (UTC)"]).utcoffset() == timedelta(0)
    event = AuditEvent.objects.get(action="audit.exported")
    assert event.actor == auditor
    assert event.after == {"filter": {"action": "object.hidden", "bucket": "one"}, "events": "1"}


def test_export_is_streamed_in_pieces(monkeypatch, page) -> None:
    monkeypatch.setattr(audit_export, "ROWS_AT_ONCE", 2)
    for number in range(5):
        record(f"a{number}")

    pieces = list(audit_export.pieces(AuditEvent.objects.all()))

    assert [piece.count("\r\n") for piece in pieces] == [1, 2, 2, 1]
    assert [row["what"] for row in exported(page)] == [f"a{number}" for number in range(4, -1, -1)]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1"])
def test_formulas_are_taken_for_text(page, text) -> None:
    record("x.y", key=text)

    assert exported(page, action="x.y")[0]["key"] == f"'{text}"


@pytest.mark.parametrize("text", ["a=b", "photos/-1.jpg", "", "'=1"])
def test_other_text_stays_as_it_is(text) -> None:
    assert spreadsheet.cell(text) == text


def test_export_of_a_damaged_address_goes_back_to_the_list(page) -> None:
    assert page.get(f"{LIST}export/", {"action__nonsense": "x"})["Location"].startswith(LIST)


def test_export_takes_the_right_to_see_the_audit(client) -> None:
    client.force_login(UserFactory(rights=["pets.view_pet"]))

    assert client.get(f"{LIST}export/").status_code == 403


def test_list_leads_to_the_export_with_its_filters(page) -> None:
    record("object.hidden")

    text = page.get(LIST, {"action": "object.hidden"}).text

    assert f"{LIST}export/?action=object.hidden" in text


# --- Refused presses ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/admin/storage_admin/bucket/look/", "/admin/pets/pet/add/?next=x", "/admin/pets/owner/add/"]
)
def test_refused_press_leaves_a_trace(client, address) -> None:
    user = UserFactory()
    client.force_login(user)

    assert client.post(address).status_code == 403

    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.outcome) == ("page.refused", user, AuditEvent.Outcome.REFUSED)
    assert event.after == {"page": address}
    assert event.message


def test_refused_look_leaves_none(client) -> None:
    client.force_login(UserFactory())

    assert client.get("/admin/pets/pet/").status_code == 403

    assert not AuditEvent.objects.exists()


def test_press_of_a_stranger_leaves_none(client) -> None:
    client.post("/admin/storage_admin/bucket/look/")

    assert not AuditEvent.objects.exists()


def test_refusal_that_a_service_wrote_is_not_written_twice(client) -> None:
    user = UserFactory(rights=["storage_admin.share_object"])
    client.force_login(user)
    bucket: Bucket = BucketFactory()

    response = client.post(f"{reverse('admin:storage_admin_bucket_link', args=[bucket.pk])}?key=a")

    assert response.status_code == 403
    assert AuditEvent.objects.get().action == "object.shared"


def test_time_of_the_list_is_now(page) -> None:
    """The span "Today" begins with the day of whoever looks."""
    record("object.hidden")

    spans = page.get(LIST).context["cl"].filter_specs[0].choices(page.get(LIST).context["cl"])

    assert next(spans)["spans"][0]["url"] == f"?from={timezone.localdate().isoformat()}"
