"""Times that cannot be, numbers that nobody has and promises that have ended: each is refused
in words, in Danish and English, and what was promised stays as it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from channels.desk.refusals import REFUSALS
from channels.i18n import catalogue
from router.clock import FixedClock
from router.house import House
from router.ledger.audit import audit
from router.model import CallbackWish, PromiseKind, Receipt
from router.rows import PromiseRow
from tests.conftest import TEST_TOKEN
from tests.integration.desk.conftest import Browser, Receive

Client = TestClient[web.Request, web.Application]

STAFF = "/api/v1/staff"
BEFORE_EASTER = datetime(2027, 3, 22, 10, 0, tzinfo=ZoneInfo("Europe/Copenhagen"))
"""The clocks go forward in the night to Easter Sunday, 28 March."""
BAD: dict[str, tuple[str, str]] = {
    "window_in_past": ("2027-03-19T13:00", "2027-03-19T14:00"),
    "window_too_far": ("2028-04-25T13:00", "2028-04-25T14:00"),
    "window_end_before_start": ("2027-03-24T14:00", "2027-03-24T13:00"),
    # In the night, and on Easter Sunday.
    "window_closed": ("2027-03-24T02:00", "2027-03-24T03:00"),
    "window_closed_all_day": ("2027-03-28T10:00", "2027-03-28T12:00"),
    "time_does_not_exist": ("2027-03-28T02:30", "2027-03-28T04:00"),
    "time_unreadable": ("2027-02-31T13:00", "2027-03-24T14:00"),
}
BY_API = [code for code in BAD if code.startswith("window_")]
LANGUAGES = ("da", "en")


def words(code: str, language: str) -> str:
    code = code.removesuffix("_all_day")
    return catalogue("desk").gettext(language)(REFUSALS[code])


@pytest.fixture
async def called(house: House, clock: FixedClock, receive: Receive, wish: CallbackWish) -> Receipt:
    clock.set(BEFORE_EASTER)
    return await receive(callback=wish, email="karin@example.dk")


async def promise_of(house: House, receipt: Receipt) -> PromiseRow:
    (promise,) = (await house.contacts.view(receipt.reference)).promises
    return promise


async def api(
    client: Client, path: str, body: dict[str, Any], language: str
) -> tuple[int, dict[str, Any]]:
    headers = {
        "Authorization": f"Bearer {TEST_TOKEN}",
        "Accept-Language": language,
        "X-Acting-Caseworker": "lone-hvideklit",
    }
    answer = await client.post(f"{STAFF}{path}", json=body, headers=headers)
    assert answer.content_type == "application/problem+json", await answer.text()
    return answer.status, await answer.json()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", BAD)
async def test_a_new_time_on_the_page(
    desk: Browser, house: House, called: Receipt, code: str, language: str
) -> None:
    before = await promise_of(house, called)
    start, until = BAD[code]
    at = f"/desk/contacts/{called.reference}"
    query = f"?lang={language}"
    refused = await desk.post(
        f"{at}/promises/{before.id}/reschedule{query}", **{"from": start, "until": until}
    )
    assert refused.status == 422
    assert words(code, language) in unescape(refused.text)
    assert f'value="{start}"' in refused.text
    if code in ("window_in_past", "window_too_far", "time_does_not_exist", "time_unreadable"):
        # Something more promised: it has an end only.
        fields = {"kind": "status_letter", "about": "Om passet", "until": start}
        refused = await desk.post(f"{at}/promise{query}", **fields)
        assert refused.status == 422
        assert words(code, language) in unescape(refused.text)
        assert 'value="Om passet"' in refused.text
    assert await promise_of(house, called) == before


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", BY_API)
async def test_a_new_time_by_the_api(
    client: Client, house: House, called: Receipt, code: str, language: str
) -> None:
    before = await promise_of(house, called)
    start, until = (f"{end}:00+01:00" for end in BAD[code])
    window = {"from": start, "until": until}
    for path, body in (
        (f"/promises/{before.id}/reschedule", window),
        (f"/contacts/{called.reference}/promises", window | {"kind": "callback", "about": "Pas"}),
    ):
        status, problem = await api(client, path, body, language)
        assert (status, problem["code"]) == (422, code.removesuffix("_all_day")), path
        assert problem["detail"] == words(code, language)
    assert await promise_of(house, called) == before


@pytest.mark.parametrize("written", ["2027-03-28T02:30:00", "2027-03-28", "i morgen", "", None])
async def test_what_is_no_moment_by_the_api(
    client: Client, house: House, called: Receipt, written: Any
) -> None:
    before = await promise_of(house, called)
    for language in LANGUAGES:
        path = f"/promises/{before.id}/reschedule"
        status, problem = await api(client, path, {"until": written}, language)
        assert (status, problem["code"]) == (422, "does_not_fit")
        assert problem["errors"][0]["pointer"] == "/until"
    assert await promise_of(house, called) == before


@pytest.mark.parametrize("language", LANGUAGES)
async def test_meetings_at_times_that_cannot_be(
    desk: Browser, client: Client, house: House, called: Receipt, language: str
) -> None:
    at = f"/contacts/{called.reference}"
    for code in ("window_in_past", "window_too_far", "time_does_not_exist", "time_unreadable"):
        starts = BAD[code][0].replace("2028", "2029")
        refused = await desk.post(
            f"/desk{at}/meeting?lang={language}",
            subject="Om passet", starts=starts, way="place", place="Torvet 2",
        )  # fmt: skip
        assert refused.status == 422, code
        assert words(code, language) in unescape(refused.text), code
    meeting = {"subject": "Om passet", "way": "place", "place": "Torvet 2"}
    for code in ("window_in_past", "window_end_before_start"):
        start, end = (f"{end}:00+01:00" for end in BAD[code])
        body = meeting | {"starts_at": start, "ends_at": end}
        status, problem = await api(client, f"{at}/meetings", body, language)
        assert (status, problem["code"]) == (422, code)
        assert problem["detail"] == words(code, language)
    assert (await house.contacts.view(called.reference)).meetings == []


STEPS: dict[str, dict[str, Any]] = {
    "claim": {},
    "attempt": {"result": "no_answer"},
    "reschedule": {"until": "2027-03-24T13:00:00Z"},
    "withdraw": {},
    "keep": {"how": "letter"},
    "notice": {},
}


@pytest.mark.parametrize("step", STEPS)
async def test_numbers_that_nobody_has(client: Client, called: Receipt, step: str) -> None:
    for number in ("0", "-1", "999999", str(2**63 - 1), str(2**63), "9" * 400, "x", "٣", "1.0"):
        for language in LANGUAGES:
            status, problem = await api(client, f"/promises/{number}/{step}", STEPS[step], language)
            assert status == 404, number
            assert problem["detail"]
            danish = problem["detail"] in (
                "Det løfte findes ikke.",
                "Der er ikke noget på denne adresse.",
            )
            assert danish == (language == "da"), problem


@pytest.mark.parametrize("step", STEPS)
async def test_a_promise_that_has_ended(
    desk: Browser, client: Client, house: House, called: Receipt, step: str
) -> None:
    promise = await promise_of(house, called)
    await house.promises.withdraw(promise.id, "staff:lone-hvideklit")
    timeline = (await house.contacts.view(called.reference)).timeline
    for language in LANGUAGES:
        path = f"/promises/{promise.id}/{step}"
        status, problem = await api(client, path, STEPS[step], language)
        assert (status, problem["code"]) == (409, "promise_ended")
        assert problem["detail"] == words("promise_ended", language)
        fields = {"result": "no_answer", "until": "2027-03-24T13:00", "how": "letter"}
        at = f"/desk/contacts/{called.reference}{path}?lang={language}"
        refused = await desk.post(at, **fields)
        assert refused.status == 409
        assert words("promise_ended", language) in unescape(refused.text)
    view = await house.contacts.view(called.reference)
    assert view.timeline == timeline
    # The answer that took its place stands.
    (left,) = (p for p in view.promises if p.state.is_open)
    assert left.kind is PromiseKind.ANSWER
    assert left.due_at > BEFORE_EASTER + timedelta(hours=1)
    assert await audit(house.ledger, house.clock.now()) == []
