"""The page at `/reviews` in a real Chromium: by keyboard alone, and by two people at once."""

import os
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from cli.embedded import embedded_postgresql
from ntf.predictor import SHIPPED
from scans.database import open_sessions
from scans.keys import create_key, create_tenant_with_person
from scans.review_tables import Decision, Review
from tests.end_to_end.conftest import Product, free_port, start
from tests.end_to_end.test_page import ARGUMENTS
from tests.pictures import as_jpeg, noise, photograph

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ITEMS = 30
KEYS = "aru"
SAID = {"a": "ai", "r": "real", "u": "unsure"}


@dataclass
class Queue:
    """A product whose database the test sees, too."""

    product: Product
    sessions: sessionmaker[Session]

    def make_key(self, person: str, role: str = "moderator") -> str:
        with self.sessions.begin() as session:
            someone = create_tenant_with_person(session, "default", person)
            return create_key(session, someone, name="test", role=role)

    def fill(self, contents: list[bytes]) -> None:
        """Send images, and appeal each verdict."""
        for content in contents:
            self.send("checks?wait=0", files={"image": content})
        for content in contents:
            # The same bytes join the open check; each answer is held until it has ended.
            while (check := self.send("checks", files={"image": content}))["status"] != "done":
                assert check["status"] != "failed", check
            self.send(f"checks/{check['id']}/appeal", json={"reason": "this is my own photograph"})

    def send(self, path: str, **body: Any) -> dict[str, Any]:
        headers = self.product.headers
        answer = requests.post(
            f"{self.product.address}/v1/{path}", headers=headers, timeout=30, **body
        )
        assert answer.ok, answer.text
        return answer.json()

    def decisions(self) -> list[tuple[str, str, str]]:
        """Review, person and word of each decision that stands."""
        with self.sessions.begin() as session:
            rows = session.scalars(select(Decision).where(Decision.undone_at.is_(None))).all()
            return [(str(row.review_id), row.person.name, row.says) for row in rows]

    def count_waiting(self) -> int:
        with self.sessions.begin() as session:
            waiting = select(func.count()).select_from(Review).where(Review.status == "waiting")
            return session.scalar(waiting) or 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    root = tmp_path_factory.mktemp("reviews")
    with embedded_postgresql(root / "postgresql") as database_url:
        product = start(
            root / "var",
            free_port(),
            root / "log",
            NTF_DATABASE_URL=database_url,
            # What the detector says is not what these tests are about.
            NTF_MODEL_PATH=str(SHIPPED.with_name("ntf-tiny")),
            NTF_REVIEW_SPOT_CHECK_SHARE="0",
        )
        try:
            product.wait_until_ready()
            sessions = open_sessions(
                database_url.replace("postgresql://", "postgresql+psycopg://", 1)
            )
            yield Queue(product, sessions)
            sessions.kw["bind"].dispose()
        finally:
            product.stop()


@pytest.fixture
def queue(running: Queue) -> Iterator[Queue]:
    """An empty queue."""
    yield running
    with running.sessions.begin() as session:
        for review in session.scalars(select(Review).where(Review.status == "waiting")):
            review.status, review.outcome, review.decided_at = "decided", "unsure", func.now()


