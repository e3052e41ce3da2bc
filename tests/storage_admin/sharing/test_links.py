"""Share links: what opens, what does not any more, who counts, and what a stranger is told."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from photos import processing, tasks, upload
from photos.choices import PhotoStatus
from photos.models import Photo
from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import delete_markers, objects, session
from portal.s3.types import VersioningState
from storage_admin.errors import LinkDead, NotPossible
from storage_admin.models import Bucket, ShareLink
from storage_admin.sharing import links as share_links
from storage_admin.sharing.links import Made
from tests.factories import PetFactory, PhotoFactory, ShareLinkFactory, UserFactory
from tests.photos.conftest import picture
from tests.store import answering, refusal, use_store

pytestmark = pytest.mark.django_db
WEB, ORIGINAL = ShareLink.Size.WEB, ShareLink.Size.ORIGINAL
DEAD_WORDS = "This link does not work"


@pytest.fixture
def share(ada: Any, bucket: Bucket) -> Callable[..., Made]:
    """Make a link to an object, for a day."""

    def make(key: str, *, version_id: str = "", size: ShareLink.Size = ORIGINAL, **options: Any) -> Made:
        given = {"actor": ada, "bucket": bucket, "ends_at": timezone.now() + timedelta(days=1), **options}
        return share_links.make(
            key=key, version_id=version_id, size=size, recipient="the vet", reason="an operation", **given
        )

    return make


@pytest.fixture
def photo(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Photo:
    """A photo of Bella that really lies in the store, with its renditions."""
    monkeypatch.setattr(tasks.process, "delay", lambda _id: None)
    file = ContentFile(picture(), name="mother in law.jpg")
    stored = upload.receive(
        actor=None, pet=PetFactory(name="Bella"), upload=file, file_name="mother in law.jpg"
    )
    processing.process(str(stored.pk))
    stored.refresh_from_db()
    return stored


def address(made: Made) -> str:
    return reverse("share-link", args=[made.token])


def events(action: str, outcome: AuditEvent.Outcome = AuditEvent.Outcome.DONE) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(action=action, outcome=outcome)


# --- What opens ---------------------------------------------------------------


@pytest.mark.servers
def test_link_leads_anybody_to_a_fresh_short_signature(client, share, put, prefix, ada) -> None:
    version = put(f"{prefix}a b.txt", b"hello")
    made = share(f"{prefix}a b.txt")

    response = client.get(address(made))

    query = parse_qs(urlsplit(response["Location"]).query)
    assert response.status_code == 302
    assert int(query["X-Amz-Expires"][0]) <= 300
    assert query["versionId"] == [version]
    with urlopen(response["Location"]) as opened:
        assert opened.read() == b"hello"
        assert opened.headers["Content-Disposition"].startswith("attachment")
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response["X-Robots-Tag"]
    event = events("link.made").get()
    assert (event.actor, event.key, event.version_id) == (ada, f"{prefix}a b.txt", version)
    assert event.after is not None
    assert event.after["recipient"] == "the vet"


@pytest.mark.servers
def test_link_passes_the_bytes_on_where_browsers_reach_no_store(
    client, share, put, prefix, seaweedfs, settings
) -> None:
    put(f"{prefix}a.html", b"<script>alert(1)</script>", ContentType="text/html")
    made = share(f"{prefix}a.html")
    use_store(settings, seaweedfs.endpoint_url)

    response = client.get(address(made))

    assert response.status_code == 200
    assert b"".join(response.streaming_content) == b"<script>alert(1)</script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.servers
def test_web_size_is_a_picture_without_the_originals_name_or_metadata(client, share, photo) -> None:
    made = share(photo.key, version_id=photo.version_id, size=WEB)

    response = client.get(address(made))

    with urlopen(response["Location"]) as opened:
        rendition = photo.renditions.get(name="share")
        assert opened.read() == objects.read(photo.bucket, rendition.key)
        assert opened.headers["Content-Type"] == "image/jpeg"
        assert opened.headers["Content-Disposition"] == 'inline; filename="Bella.jpg"'
    assert "mother" not in response["Location"]


@pytest.mark.servers
def test_web_size_passes_through_the_portal_where_browsers_reach_no_store(
    client, share, photo, seaweedfs, settings
) -> None:
    made = share(photo.key, size=WEB)
    use_store(settings, seaweedfs.endpoint_url)

    response = client.get(address(made))

    rendition = photo.renditions.get(name="share")
    assert b"".join(response.streaming_content) == objects.read(photo.bucket, rendition.key)
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.servers
def test_original_of_a_photo_is_the_very_file(client, share, photo) -> None:
    response = client.get(address(share(photo.key, version_id=photo.version_id)))

    with urlopen(response["Location"]) as opened:
        assert hashlib.sha256(opened.read()).hexdigest() == photo.sha256


@pytest.mark.servers
def test_link_stays_with_the_version_that_was_shown(client, share, put, prefix) -> None:
    put(f"{prefix}a", b"first")
    made = share(f"{prefix}a")
    put(f"{prefix}a", b"second")

    response = client.get(address(made))

    with urlopen(response["Location"]) as opened:
        assert opened.read() == b"first"


@pytest.mark.servers
@pytest.mark.parametrize("key", ["a<b>&'\"c", "two  blanks", "日/é", "a%20b+c", "line\nfeed", "\u202eevil"])
def test_hostile_keys_are_shared_and_opened(client, share, put, prefix, key) -> None:
    put(prefix + key, b"odd")

    response = client.get(address(share(prefix + key)))

    with urlopen(response["Location"]) as opened:
        assert opened.read() == b"odd"


@pytest.mark.servers
def test_openings_are_counted_and_the_first_is_kept(client, share, put, prefix) -> None:
    put(f"{prefix}a")
    made = share(f"{prefix}a")

    for ask in (client.get, client.head, client.get):
        assert ask(address(made)).status_code == 302

    made.link.refresh_from_db()
    assert made.link.opened_count == 3
    assert made.link.last_opened_at is not None
    event = events("link.opened").get()
    assert (event.actor, event.target_type) == (None, "storage_admin.sharelink")


@pytest.mark.servers
def test_signature_does_not_outlive_the_link(share, put, prefix) -> None:
    put(f"{prefix}a")
    made = share(f"{prefix}a", ends_at=timezone.now() + timedelta(seconds=40))

    assert share_links.opened(made.token).seconds <= 40


# --- What does not, or not any more -------------------------------------------


def _maker(made: Made) -> User:
    return User.objects.get(username=made.link.made_by_name)


def _revoke(made: Made) -> None:
    share_links.revoke(actor=_maker(made), link=made.link)


def _end(made: Made) -> None:
    ShareLink.objects.filter(pk=made.link.pk).update(expires_at=timezone.now())


def _hide(made: Made) -> None:
    delete_markers.hide(made.link.bucket.name, made.link.key)


def _destroy(made: Made) -> None:
    objects.delete_versions(made.link.bucket.name, [(made.link.key, made.link.version_id)])


def _deactivate(made: Made) -> None:
    User.objects.filter(username=made.link.made_by_name).update(is_active=False)


def _take_the_role(made: Made) -> None:
    _maker(made).groups.clear()


def _delete_the_account(made: Made) -> None:
    _maker(made).delete()


def _forget_the_connection(made: Made) -> None:
    Bucket.objects.filter(pk=made.link.bucket_id).update(connection="elsewhere")


@pytest.mark.servers
@pytest.mark.parametrize(
    "change",
    [
        _revoke, _end, _hide, _destroy, _deactivate, _take_the_role, _delete_the_account,
        _forget_the_connection,
    ],
)  # fmt: skip
def test_link_dies_at_once(client, share, put, prefix, change) -> None:
    put(f"{prefix}a")
    made = share(f"{prefix}a")
    change(made)

    response = client.get(address(made))

    assert response.status_code == 404
    assert DEAD_WORDS in response.text
    made.link.refresh_from_db()
    assert (made.link.opened_count, made.link.refused_count) == (0, 1)


@pytest.mark.servers
def test_dead_links_and_guesses_look_alike(client, share, put, prefix) -> None:
    put(f"{prefix}a")
    made = share(f"{prefix}a")
    _revoke(made)

    dead = client.get(address(made))
    guess = client.get(reverse("share-link", args=["a-guess"]))

    assert dead.status_code == guess.status_code == 404
    assert dead.content == guess.content
    assert dict(dead.headers) == dict(guess.headers)
    assert b'href="/admin/' not in guess.content


@pytest.mark.servers
def test_tries_of_a_dead_link_are_counted_and_the_first_is_kept(client, share, put, prefix) -> None:
    put(f"{prefix}a")
    made = share(f"{prefix}a")
    _revoke(made)

    for _try in range(3):
        client.get(address(made))

    made.link.refresh_from_db()
    assert made.link.refused_count == 3
    assert events("link.opened", AuditEvent.Outcome.REFUSED).get().message == "The link was revoked."


def test_guesses_write_no_rows(client) -> None:
    client.get(reverse("share-link", args=["a-guess"]))

    assert not AuditEvent.objects.exists()


@pytest.mark.servers
@pytest.mark.parametrize("size", [WEB, ORIGINAL])
def test_link_of_a_trashed_photo_is_dead(client, share, photo, size) -> None:
    made = share(photo.key, size=size)
    Photo.objects.filter(pk=photo.pk).update(status=PhotoStatus.TRASHED)

    assert client.get(address(made)).status_code == 404


@pytest.mark.servers
def test_link_of_a_purged_photo_does_not_turn_into_one_of_an_object(client, share, photo) -> None:
    made = share(photo.key)
    Photo.objects.filter(pk=photo.pk).delete()

    assert client.get(address(made)).status_code == 404


@pytest.mark.servers
def test_overwritten_object_of_a_bucket_without_versions_is_not_given(
    client, share, put, another_bucket
) -> None:
    plain = another_bucket(VersioningState.NEVER_SET)
    put("a", b"meant", into=plain.name)
    made = share("a", bucket=plain)
    put("a", b"a secret", into=plain.name)

    assert client.get(address(made)).status_code == 404


@pytest.mark.servers
def test_link_revoked_between_reading_and_counting_is_not_opened(share, put, prefix, monkeypatch) -> None:
    put(f"{prefix}a")
    made = share(f"{prefix}a")
    found = share_links._there

    def meanwhile(*args: Any) -> Any:
        _revoke(made)
        return found(*args)

    monkeypatch.setattr(share_links, "_there", meanwhile)

    with pytest.raises(LinkDead):
        share_links.opened(made.token)


@pytest.mark.servers
def test_store_that_does_not_answer_costs_no_link(client, share, put, prefix) -> None:
    put(f"{prefix}a")
    made = share(f"{prefix}a")

    with answering("HeadObject", refusal(503, "SlowDown")):
        response = client.get(address(made))

    assert response.status_code == 503
    assert response["Retry-After"]
    assert "just now" in response.text
    assert "no-store" in response["Cache-Control"]
    made.link.refresh_from_db()
    assert (made.link.opened_count, made.link.refused_count) == (0, 0)


@pytest.mark.servers
def test_store_that_refuses_the_portal_says_nothing_of_it_to_strangers(client, share, put, prefix) -> None:
    put(f"{prefix}a")
    made = share(f"{prefix}a")

    with answering("HeadObject", refusal(403, "AccessDenied")):
        response = client.get(address(made))

    assert response.status_code == 503
    assert "AccessDenied" not in response.text
    assert prefix not in response.text


# --- Making and revoking --------------------------------------------------------


@pytest.mark.servers
def test_token_is_kept_nowhere(share, put, prefix) -> None:
    put(f"{prefix}a")

    made = share(f"{prefix}a")

    kept = [str(value) for row in ShareLink.objects.values() for value in row.values()]
    kept += [str(value) for row in AuditEvent.objects.values() for value in row.values()]
    assert len(made.token) >= 43
    assert not any(made.token in text for text in kept)
    assert made.link.token_sha256 == hashlib.sha256(made.token.encode()).hexdigest()


@pytest.mark.servers
@pytest.mark.parametrize("days", [-1, 91])
def test_link_ends_in_the_future_and_within_the_limit(share, put, prefix, days) -> None:
    put(f"{prefix}a")

    with pytest.raises(NotPossible, match="within 90 days"):
        share(f"{prefix}a", ends_at=timezone.now() + timedelta(days=days))

    assert events("link.made", AuditEvent.Outcome.REFUSED).get().message


@pytest.mark.servers
def test_what_is_deleted_or_never_was_is_not_shared(share, put, bucket, prefix) -> None:
    put(f"{prefix}a")
    delete_markers.hide(bucket.name, f"{prefix}a")

    for key in ("a", "never"):
        with pytest.raises(NotPossible, match="not there"):
            share(f"{prefix}{key}")


@pytest.mark.servers
def test_only_photos_have_a_web_size(share, put, prefix) -> None:
    put(f"{prefix}a")

    with pytest.raises(NotPossible, match="web size"):
        share(f"{prefix}a", size=WEB)


def test_sharing_an_original_takes_the_right_to_download_it(settings) -> None:
    user = UserFactory(rights=[share_links.SHARE, "photos.view_photo"])
    photo = PhotoFactory(bucket=settings.AWS_STORAGE_BUCKET_NAME, renditions=True)
    bucket = Bucket.objects.create(connection=session.DEFAULT, name=photo.bucket)
    given: dict[str, Any] = {
        "actor": user, "bucket": bucket, "key": photo.key, "version_id": photo.version_id,
        "ends_at": timezone.now() + timedelta(days=1), "recipient": "x", "reason": "y",
    }  # fmt: skip

    assert share_links.sizes(user, bucket, photo.key) == [WEB]
    assert share_links.make(size=WEB, **given).link.photo_uuid == photo.pk
    with pytest.raises(PermissionDenied, match="download_original"):
        share_links.make(size=ORIGINAL, **given)
    assert events("link.made", AuditEvent.Outcome.REFUSED).get().actor == user


def test_revoking_is_for_the_maker_and_for_those_who_rule_over_buckets() -> None:
    maker = UserFactory(rights=["storage_admin.view_sharelink"])
    other = UserFactory(rights=["storage_admin.view_sharelink", share_links.SHARE])
    ruler = UserFactory(rights=["storage_admin.view_sharelink", "storage_admin.change_bucket"])
    first, second = ShareLinkFactory(made_by=maker), ShareLinkFactory(made_by=maker)

    with pytest.raises(PermissionDenied):
        share_links.revoke(actor=other, link=first)
    share_links.revoke(actor=maker, link=first)
    share_links.revoke(actor=ruler, link=second)

    second.refresh_from_db()
    assert second.revoked_by_name == ruler.username
    assert events("link.revoked").count() == 2
    assert events("link.revoked", AuditEvent.Outcome.REFUSED).get().actor == other
    with pytest.raises(NotPossible, match="already"):
        share_links.revoke(actor=ruler, link=second)
