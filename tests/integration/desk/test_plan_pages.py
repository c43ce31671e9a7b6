"""Topics, meetings and letters on the desk's pages."""

from __future__ import annotations

import re
from datetime import timedelta

from router.clock import FixedClock
from router.house import House
from router.ledger.audit import audit
from router.model import CallbackWish, PromiseKind, PromiseState
from tests.integration.desk.conftest import Browser, Open, Receive

MAIL = {"email": "kim@example.dk"}


async def findings(house: House) -> list[str]:
    found = await audit(house.ledger, house.clock.now())
    return [finding.invariant for finding in found if not finding.invariant.startswith("7")]


def wall(house: House, days: int, hour: int = 10) -> str:
    at = house.clock.now().astimezone(house.municipality.zone) + timedelta(days=days)
    return at.strftime(f"%Y-%m-%dT{hour:02}:00")


async def test_a_plan_is_made_worked_and_closed(
    desk: Browser, browser: Open, receive: Receive, house: House
) -> None:
    receipt = await receive(**MAIL)
    at = f"/desk/contacts/{receipt.reference}"
    refused = await desk.post(f"{at}/split", **{"title-1": "Pas til barnet", "title-2": "Bolig"})
    assert refused.status == 422
    assert 'value="Pas til barnet"' in refused.text
    assert re.search(r'<details class="desk-form" id="split" open', refused.text)
    made = await desk.post(
        f"{at}/split",
        **{
            "title-1": "Pas til barnet", "receiver-1": "borgerservice/lone-hvideklit",
            "title-2": "Boligstøtte", "receiver-2": "ydelse", "call-2": "yes",
        },
    )  # fmt: skip
    assert made.status == 303
    page = (await desk.get(made.headers["Location"])).text
    assert "borgeren får besked om planen" in page
    assert "Lone Hvideklit koordinerer" in page
    assert "Delte den op i emner" in page
    passport, housing = (await house.contacts.view(receipt.reference)).parts

    # The queue of the other department shows its topic, and Take takes it.
    jens = await browser()
    await jens.log_in("jens-mosevang")
    queue = (await jens.get("/desk?department=ydelse")).text
    assert "Boligstøtte" in queue
    promise = next(
        p
        for p in (await house.contacts.view(receipt.reference)).promises
        if p.part_id == housing.id
    )
    assert (await jens.post(f"{at}/promises/{promise.id}/claim")).status == 303
    assert (await house.parts.row(housing.id)).caseworker == "jens-mosevang"
    assert (await house.contacts.by_reference(receipt.reference)).caseworker == "lone-hvideklit"

    # A stale page: told who has it, and nothing written is lost.
    stale = await desk.post(
        f"{at}/parts/{housing.id}/solve", note="Min lange begrundelse.", version="1"
    )
    assert stale.status == 409
    assert "Jens Mosevang har den nu" in stale.text
    assert "Min lange begrundelse." in stale.text
    taken = await desk.post(f"{at}/parts/{housing.id}/claim")
    assert "Jens Mosevang har den allerede" in taken.text
    closed = await desk.post(f"{at}/close", outcome="solved", note="For tidligt.")
    assert closed.status == 409
    assert "Et emne er åbent" in closed.text

    offered = await jens.post(
        f"{at}/parts/{housing.id}/offer", receiver="borgerservice/lone-hvideklit", reason="Hendes."
    )
    assert offered.status == 303
    assert "Boligstøtte" in (await desk.get("/desk?offered=me")).text
    assert (await desk.post(f"{at}/parts/{housing.id}/claim")).status == 303
    await desk.post(f"{at}/promises/{promise.id}/attempt", result="reached", note="Talt.")
    for part in (passport, housing):
        assert (await desk.post(f"{at}/parts/{part.id}/solve", note="Klaret.")).status == 303
    assert (await desk.post(f"{at}/close", outcome="solved")).status == 303
    assert await findings(house) == []


