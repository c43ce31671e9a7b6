"""Mails and text messages about plans, meetings and letters."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from channels.mail.composing import Composer, Tell
from channels.mail.identity import Identity
from channels.mail.occasions import OCCASION_SUBJECTS, occasion
from channels.phone.sms_occasions import occasion_words
from router.config import Municipality
from router.errors import PermanentFailure
from router.house import House
from router.model import Effect

CPH = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=CPH)
MEETING = {
    "not_before": "2026-12-01T09:00:00+00:00",
    "due_at": "2026-12-01T10:00:00+00:00",
    "way": "place",
    "place": "Torvet 2",
}
ANSWER = {"kind": "answer", "not_before": None, "due_at": "2026-11-25T14:00:00Z", "phone": ""}


class Words:
    """A ledger that holds one text."""

    def __init__(self, words: str | None) -> None:
        self._words = words

    async def fetchval(self, *_: Any) -> str | None:
        return self._words


def house(municipality: Municipality, words: str | None = None) -> House:
    clock = SimpleNamespace(now=lambda: NOW)
    return cast(House, SimpleNamespace(municipality=municipality, clock=clock, ledger=Words(words)))


def payload(template: str, **more: Any) -> dict[str, Any]:
    return {"to": "kim@example.dk", "template": template, "language": "da", **more}


async def compose(
    municipality: Municipality, given: dict[str, Any], words: str | None = None
) -> tuple[str, str, str]:
    """Subject, plain text and HTML."""
    effect = Effect(1, "mail.tell", 1, given, 1)
    said = await occasion(house(municipality, words), effect, "da")
    composer = Composer(
        lambda: municipality, Identity(municipality, b"x" * 32), "https://i.example"
    )
    tell = Tell(
        given["template"], given["to"], given["language"], "482031957", "AB12-CD34",
        given.get("department", "ydelse"), occasion=said,
    )  # fmt: skip
    message = composer.tell(1, tell, NOW)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return str(message["Subject"]), plain.get_content(), html.get_content()


async def test_a_plan_names_departments_and_promises_but_no_topics(
    municipality: Municipality,
) -> None:
    parts = [
        {"department": "ydelse", "promise": ANSWER},
        {"department": "vej", "promise": ANSWER | {"kind": "callback", "phone": "+4520304050"}},
    ]
    subject, plain, html = await compose(municipality, payload("plan", parts=parts))
    assert subject == "Planen for din henvendelse – 482 031 957"
    for text in (plain, html):
        assert "senest onsdag den 25. november kl. 15.00" in text
        assert "ringer til dig på 20 30 40 50" in text
        assert "AB12-CD34" in text


@pytest.mark.parametrize("left", [0, 1, 2])
async def test_a_part_that_is_done_says_how_much_is_left(
    municipality: Municipality, left: int
) -> None:
    given = payload("part_solved", left=left, department="ydelse")
    _, plain, _ = await compose(municipality, given)
    assert {0: "ingen dele tilbage", 1: "1 del tilbage", 2: "2 dele tilbage"}[left] in plain


@pytest.mark.parametrize("template", ["meeting_agreed", "meeting_moved", "meeting_cancelled"])
async def test_a_meeting_says_when_and_where(municipality: Municipality, template: str) -> None:
    subject, plain, html = await compose(municipality, payload(template, meeting=MEETING))
    assert "møde" in subject
    for text in (plain, html):
        assert "tirsdag den 1. december mellem kl. 10.00 og 11.00" in text
        assert ("Sted: Torvet 2" in text) == (template != "meeting_cancelled")


@pytest.mark.parametrize("template", ["agenda", "minutes", "letter"])
async def test_words_of_staff_are_carried_whole_and_run_nowhere(
    municipality: Municipality, template: str
) -> None:
    words = "1. Passet\n2. <script>alert(1)</script> & {{ access_code }}"
    given = payload(template, meeting=MEETING, words=7)
    _, plain, html = await compose(municipality, given, words)
    assert words in plain.replace("\r\n", "\n")
    assert "<script>" not in html
    assert "{{ access_code }}" in html
    english = payload(template, meeting=MEETING, words=7) | {"language": "en"}
    assert "meeting" in (await compose(municipality, english, words))[1] or template == "letter"


async def test_words_that_were_erased_are_a_failure_that_a_person_owns(
    municipality: Municipality,
) -> None:
    for gone in ("", None):
        with pytest.raises(PermanentFailure, match="no_words"):
            await compose(municipality, payload("letter", words=7), gone)


def test_text_messages_say_when_and_where_and_never_what_about() -> None:
    said = {
        template: occasion_words(payload(template, meeting=MEETING), "Vej og Park", "da", NOW, CPH)
        for template in OCCASION_SUBJECTS
    }
    assert said["meeting_agreed"] == (
        "Du har et møde med Vej og Park tirsdag den 1. december mellem kl. 10.00 og 11.00. "
        "Sted: Torvet 2."
    )
    assert said["meeting_moved"].startswith("Dit møde med Vej og Park er nu tirsdag")
    assert said["plan"].startswith("Vi har lagt en plan")
    assert said["letter"] == ""
    assert occasion_words(payload("tried"), "Vej", "da", NOW, CPH) == ""
