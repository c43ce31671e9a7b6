"""The demo mailbox in a real browser: write to the municipality, read the answer."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PageMaker, axe_violations, screenshot


def write(page: Page, text: str = "Hvornår bliver mit pas færdigt?") -> None:
    page.get_by_label("Dit navn").fill("Mette Sørensen")
    page.get_by_label("Din mailadresse").fill("mette@post.example")
    page.get_by_label("Emne").fill("Mit pas")
    page.get_by_label("Besked").fill(text)
    page.get_by_role("button", name="Send").click()


def answered(page: Page) -> None:
    """Open the receipt as soon as it has come."""
    for _ in range(60):
        page.goto("/demo/mail?to=mette@post.example")
        link = page.get_by_role("link", name="Vi har modtaget din henvendelse").first
        if link.is_visible():
            link.click()
            return
        page.wait_for_timeout(250)
    raise AssertionError("no receipt came")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_mail_goes_in_and_its_answer_can_be_read(
    browser_page: PageMaker,
    size: str,
) -> None:
    page = browser_page("/demo/mail", size=size)
    expect(page.get_by_role("heading", name="Demo-postkasse")).to_be_visible()
    assert axe_violations(page) == []
    write(page)
    expect(page.get_by_role("status")).to_contain_text("har modtaget din mail")
    answered(page)
    expect(page.get_by_role("heading", name="Vi har modtaget din henvendelse")).to_be_visible()
    expect(page.locator(".demo-text")).to_contain_text("Tak for din henvendelse")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Tak for din henvendelse")).to_be_visible()
    page.get_by_text("Alle headere").first.click()
    assert axe_violations(page) == []
    screenshot(page, f"demo-mail-message-{size}")
    page.goto("/demo/mail")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    screenshot(page, f"demo-mail-list-{size}")


def test_an_answer_starts_where_the_mail_program_would_start_it(browser_page: PageMaker) -> None:
    page = browser_page("/demo/mail")
    write(page)
    answered(page)
    page.get_by_role("link", name="Svar som modtageren").click()
    assert page.get_by_label("Til", exact=True).input_value().startswith("svar+")
    assert page.get_by_label("Emne").input_value().startswith("SV: Vi har modtaget")
    page.get_by_label("Besked").fill("Tak, det haster ikke.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("har modtaget din mail")


def test_what_is_wrong_is_said_and_what_was_written_is_kept(
    browser_page: PageMaker,
) -> None:
    page = browser_page("/demo/mail")
    page.get_by_label("Besked").fill("Jeg glemte min adresse")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Skriv en mailadresse")
    expect(page.get_by_label("Besked")).to_have_value("Jeg glemte min adresse")
    assert axe_violations(page) == []
    page.get_by_label("Din mailadresse").fill("mette@post.example")
    page.get_by_label("Til", exact=True).fill("nogen@andetsted.example")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("afviste mailen (smtp_550)")


def test_the_keyboard_and_no_script_are_enough(browser_page: PageMaker) -> None:
    page = browser_page("/demo/mail", javascript=False)
    page.get_by_label("Din mailadresse").focus()
    page.keyboard.type("mette@post.example")
    for text in ("", "Emne", "Besked med tastaturet"):
        page.keyboard.press("Tab")
        if text:
            page.keyboard.type(text)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("har modtaget din mail")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_demo_start_page(
    browser_page: PageMaker,
    size: str,
) -> None:
    page = browser_page("/demo", size=size)
    assert axe_violations(page) == []
    screenshot(page, f"demo-{size}")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Try the entrance")).to_be_visible()
    page.locator("main").get_by_role("link", name="Mailbox").click()
    expect(page.get_by_role("heading", name="Demo mailbox")).to_be_visible()
