"""Topics, meetings and letters in a real browser: at the desk and on the status page."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PageMaker, axe_violations, screenshot
from tests.conftest import TEST_TOKEN
from tests.running import Running

LONG = "Et emne med en meget lang titel om " + "byggesagsbehandling" * 4


@pytest.fixture
def send(running: Running) -> Callable[..., Any]:
    """Sends JSON to the service, as the citizen or as a machine."""

    def post(path: str, body: dict[str, Any], acting: str = "") -> Any:
        headers = {"Content-Type": "application/json"}
        if acting:
            headers |= {"Authorization": f"Bearer {TEST_TOKEN}", "X-Acting-Caseworker": acting}
        request = urllib.request.Request(
            f"{running.base_url}{path}", data=json.dumps(body).encode(), headers=headers
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    return post


@pytest.fixture
def contact(send: Callable[..., Any]) -> dict[str, str]:
    """A citizen has written about several things."""
    answer: dict[str, str] = send(
        "/api/v1/contacts",
        {
            "channel": "web", "name": "Karin Holm", "phone": "20304050",
            "email": "karin@eksempel.dk", "subject": "Pas, bolig og et hul i vejen",
            "text": "Jeg har tre ting: mit pas, min boligstøtte og et hul i vejen.",
        },
    )  # fmt: skip
    return answer


@pytest.fixture
def desk(browser_page: PageMaker, contact: dict[str, str]) -> Callable[..., Page]:
    """The contact's page at the desk, with somebody logged in."""

    def open_one(person: str = "Lone Hvideklit", language: str = "da", **more: Any) -> Page:
        page = browser_page("/desk?lang=en" if language == "en" else "/desk", **more)
        page.locator("select[name=person]").select_option(label=person)
        page.locator("main form button[type=submit]").click()
        page.wait_for_url(re.compile(r"/desk(\?|$)"))
        page.goto(
            f"/desk/contacts/{contact['reference']}" + ("?lang=en" if language == "en" else "")
        )
        return page

    return open_one


