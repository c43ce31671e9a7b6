"""The citizen's pages in a real browser: use, accessibility, looks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SIZES, PageMaker, axe_violations, screenshot

TEXT = (
    "Jeg vil gerne bygge en carport. Skal jeg søge om tilladelse først, og hvor lang tid "
    "tager det?\n\nDen skal stå 1 meter fra skel."
)


def fill(page: Page) -> None:
    page.fill("#text", TEXT)
    page.fill("#subject", "Carport tæt på skel")
    page.fill("#name", "Ane Åkjær")
    page.fill("#email", "ane@eksempel.dk")
    page.fill("#phone", "20 30 40 50")
    page.check("#call_me")


def send(page: Page) -> None:
    page.locator("form button.button-primary[type=submit]").first.click()


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("size", list(SIZES))
def test_the_whole_way_is_accessible(browser_page: PageMaker, size: str, language: str) -> None:
    more = "" if language == "da" else "?lang=en"
    page = browser_page(f"/{more}", size=size)

    def look(name: str) -> None:
        assert axe_violations(page) == []
        assert page.get_attribute("html", "lang") == language
        # Nothing to scroll sideways for.
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        screenshot(page, f"web-{name}-{language}-{size}")

    look("form")
    page.fill("#email", "ikke en mail")
    page.check("#call_me")
    send(page)
    expect(page.locator("#error-summary")).to_be_focused()
    look("form-errors")
    fill(page)
    with page.expect_response("**/tider**"):
        page.select_option("#department", "byg")
    expect(page.locator(".house-times")).to_contain_text(
        "Byggesager" if language == "da" else "Building Permits"
    )
    page.select_option("#slot", index=8)
    look("form-times")
    send(page)
    expect(page.locator("#access-code")).to_be_visible()
    assert page.url.endswith(f"/kvittering{more}")
    look("receipt")
    reference, code = page.inner_text("#reference"), page.inner_text("#access-code")
    page.goto(f"/status{more}")
    look("status-ask")
    page.fill("#reference", reference)
    page.fill("#code", code.lower())
    send(page)
    page.fill("#text", "Jeg glemte at skrive, at det er Havnegade 4.")
    send(page)
    expect(page.locator("[role=status]")).to_be_visible()
    look("status")
    page.click("#change-time")
    expect(page.locator("#error-summary")).to_be_focused()
    look("status-no-time")
    page.select_option("#slot", index=12)
    page.click("#change-time")
    expect(page.locator("[role=status]")).to_be_visible()
    look("status-changed")
    page.click("#withdraw")
    look("withdraw")
    send(page)
    expect(page.locator("[role=status]")).to_be_visible()
    expect(page.locator("#slot")).to_have_count(0)
    look("status-withdrawn")
    for path in ("/tilgaengelighed", "/privatliv", "/findes-ikke"):
        page.goto(f"{path}{more}")
        look(path.strip("/"))


def test_without_javascript(browser_page: PageMaker) -> None:
    page = browser_page("/", javascript=False)
    expect(page.locator("#slot")).to_be_visible()
    page.select_option("#department", "byg")
    page.click("[name=show_times]")
    expect(page.locator(".house-times")).to_contain_text("Byggesager")
    assert page.input_value("#department") == "byg"
    send(page)
    expect(page.locator("#error-summary")).to_be_visible()
    page.click('#error-summary a[href="#text"]')
    fill(page)
    page.select_option("#slot", index=8)
    send(page)
    expect(page.locator("#access-code")).to_be_visible()
    expect(page.locator("[data-print]")).to_be_hidden()
    send(page)
    page.fill("#text", "Uden JavaScript.")
    send(page)
    expect(page.locator("main")).to_contain_text("Uden JavaScript.")
    page.select_option("#slot", index=10)
    page.click("#change-time")
    expect(page.locator("[role=status]")).to_contain_text("Den nye tid er aftalt")
    page.click("#withdraw")
    page.click("text=Nej, behold opringningen")
    page.click("#withdraw")
    send(page)
    expect(page.locator("[role=status]")).to_contain_text("Vi ringer ikke til dig")


def test_with_the_keyboard_alone(browser_page: PageMaker) -> None:
    page = browser_page("/")
    page.keyboard.press("Tab")
    skip = page.locator("a.skipnav")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#text")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.type("Hvornår henter I haveaffald?")
    for _ in range(6):
        page.keyboard.press("Tab")
    expect(page.locator("#phone")).to_be_focused()
    page.keyboard.type("20304050")
    page.keyboard.press("Tab")
    expect(page.locator("#call_me")).to_be_focused()
    expect(page.locator("#slot")).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.locator("#slot")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#slot")).to_be_focused()
    page.keyboard.press("ArrowDown")
    assert page.input_value("#slot").startswith("20")
    page.keyboard.press("Tab")
    expect(page.locator("#no_calls")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#access-code")).to_be_visible()


def test_enter_sends_and_shows_no_times(browser_page: PageMaker) -> None:
    page = browser_page("/", javascript=False)
    page.fill("#text", TEXT)
    page.fill("#subject", "Carport")
    page.press("#subject", "Enter")
    expect(page.locator("#access-code")).to_be_visible()


def test_one_who_cannot_be_called_is_answered_in_writing(browser_page: PageMaker) -> None:
    page = browser_page("/")
    page.fill("#text", TEXT)
    page.check("#no_calls")
    page.fill("#phone", "20 30 40 50")
    page.check("#call_me")
    send(page)
    expect(page.locator("#no_calls-error")).to_be_visible()
    assert axe_violations(page) == []
    page.uncheck("#call_me")
    send(page)
    expect(page.locator("main")).to_contain_text("svarer dig senest")
    send(page)
    expect(page.locator("main")).to_contain_text("du ikke kan ringes op")


def test_errors_lead_to_their_fields(browser_page: PageMaker) -> None:
    page = browser_page("/")
    page.fill("#subject", "Beholdes")
    send(page)
    page.click('#error-summary a[href="#text"]')
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator("#subject")).to_have_value("Beholdes")
    assert page.title().startswith("Fejl:")


def test_pressed_twice_is_one_contact(browser_page: PageMaker) -> None:
    page = browser_page("/")
    fill(page)
    page.dblclick("form button.button-primary[type=submit]")
    first = page.inner_text("#reference")
    # Back with the browser's own button, and sent again: the same sheet.
    page.go_back()
    expect(page.locator("#text")).to_have_value(TEXT)
    send(page)
    assert page.inner_text("#reference") == first


def test_at_200_percent_and_at_320_pixels(browser_page: PageMaker) -> None:
    # 200 % of a 1280 pixel window is a 640 pixel window; 320 is WCAG 1.4.10.
    for width in (640, 320):
        page = browser_page("/")
        page.set_viewport_size({"width": width, "height": 600})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        fill(page)
        send(page)
        expect(page.locator("#access-code")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_receipt_prints_on_one_page_without_buttons(browser_page: PageMaker) -> None:
    page = browser_page("/")
    fill(page)
    send(page)
    expect(page.locator("#access-code")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("#reference")).to_be_visible()
    expect(page.locator("#access-code")).to_be_visible()
    for gone in ("nav", "form button", "[data-print]", ".skipnav"):
        expect(page.locator(gone).first).to_be_hidden()
    screenshot(page, "web-receipt-print")
