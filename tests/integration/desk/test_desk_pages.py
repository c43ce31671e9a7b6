"""What staff see and do on the desk's pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from router.clock import FixedClock
from router.house import House
from router.model import Attachment, CallbackWish, Channel, PromiseState
from tests.integration.desk.conftest import Browser, Open, Receive


async def _promise(house: House, reference: str) -> int:
    view = await house.contacts.view(reference)
    return view.promises[-1].id


async def test_queue_shows_overdue_first_and_says_so_in_words(
    desk: Browser, receive: Receive, clock: FixedClock
) -> None:
    early = await receive("early", subject="Tidlig sag")
    clock.advance(timedelta(days=7))
    late = await receive("late", subject="Sen sag")
    text = (await desk.get("/desk")).text
    assert text.index("Tidlig sag") < text.index("Sen sag")
    first, second = (text.index(r.reference[:3] + " ") for r in (early, late))
    assert first < second
    row = text[text.index("desk-row desk-late") : text.index("Sen sag")]
    assert re.search(r"forfalden for \d+ dage", row)
    assert "Karin Test" in row
    assert "20 30 40 50" in row
    assert "ingen" in row


async def test_empty_queue_says_what_to_do(desk: Browser) -> None:
    text = (await desk.get("/desk")).text
    assert "Alt, hvad der er lovet, er holdt" in text
    text = (await desk.get("/desk?owner=me")).text
    assert "Vis alle åbne løfter" in text


async def test_filters_are_addresses(desk: Browser, receive: Receive, wish: CallbackWish) -> None:
    await receive("a", subject="Om pas")
    await receive("b", subject="Om byggeri", menu="byg", callback=wish)
    assert "Om byggeri" not in (await desk.get("/desk?department=borgerservice")).text
    callbacks = (await desk.get("/desk?kind=callback")).text
    assert "Om byggeri" in callbacks
    assert "Om pas" not in callbacks
    assert "Om pas" not in (await desk.get("/desk?owner=me")).text
    assert "Om pas" in (await desk.get("/desk?owner=none")).text
    assert "Om pas" not in (await desk.get("/desk?due=overdue")).text
    # What nobody could have chosen is left out, not obeyed.
    assert "Om pas" in (await desk.get("/desk?department='--&state=x&kind=%00")).text


async def test_pages_follow_each_other_and_miss_nothing(desk: Browser, receive: Receive) -> None:
    for number in range(53):
        await receive(f"n{number}", subject=f"Sag nr. {number}.")
    text = (await desk.get("/desk")).text
    found = re.search(r'id="more"[^>]* href="([^"]+)"', text)
    assert found is not None
    rest = (await desk.get(found[1].replace("&amp;", "&"))).text
    seen = set(re.findall(r"Sag nr\. (\d+)\.</a>", text + rest))
    assert seen == {str(number) for number in range(53)}
    assert (await desk.get("/desk?cursor=rubbish")).status == 303


async def test_a_caseworker_takes_calls_notes_and_closes(
    desk: Browser, receive: Receive, house: House, wish: CallbackWish
) -> None:
    receipt = await receive(callback=wish)
    at = f"/desk/contacts/{receipt.reference}"
    promise = await _promise(house, receipt.reference)
    assert "Tag den" in (await desk.get(at)).text

    taken = await desk.post(f"{at}/promises/{promise}/claim")
    assert taken.status == 303
    assert "Lone Hvideklit" in (await desk.get(taken.headers["Location"])).text

    called = await desk.post(
        f"{at}/promises/{promise}/attempt", result="no_answer", note="Ringede forgæves."
    )
    assert called.status == 303
    assert (await house.promises.row(promise)).state is PromiseState.RESTING
    queue = (await desk.get("/desk?owner=me")).text
    assert "1 forsøg: intet svar" in queue
    assert "igen" in queue

    too_early = await desk.post(f"{at}/close", outcome="solved", note="Tror jeg nok.")
    assert too_early.status == 409
    assert "Der er lovet noget" in too_early.text
    assert "Tror jeg nok." in too_early.text

    await desk.post(f"{at}/promises/{promise}/attempt", result="reached", note="Aftalt tid.")
    assert (await house.promises.row(promise)).state is PromiseState.KEPT
    await desk.post(f"{at}/note", text="Hun kommer på tirsdag.")
    closed = await desk.post(f"{at}/close", outcome="solved", note="Passet er bestilt.")
    assert closed.status == 303
    page = (await desk.get(at)).text
    for words in ("Ringede forgæves.", "Aftalt tid.", "Hun kommer på tirsdag.", "Løst"):
        assert words in page
    assert "Karin Test" not in (await desk.get("/desk")).text


async def test_the_second_of_two_is_told_who_has_it_and_loses_nothing(
    desk: Browser, browser: Open, receive: Receive, house: House, wish: CallbackWish
) -> None:
    receipt = await receive(callback=wish)
    at = f"/desk/contacts/{receipt.reference}"
    promise = await _promise(house, receipt.reference)
    colleague = await browser()
    await colleague.log_in("jens-mosevang")

    version = re.search(r'name="version" value="(\d+)"', (await colleague.get(at)).text)
    assert version is not None
    assert (await desk.post(f"{at}/promises/{promise}/claim")).status == 303

    second = await colleague.post(f"{at}/promises/{promise}/claim")
    assert second.status == 409
    assert "Lone Hvideklit har den allerede." in second.text

    offered = await colleague.post(
        f"{at}/offer", receiver="byg", reason="Det er en byggesag.", version=version[1]
    )
    assert offered.status == 409
    assert "Lone Hvideklit har den nu." in offered.text
    assert "Det er en byggesag." in offered.text
    assert re.search(r'<option value="byg" selected>', offered.text)
    assert (await house.contacts.by_reference(receipt.reference)).offered_department is None


async def test_an_offer_is_seen_and_accepted(
    desk: Browser, browser: Open, receive: Receive, house: House
) -> None:
    receipt = await receive()
    at = f"/desk/contacts/{receipt.reference}"
    sent = await desk.post(
        f"{at}/offer", receiver="ydelse/jens-mosevang", reason="Det er om en regning."
    )
    assert sent.status == 303
    head = await house.contacts.by_reference(receipt.reference)
    assert head.department == "borgerservice"
    receiver = await browser()
    await receiver.log_in("jens-mosevang")
    assert "Pas" in (await receiver.get("/desk?offered=me")).text
    page = (await receiver.get(at)).text
    assert "Den er tilbudt dig" in page
    assert "Det er om en regning." in page
    assert "Den er tilbudt dig" not in (await desk.get(at)).text
    assert (await desk.post(f"{at}/accept")).status == 409
    assert (await receiver.post(f"{at}/accept")).status == 303
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.department, head.caseworker) == ("ydelse", "jens-mosevang")


async def test_a_new_time_is_local_and_checked(
    desk: Browser, receive: Receive, house: House, wish: CallbackWish
) -> None:
    receipt = await receive(callback=wish)
    promise = await _promise(house, receipt.reference)
    at = f"/desk/contacts/{receipt.reference}/promises/{promise}/reschedule"
    good = await desk.post(at, **{"from": "2026-11-25T13:00", "until": "2026-11-25T15:00"})
    assert good.status == 303
    row = await house.promises.row(promise)
    assert row.not_before is not None
    assert (row.not_before.hour, row.due_at.hour) == (12, 14)  # UTC
    for start, until, words in (
        ("2026-11-25T15:00", "2026-11-25T13:00", "slutter, før det begynder"),
        ("", "2026-11-20T13:00", "er passeret"),
        ("", "2028-11-20T13:00", "for langt fremme"),
        ("", "i morgen", "kunne ikke læses"),
        ("", "", "Skriv det tidspunkt"),
    ):
        refused = await desk.post(at, **{"from": start, "until": until})
        assert refused.status == 422
        assert words in refused.text
        assert f'value="{start}"' in refused.text
    assert (await house.promises.row(promise)).due_at == row.due_at


async def test_a_promise_of_another_contact_cannot_be_touched_from_here(
    desk: Browser, receive: Receive, house: House, wish: CallbackWish
) -> None:
    mine, other = await receive("a", callback=wish), await receive("b", callback=wish)
    promise = await _promise(house, other.reference)
    at = f"/desk/contacts/{mine.reference}/promises"
    assert (await desk.post(f"{at}/{promise}/attempt", result="reached")).status == 422
    assert (await desk.post(f"{at}/{10**30}/attempt", result="reached")).status == 404
    assert (await desk.post(f"{at}/-1/attempt", result="reached")).status == 404
    assert (await house.promises.row(promise)).state is PromiseState.WAITING


async def test_everything_a_citizen_writes_is_shown_and_harmless(
    desk: Browser, receive: Receive, house: House
) -> None:
    bad = '<script>alert("x")</script><img src=x onerror=alert(1)>"\'>{{7*7}}'
    receipt = await receive(
        text=bad,
        subject=bad,
        name=bad,
        email='a"><script>x</script>@example.dk',
        attachments=(Attachment(bad, "text/html", b"<script>alert(1)</script>"),),
    )
    at = f"/desk/contacts/{receipt.reference}"
    await desk.post(f"{at}/note", text=bad)
    for path in ("/desk", "/desk/queue", at, f"{at}/live"):
        page = (await desk.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(&#34;x&#34;)" in page
    view = await house.contacts.view(receipt.reference)
    file = await desk.get(f"{at}/files/{view.attachments[0].id}")
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert "default-src 'none'" in file.headers["Content-Security-Policy"]
    assert (await desk.get(f"{at}/files/999999")).status == 404
    assert (await desk.get(f"{at}/files/x")).status == 404


async def test_a_file_is_found_only_through_its_own_contact(
    desk: Browser, receive: Receive, house: House
) -> None:
    one = await receive("a", attachments=(Attachment("a.pdf", "application/pdf", b"%PDF"),))
    other = await receive("b")
    file = (await house.contacts.view(one.reference)).attachments[0].id
    assert (await desk.get(f"/desk/contacts/{one.reference}/files/{file}")).status == 200
    assert (await desk.get(f"/desk/contacts/{other.reference}/files/{file}")).status == 404


async def test_cpr_numbers_are_masked_everywhere(desk: Browser, receive: Receive) -> None:
    receipt = await receive(
        subject="Om 070761-4285",
        text="Mit nummer er 0707614285, sagen er 9912345678.",
        name="070761 4285",
    )
    at = f"/desk/contacts/{receipt.reference}"
    for path in ("/desk", at, f"/api/v1/staff/contacts/{receipt.reference}"):
        page = (await desk.get(path)).text
        assert "4285" not in page
        assert "070761-xxxx" in page
    assert "9912345678" in (await desk.get(at)).text


async def test_the_reference_box_finds_and_says_when_it_does_not(
    desk: Browser, receive: Receive
) -> None:
    receipt = await receive()
    typed = f"{receipt.reference[:3]} {receipt.reference[3:6]}-{receipt.reference[6:]}"
    found = await desk.get("/desk/go", params={"reference": typed})
    assert found.headers["Location"] == f"/desk/contacts/{receipt.reference}"
    wrong = str(int(receipt.reference) + 1)
    assert (await desk.get("/desk/go", params={"reference": wrong})).status == 404
    assert (await desk.get(f"/desk/contacts/{wrong}")).status == 404


async def test_a_walk_in_is_registered_once(desk: Browser, house: House) -> None:
    page = (await desk.get("/desk/new")).text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    fields = {"words": "Vil have et nyt kørekort", "name": "Bo", "phone": "20 30 40 50"}
    nothing = await desk.post("/desk/new", key=key[1], name="Bo")
    assert nothing.status == 422
    assert 'value="Bo"' in nothing.text
    assert (await desk.post("/desk/new", key=key[1], words="x", phone="12")).status == 422
    first = await desk.post("/desk/new", key=key[1], call="yes", **fields)
    again = await desk.post("/desk/new", key=key[1], call="yes", **fields)
    assert first.status == 303
    assert first.headers["Location"] == again.headers["Location"]
    reference = first.headers["Location"].split("/")[-1].partition("?")[0]
    head = await house.contacts.by_reference(reference)
    assert (head.channel, head.phone) == (Channel.DESK, "+4520304050")
    changed = await desk.post("/desk/new", key=key[1], call="yes", **(fields | {"name": "Ib"}))
    assert changed.status == 422
    assert "Ib" in changed.text


@pytest.mark.parametrize(
    ("language", "label", "either"),
    [
        ("da", "Borgeren kan ikke ringes op", "Vælg en af delene"),
        ("en", "The citizen cannot be called", "Choose one of them"),
    ],
)
async def test_a_walk_in_who_cannot_be_called(
    desk: Browser, house: House, language: str, label: str, either: str
) -> None:
    at = f"/desk/new?lang={language}"
    page = (await desk.get(at)).text
    assert label in page
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    fields = {"key": key[1], "words": "Ring til mig om kørekort", "phone": "20 30 40 50"}
    refused = await desk.post(at, no_calls="yes", call="yes", **fields)
    assert refused.status == 422
    assert either in refused.text
    assert refused.text.count(" checked") == 2
    taken = await desk.post(at, no_calls="yes", **fields)
    assert taken.status == 303
    reference = taken.headers["Location"].split("/")[-1].partition("?")[0]
    view = await house.contacts.view(reference)
    assert "no_calls" in view.head.flags
    assert [promise.kind for promise in view.promises] == ["answer"]


async def test_english_is_a_whole_language(desk: Browser, receive: Receive) -> None:
    receipt = await receive()
    page = (await desk.get(f"/desk/contacts/{receipt.reference}?lang=en")).text
    assert '<html lang="en">' in page
    assert "Nobody has this yet" in page
    promise = re.search(r"/promises/\d+/claim\?lang=en", page)
    assert promise is not None
    moved = await desk.post(f"/desk/contacts/{receipt.reference}{promise[0]}")
    assert "lang=en" in moved.headers["Location"]
