"""A real browser on a real server. Skipped, with the reason, where there is no browser; never in CI.

Playwright's synchronous API leaves an event loop running in its thread, and Django refuses
its ORM there: the browser therefore lives only as long as this package's tests, and these
tests talk to the portal as a person does, through its pages.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.server import Server, prepared_environment, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize

DESKTOP: "ViewportSize" = {"width": 1440, "height": 900}
PHONE: "ViewportSize" = {"width": 390, "height": 844}
PASSWORD = "correct-horse-battery"
PATIENCE_MS = 10_000
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
# WCAG 2.2 AA holds all of these.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Runs before any script of the page: what the policy refuses is counted also where the console is silent.
WATCH_POLICY = """
window.portalViolations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.portalViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


def browser_path() -> str:
    """Return Debian's chromium; skip, or fail in CI, where something is missing."""
    path = next((found for found in map(shutil.which, NAMES) if found), None)
    lacking = [
        name
        for name, is_there in (
            ("chromium (apt-get install chromium)", path),
            ("playwright (pip install -r requirements-dev.txt)", find_spec("playwright")),
            ("axe (pip install -r requirements-dev.txt)", find_spec("axe_playwright_python")),
        )
        if not is_there
    ]
    if path and not lacking:
        return path
    reason = f"no browser tests without {', '.join(lacking)}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="package")
def browser() -> "Iterator[Browser]":
    """One chromium for all browser tests; each test gets a window of its own."""
    path = browser_path()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the tests run without it too

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def portal(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The portal as a process, with an account for each role (see `prepare`)."""
    environment = prepared_environment(tmp_path_factory.mktemp("portal"))
    with serving(environment) as server:
        yield server


@dataclass
class Windows:
    """Opens windows and collects what went wrong in them."""

    browser: "Browser"
    server: Server
    signed_in: dict[str, Any]
    open: "list[Page]" = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    # Console lines that a test expects, as parts of their text.
    expected: list[str] = field(default_factory=list)

    def __call__(
        self, account: str | None = "boss", *, size: "ViewportSize" = DESKTOP, **options: Any
    ) -> "Page":
        """Open a window, signed in as `account` (None: nobody), on no page yet; paths are enough for `goto`.

        `options` go to Playwright's `new_context`: `color_scheme`, `timezone_id` ...
        """
        if account is not None and account not in self.signed_in:
            self.signed_in[account] = self._sign_in(account)
        context = self.browser.new_context(
            base_url=self.server.url,
            viewport=size,
            storage_state=self.signed_in[account] if account else None,
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH_POLICY)
        page = context.new_page()
        page.on("console", lambda line: self._note_line(page, line))
        page.on("pageerror", lambda error: self._note(page, str(error)))
        page.on("load", self.note_violations)
        self.open.append(page)
        return page

    def _note_line(self, page: "Page", line: "ConsoleMessage") -> None:
        if line.type in {"error", "warning"}:
            self._note(page, line.text)

    def _note(self, page: "Page", text: str) -> None:
        if not any(part in text for part in self.expected):
            self.troubles.append(f"{page.url}: {text}")

    def note_violations(self, page: "Page") -> None:
        """Take over what the page's policy has refused so far."""
        for violation in page.evaluate("(window.portalViolations || []).splice(0)"):
            self._note(page, f"policy violation: {violation}")

    def _sign_in(self, account: str) -> Any:
        context = self.browser.new_context(base_url=self.server.url)
        page = context.new_page()
        page.goto("/admin/login/")
        page.fill("#id_username", account)
        page.fill("#id_password", PASSWORD)
        page.click("#login-form [type=submit]")
        page.wait_for_selector("#portal-nav")
        state = context.storage_state()
        context.close()
        return state


@pytest.fixture(scope="package")
def signed_in() -> dict[str, Any]:
    """Cookies by account: each signs in through the form once."""
    return {}


@pytest.fixture
def window(browser: "Browser", portal: Server, signed_in: dict[str, Any]) -> Iterator[Windows]:
    """Open windows: `window("cora")`. Console errors and policy violations in any of them fail the test."""
    windows = Windows(browser, portal, signed_in)
    yield windows
    for page in windows.open:
        windows.note_violations(page)
        page.context.close()
    assert not windows.troubles, "\n".join(windows.troubles)


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core's own code, from the package that carries it: nothing is fetched."""
    browser_path()
    found = find_spec("axe_playwright_python")
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def axe(axe_source: str) -> "Callable[[Page], list[str]]":
    """Return what axe finds on the open page against WCAG 2.2 AA, a line for each finding."""

    def run(page: "Page") -> list[str]:
        # Runs through the debugger's door, which the page's policy does not close.
        page.evaluate(axe_source)
        # Without preload: it would write style elements, which the policy refuses.
        found = page.evaluate("tags => axe.run(document, {runOnly: tags, preload: false})", AXE_TAGS)
        return [
            f"{page.url} {violation['id']}: {node['html'][:200]}\n    {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return run
