"""Why a contact is here, on its page and in the API; and who coordinates for its citizen."""

from __future__ import annotations

import re
from html import unescape

from router.house import House
from router.model import Channel
from router.rules import Facts
from tests.integration.desk.conftest import Browser, Receive
from tests.integration.desk.test_desk_api import Machine, machine

__all__ = ["machine"]


def why_of(page: str) -> str:
    """The part of the page that says why, as plain text."""
    found = re.search(r'id="why-heading".*?</section>', page, re.DOTALL)
    assert found is not None
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


async def test_the_page_says_why_in_plain_danish_and_folds_the_trace(
    desk: Browser, receive: Receive, house: House
) -> None:
    receipt = await receive(
        text="Der er et stort hul i vejen ud for nummer 12.", menu="", subject=""
    )
    page = (await desk.get(f"/desk/contacts/{receipt.reference}")).text
    told = why_of(page)
    assert "Det ser ud til at handle om" in told
    assert "Vej, Trafik og Park" in told
    assert "sikkerhed sikker, " in told
    assert "hul i vejen (Vej, Trafik og Park)" in told
    assert "passer og afgjorde det" in told
    assert house.municipality.rules.version in told
    assert "reglerne er ændret siden" not in told
    assert re.search(r'<details id="trace-1">\s*<summary>', page)
    tried = re.findall(r"<li>(.*?)</li>", page[page.index('class="desk-trace"') :])
    decision = (await house.contacts.view(receipt.reference)).decisions[-1]
    assert tried[0].startswith(f"{house.municipality.rules.rules[0].id} – ")
    assert f"<strong>{decision.rule_id}</strong>" in tried[-1]


def not_clear(house: House) -> str:
    """A text that the rules are not sure of, whatever the vocabulary has learned meanwhile."""
    subjects = (
        "hund",
        "skole",
        "affald",
        "job",
        "byggeri",
        "pas",
        "haven",
        "støj",
        "en bog",
        "vej",
    )
    texts = (f"{one} og {other}" for one in subjects for other in subjects if one != other)
    for text in texts:
        decision = house.municipality.rules.decide(Facts(channel=Channel.WEB, text=text))
        if (
            decision.certainty != "sure"
            and decision.confidence < 1
            and len(decision.candidates) > 1
        ):
            return text
    raise AssertionError("the rules are sure of everything")


async def test_what_is_not_clear_comes_with_its_candidates(
    desk: Browser, receive: Receive, house: House
) -> None:
    text = not_clear(house)
    unclear = await receive(text=text, menu="", subject="")
    told = why_of((await desk.get(f"/desk/contacts/{unclear.reference}")).text)
    assert re.search(r"sikkerhed (sandsynlig|usikker), \d+ %", told)
    assert re.search(r"Den kan høre til: [^·]+ \d+ % · [^·]+ \d+ %", told)
    chosen = await receive("two", text=text)
    told = why_of((await desk.get(f"/desk/contacts/{chosen.reference}")).text)
    assert "Du har selv valgt" in told
    assert "Den kan høre til:" not in told


async def test_the_api_gives_the_trace_in_whole_sentences(
    machine: Machine, receive: Receive, house: House
) -> None:
    receipt = await receive(text="Der er et stort hul i vejen.", menu="", subject="")
    decision = (await machine.get(f"/contacts/{receipt.reference}"))["decisions"][0]
    assert decision["trace"][-1] == {"rule": decision["rule"], "matched": True}
    assert [step["rule"] for step in decision["trace"]] == [
        rule.id for rule in house.municipality.rules.rules[: len(decision["trace"])]
    ]
    for step in decision["trace"][:-1]:
        assert set(step["failed"]) == {"da", "en"}
    assert "hul" not in str(decision["explanation"]["facts"])


async def test_who_coordinates_is_set_seen_and_taken_away(
    desk: Browser, machine: Machine, receive: Receive, house: House
) -> None:
    receipt = await receive()
    at = f"/desk/contacts/{receipt.reference}"
    assert (await machine.get(f"/contacts/{receipt.reference}"))["coordinator"] is None
    assert (await desk.post(f"{at}/coordinator", person="jens-mosevang")).status == 303
    page = (await desk.get(f"{at}?done=coordinator")).text
    assert "Det er gemt, hvem der koordinerer." in page
    assert "<dt>Koordinerende sagsbehandler</dt><dd>Jens Mosevang</dd>" in page
    assert "Koordinerende sagsbehandler: Jens Mosevang" in page
    assert '<option value="jens-mosevang" selected>' in page
    # The same citizen again: it holds for them, not for one contact.
    again = await receive("again", text="En sag til")
    other = await receive("other", phone="+4511223344")
    assert (await machine.get(f"/contacts/{again.reference}"))["coordinator"] == "jens-mosevang"
    assert (await machine.get(f"/contacts/{other.reference}"))["coordinator"] is None
    past = (await house.contacts.view(again.reference)).decisions[-1].explanation
    assert past["facts"]["history"]["coordinator"] == "jens-mosevang"
    assert (await desk.post(f"{at}/coordinator", person="")).status == 303
    assert (await machine.get(f"/contacts/{again.reference}"))["coordinator"] is None
    assert "Koordinerende sagsbehandler: ingen" in (await desk.get(at)).text


async def test_who_coordinates_by_api(machine: Machine, receive: Receive) -> None:
    receipt = await receive()
    at = f"/contacts/{receipt.reference}/coordinator"
    told = await machine.post(at, {"caseworker": "jens-mosevang"}, acting="lone-hvideklit")
    assert told["coordinator"] == "jens-mosevang"
    event = told["timeline"][-1]
    assert (event["kind"], event["actor"]) == ("coordinator", "staff:lone-hvideklit")
    assert (await machine.post(at, {"caseworker": None}))["coordinator"] is None
    assert (await machine.post(at, {"caseworker": "nobody"}, 422))["code"] == "no_such_caseworker"
    assert (await machine.post(at, {}, 422))["code"] == "does_not_fit"
    assert (await machine.post(at, {"caseworker": None, "colour": 1}, 422))[
        "code"
    ] == "does_not_fit"


async def test_nobody_coordinates_for_somebody_unknown(
    desk: Browser, machine: Machine, receive: Receive
) -> None:
    receipt = await receive(phone="", email="")
    at = f"/contacts/{receipt.reference}/coordinator"
    refused = await machine.post(at, {"caseworker": "jens-mosevang"}, 409)
    assert refused["code"] == "party_unknown"
    page = f"/desk/contacts/{receipt.reference}"
    assert 'id="coordinator"' not in (await desk.get(page)).text
    tried = await desk.post(f"{page}/coordinator", person="jens-mosevang")
    assert tried.status == 409
    assert "Hverken telefonnummer eller e-mailadresse" in tried.text
