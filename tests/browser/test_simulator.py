"""The phone simulator in a real browser: a call by mouse, and one by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PageMaker, axe_violations, screenshot

TOPIC = "Jeg vil søge byggetilladelse til en carport"
# What the page would speak is written down instead: the machine has no loudspeaker.
LISTEN_IN = """
window.spoken = [];
window.cancelled = 0;
speechSynthesis.speak = (speech) => window.spoken.push([speech.lang, speech.text]);
speechSynthesis.cancel = () => { window.cancelled += 1; };
"""


def call(page: Page) -> None:
    page.get_by_role("button", name="Ring op").click()
    expect(page.get_by_role("status")).to_have_text("I samtale")
    expect(page.get_by_role("log", name="Samtalen")).to_contain_text("Velkommen til")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_call_from_dialling_to_the_text_message(browser_page: PageMaker, size: str) -> None:
    page = browser_page("/demo/phone", size=size)
    expect(page.get_by_role("heading", name="Telefonsimulator")).to_be_visible()
    assert axe_violations(page) == []
    screenshot(page, f"simulator-ready-{size}")

    call(page)
    log = page.get_by_role("log", name="Samtalen")
    page.get_by_label("Det, borgeren siger").fill(TOPIC)
    page.get_by_role("button", name="Sig det").click()
    expect(log).to_contain_text("Byggesager ringer til dig på 20 30 40 50")
    assert axe_violations(page) == []
    screenshot(page, f"simulator-call-{size}")

    page.get_by_role("button", name="1", exact=True).click()
    expect(log).to_contain_text("Dit henvendelsesnummer er")
    expect(log).to_contain_text("Linjen lagde på")
    expect(page.get_by_role("status")).to_have_text("Samtalen er slut")
    texts = page.get_by_role("log", name="Sms'er på denne telefon")
    expect(texts).to_contain_text("Byggesager ringer til dig", timeout=15_000)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert axe_violations(page) == []
    screenshot(page, f"simulator-done-{size}")

    # The reference that was said is the one that was written, and its link works.
    digits = re.search(r"er (\d \d \d), (\d \d \d), (\d \d \d)", log.inner_text())
    assert digits is not None
    written = " ".join(three.replace(" ", "") for three in digits.groups())
    expect(texts).to_contain_text(f"Nr. {written}")
    texts.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/status"))


def test_a_call_with_the_keyboard_alone(browser_page: PageMaker) -> None:
    page = browser_page("/demo/phone")
    page.get_by_label("Ringer fra").select_option("anonymous")
    button = page.get_by_role("button", name="Ring op")
    button.focus()
    page.keyboard.press("Enter")
    log = page.get_by_role("log", name="Samtalen")
    expect(log).to_contain_text("Velkommen til")
    log.focus()
    page.keyboard.press("7")
    expect(log).to_contain_text("Tast det telefonnummer")
    for key in "31415161":
        page.keyboard.press(key)
        expect(page.locator("[data-typed]")).to_have_text(re.compile(f"{key}$"))
    page.keyboard.press("#")
    expect(log).to_contain_text("ringer til dig på 31 41 51 61")
    field = page.get_by_label("Det, borgeren siger")
    field.focus()
    page.keyboard.type("ja tak")
    page.keyboard.press("Enter")
    expect(log).to_contain_text("Dit henvendelsesnummer er")


def test_english_and_speaking_aloud(browser_page: PageMaker) -> None:
    page = browser_page("/demo/phone?lang=en")
    expect(page.get_by_role("heading", name="Phone simulator")).to_be_visible()
    page.evaluate(LISTEN_IN)
    page.get_by_label("Speak aloud").check()
    page.get_by_role("button", name="Call", exact=True).click()
    log = page.get_by_role("log", name="The conversation")
    expect(log).to_contain_text("For English, press 9.")
    assert ["da-DK", "Velkommen til Frederikssund Kommune."] in page.evaluate("spoken")
    interrupted = page.evaluate("cancelled")
    page.get_by_role("button", name="9", exact=True).click()
    expect(log).to_contain_text("Welcome to Frederikssund Kommune.")
    # A key interrupts what is being said.
    assert page.evaluate("cancelled") > interrupted
    assert ["en-GB", "Welcome to Frederikssund Kommune."] in page.evaluate("spoken")
    page.get_by_role("button", name="Say nothing").click()
    expect(log).to_contain_text("Sorry, I did not hear anything.")
    page.get_by_role("button", name="Hang up").click()
    expect(log).to_contain_text("You hung up")
    expect(page.get_by_role("status")).to_have_text("The call has ended")
    screenshot(page, "simulator-english-desktop")


def test_a_text_message_to_us(browser_page: PageMaker) -> None:
    page = browser_page("/demo/phone")
    page.get_by_label("Ringer fra").select_option("")
    page.get_by_label("Nummer", exact=True).fill("abc")
    page.get_by_label("Sms til kommunen").fill("Min skraldespand er ikke tømt")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("landekode")
    page.get_by_label("Nummer", exact=True).fill("+45 31 41 51 61")
    page.get_by_role("button", name="Send").click()
    texts = page.get_by_role("log", name="Sms'er på denne telefon")
    expect(texts).to_contain_text("Min skraldespand er ikke tømt")
    expect(texts).to_contain_text("Tak for din besked.")
    assert axe_violations(page) == []