def make_plan(send: Callable[..., Any], reference: str) -> Any:
    """Three topics, a meeting and a request for documents."""
    at = f"/api/v1/staff/contacts/{reference}"
    topics = [
        {"title": "Nyt pas", "department": "borgerservice", "caseworker": "lone-hvideklit"},
        {"title": LONG, "department": "ydelse"},
        {"title": "Hul i vejen", "department": "vej", "promise": "callback"},
    ]
    send(f"{at}/split", {"topics": topics}, acting="lone-hvideklit")
    start = (datetime.now().astimezone() + timedelta(days=10)).replace(minute=0, second=0)
    meeting = {
        "subject": "Samtale om dit pas", "place": "Torvet 2, lokale 4",
        "starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    send(f"{at}/meetings", meeting, acting="lone-hvideklit")
    view = send(f"{at}/promises", {"kind": "document_access"}, acting="lone-hvideklit")
    send(f"/api/v1/staff/parts/{view['parts'][0]['id']}/solve", {}, acting="lone-hvideklit")
    return view


def look(page: Page, name: str) -> None:
    page.wait_for_timeout(300)
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    screenshot(page, name)


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_plan_is_accessible_and_fits(
    desk: Callable[..., Page],
    browser_page: PageMaker,
    contact: dict[str, str],
    send: Callable[..., Any],
    size: str,
    language: str,
) -> None:
    make_plan(send, contact["reference"])
    page = desk(size=size, language=language)
    look(page, f"desk-plan-{language}-{size}")
    for part in page.locator("#work details").all():
        part.locator("summary").first.click()
    look(page, f"desk-plan-forms-{language}-{size}")
    page.goto("/desk" + ("?lang=en" if language == "en" else ""))
    look(page, f"desk-plan-queue-{language}-{size}")

    status = browser_page("/status" + ("?lang=en" if language == "en" else ""), size=size)
    status.fill("#reference", contact["reference"])
    status.fill("#code", contact["access_code"])
    status.click("form button[type=submit]")
    expect(status.locator("#plan-heading")).to_be_visible()
    expect(status.locator("main")).to_contain_text("Hul i vejen")
    expect(status.locator("main")).to_contain_text("Torvet 2, lokale 4")
    look(status, f"web-plan-{language}-{size}")


def test_a_plan_is_made_with_the_keyboard(desk: Callable[..., Page]) -> None:
    page = desk()
    page.wait_for_timeout(500)
    page.locator("#split > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#split-title-1")).to_be_focused()
    page.keyboard.type("Nyt pas")
    page.keyboard.press("Tab")
    page.keyboard.type("Borgerservice")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Hul i vejen")
    page.keyboard.press("Enter")
    # Who has the second topic is missing: told, and nothing is lost.
    expect(page.locator("#problem")).to_be_focused()
    expect(page.locator("#split-title-2")).to_have_value("Hul i vejen")
    expect(page.locator("#split")).to_have_attribute("open", "")
    assert axe_violations(page) == []
    page.locator("#split-receiver-2").select_option("vej")
    page.locator("#split-call-2").focus()
    page.keyboard.press("Space")
    page.locator("#form-split button[type=submit]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("borgeren får besked om planen")
    expect(page.locator("#facts")).to_contain_text("Lone Hvideklit koordinerer")
    expect(page.locator("#facts")).to_contain_text("Hul i vejen")
    expect(page.locator("#form-split input[name=title-1]")).to_have_value("")


def test_what_is_being_written_survives_a_colleague(
    desk: Callable[..., Page], contact: dict[str, str], send: Callable[..., Any]
) -> None:
    part = make_plan(send, contact["reference"])["parts"][1]["id"]
    mine = desk()
    mine.wait_for_timeout(500)
    mine.locator(f"#topic-{part} > summary").click()
    mine.locator(f"#part-solve-{part}-note").fill("Min lange begrundelse.")
    send(f"/api/v1/staff/parts/{part}/claim", {}, acting="jens-mosevang")
    expect(mine.locator("#facts")).to_contain_text("Jens Mosevang", timeout=3000)
    expect(mine.locator(f"#part-solve-{part}-note")).to_have_value("Min lange begrundelse.")
    mine.locator(f"#form-part-solve-{part} button").click()
    expect(mine.get_by_role("alert")).to_contain_text("Jens Mosevang har den nu")
    expect(mine.locator(f"#part-solve-{part}-note")).to_have_value("Min lange begrundelse.")
    expect(mine.locator(f"#part-solve-{part}-note")).to_be_visible()
    assert axe_violations(mine) == []
    screenshot(mine, "desk-plan-conflict")


def test_a_meeting_is_agreed_and_its_agenda_sent(desk: Callable[..., Page]) -> None:
    page = desk(javascript=False)
    page.get_by_text("Aftal et møde").click()
    page.fill("#meeting-subject", "Samtale om dit pas")
    start = (datetime.now().astimezone() + timedelta(days=7)).strftime("%Y-%m-%dT10:00")
    page.fill("#meeting-starts", start)
    page.fill("#meeting-place", "Torvet 2")
    page.locator("#form-meeting button").click()
    expect(page.get_by_role("status").first).to_contain_text("Mødet er aftalt")
    expect(page.locator("#facts")).to_contain_text("Dagsordenen skal sendes senest")
    page.get_by_text("Møde: Samtale om dit pas").click()
    page.locator("[id^=meeting-agenda-][name=text]").fill("1. Passet\n2. Eventuelt")
    page.get_by_role("button", name="Send til borgeren").click()
    expect(page.get_by_role("status").first).to_contain_text("Dagsordenen er skrevet")
    expect(page.locator("#facts")).to_contain_text("Borgeren har dagsordenen")
    expect(page.locator("#story")).to_contain_text("2. Eventuelt")