async def test_a_meeting_is_agreed_moved_held_and_minuted(
    desk: Browser, receive: Receive, house: House, clock: FixedClock
) -> None:
    receipt = await receive(**MAIL)
    at = f"/desk/contacts/{receipt.reference}"
    nowhere = await desk.post(f"{at}/meeting", subject="Om passet", starts=wall(house, 8))
    assert nowhere.status == 422
    assert "Skriv, hvor I mødes" in nowhere.text
    assert 'value="Om passet"' in nowhere.text
    agreed = await desk.post(
        f"{at}/meeting", subject="Om passet", starts=wall(house, 8), minutes="30", way="place",
        place="Torvet 2",
    )  # fmt: skip
    assert agreed.status == 303
    [meeting] = (await house.contacts.view(receipt.reference)).meetings
    assert meeting.ends_at - meeting.starts_at == timedelta(minutes=30)
    page = (await desk.get(at)).text
    assert "Dagsordenen skal sendes senest" in page
    assert "Vi har mødtes" not in page
    on = f"{at}/meetings/{meeting.id}"
    cpr = await desk.post(f"{on}/agenda", text="Om 070761-4285")
    assert cpr.status == 422
    assert "CPR-nummer" in cpr.text
    assert (await desk.post(f"{on}/agenda", text="1. Passet")).status == 303
    assert "Borgeren har dagsordenen" in (await desk.get(at)).text
    moved = await desk.post(
        f"{on}/move", starts=wall(house, 9), minutes="60", way="phone", version=str(2)
    )
    assert moved.status == 303
    assert (await house.meetings.row(meeting.id)).place == "+4520304050"
    clock.set((await house.meetings.row(meeting.id)).starts_at)
    while await house.promise_clock.fire_due():
        pass
    await desk.log_in("lone-hvideklit")
    assert "Vi har mødtes" in (await desk.get(at)).text
    assert (await desk.post(f"{on}/held", note="Fint møde.")).status == 303
    assert "Referatet skal sendes senest" in (await desk.get(at)).text
    assert (await desk.post(f"{on}/minutes", text="Vi talte om passet.")).status == 303
    assert "Borgeren har referatet" in (await desk.get(at)).text
    assert (await desk.post(f"{on}/cancel", by="us")).status == 409
    assert await findings(house) == []


async def test_without_mail_it_is_given_by_hand(
    desk: Browser, receive: Receive, house: House
) -> None:
    receipt = await receive()
    at = f"/desk/contacts/{receipt.reference}"
    await desk.post(
        f"{at}/meeting", subject="Om passet", starts=wall(house, 8), way="video",
        place="https://video.example/1",
    )  # fmt: skip
    [meeting] = (await house.contacts.view(receipt.reference)).meetings
    assert "Vi har ingen mailadresse" in (await desk.get(at)).text
    await desk.post(f"{at}/meetings/{meeting.id}/agenda", text="1. Passet")
    assert "Hvordan fik borgeren det?" in (await desk.get(at)).text
    nothing = await desk.post(f"{at}/meetings/{meeting.id}/agenda-given")
    assert nothing.status == 422
    given = await desk.post(f"{at}/meetings/{meeting.id}/agenda-given", how="letter")
    assert given.status == 303
    assert "Gav borgeren dagsordenen: brev" in (await desk.get(at)).text
    assert (await house.promises.row(meeting.agenda_promise)).state is PromiseState.KEPT
    assert (await desk.post(f"{at}/meetings/{meeting.id}/cancel", by="citizen")).status == 303
    assert await findings(house) == []


async def test_promises_are_made_kept_and_noticed(
    desk: Browser, receive: Receive, house: House, clock: FixedClock
) -> None:
    receipt = await receive(**MAIL)
    at = f"/desk/contacts/{receipt.reference}"
    empty = await desk.post(f"{at}/promise", about="Sag 12")
    assert empty.status == 422
    assert 'value="Sag 12"' in empty.text
    wrong = await desk.post(f"{at}/promise", kind="callback", phone="12")
    assert "Det er ikke et telefonnummer" in wrong.text
    for kind in ("document_access", "status_letter", "call_before_refusal"):
        assert (await desk.post(f"{at}/promise", kind=kind, about="Sag 12")).status == 303
    promises = {p.kind: p for p in (await house.contacts.view(receipt.reference)).promises}
    page = (await desk.get(at)).text
    assert "Frist i loven" in page
    access = promises[PromiseKind.DOCUMENT_ACCESS]
    assert f'id="form-notice-{access.id}"' in page
    assert "desk-form-first" not in page.split(f'id="form-notice-{access.id}"')[0][-200:]
    # At the last warning it stands in front, by itself.
    clock.set(access.due_at - timedelta(hours=3))
    while await house.promise_clock.fire_due():
        pass
    await desk.log_in("lone-hvideklit")
    page = (await desk.get(at)).text
    assert "desk-form-first" in page.split(f'id="form-notice-{access.id}"')[0][-200:]
    assert "En frist i loven er tæt på" in page
    assert (await desk.post(f"{at}/promises/{access.id}/notice")).status == 303
    again = await desk.post(f"{at}/promises/{access.id}/notice")
    assert again.status == 409
    assert "allerede lovet" in again.text
    assert "Kan fristen holdes?" not in again.text
    letter = promises[PromiseKind.STATUS_LETTER]
    sent = await desk.post(f"{at}/promises/{letter.id}/keep", send="Din sag er i gang.")
    assert sent.status == 303
    assert (await house.promises.row(letter.id)).state is PromiseState.KEPT
    call = promises[PromiseKind.CALL_BEFORE_REFUSAL]
    how = await desk.post(f"{at}/promises/{call.id}/keep", note="Tja")
    assert how.status == 422
    for _ in range(2):
        await desk.post(f"{at}/promises/{call.id}/attempt", result="no_answer")
    assert (await house.promises.row(call.id)).state is PromiseState.KEPT
    later = await desk.post(f"{at}/promises/{access.id}/reschedule", until=wall(house, 30))
    assert later.status == 409
    assert (await house.promises.row(access.id)).due_at == access.due_at
    other = await receive("other")
    elsewhere = f"/desk/contacts/{other.reference}"
    assert (await desk.post(f"{elsewhere}/promises/{access.id}/keep", how="letter")).status == 422
    assert await findings(house) == []


