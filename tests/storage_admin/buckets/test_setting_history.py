"""The history of a bucket's settings: who changed what, Undo, what was interrupted; and who may do what."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.audit import AuditEvent
from portal.s3 import versioning
from portal.s3.types import VersioningState
from portal.s3.versioning import Versioning
from storage_admin import addresses
from storage_admin.bucket_settings.versioning import VersioningSetting
from storage_admin.buckets import changes, setting_pages
from storage_admin.buckets import history as change_history
from storage_admin.errors import ChangedMeanwhile, NotPossible
from storage_admin.models import BucketChange
from tests.factories import UserFactory
from tests.storage_admin.buckets.settings_forms import applied, look, reviewed, setting_of
from tests.storage_admin.conftest import address, in_role
from tests.store import answering, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
VERSIONING = setting_of("versioning")
ENABLED = Versioning(VersioningState.ENABLED)
SUSPENDED = Versioning(VersioningState.SUSPENDED)
BEGUN, DONE, FAILED = BucketChange.State.BEGUN, BucketChange.State.DONE, BucketChange.State.FAILED


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "READ_BACK_PAUSES_SECONDS", (0, 0, 0))


@pytest.fixture
def suspended(another_bucket):
    return another_bucket(VersioningState.SUSPENDED)


def state(bucket: Any) -> VersioningState:
    return versioning.read(bucket.name).state


def enable(ada: Any, bucket: Any) -> BucketChange:
    return changes.change(actor=ada, bucket=bucket, setting=VERSIONING, seen=SUSPENDED, wanted=ENABLED)


# --- Undo --------------------------------------------------------------------------------------------


def test_undo_gives_the_former_value_back_and_can_itself_be_undone(page, ada, suspended) -> None:
    made = enable(ada, suspended)

    response = page.post(addresses.undo(suspended, made.pk), follow=True)

    assert state(suspended) is VersioningState.SUSPENDED
    assert "Versioning is as it was before." in response.text
    undoing = BucketChange.objects.get(undo_of=made)
    assert (undoing.state, undoing.after["state"]) == (DONE, "Suspended")
    assert addresses.undo(suspended, undoing.pk) in response.text
    page.post(addresses.undo(suspended, undoing.pk))
    assert state(suspended) is VersioningState.ENABLED
    assert AuditEvent.objects.filter(action="bucket.configured", outcome="done").count() == 3


def test_undo_is_refused_where_the_bucket_has_something_else_by_now(page, ada, suspended) -> None:
    made = enable(ada, suspended)
    versioning.suspend(suspended.name)

    response = page.post(addresses.undo(suspended, made.pk), follow=True)

    assert "was changed meanwhile: Versioning: Enabled" in response.text
    assert not BucketChange.objects.filter(undo_of=made).exists()
    assert AuditEvent.objects.latest("pk").outcome == AuditEvent.Outcome.REFUSED


def test_undo_of_the_first_versioning_is_refused_with_what_comes_nearest(page, ada, another_bucket) -> None:
    bucket = another_bucket(VersioningState.NEVER_SET)
    never = Versioning(VersioningState.NEVER_SET)
    made = changes.change(actor=ada, bucket=bucket, setting=VERSIONING, seen=never, wanted=ENABLED)

    response = page.post(addresses.undo(bucket, made.pk), follow=True)

    assert "Suspending comes nearest." in response.text
    assert "Suspending comes nearest." in page.get(address("changes", bucket)).text
    assert state(bucket) is VersioningState.ENABLED
    assert AuditEvent.objects.latest("pk").outcome == AuditEvent.Outcome.REFUSED


def test_undo_is_done_once(page, ada, suspended) -> None:
    made = enable(ada, suspended)
    changes.undo(actor=ada, bucket=suspended, made=made, setting=VERSIONING)

    with pytest.raises(NotPossible, match="It is undone"):
        changes.undo(actor=ada, bucket=suspended, made=made, setting=VERSIONING)


def test_undo_that_the_store_refused_may_be_tried_again(page, ada, suspended) -> None:
    made = enable(ada, suspended)

    with answering("PutBucketVersioning", refusal(403, "AccessDenied")):
        response = page.post(addresses.undo(suspended, made.pk), follow=True)

    assert "(AccessDenied)" in response.text
    assert BucketChange.objects.get(state=FAILED).undo_of is None
    page.post(addresses.undo(suspended, made.pk))
    assert state(suspended) is VersioningState.SUSPENDED


def test_undo_that_is_not_allowed_any_more_is_refused(page, ada, bucket) -> None:
    """It goes the way of every change: the photo bucket keeps its versioning."""
    made = BucketChange.objects.create(
        bucket=bucket, setting="versioning", state=DONE, made_by_name="somebody",
        before=VERSIONING.as_data(SUSPENDED), after=VERSIONING.as_data(ENABLED),
    )  # fmt: skip

    response = page.post(addresses.undo(bucket, made.pk), follow=True)

    assert "there is no other copy" in response.text
    assert state(bucket) is VersioningState.ENABLED


def test_undo_of_another_buckets_change_is_not_found(page, ada, suspended, another_bucket) -> None:
    made = enable(ada, suspended)

    assert page.post(addresses.undo(another_bucket(VersioningState.ENABLED), made.pk)).status_code == 404


# --- Interrupted, and at the same time ---------------------------------------------------------------


class PowerCut(BaseException):
    """What no handler catches."""


@pytest.mark.parametrize(
    ("dies_in", "words"),
    [("read", "The store has what was wanted."), ("write", "The store has what it had before.")],
)
def test_change_that_the_portal_did_not_survive_is_shown_with_what_the_store_has(
    page, ada, suspended, dies_in, words
) -> None:
    read, reads = VersioningSetting.read, []

    def die(*where: Any) -> Any:
        reads.append(where)
        if dies_in == "write" or len(reads) > 1:
            raise PowerCut
        return read(*where)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VersioningSetting, dies_in, die)
        with pytest.raises(PowerCut):
            enable(ada, suspended)

    row = BucketChange.objects.get()
    assert (row.state, row.ended_at) == (BEGUN, None)
    text = page.get(address("changes", suspended)).text
    assert "interrupted" in text
    assert words in text


def test_interrupted_change_that_the_store_has_can_be_undone(page, suspended) -> None:
    made = BucketChange.objects.create(
        bucket=suspended, setting="versioning", made_by_name="somebody",
        before=VERSIONING.as_data(SUSPENDED), after=VERSIONING.as_data(ENABLED),
    )  # fmt: skip
    BucketChange.objects.update(begun_at="2026-01-01T00:00:00Z")
    versioning.enable(suspended.name)

    page.post(addresses.undo(suspended, made.pk))

    assert state(suspended) is VersioningState.SUSPENDED


def test_interrupted_change_is_unknown_while_the_store_is_away(page, suspended, no_store) -> None:
    BucketChange.objects.create(
        bucket=suspended, setting="versioning", made_by_name="somebody",
        before=VERSIONING.as_data(SUSPENDED), after=VERSIONING.as_data(ENABLED),
    )  # fmt: skip

    response = page.get(address("changes", suspended))

    assert response.status_code == 200
    assert "What the store has now is unknown: The store does not answer" in response.text


def test_two_changes_at_once_do_not_overwrite_each_other(ada, suspended) -> None:
    BucketChange.objects.create(
        bucket=suspended, setting="versioning", made_by_name="bob",
        before=VERSIONING.as_data(SUSPENDED), after=VERSIONING.as_data(ENABLED),
    )  # fmt: skip

    with pytest.raises(ChangedMeanwhile, match="bob is changing this setting"):
        enable(ada, suspended)

    BucketChange.objects.update(begun_at="2026-01-01T00:00:00Z")  # bob's was interrupted long ago
    assert enable(ada, suspended).state == DONE


def test_change_that_began_after_the_store_was_asked_wins(ada, suspended, monkeypatch) -> None:
    read = VersioningSetting.read

    def meanwhile(*where: Any) -> Any:
        found = read(*where)
        BucketChange.objects.create(
            bucket=suspended, setting="versioning", made_by_name="bob", state=DONE,
            before=VERSIONING.as_data(SUSPENDED), after=VERSIONING.as_data(ENABLED),
        )  # fmt: skip
        return found

    monkeypatch.setattr(VersioningSetting, "read", meanwhile)

    with pytest.raises(ChangedMeanwhile, match="bob"):
        enable(ada, suspended)
    assert state(suspended) is VersioningState.SUSPENDED


# --- The page ----------------------------------------------------------------------------------------


def test_history_is_told_newest_first_without_asking_the_store(page, ada, suspended, store_calls) -> None:
    made = enable(ada, suspended)
    changes.undo(actor=ada, bucket=suspended, made=made, setting=VERSIONING)
    store_calls.clear()

    text = page.get(address("changes", suspended)).text

    assert store_calls == []
    assert ada.username in text
    assert text.index("an undo") < text.index("No Undo: It is undone.")
    assert text.count("Suspended: older versions") == 2


def test_history_stays_readable_when_the_connection_is_gone(page, suspended) -> None:
    BucketChange.objects.create(
        bucket=suspended, setting="versioning", made_by_name="ann",
        before=VERSIONING.as_data(SUSPENDED), after=VERSIONING.as_data(ENABLED),
    )  # fmt: skip
    type(suspended).objects.update(connection="gone")

    response = page.get(address("changes", suspended))

    assert response.status_code == 200
    assert "interrupted" in response.text
    assert "formaction" not in response.text
    assert page.get(address("settings", suspended)).status_code == 404


def test_empty_history_says_so(page, suspended) -> None:
    assert "Nobody has changed a setting" in page.get(address("changes", suspended)).text


def test_history_shows_failures_hostile_words_and_settings_that_are_gone(page, suspended) -> None:
    BucketChange.objects.create(
        bucket=suspended, setting="gone", state=DONE, made_by_name="<i>eve</i>", before={}, after={}
    )
    BucketChange.objects.create(
        bucket=suspended, setting="versioning", state=FAILED, made_by_name="ann", message="<b>no</b>",
        before=VERSIONING.as_data(SUSPENDED), after=VERSIONING.as_data(ENABLED),
    )  # fmt: skip

    text = page.get(address("changes", suspended)).text

    assert "&lt;i&gt;eve&lt;/i&gt;" in text
    assert "&lt;b&gt;no&lt;/b&gt;" in text
    assert "This portal has no such setting any more." in text
    assert "It failed: there is nothing to undo." in text


def test_long_history_is_paged_and_costs_the_same_for_many_rows(page, suspended, monkeypatch) -> None:
    def rows(count: int) -> None:
        BucketChange.objects.bulk_create(
            BucketChange(
                bucket=suspended, setting="versioning", state=DONE, made_by_name=f"user{number}",
                before=VERSIONING.as_data(SUSPENDED), after=VERSIONING.as_data(ENABLED),
            )
            for number in range(count)
        )  # fmt: skip

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert page.get(address("changes", suspended)).status_code == 200
        return len(captured)

    rows(2)
    queries()
    few = queries()
    rows(60)

    assert queries() == few
    assert 'rel="next"' in page.get(address("changes", suspended)).text
    second = page.get(address("changes", suspended, page="2")).text
    assert 'rel="prev"' in second
    assert second.count('<li class="module">') == 62 - setting_pages.HISTORY_PAGE


def test_bucket_and_browser_lead_to_the_settings_and_their_history(page, suspended) -> None:
    for where in (f"/admin/storage_admin/bucket/{suspended.pk}/change/", address("browse", suspended)):
        text = page.get(where).text
        assert addresses.of_bucket(suspended, "settings") in text
        assert addresses.of_bucket(suspended, "changes") in text


# --- Rights ------------------------------------------------------------------------------------------

SEE = {"Storage operator", "Storage admin", "Auditor"}
CHANGE = {"Storage admin"}
MAY = {"settings": SEE, "setting": SEE, "changes": SEE, "review": CHANGE, "apply": CHANGE, "undo": CHANGE}
BELOW: dict[str, list[Any]] = {
    "setting": ["versioning"], "review": ["versioning"], "apply": ["versioning"], "undo": [0],
}  # fmt: skip
POSTED = {"review", "apply", "undo"}


@pytest.mark.parametrize(
    "role", ["Viewer", "Photographer", "Curator", "Storage operator", "Storage admin", "Auditor"]
)
def test_each_role_may_what_the_table_says(client, suspended, role) -> None:
    client.force_login(in_role(role))

    for name, roles in MAY.items():
        where = addresses.of_bucket(suspended, name, *BELOW.get(name, []))
        response = client.post(where) if name in POSTED else client.get(where)
        assert (response.status_code != 403) is (role in roles), name


def test_those_who_may_look_see_the_state_and_no_form(client, ada, suspended) -> None:
    made = enable(ada, suspended)
    client.force_login(in_role("Auditor"))

    shown = look(client, suspended, "versioning").text
    history = client.get(address("changes", suspended)).text

    assert "Enabled: older versions are kept" in shown
    assert "Your role may look here" in shown
    assert 'name="seen"' not in shown
    assert addresses.undo(suspended, made.pk) not in history


def test_buttons_take_posts_with_a_token_alone(ada, page, suspended) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    for name in POSTED:
        where = addresses.of_bucket(suspended, name, *BELOW[name])
        assert page.get(where).status_code == 405
        assert strict.post(where).status_code == 403


def test_nobody_is_sent_to_the_log_in(client, suspended) -> None:
    for name in MAY:
        where = addresses.of_bucket(suspended, name, *BELOW.get(name, []))
        assert client.get(where)["Location"].startswith("/admin/login/")


def test_service_asks_for_the_right_itself(suspended) -> None:
    user = UserFactory(rights=["storage_admin.view_bucket"])

    with pytest.raises(PermissionDenied, match="configure_bucket"):
        enable(user, suspended)

    event = AuditEvent.objects.get()
    assert (event.outcome, event.actor) == (AuditEvent.Outcome.REFUSED, user)
    assert state(suspended) is VersioningState.SUSPENDED


def test_right_that_is_lost_between_review_and_apply_counts(client, suspended) -> None:
    user = UserFactory(rights=["storage_admin.view_bucket", "storage_admin.configure_bucket"])
    client.force_login(user)
    assert reviewed(client, suspended, "versioning", state="Enabled").status_code == 200
    assert "Versioning is changed." in applied(client, suspended, "versioning", state="Enabled").text
    user.user_permissions.clear()

    response = client.post(addresses.of_setting(suspended, "versioning", "apply"), {"reviewed": "x"})

    assert response.status_code == 403


def test_entry_of_a_row_knows_that_it_is_an_undo(ada, suspended) -> None:
    made = enable(ada, suspended)
    undoing = changes.undo(actor=ada, bucket=suspended, made=made, setting=VERSIONING)

    newest, oldest = change_history.entries(suspended, [undoing, made])

    assert (newest.is_undo, oldest.is_undo) == (True, False)
    assert newest.no_undo == ""
