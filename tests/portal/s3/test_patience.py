"""One budget of seconds for all that a page asks of a store; by a clock of the test's own."""

import threading
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from portal.s3 import objects, session, versioning
from portal.s3.errors import StorageUnavailable
from portal.s3.patience import (
    LEAST_SECONDS,
    QUICK_SECONDS,
    UPLOAD_BYTES_A_SECOND,
    Budget,
    PatientSession,
    limited,
    read_body,
    seconds_for_its_bytes,
)
from portal.s3.session import Timeouts
from portal.s3.together import ask_all
from tests.store import answering, refusal


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Request:
    """As botocore's, as far as it is looked at."""

    def __init__(self, method: str = "GET", url: str = "http://store.test/b/k", **headers: str) -> None:
        self.method, self.url = method, url
        self.headers = {name.replace("_", "-"): text for name, text in headers.items()}


class Store:
    """An HTTP session whose answers take so many seconds of the clock."""

    def __init__(self, clock: Clock, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.clock, self.seconds, self.error = clock, seconds, error
        self.asked = 0

    def send(self, _request: Any) -> str:
        self.asked += 1
        self.clock.now += self.seconds
        if self.error is not None:
            raise self.error
        return "answer"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_budget_is_shared_by_all_calls(clock: Clock) -> None:
    store = Store(clock, seconds=3)
    patient = PatientSession(store)

    with limited(Budget(8, clock=clock)):
        for _call in range(3):
            assert patient.send(Request()) == "answer"
        with pytest.raises(ReadTimeoutError):
            patient.send(Request())

    assert store.asked == 3  # the fourth was not even begun


def test_call_without_a_page_waits_as_it_always_did(clock: Clock) -> None:
    store = Store(clock, seconds=1_000)

    assert PatientSession(store).send(Request()) == "answer"


def test_budget_ends_with_its_page(clock: Clock) -> None:
    with limited(Budget(0, clock=clock)):
        pass

    assert PatientSession(Store(clock)).send(Request()) == "answer"


def test_call_that_never_ends_is_given_up_and_nothing_is_asked_after_it(clock: Clock) -> None:
    never = threading.Event()
    budget = Budget(8, clock=clock)

    try:
        with pytest.raises(ReadTimeoutError):
            budget.run(never.wait, seconds=LEAST_SECONDS, address="http://store.test")
    finally:
        never.set()

    assert budget.is_spent


def test_error_of_a_call_is_raised_as_it_is(clock: Clock) -> None:
    store = Store(clock, error=ConnectTimeoutError(endpoint_url="http://store.test"))

    with limited(Budget(8, clock=clock)), pytest.raises(ConnectTimeoutError):
        PatientSession(store).send(Request())


def test_form_with_much_to_do_is_not_cut_off_while_the_store_is_quick(clock: Clock) -> None:
    store = Store(clock, seconds=QUICK_SECONDS / 2)
    patient = PatientSession(store)

    with limited(Budget(8, has_much_to_do=True, clock=clock)):
        for _call in range(100):
            patient.send(Request())

    assert store.asked == 100


def test_form_with_much_to_do_is_cut_off_when_the_store_is_slow(clock: Clock) -> None:
    patient = PatientSession(Store(clock, seconds=3))

    with limited(Budget(8, has_much_to_do=True, clock=clock)):
        for _call in range(3):
            patient.send(Request())
        with pytest.raises(ReadTimeoutError):
            patient.send(Request())


def test_failure_that_came_quickly_costs_its_time(clock: Clock) -> None:
    patient = PatientSession(Store(clock, 0.5, ConnectTimeoutError(endpoint_url="http://store.test")))
    budget = Budget(8, has_much_to_do=True, clock=clock)

    with limited(budget), pytest.raises(ConnectTimeoutError):
        patient.send(Request())

    assert budget.left == 7.5


def test_copy_by_the_store_takes_as_long_as_it_takes(clock: Clock) -> None:
    budget = Budget(8, has_much_to_do=True, clock=clock)

    with limited(budget):
        PatientSession(Store(clock, seconds=60)).send(Request("PUT", x_amz_copy_source="b/k"))

    assert budget.left == 8


def test_nothing_is_begun_when_the_time_is_up(clock: Clock) -> None:
    store = Store(clock)

    with limited(Budget(LEAST_SECONDS / 2, clock=clock)):
        for request in (Request(), Request("PUT", x_amz_copy_source="b/k")):
            with pytest.raises(ReadTimeoutError):
                PatientSession(store).send(request)

    assert store.asked == 0


@pytest.mark.parametrize(
    ("request_", "seconds"),
    [
        (Request(), 0),
        (Request("POST", "http://store.test/b?delete"), 0),
        (Request("DELETE"), 0),
        (Request("PUT", Content_Length=str(3 * UPLOAD_BYTES_A_SECOND)), 3),
        (Request("PUT", X_Amz_Decoded_Content_Length=str(UPLOAD_BYTES_A_SECOND), Content_Length="1"), 1),
        (Request("POST", "http://store.test/b/k?uploadId=u"), float("inf")),
    ],
)
def test_requests_get_time_by_the_bytes_they_move(request_: Request, seconds: float) -> None:
    assert seconds_for_its_bytes(request_) == seconds


def test_body_is_read_on_the_budget(clock: Clock) -> None:
    never = threading.Event()

    class Dripping:
        def read(self, _count: int) -> bytes:
            never.wait()
            return b""

    try:
        with limited(Budget(LEAST_SECONDS, clock=clock)), pytest.raises(ReadTimeoutError):
            read_body(Dripping(), 1)
    finally:
        never.set()


@pytest.mark.servers
def test_every_client_is_patient(photo_bucket: str) -> None:
    clients: list[Any] = [session.client(timeouts=one) for one in Timeouts]
    clients += [session.client(for_browser=True), session.stranger()]

    for client in clients:
        sending = client._endpoint.http_session
        while not isinstance(sending, PatientSession):
            sending = sending._inner  # what keeps the pace stands before it


@pytest.mark.servers
def test_call_when_the_time_is_up_says_that_the_store_does_not_answer(photo_bucket: str) -> None:
    with limited(Budget(0)), pytest.raises(StorageUnavailable):
        versioning.read(photo_bucket)


@pytest.mark.servers
def test_second_attempt_is_not_made_when_the_time_is_up(photo_bucket: str, clock: Clock) -> None:
    asked: list[int] = []

    def busy() -> Any:
        asked.append(1)
        clock.now += 8
        return refusal(503, "SlowDown")()

    with (
        limited(Budget(8, clock=clock)),
        answering("GetBucketVersioning", busy),
        pytest.raises(StorageUnavailable),
    ):
        versioning.read(photo_bucket)

    assert len(asked) == 1


@pytest.mark.servers
def test_threads_of_a_page_are_on_its_budget(photo_bucket: str) -> None:
    with limited(Budget(0)):
        found = ask_all({"first": lambda: versioning.read(photo_bucket)})

    assert isinstance(found["first"], StorageUnavailable)


@pytest.mark.servers
def test_healthy_store_is_asked_as_ever(photo_bucket: str) -> None:
    with limited(Budget(8)):
        objects.put(photo_bucket, "patience/a", b"bytes", content_type="text/plain", overwrite=True)

        assert objects.first_bytes(photo_bucket, "patience/a", 2) == b"by"
        assert b"".join(objects.stream(photo_bucket, "patience/a")) == b"bytes"
