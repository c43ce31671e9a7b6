"""What an answer to our text message means, in Danish and English."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.phone.sms_words import Understood, Wants, understand

ZONE = ZoneInfo("Europe/Copenhagen")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)


def wall(day: int, hour: int, minute: int = 0, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, tzinfo=ZONE) + timedelta(hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("wants", "texts"),
    [
        (Wants.CONFIRM, ["1", "JA", " ja! ", "Ja tak.", "ok", "Yes", "Det passer"]),
        (Wants.WITHDRAW, ["NEJ", "nej tak!", "Afmeld", "No", "no thanks", "Ring ikke"]),
        (Wants.STOP, ["STOP", "stop ", "Unsubscribe", "QUIT", "Stop sms"]),
        (Wants.START, ["START", "unstop"]),
        (
            Wants.WORDS,
            [
                "", " ", "?", "🦷", "\0", "12", "14", "2", "Ja, men jeg kan først efter sommer",
                "Jeg bor nu på Strandvej 12", "Nej det er ikke rigtigt", "31/2 kl 10", "kl 25",
                "i morgen 10.75", "Gadelyset er gået ud på Strandvej 12-14", "ring",
                "mandag eller tirsdag", "1 2", "10 kr", "i morgen " * 20,
            ],
        ),
    ],
)  # fmt: skip
def test_words_that_are_no_time(wants: Wants, texts: list[str]) -> None:
    for text in texts:
        assert understand(text, MONDAY, ZONE) == Understood(wants), text


@pytest.mark.parametrize(
    ("text", "start", "end", "exact"),
    [
        ("i morgen 10", wall(24, 10), wall(24, 11), False),
        ("Imorgen kl. 10.30", wall(24, 10, 30), wall(24, 11, 30), False),
        ("10 i morgen", wall(24, 10), wall(24, 11), False),
        ("tors 14-15", wall(26, 14), wall(26, 15), True),
        ("Torsdag kl. 14 til 15, tak", wall(26, 14), wall(26, 15), True),
        ("ring hellere på torsdag mellem 2 og 3", wall(26, 14), wall(26, 15), True),
        ("efter 12", wall(23, 12), wall(24, 0), False),
        ("i morgen efter kl 12", wall(24, 12), wall(25, 0), False),
        ("før 12", wall(23, 0), wall(23, 12), False),
        # Nine has passed today.
        ("kl 9", wall(24, 9), wall(24, 10), False),
        ("9-9.30", wall(24, 9), wall(24, 9, 30), True),
        ("efter 9", wall(24, 9), wall(25, 0), False),
        ("i dag 9", wall(23, 9), wall(23, 10), False),
        ("mandag", wall(23, 0), wall(24, 0), False),
        ("man 9", wall(30, 9), wall(30, 10), False),
        ("man 14", wall(23, 14), wall(23, 15), False),
        ("fredag formiddag", wall(27, 8), wall(27, 12), False),
        ("i overmorgen om eftermiddagen", wall(25, 12), wall(25, 17), False),
        ("i eftermiddag", wall(23, 12), wall(23, 17), False),
        ("24/11 10.30", wall(24, 10, 30), wall(24, 11, 30), False),
        ("tirs. d. 24. november kl. 13", wall(24, 13), wall(24, 14), False),
        ("1/2 kl 10", wall(1, 10, month=2, year=2027), wall(1, 11, month=2, year=2027), False),
        ("tomorrow at 2pm", wall(24, 14), wall(24, 15), False),
        ("thursday 2-3", wall(26, 14), wall(26, 15), True),
        ("Please call me on Thursday after 12", wall(26, 12), wall(27, 0), False),
        ("15-14", wall(23, 15), wall(23, 14), True),
    ],
)
def test_times(text: str, start: datetime, end: datetime, exact: bool) -> None:
    assert understand(text, MONDAY, ZONE) == Understood(Wants.TIME, start, end, exact)


def test_the_hour_that_is_skipped_in_spring() -> None:
    saturday = datetime(2027, 3, 27, 10, 0, tzinfo=ZONE)
    for text in ("i morgen 2.30", "søn 02.15-02.45", "28/3 kl. 2.00"):
        assert understand(text, saturday, ZONE).wants is Wants.IMPOSSIBLE, text
    assert understand("i morgen kl. 3.30", saturday, ZONE).wants is Wants.TIME
    autumn = datetime(2027, 10, 30, 10, 0, tzinfo=ZONE)
    twice = understand("i morgen 02.30", autumn, ZONE)
    # It comes twice: the first is meant.
    assert twice.not_before == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


_PARTS = st.sampled_from(
    ["i", "morgen", "dag", "tors", "mandag", "kl", "10", "14-15", "24/11", "31/2", "efter", "før",
     "2.30", "99", "29/2", "nov", "24.", "-", "og", "pm", "ja", "nej", "á", "\u0661", "²"]
)  # fmt: skip


@given(
    text=st.lists(_PARTS, max_size=6).map(" ".join) | st.text(max_size=70),
    now=st.integers(0, 6 * 366 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes)),
)
def test_every_text_has_a_meaning(text: str, now: datetime) -> None:
    understood = understand(text, now, ZONE)
    is_time = understood.wants is Wants.TIME
    assert (understood.not_before is not None) == (understood.until is not None) == is_time
    if is_time and not understood.exact:
        assert understood.not_before is not None
        assert understood.until is not None
        assert understood.not_before < understood.until
