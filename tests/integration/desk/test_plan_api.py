"""Topics, meetings and letters through the staff API, and what the citizen reads of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from router.clock import FixedClock
from router.house import House
from router.ledger.audit import audit
from tests.conftest import TEST_TOKEN
from tests.integration.desk.conftest import Receive
from tests.integration.desk.test_desk_api import STAFF, Machine

LONE, JENS = "lone-hvideklit", "jens-mosevang"
MAIL = {"email": "kim@example.dk"}
SPLIT = {
    "topics": [
        {"title": "Pas til barnet", "department": "borgerservice", "caseworker": LONE},
        {"title": "Boligstøtte", "department": "ydelse", "promise": "callback"},
    ]
}


@pytest.fixture
def machine(client: TestClient[web.Request, web.Application]) -> Machine:
    return Machine(client)


def meeting(clock: FixedClock, **more: Any) -> dict[str, Any]:
    start = clock.now() + timedelta(days=8)
    return {
        "subject": "Om passet",
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(hours=1)).isoformat(),
        "place": "Torvet 2",
    } | more


async def findings(house: House) -> list[str]:
    found = await audit(house.ledger, house.clock.now())
    return [finding.invariant for finding in found if not finding.invariant.startswith("7")]


async def test_a_plan_from_split_to_closed(
    machine: Machine,
    receive: Receive,
    house: House,
    client: TestClient[web.Request, web.Application],
) -> None:
    receipt = await receive(**MAIL)
    at = f"/contacts/{receipt.reference}"
    split = await machine.post(f"{at}/split", SPLIT, acting=LONE)
    assert split["owner"] == LONE
    passport, housing = split["parts"]
    assert (passport["owner"], housing["owner"], housing["state"]) == (LONE, None, "open")
    assert [p["part"] for p in split["promises"]] == [None, passport["id"], housing["id"]]

    async def citizen() -> Any:
        response = await client.get(
            f"/api/v1/contacts/{receipt.reference}", headers={"X-Access-Code": receipt.access_code}
        )
        assert response.status == 200
        return await response.json()

    plan = (await citizen())["plan"]
    assert [(t["title"], t["department"], t["state"]) for t in plan] == [
        ("Pas til barnet", "borgerservice", "open"),
        ("Boligstøtte", "ydelse", "open"),
    ]
    assert plan[0]["promise"].startswith("Borgerservice svarer dig senest")
    assert "ringer til dig på 20 30 40 50" in plan[1]["promise"]

    early = await machine.post(f"{at}/close", {"outcome": "solved"}, 409)
    assert (early["code"], early["owner"]) == ("open_part", LONE)
    # The promise of a topic in the queue: whoever takes it takes the topic.
    promise = split["promises"][2]["id"]
    await machine.post(f"/promises/{promise}/claim", {"caseworker": JENS})
    taken = await machine.post(f"/parts/{housing['id']}/claim", {"caseworker": LONE}, 409)
    assert taken["code"] == "taken_by_other"
    stale = await machine.post(f"/parts/{housing['id']}/solve", {"version": 1}, 409)
    assert stale["code"] == "stale"
    blocked = await machine.post(f"/parts/{housing['id']}/solve", {}, 409)
    assert blocked["code"] == "open_promise"
    offered = await machine.post(
        f"/parts/{housing['id']}/offer", {"department": "job", "reason": "Det er jobcentret."}
    )
    assert offered["offered_to"] == {"department": "job", "caseworker": None}
    await machine.post(f"/parts/{housing['id']}/claim", {"caseworker": "omar-strandgreve"})
    await machine.post(f"/promises/{promise}/attempt", {"result": "reached"})
    solved = await machine.post(f"/parts/{housing['id']}/solve", {"note": "Bevilget."})
    assert solved["state"] == "solved"
    await machine.post(f"/parts/{passport['id']}/withdraw", {"note": "Har et pas."})
    assert [t["state"] for t in (await citizen())["plan"]] == ["withdrawn", "solved"]
    assert "Bevilget" not in str(await citizen())
    assert "Det er jobcentret" not in str(await citizen())
    await machine.post(f"{at}/close", {"outcome": "solved"})
    assert await findings(house) == []


async def test_a_meeting_from_agreed_to_minutes(
    machine: Machine,
    receive: Receive,
    clock: FixedClock,
    house: House,
    client: TestClient[web.Request, web.Application],
) -> None:
    receipt = await receive(**MAIL)
    view = await machine.post(
        f"/contacts/{receipt.reference}/meetings", meeting(clock), acting=LONE
    )
    [agreed] = view["meetings"]
    at = f"/meetings/{agreed['id']}"
    early = await machine.post(f"{at}/minutes", {"text": "For tidligt."}, 409)
    assert early["code"] == "meeting_not_held"
    assert (await machine.post(f"{at}/held", {}, 409))["code"] == "meeting_not_begun"
    sent = await machine.post(f"{at}/agenda", {"text": "1. Passet"}, acting=LONE)
    assert sent["agenda_at"] is not None
    for step in ("move", "cancel"):
        body = meeting(clock) if step == "move" else {}
        body.pop("subject", None)
        refused = await machine.post(f"{at}/{step}", body | {"version": 1}, 409)
        assert refused["code"] == "stale"
    for step in ("reschedule", "withdraw", "keep"):
        body = (
            {"until": (clock.now() + timedelta(days=1)).isoformat()} if step == "reschedule" else {}
        )
        for number in (agreed["meeting_promise"], agreed["agenda_promise"]):
            refused = await machine.post(f"/promises/{number}/{step}", body, 409)
            assert refused["code"] in ("use_meeting", "promise_ended")
    attempt = {"result": "reached"}
    tried = await machine.post(f"/promises/{agreed['meeting_promise']}/attempt", attempt, 409)
    assert (tried["code"], tried["detail"]) == (
        "not_a_call",
        "Her er ikke lovet noget opkald. Notér i stedet, hvordan det er klaret.",
    )
    clock.set(datetime.fromisoformat(agreed["ends_at"]))
    while await house.promise_clock.fire_due():
        pass
    held = await machine.post(f"{at}/held", {"note": "Alle kom."}, acting=LONE)
    assert held["minutes_promise"] is not None
    await machine.post(f"{at}/minutes", {"text": "Vi talte om passet."})
    answer = await client.get(
        f"/api/v1/contacts/{receipt.reference}", headers={"X-Access-Code": receipt.access_code}
    )
    citizen = await answer.json()
    assert [(m["subject"], m["state"], m["way"]) for m in citizen["meetings"]] == [
        ("Om passet", "held", "place")
    ]
    assert "Sted: Torvet 2" in citizen["meetings"][0]["text"]
    titles = [event["title"] for event in citizen["timeline"]]
    assert "Vi sendte dig dagsordenen for mødet" in titles
    assert "Alle kom" not in str(citizen)
    assert await findings(house) == []


async def test_the_mails_really_go(
    machine: Machine, receive: Receive, clock: FixedClock, house: House
) -> None:
    """Every effect that a plan, a meeting and a letter cause is made a mail and delivered."""
    receipt = await receive(**MAIL)
    at = f"/contacts/{receipt.reference}"
    await machine.post(f"{at}/split", SPLIT, acting=LONE)
    view = await machine.post(f"{at}/meetings", meeting(clock), acting=LONE)
    number = view["meetings"][0]["id"]
    await machine.post(f"/meetings/{number}/agenda", {"text": "1. Passet"})
    moved = meeting(clock, place="Lokale 4")
    moved.pop("subject")
    await machine.post(f"/meetings/{number}/move", moved)
    await machine.post(f"/meetings/{number}/cancel", {"by_citizen": True})
    view = await machine.post(f"{at}/promises", {"kind": "status_letter", "about": "Sag 1"})
    letter = next(p for p in view["promises"] if p["kind"] == "status_letter")
    await machine.post(f"/promises/{letter['id']}/keep", {"send": "Sagen er i gang."})
    await machine.post(f"/parts/{view['parts'][0]['id']}/solve", {})
    for _ in range(5):
        clock.advance(timedelta(minutes=2))
        await house.outbox.send_due()
    rows = await house.ledger.fetch(
        "SELECT payload ->> 'template' AS template, state, last_error FROM effects "
        "WHERE kind = 'mail.tell' ORDER BY id"
    )
    assert [(row["template"], row["state"], row["last_error"]) for row in rows] == [
        (template, "sent", "")
        for template in (
            "receipt", "plan", "meeting_agreed", "agenda", "meeting_moved", "meeting_cancelled",
            "letter", "part_solved",
        )
    ]  # fmt: skip


async def test_promises_of_every_kind_are_registered(
    machine: Machine, receive: Receive, house: House, clock: FixedClock
) -> None:
    receipt = await receive(**MAIL)
    at = f"/contacts/{receipt.reference}/promises"
    for kind in (
        "callback", "answer", "status_letter", "receipt", "document_access", "complaint_call",
        "call_before_refusal", "deadline_notice",
    ):  # fmt: skip
        view = await machine.post(at, {"kind": kind, "about": "Sag 070761-4285"}, acting=LONE)
        assert view["promises"][-1]["kind"] == kind
        assert view["promises"][-1]["about"] == "Sag 070761-xxxx"
    access = next(p for p in view["promises"] if p["kind"] == "document_access")
    assert access["statutory_due_at"] == access["due_at"]
    later = (clock.now() + timedelta(days=40)).isoformat()
    moved = await machine.post(at, {"kind": "document_access", "until": later}, 409)
    assert moved["code"] == "law_comes_first"
    noticed = await machine.post(f"/promises/{access['id']}/notice", {})
    assert noticed["id"] == access["id"]
    assert (await machine.post(f"/promises/{access['id']}/notice", {}, 409))["code"] == (
        "notice_promised"
    )
    for body in (
        {"kind": "meeting"}, {"kind": "minutes"}, {"kind": "?"}, {}, {"kind": "answer", "part": 0},
        {"kind": "callback", "phone": "12"}, {"kind": "answer", "until": "2026-12-01T10:00"},
    ):  # fmt: skip
        assert (await machine.post(at, body, 422))["code"] == "does_not_fit"
    assert (await machine.post(at, {"kind": "answer", "part": 7}, 404))["code"] == "no_such_part"
    past = (clock.now() - timedelta(days=1)).isoformat()
    assert (await machine.post(at, {"kind": "answer", "until": past}, 422))["code"] == (
        "window_in_past"
    )
    listed = await machine.get("/promises", kind="document_access")
    assert [item["id"] for item in listed["items"]] == [access["id"]]
    assert await findings(house) == []


async def test_a_call_before_a_refusal_is_not_given_away(
    machine: Machine, receive: Receive, client: TestClient[web.Request, web.Application]
) -> None:
    receipt = await receive(**MAIL)
    at = f"/contacts/{receipt.reference}/promises"
    await machine.post(at, {"kind": "call_before_refusal", "about": "Afslag på tilladelse"})
    answer = await client.get(
        f"/api/v1/contacts/{receipt.reference}", headers={"X-Access-Code": receipt.access_code}
    )
    text = await answer.text()
    assert "refusal" not in text
    assert "fslag" not in text
    assert "ringer til dig på 20 30 40 50" in text


async def test_what_does_not_fit_is_refused_as_a_problem(
    machine: Machine,
    receive: Receive,
    clock: FixedClock,
    client: TestClient[web.Request, web.Application],
) -> None:
    receipt = await receive(**MAIL)
    at = f"/contacts/{receipt.reference}"
    misfits: tuple[dict[str, Any], ...] = (
        {}, {"topics": []}, {"topics": [{"title": "x"}]},
        {"topics": [{"title": " ", "department": "byg"}]},
        {"topics": [{"title": "x", "department": "byg", "promise": "meeting"}]},
        {"topics": [{"title": "x", "department": "byg", "colour": 1}]},
        {"topics": [{"title": "x", "department": "byg"}] * 21},
    )  # fmt: skip
    for body in misfits:
        refused = await machine.post(f"{at}/split", body, 422, acting=LONE)
        assert refused["code"] == "does_not_fit", body
    nobody = await machine.post(f"{at}/split", SPLIT, 422)
    assert nobody["code"] in ("caseworker_needed", "no_such_caseworker")
    cpr = {"topics": [{"title": "Om 070761-4285", "department": "byg"}]}
    assert (await machine.post(f"{at}/split", cpr, 422, acting=LONE))["code"] == "contains_cpr"
    for change, code in (
        ({"place": ""}, "place_missing"),
        ({"ends_at": clock.now().isoformat()}, "window_end_before_start"),
        ({"way": "phone", "place": "", "subject": "070761-4285"}, "contains_cpr"),
    ):
        body = meeting(clock, **change)
        assert (await machine.post(f"{at}/meetings", body, 422))["code"] == code
    assert (await machine.post(f"{at}/meetings", meeting(clock, way="?"), 422))["code"] == (
        "does_not_fit"
    )
    for path in ("/parts/99/solve", "/meetings/99/held", f"/parts/{10**30}/solve"):
        await machine.post(path, {}, 404)
    response = await client.post(
        f"{STAFF}/parts/99/solve", json={}, headers={"Authorization": f"Bearer {TEST_TOKEN}"}
    )
    assert response.content_type == "application/problem+json"
    assert (await client.post(f"{STAFF}/parts/99/solve", json={})).status == 401