async def test_topics_and_meetings_only_through_their_own_contact(
    desk: Browser, receive: Receive, house: House
) -> None:
    one, other = await receive("a", **MAIL), await receive("b", **MAIL)
    at = f"/desk/contacts/{one.reference}"
    await desk.post(f"{at}/split", **{"title-1": "Pas", "receiver-1": "byg"})
    await desk.post(f"{at}/meeting", subject="Om", starts=wall(house, 8), place="Her", way="place")
    view = await house.contacts.view(one.reference)
    elsewhere = f"/desk/contacts/{other.reference}"
    part, meeting = view.parts[0].id, view.meetings[0].id
    assert (await desk.post(f"{elsewhere}/parts/{part}/solve")).status == 422
    assert (await desk.post(f"{elsewhere}/meetings/{meeting}/cancel", by="us")).status == 422
    assert (await desk.post(f"{elsewhere}/parts/999/solve")).status == 422
    assert (await house.parts.row(part)).state == "open"


async def test_what_is_written_runs_nowhere(desk: Browser, receive: Receive, house: House) -> None:
    bad = "<script>alert(1)</script>"
    receipt = await receive(**MAIL)
    at = f"/desk/contacts/{receipt.reference}"
    await desk.post(f"{at}/split", **{"title-1": bad, "receiver-1": "byg"})
    await desk.post(f"{at}/meeting", subject=bad, starts=wall(house, 8), place=bad, way="place")
    await desk.post(f"{at}/promise", kind="status_letter", about=bad)
    for path in (at, f"{at}/live", "/desk"):
        page = (await desk.get(path)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


async def test_nobody_is_closed_as_unreachable_without_a_word(
    desk: Browser, receive: Receive, house: House
) -> None:
    receipt = await receive(**MAIL, callback=CallbackWish("+4520304050"))
    at = f"/desk/contacts/{receipt.reference}"
    [call] = (await house.contacts.view(receipt.reference)).promises
    button = "Skriv, at vi har forsøgt forgæves"
    assert button not in (await desk.get(at)).text
    early = await desk.post(f"{at}/close", outcome="unreachable")
    assert early.status == 409
    assert "Der er ikke ringet endnu" in early.text
    for _ in range(4):
        await desk.post(f"{at}/promises/{call.id}/attempt", result="no_answer")
    assert button in (await desk.get(at)).text
    silent = await desk.post(f"{at}/close", outcome="unreachable")
    assert silent.status == 409
    assert "Fortæl først borgeren skriftligt" in silent.text
    assert (await desk.post(f"{at}/unreachable")).status == 303
    page = (await desk.get(at)).text
    assert button not in page
    assert "Skrev til borgeren, at vi forgæves" in page
    assert (await desk.post(f"{at}/unreachable")).status == 409
    given = await desk.post(f"{at}/close", outcome="unreachable", how="letter")
    assert given.status == 303
    assert "forgæves har forsøgt at få fat i vedkommende: brev" in (await desk.get(at)).text
    assert await findings(house) == []


async def test_what_the_law_asks_for_needs_a_word_on_the_page_too(
    desk: Browser, receive: Receive, house: House
) -> None:
    receipt = await receive(**MAIL)
    at = f"/desk/contacts/{receipt.reference}"
    await desk.post(f"{at}/promise", kind="document_access")
    access = (await house.contacts.view(receipt.reference)).promises[-1]
    own = f"{at}/promises/{access.id}"
    assert "Det kræver loven: Hvorfor bortfalder det?" in (await desk.get(at)).text
    refused = await desk.post(f"{own}/withdraw")
    assert refused.status == 422
    assert "Skriv, hvorfor det bortfalder" in refused.text
    empty = await desk.post(f"{own}/keep", note="Gjort")
    assert empty.status == 422
    assert "notér, hvordan borgeren fik det" in empty.text
    assert (await desk.post(f"{own}/withdraw", note="Har fået dem.")).status == 303
    assert await findings(house) == []
