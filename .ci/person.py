"""Somebody who uses the portal over HTTP, as a browser would."""

import base64
import hashlib
import io
import json
import re
import time
import uuid
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

from PIL import Image

READY_SECONDS = 60
ANSWER_SECONDS = 30


class NotGiven(Exception):
    """The portal did not answer as it does to people."""


class FormFields(HTMLParser):
    """The fields of a page's forms, with the values that they show."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "select":
            self._select = name
            self.values.setdefault(name, "")
        elif tag == "option" and "selected" in found and self._select:
            self.values[self._select] = found.get("value", "")
        elif tag == "textarea" and name:
            self.values[name] = ""
        elif tag == "input" and name and self._is_filled(found):
            self.values[name] = found.get("value", "")

    @staticmethod
    def _is_filled(found: dict[str, str]) -> bool:
        kind = found.get("type", "text")
        if kind in {"checkbox", "radio"}:
            return "checked" in found
        return kind not in {"submit", "button", "file"}


class Person:
    """Somebody who has signed in."""

    def __init__(self, url: str, name: str, password: str) -> None:
        """Sign in. Raises NotGiven."""
        self._url = url
        self._cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies))
        self.get("/admin/login/")
        page = self.post("/admin/login/", {"username": name, "password": password, "next": "/admin/"})
        if 'name="password"' in page:
            raise NotGiven(f"{name} cannot sign in")

    @property
    def _token(self) -> str:
        return next(cookie.value or "" for cookie in self._cookies if cookie.name == "csrftoken")

    def get(self, path: str) -> str:
        with self._opener.open(self._url + path, timeout=ANSWER_SECONDS) as answer:
            return str(answer.read().decode())

    def post(self, path: str, fields: dict[str, str]) -> str:
        body = urlencode({**fields, "csrfmiddlewaretoken": self._token}).encode()
        with self._opener.open(self._url + path, body, timeout=ANSWER_SECONDS) as answer:
            return str(answer.read().decode())

    def ask(self, path: str, body: bytes, content_type: str = "application/json") -> dict:
        """POST as the upload script does, and return the JSON answer, a refusal's too."""
        headers = {"Content-Type": content_type, "Accept": "application/json", "X-CSRFToken": self._token}
        request = Request(self._url + path, body, headers)
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS) as answer:
                return dict(json.load(answer))
        except HTTPError as refusal:
            return dict(json.load(refusal))

    def add_pet(self, name: str) -> str:
        """Make a pet by the admin's own form; return its id."""
        fields = FormFields(self.get("/admin/pets/pet/add/")).values
        page = self.post("/admin/pets/pet/add/", {**fields, "name": name, "species": "dog", "_continue": "1"})
        marker = "/admin/pets/pet/"
        for piece in page.split(marker)[1:]:
            found = piece.split("/")[0]
            if len(found) == 36:
                return str(uuid.UUID(found))
        raise NotGiven(f"{name} was not added: {re.findall('errorlist.*', page)}")

    def upload_straight(self, pet: str, name: str, content: bytes) -> dict:
        """Announce, PUT to the store by the signed address, complete."""
        announced = {
            "pet": pet,
            "name": name,
            "size": len(content),
            "head": base64.b64encode(content[:4096]).decode(),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        signed = self.ask("/admin/photos/photo/upload/sign/", json.dumps(announced).encode())
        if not signed.get("url"):
            raise NotGiven(f"no address to upload {name} to: {signed}")
        # Not by the opener: the store must not need the portal's cookies.
        request = Request(signed["url"], content, signed["headers"], method="PUT")
        with urlopen(request, timeout=ANSWER_SECONDS) as answer:
            etag = answer.headers["ETag"]
        complete = {"photo": signed["photo"], "etag": etag}
        return self.ask("/admin/photos/photo/upload/complete/", json.dumps(complete).encode())

    def upload_by_form(self, pet: str, files: dict[str, bytes]) -> list[dict]:
        """Send many files through the portal; return one answer for each."""
        boundary = uuid.uuid4().hex
        field = f'--{boundary}\r\nContent-Disposition: form-data; name="'
        parts = [f'{field}pet"\r\n\r\n{pet}\r\n'.encode()]
        for name, content in files.items():
            head = f'{field}files"; filename="{name}"\r\nContent-Type: image/jpeg\r\n\r\n'
            parts.append(head.encode() + content + b"\r\n")
        body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
        answer = self.ask(
            "/admin/photos/photo/upload/", body, content_type=f"multipart/form-data; boundary={boundary}"
        )
        return list(answer["answers"])

    def wait_until_settled(self, photo: str) -> dict:
        """Return how the photo stands once the worker is done with it."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            [found] = json.loads(self.get(f"/admin/photos/photo/upload/status/?ids={photo}"))["photos"]
            if found["settled"] or time.monotonic() > deadline:
                return dict(found)
            time.sleep(0.5)

    def picture(self, address: str) -> Image.Image:
        """Fetch a picture from where the page shows it."""
        url = address if "://" in address else self._url + address
        opener = self._opener.open if url.startswith(self._url) else urlopen
        with opener(url, timeout=ANSWER_SECONDS) as answer:
            return Image.open(io.BytesIO(answer.read()))
