"""The desk in a real browser: seen at both sizes and in both languages, and worked in."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PageMaker, axe_violations, screenshot
from tests.running import Running

Arrive = Callable[..., str]
RUNS = "document.documentElement.dataset.broken=1"
BAD = f"<script>{RUNS}</script><img src=x onerror='{RUNS}'>"


@pytest.fixture
def arrive(running: Running) -> Arrive:
    """Lets a citizen write; answers the reference."""

    def send(text: str = "Jeg vil gerne forny mit pas inden ferien.", **given: Any) -> str:
        body = {
            "channel": "web",
            "name": "Karin Holm",
            "phone": "20304050",
            "subject": "Nyt pas",
            "text": text,
        } | given
        request = urllib.request.Request(
            f"{running.base_url}/api/v1/contacts",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.load(answer)["reference"])

    return send


@pytest.fixture
def desk(browser_page: PageMaker) -> Callable[..., Page]:
    """Opens a desk with somebody logged in."""

    def open_one(person: str = "Lone Hvideklit", language: str = "da", **more: Any) -> Page:
        page = browser_page("/desk?lang=en" if language == "en" else "/desk", **more)
        page.get_by_label("Who are you?" if language == "en" else "Hvem er du?").select_option(
            label=person
        )
        page.get_by_role("button", name="Log in" if language == "en" else "Log ind").click()
        page.wait_for_url(re.compile(r"/desk(\?|$)"))
        return page

    return open_one


def _fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_page_is_accessible_and_fits(
    browser_page: PageMaker,
    desk: Callable[..., Page],
    arrive: Arrive,
    size: str,
    language: str,
) -> None:
    arrive(callback={"phone": "20304050"})
    arrive("Min nabo brænder affald i haven.", subject="Røg fra naboen", name="Bo Ager")
    arrive(subject="", text="Hej. " + "Et langt ord: " + "a" * 90, name="")
    login = browser_page(f"/desk/login?lang={language}", size=size)
    assert axe_violations(login) == []
    screenshot(login, f"desk-login-{language}-{size}")

    page = desk(language=language, size=size)
    expect(page.locator(".desk-row")).to_have_count(3)
    look(page, f"desk-queue-{language}-{size}")
    page.locator(".desk-subject", has_text="Nyt pas").click()
    expect(page.locator("#facts-heading")).to_be_attached()
    for part in page.locator("details").all():
        part.locator("summary").first.click()
    look(page, f"desk-contact-{language}-{size}")
    for path, name in (
        ("/desk?owner=me", "empty"),
        ("/desk/new?x", "new"),
        ("/desk/go?reference=1", "missing"),
    ):
        page.goto(path + ("&lang=en" if language == "en" else ""))
        look(page, f"desk-{name}-{language}-{size}")


def look(page: Page, name: str) -> None:
    page.wait_for_timeout(300)  # The first live refetch has come.
    assert axe_violations(page) == []
    assert _fits(page), name
    screenshot(page, name)


def test_text_at_200_percent_and_the_narrowest_screen_still_fit(
    desk: Callable[..., Page], arrive: Arrive
) -> None:
    reference = arrive(callback={"phone": "20304050"})
    page = desk()
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 450})
        for path in ("/desk", f"/desk/contacts/{reference}", "/desk/new"):
            page.goto(path)
            assert _fits(page), (width, path)


def test_a_change_is_seen_elsewhere_at_once_and_focus_stays(
    desk: Callable[..., Page], arrive: Arrive
) -> None:
    arrive()
    mine, theirs = desk(), desk("Jens Mosevang")
    expect(mine.locator(".desk-nobody")).to_have_count(1)
    mine.wait_for_timeout(500)
    mine.locator(".desk-subject").focus()
    focused = mine.evaluate("document.activeElement.id")
    assert focused.startswith("open-")
    theirs.get_by_role("button", name="Tag").click()
    expect(theirs.get_by_role("status").first).to_contain_text("Den er din nu")
    expect(mine.locator(".desk-owner")).to_contain_text("Jens Mosevang", timeout=3000)
    assert mine.evaluate("document.activeElement.id") == focused
    arrive("En til.", subject="Den næste")
    expect(mine.locator(".desk-row")).to_have_count(2, timeout=3000)
    expect(mine.locator("#spoken")).to_contain_text("2 åbne, 0 forfaldne")


def test_what_is_being_written_survives_a_colleague(
    desk: Callable[..., Page], arrive: Arrive
) -> None:
    reference = arrive(callback={"phone": "20304050"})
    at = f"/desk/contacts/{reference}"
    mine, theirs = desk(), desk("Jens Mosevang")
    mine.goto(at)
    theirs.goto(at)
    mine.wait_for_timeout(500)
    mine.get_by_text("Luk med et udfald").click()
    mine.locator("#close-outcome").select_option("solved")
    mine.locator("#close-note").fill("Min lange begrundelse.")
    mine.locator("#trace-1 summary").click()
    theirs.get_by_role("button", name="Tag den").click()
    expect(mine.locator("#facts")).to_contain_text("Jens Mosevang", timeout=3000)
    expect(mine.locator("#story")).to_contain_text("Tog den")
    expect(mine.locator("#trace-1")).to_have_attribute("open", "")
    assert mine.locator("#close-note").input_value() == "Min lange begrundelse."
    mine.get_by_role("button", name="Luk henvendelsen").click()
    expect(mine.get_by_role("alert")).to_contain_text("Jens Mosevang har den nu")
    expect(mine.locator("#close-note")).to_have_value("Min lange begrundelse.")
    expect(mine.locator("#close-outcome")).to_have_value("solved")
    assert axe_violations(mine) == []
    screenshot(mine, "desk-conflict")


def test_what_citizens_write_runs_nowhere(desk: Callable[..., Page], arrive: Arrive) -> None:
    reference = arrive(BAD, subject=BAD, name=BAD)
    page = desk()
    # One row for each promise: the word "document" in it makes one of access to documents.
    expect(page.locator(".desk-subject").first).to_contain_text("<script>")
    page.goto(f"/desk/contacts/{reference}")
    page.locator("#note-text").fill(BAD)
    page.get_by_role("button", name="Gem notatet").click()
    expect(page.locator(".desk-step-staff")).to_contain_text("<script>")
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.dataset.broken") is None
    assert page.locator("main img, main script").count() == 0


def test_the_keyboard_is_enough(desk: Callable[..., Page], arrive: Arrive) -> None:
    arrive(callback={"phone": "20304050"})
    page = desk()
    page.wait_for_timeout(500)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id").startswith("take-"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Den er din nu")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "result":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Ringede, men ingen tog den.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Opkaldet er gemt")
    expect(page.locator("#story")).to_contain_text("Ringede, men ingen tog den.")
    expect(page.locator("#facts")).to_contain_text("1 forsøg")


def test_it_works_without_script(desk: Callable[..., Page], arrive: Arrive) -> None:
    arrive()
    page = desk(javascript=False)
    page.get_by_role("button", name="Tag").click()
    page.locator("#note-text").fill("Skrevet uden script.")
    page.get_by_role("button", name="Gem notatet").click()
    expect(page.locator("#story")).to_contain_text("Skrevet uden script.")
    page.get_by_text("Luk med et udfald").click()
    page.locator("#close-outcome").select_option("answered")
    page.get_by_role("button", name="Luk henvendelsen").click()
    expect(page.locator("#work")).to_contain_text("Henvendelsen er lukket")


def test_a_cut_connection_is_shown_and_made_good(desk: Callable[..., Page], arrive: Arrive) -> None:
    page = desk()
    page.wait_for_timeout(500)
    expect(page.locator("#connection")).to_be_hidden()
    page.context.set_offline(True)
    page.evaluate("htmx.trigger('#queue', 'sse:reset')")
    expect(page.locator("#connection")).to_contain_text("Forbindelsen er afbrudt", timeout=5000)
    screenshot(page, "desk-cut")
    arrive()
    page.context.set_offline(False)
    page.evaluate("htmx.trigger('#queue', 'sse:connected')")
    expect(page.locator(".desk-row")).to_have_count(1, timeout=10_000)
    expect(page.locator("#connection")).to_be_hidden()


def test_a_session_that_ends_in_the_middle_of_a_note(
    desk: Callable[..., Page], arrive: Arrive
) -> None:
    reference = arrive()
    page = desk()
    page.goto(f"/desk/contacts/{reference}")
    page.wait_for_timeout(500)
    page.locator("#note-text").fill("Et notat på vej.")
    page.context.clear_cookies()
    page.evaluate("htmx.trigger('#facts', 'sse:reset')")
    expect(page.locator("#connection")).to_contain_text("Du er logget ud", timeout=5000)
    expect(page.locator("#note-text")).to_have_value("Et notat på vej.")
    page.get_by_role("button", name="Gem notatet").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Du er ikke logget ind")
    expect(page.locator("#written-1")).to_have_value("Et notat på vej.")
    assert axe_violations(page) == []
    screenshot(page, "desk-logged-out")


def test_a_walk_in_takes_seconds(desk: Callable[..., Page]) -> None:
    page = desk("Omstillingen", size="phone")
    page.get_by_role("link", name="Ny henvendelse").click()
    page.get_by_label("Hvad drejer det sig om?").fill("Vil tale med nogen om sin byggesag")
    page.get_by_label("Telefon").fill("20304050")
    page.get_by_text("Vi lover at ringe").click()
    page.get_by_role("button", name="Registrér").click()
    expect(page.get_by_role("status").first).to_contain_text("Henvendelsen er registreret")
    expect(page.locator("#facts")).to_contain_text("På rådhuset")
    expect(page.locator("#facts")).to_contain_text("Opkald")