@pytest.fixture
def browser(chromium: str) -> Iterator[Browser]:
    # Each waits for an event; how long that takes on a busy machine is not what is tested.
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(queue: Queue, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Opens the reviews as a moderator of this name; an error in its log fails the test."""
    errors: list[str] = []

    def open_as(person: str) -> Page:
        page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{queue.product.address}/#key={queue.make_key(person)}")
        page.get_by_role("link", name="Reviews").click()
        expect(page.get_by_role("heading", name="Reviews", exact=True)).to_be_visible()
        return page

    yield open_as
    assert errors == []


def shown(page: Page) -> str | None:
    """The item on the screen."""
    return page.evaluate("document.querySelector('.review')?.dataset.review ?? null")


def press(page: Page, key: str) -> str:
    """Press a key once an item is there, and wait until it is gone. Returns which it was."""
    item = shown(page)
    assert item is not None
    page.keyboard.press(key)
    expect(page.locator(f".review[data-review='{item}']")).to_have_count(0)
    wait_for_something(page)
    return item


def wait_for_something(page: Page) -> None:
    """Until an item is there, or the word that there is none."""
    expect(page.locator(".review, #nothing:not([hidden])")).to_have_count(1)


def wait_for_item(page: Page, item: str) -> None:
    expect(page.locator(f".review[data-review='{item}']")).to_be_visible()


def test_thirty_items_by_keyboard_alone(queue: Queue, open_page: Callable[[str], Page]) -> None:
    queue.fill([as_jpeg(noise(1000 + turn)) for turn in range(ITEMS)])
    page = open_page("Ada")
    page.wait_for_selector(".review")
    expected = set()
    for turn in range(ITEMS):
        key = KEYS[turn % len(KEYS)]
        expected.add((press(page, key), "Ada", SAID[key]))
    expect(page.locator("#nothing")).to_be_visible()
    expect(page.locator("[data-count=all]")).to_have_text("0")
    assert {row for row in queue.decisions() if row[1] == "Ada"} == expected
    times = page.evaluate(
        "performance.getEntriesByName('key to next image').map(({duration}) => duration)"
    )
    assert len(times) == ITEMS - 1
    median_ms, longest_ms = statistics.median(times), max(times)
    sys.stdout.write(f"\nkey to next image: median {median_ms:.0f}, longest {longest_ms:.0f} ms\n")


def test_two_people_at_once_never_see_the_same_item(
    queue: Queue, open_page: Callable[[str], Page]
) -> None:
    queue.fill([as_jpeg(noise(2000 + turn)) for turn in range(16)])
    pages = [open_page("Grace"), open_page("Alan")]
    seen: dict[int, list[str]] = {0: [], 1: []}
    for page in pages:
        wait_for_something(page)
    while any(not page.locator("#nothing").is_visible() for page in pages):
        for number, page in enumerate(pages):
            if not page.locator("#nothing").is_visible():
                seen[number].append(press(page, "r"))
    assert not set(seen[0]) & set(seen[1])
    assert seen[0]
    assert seen[1]
    assert len(seen[0]) + len(seen[1]) == 16
    for page in pages:
        page.wait_for_load_state("networkidle")  # what was decided last is on its way
    by_person = {person: row for row, person, _ in queue.decisions() if person != "Ada"}
    assert set(by_person) == {"Grace", "Alan"}
    assert queue.count_waiting() == 0


def test_undo_skip_heatmap_zoom_and_notes(queue: Queue, open_page: Callable[[str], Page]) -> None:
    queue.fill([as_jpeg(photograph()), as_jpeg(noise(3001))])
    page = open_page("Barbara")
    page.wait_for_selector(".review")
    first = press(page, "s")
    second = shown(page) or ""
    page.get_by_label("Reason, if you like").fill("aria")  # letters in a field decide nothing
    assert shown(page) == second
    page.get_by_role("button", name="AI-made").click()
    wait_for_item(page, first)
    page.keyboard.press("z")
    wait_for_item(page, second)
    assert [row for row in queue.decisions() if row[1] == "Barbara"] == []
    page.keyboard.press("h")
    expect(page.locator(".review .heat")).to_be_visible()
    expect(page.locator(".review .seen")).to_be_hidden()
    page.keyboard.press("h")
    narrow = page.locator(".review .seen").evaluate("image => image.clientWidth")
    page.keyboard.press("+")
    assert page.locator(".review .seen").evaluate("image => image.clientWidth") > 1.5 * narrow
    expect(page.locator(".review")).to_contain_text("this is my own photograph")
    expect(page.locator(".review")).to_contain_text("What the pixels show")
    page.keyboard.press("-")
    if path := os.environ.get("NTF_SCREENSHOT"):
        page.screenshot(path=Path(path).with_stem("reviews"), full_page=True)
        page.set_viewport_size({"width": 820, "height": 1180})
        page.screenshot(path=Path(path).with_stem("reviews-tablet"), full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    for width in (1366, 820, 600):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_works_without_scripts(queue: Queue, browser: Browser) -> None:
    queue.fill([as_jpeg(noise(4001))])
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(queue.product.address)
    page.get_by_label("Key").fill(queue.make_key("Edsger"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Reviews").click()
    page.get_by_role("button", name="Take the next one").click()
    page.get_by_role("button", name="Real").click()
    expect(page.locator("#nothing")).to_be_visible()
    assert [row[2] for row in queue.decisions() if row[1] == "Edsger"] == ["real"]
    page.get_by_role("button", name="Undo the last decision").click()
    expect(page.locator(".review")).to_be_visible()
    assert [row[2] for row in queue.decisions() if row[1] == "Edsger"] == []


def test_a_form_without_its_token_decides_nothing(queue: Queue) -> None:
    browser = sign_in(queue, queue.make_key("Mallory"))
    forged = browser.post(f"{queue.product.address}/reviews/next", timeout=10)
    assert (forged.status_code, forged.json()["code"]) == (403, "form_forged")
    reader = sign_in(queue, queue.make_key("Reader", role="reader"))
    refused = reader.get(f"{queue.product.address}/reviews", timeout=10)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_insufficient")


def sign_in(queue: Queue, key: str) -> requests.Session:
    """A browser without scripts that has sent the form for the key."""
    browser = requests.Session()
    form = browser.get(f"{queue.product.address}/", timeout=10).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None
    data = {"key": key, "csrf_token": token[1]}
    assert browser.post(f"{queue.product.address}/session", data=data, timeout=10).ok
    return browser
