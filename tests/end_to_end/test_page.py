"""The page at `/` in a real Chromium: sign in, ask, read the verdict."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.end_to_end.conftest import Product
from tests.pictures import as_jpeg, photograph

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def page(product: Product, chromium: str) -> Iterator[Page]:
    """A signed-in page; whatever it logs as an error fails the test."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        errors: list[str] = []
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{product.address}/#key={product.key}")
        expect(page.get_by_role("heading", name="Is this image AI-made?")).to_be_visible()
        yield page
        browser.close()
    assert errors == []


def test_the_key_is_gone_from_the_address_after_signing_in(page: Page, product: Product) -> None:
    assert page.url == f"{product.address}/"


def test_a_chosen_file_gets_a_verdict_with_a_heatmap(page: Page) -> None:
    picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": as_jpeg(photograph())}
    page.set_input_files("#file", picture)
    expect(page.locator("#answer")).to_be_visible(timeout=20_000)
    expect(page.locator("#verdict-label")).not_to_be_empty()
    expect(page.locator("#evidence")).to_contain_text("of 1,000 real photographs")
    expect(page.locator("#limits")).to_contain_text("not proof")
    assert page.evaluate("document.getElementById('picture').naturalWidth") == 512
    if path := os.environ.get("NTF_SCREENSHOT"):
        page.screenshot(path=Path(path), full_page=True)
    page.get_by_role("button", name="Show heatmap").click()
    expect(page.get_by_role("button", name="Show image")).to_have_attribute("aria-pressed", "true")


def test_an_address_works_by_keyboard_alone(page: Page, image_host: str) -> None:
    page.locator("#url").focus()
    page.keyboard.type(f"{image_host}/a.jpg")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_visible(timeout=20_000)
    expect(page.locator("#result-title")).to_be_focused()


def test_what_is_no_image_is_said_in_words(page: Page, image_host: str) -> None:
    page.fill("#url", f"{image_host}/not.jpg")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#problem")).to_contain_text("not an image", timeout=20_000)
    expect(page.locator("#answer")).to_be_hidden()


def test_a_phone_needs_no_sideways_scrolling(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
