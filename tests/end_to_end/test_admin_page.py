"""The admin page in a real Chromium: an invitation by keyboard, up to a key that opens."""

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from tests.end_to_end.conftest import Product
from tests.end_to_end.test_page import ARGUMENTS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("name", ["Reviews", "Models", "Policies", "People and keys"])
def test_each_page_of_the_site_is_sound_on_a_phone(
    product: Product, chromium: str, name: str
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 375, "height": 800})
        page.goto(f"{product.address}/#key={product.key}")
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        browser.close()


def test_an_admin_invites_by_keyboard_and_the_guest_gets_a_key(
    product: Product, chromium: str
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 375, "height": 800})
        page.goto(f"{product.address}/#key={product.key}")
        page.get_by_role("link", name="People and keys").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="People and keys")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.locator("#invited").focus()
        page.keyboard.type("Guest")
        page.keyboard.press("Enter")
        link = page.get_by_label("Copy it now: it is shown this once.").input_value()
        guest = browser.new_context().new_page()
        guest.goto(link)
        expect(guest.get_by_role("main")).to_contain_text("one key for Guest")
        guest.get_by_role("button", name="Make my key").click()
        key = guest.get_by_label("Key").input_value()
        browser.close()
    answer = requests.get(
        f"{product.address}/v1/models", headers={"Authorization": f"Bearer {key}"}, timeout=10
    )
    assert answer.status_code == 200
