"""The page at `/` in a real Chromium: sign in, ask, read the verdict."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.content_credentials import CAMERA, make_states
from tests.end_to_end.conftest import AUTHORITY, Product
from tests.pictures import as_jpeg, photograph
from tests.unit.images.provenance.carriers import WEB_UI

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
    expect(page.locator("#answer")).to_be_visible(timeout=90_000)
    expect(page.locator("#verdict-label")).not_to_be_empty()
    expect(page.locator("#evidence")).to_contain_text("of 1,000 real photographs")
    expect(page.locator("#limits")).to_contain_text("not proof")
    assert page.evaluate("document.getElementById('picture').naturalWidth") == 512
    if path := os.environ.get("NTF_SCREENSHOT"):
        page.screenshot(path=Path(path), full_page=True)
    page.get_by_role("button", name="Show heatmap").click()
    expect(page.get_by_role("button", name="Show image")).to_have_attribute("aria-pressed", "true")


def test_a_picture_that_looks_like_an_earlier_one_is_shown_beside_it(page: Page) -> None:
    for quality in (90, 55):
        content = as_jpeg(photograph(), quality)
        picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": content}
        with page.expect_response("**/similar", timeout=90_000):
            page.set_input_files("#file", picture)
    expect(page.locator("#similar")).to_contain_text("of 256 bits differ")
    assert page.locator("#similar a").first.get_attribute("href").startswith("/pictures/")


WORDS_OF_STATES = {
    "none": "carries no content credentials",
    "trusted": "this service trusts the issuer. They say: made by a generative AI model",
    "unknown_issuer": "this service does not know the issuer",
    "expired": "the certificate that signed them is no longer valid",
    "invalid": "changed after signing",
}


@pytest.mark.parametrize("state", WORDS_OF_STATES)
def test_each_state_of_content_credentials_has_its_words(page: Page, state: str) -> None:
    show(page, make_states(as_jpeg(photograph()), AUTHORITY)[state])
    line = page.locator(f"#declared li[data-state={state}]")
    expect(line).to_have_count(1)
    expect(line).to_contain_text(WORDS_OF_STATES[state])
    expect(line).to_contain_text("trust list of 2026-11-01, 1 authority")
    take_screenshot(page, state)


def test_a_contradiction_with_the_pixels_is_said_as_one(page: Page) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", "EOS R5"
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + WEB_UI.encode("utf-16-be")
    out = io.BytesIO()
    Image.fromarray(photograph()).save(out, "JPEG", quality=90, exif=exif)
    page.route("**/v1/checks**", answer_as_if_the_pixels_showed_no_ai)
    show(page, AUTHORITY.sign(out.getvalue(), CAMERA))
    declared = page.locator("#declared li")
    expect(declared).to_have_count(3)
    expect(declared.nth(0)).to_contain_text("captured by a camera")
    expect(declared.nth(1)).to_contain_text("Contradicts the pixels. The file holds the settings")
    expect(declared.nth(2)).to_contain_text("name a camera, Canon EOS R5")
    expect(page.locator(".contradiction")).to_have_count(1)
    expect(page.locator("#evidence li")).to_have_count(1)
    expect(page.locator("#verdict-meaning")).to_contain_text("do not agree")
    take_screenshot(page, "contradiction")


def answer_as_if_the_pixels_showed_no_ai(route: Route) -> None:
    """What the shipped detector says of a photograph is not what is tested here."""
    response = route.fetch()
    body = response.json()
    if body.get("verdict"):
        body["verdict"]["label"] = "uncertain"
        for line in body["verdict"]["evidence"]:
            line["contradicts_pixels"] = line["kind"] == "generator_text"
    route.fulfill(response=response, json=body)


def show(page: Page, content: bytes) -> None:
    picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": content}
    page.set_input_files("#file", picture)
    expect(page.locator("#answer")).to_be_visible(timeout=90_000)


def take_screenshot(page: Page, name: str) -> None:
    """For a person to look at: a file beside the one that NTF_SCREENSHOT names."""
    if path := os.environ.get("NTF_SCREENSHOT"):
        page.screenshot(path=Path(path).with_stem(name), full_page=True)


def test_an_address_works_by_keyboard_alone(page: Page, image_host: str) -> None:
    page.locator("#url").focus()
    page.keyboard.type(f"{image_host}/a.jpg")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_visible(timeout=90_000)
    expect(page.locator("#result-title")).to_be_focused()


def test_what_is_no_image_is_said_in_words(page: Page, image_host: str) -> None:
    page.fill("#url", f"{image_host}/not.jpg")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#problem")).to_contain_text("not an image", timeout=90_000)
    expect(page.locator("#answer")).to_be_hidden()


def test_a_phone_needs_no_sideways_scrolling(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
