"""How long there is left, in words that neither flatter nor frighten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels.desk import words
from channels.desk.words import Tongue
from channels.i18n import catalogue
from router.model import Outcome, PromiseKind, PromiseState
from router.promise_life import Result

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TEXTS = catalogue("desk")
DANISH = Tongue("da", TEXTS.gettext("da"), TEXTS.ngettext("da"))
ENGLISH = Tongue("en", TEXTS.gettext("en"), TEXTS.ngettext("en"))


@pytest.mark.parametrize(
    ("away", "danish", "english"),
    [
        (timedelta(0), "nu", "now"),
        (timedelta(seconds=59), "nu", "now"),
        (timedelta(microseconds=-1), "forfalden lige nu", "overdue just now"),
        (timedelta(minutes=-20), "forfalden for 20 min", "overdue by 20 min"),
        (timedelta(minutes=20, seconds=59), "om 20 min", "in 20 min"),
        (timedelta(minutes=59, seconds=59), "om 59 min", "in 59 min"),
        (timedelta(hours=1), "om 1 time", "in 1 hour"),
        (timedelta(hours=2, minutes=59), "om 2 timer", "in 2 hours"),
        (timedelta(hours=-1), "forfalden for 1 time", "overdue by 1 hour"),
        (timedelta(hours=-23), "forfalden for 23 timer", "overdue by 23 hours"),
        (timedelta(days=1), "om 1 dag", "in 1 day"),
        (timedelta(days=-3), "forfalden for 3 dage", "overdue by 3 days"),
        (timedelta(days=40), "om 40 dage", "in 40 days"),
    ],
)
def test_countdown(away: timedelta, danish: str, english: str) -> None:
    assert words.countdown(NOW + away, NOW, DANISH) == danish
    assert words.countdown(NOW + away, NOW, ENGLISH) == english


@pytest.mark.parametrize(
    ("due", "opens", "urgency"),
    [
        (timedelta(seconds=-1), None, "late"),
        (timedelta(0), None, "soon"),
        (timedelta(minutes=29), None, "soon"),
        (timedelta(minutes=30), None, "fine"),
        (timedelta(hours=3), timedelta(hours=1), "early"),
        (timedelta(hours=3), timedelta(hours=-1), "fine"),
    ],
)
def test_urgency(due: timedelta, opens: timedelta | None, urgency: str) -> None:
    assert words.urgency(NOW + due, NOW + opens if opens else None, NOW) == urgency


@pytest.mark.parametrize(
    ("at", "danish", "english"),
    [
        (datetime(2026, 11, 23, 14, tzinfo=UTC), "i dag kl. 15.00", "today at 15:00"),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "i morgen kl. 0.30", "tomorrow at 0:30"),
        (datetime(2026, 11, 22, 12, tzinfo=UTC), "i går kl. 13.00", "yesterday at 13:00"),
        (datetime(2026, 11, 27, 12, tzinfo=UTC), "fre. 27. nov. kl. 13.00", "Fri 27 Nov at 13:00"),
        (
            datetime(2028, 2, 29, 12, tzinfo=UTC),
            "tirs. 29. feb. 2028 kl. 13.00",
            "Tue 29 Feb 2028 at 13:00",
        ),
    ],
)
def test_short_time(at: datetime, danish: str, english: str) -> None:
    assert words.short_time(at, NOW, DANISH, COPENHAGEN) == danish
    assert words.short_time(at, NOW, ENGLISH, COPENHAGEN) == english


def test_short_window() -> None:
    one, three = NOW + timedelta(hours=3), NOW + timedelta(hours=5)
    assert words.short_window(None, one, NOW, DANISH, COPENHAGEN) == "senest i dag kl. 13.00"
    same_day = words.short_window(one, three, NOW, DANISH, COPENHAGEN)
    assert same_day == "i dag kl. 13.00 til 15.00"
    later = words.short_window(one, NOW + timedelta(days=1), NOW, ENGLISH, COPENHAGEN)
    assert later == "today at 13:00 to tomorrow at 10:00"


@pytest.mark.parametrize(
    ("known", "named"),
    [
        (words.KINDS, PromiseKind),
        (words.STATES, PromiseState),
        (words.RESULTS, Result),
        (words.OUTCOMES, Outcome),
    ],
)
def test_every_word_of_the_house_has_words(known: dict[str, str], named: type) -> None:
    assert {member.value for member in named} <= set(known)  # type: ignore[attr-defined]


def test_an_unknown_word_stays_readable() -> None:
    assert words.label(words.FLAGS, "brand_new.flag", DANISH) == "brand new flag"


@pytest.mark.parametrize(
    ("why", "language", "sentence"),
    [
        ({"da": "Fordi", "en": "Because"}, "en", "Because"),
        ({"da": "Fordi"}, "en", "Fordi"),
        ({}, "da", ""),
        (None, "da", ""),
        ("Fordi", "da", "Fordi"),
        ({"da": 7}, "da", ""),
    ],
)
def test_why_sentence(why: object, language: str, sentence: str) -> None:
    assert words.why_sentence(why, language) == sentence
