"""The citizen's form: what fits, what does not, and what it makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.web.form import Entry, check
from router import config
from router.config import Municipality
from router.model import Group
from router.settings import demo_configuration

ZONE = ZoneInfo("Europe/Copenhagen")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
ENTRY = Entry(text="Jeg vil bygge en carport", phone="20304050", call_me=True)


@pytest.fixture(scope="module")
def municipality() -> Municipality:
    return config.load(demo_configuration())


def errors(entry: Entry, municipality: Municipality, now: datetime = MONDAY) -> dict[str, str]:
    checked = check(entry, "da", municipality, now)
    assert (checked.arrival is None) == bool(checked.errors)
    return checked.errors


def test_words_alone_are_enough(municipality: Municipality) -> None:
    arrival = check(Entry(text="  Hvornår åbner I?\n"), "da", municipality, MONDAY).arrival
    assert arrival is not None
    assert arrival.text == "Hvornår åbner I?"
    assert (arrival.name, arrival.email, arrival.phone, arrival.callback) == ("", "", "", None)
    assert arrival.group is Group.CITIZEN


def test_a_wish_to_be_called_without_a_time(municipality: Municipality) -> None:
    arrival = check(ENTRY, "da", municipality, MONDAY).arrival
    assert arrival is not None
    assert arrival.callback is not None
    assert arrival.callback.phone == "+4520304050"
    assert (arrival.callback.not_before, arrival.callback.until) == (None, None)


def test_a_time_that_was_chosen(municipality: Municipality) -> None:
    entry = replace(ENTRY, slot="2026-11-24T12:00Z/2026-11-24T12:30Z")
    arrival = check(entry, "da", municipality, MONDAY).arrival
    assert arrival is not None
    assert arrival.callback is not None
    assert arrival.callback.not_before == datetime(2026, 11, 24, 13, 0, tzinfo=ZONE)
    assert arrival.callback.until == datetime(2026, 11, 24, 13, 30, tzinfo=ZONE)


def test_one_who_cannot_be_called_is_marked(municipality: Municipality) -> None:
    arrival = check(
        replace(ENTRY, call_me=False, no_calls=True), "da", municipality, MONDAY
    ).arrival
    assert arrival is not None
    assert arrival.callback is None
    assert arrival.flags == {"no_calls"}
    both = replace(ENTRY, no_calls=True)
    assert errors(both, municipality) == {
        "no_calls": "Bed enten om at blive ringet op, eller sig, at du ikke kan ringes op."
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": " \n\t "}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"subject": "x" * 301}, "subject"),
        ({"name": "x" * 201}, "name"),
        ({"group": "konge"}, "group"),
        ({"email": "ane"}, "email"),
        ({"phone": ""}, "phone"),
        ({"phone": "12345"}, "phone"),
        ({"department": "findes-ikke"}, "department"),
        ({"slot": "i morgen"}, "slot"),
        ({"slot": "2026-11-24T12:00Z"}, "slot"),
        ({"slot": "2026-11-24T13:00/2026-11-24T13:30"}, "slot"),
        ({"slot": "0001-01-01T00:00+14:00/9999-12-31T23:59-14:00"}, "slot"),
        # Past, 400 days ahead, ends before it starts, closed: at night, on a Saturday, at
        # Christmas; 02.30 on the night when the clocks are set forward.
        ({"slot": "2026-11-20T12:00Z/2026-11-20T12:30Z"}, "slot"),
        ({"slot": "2027-12-28T12:00Z/2027-12-28T12:30Z"}, "slot"),
        ({"slot": "2026-11-24T12:30Z/2026-11-24T12:00Z"}, "slot"),
        ({"slot": "2026-11-24T02:00Z/2026-11-24T02:30Z"}, "slot"),
        ({"slot": "2026-11-28T12:00Z/2026-11-28T12:30Z"}, "slot"),
        ({"slot": "2026-12-25T12:00Z/2026-12-25T12:30Z"}, "slot"),
        ({"slot": "2027-03-28T02:30+01:00/2027-03-28T03:00+01:00"}, "slot"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(
    change: dict[str, str], field: str, municipality: Municipality
) -> None:
    assert list(errors(replace(ENTRY, **change), municipality)) == [field]  # type: ignore[arg-type]


def test_all_errors_are_said_at_once_in_the_order_of_the_page(municipality: Municipality) -> None:
    entry = Entry(email="ane", call_me=True, department="findes-ikke")
    assert list(errors(entry, municipality)) == ["text", "email", "phone", "department"]


def test_the_same_sheet_is_the_same_key_and_another_word_is_not() -> None:
    assert ENTRY.key() == replace(ENTRY).key()
    assert replace(ENTRY, text="noget andet").key() != ENTRY.key()
    assert Entry.of({"form_id": "x' OR 1=1", "text": "a"}).form_id != "x' OR 1=1"


_WORDS = st.text(max_size=60)


@given(
    values=st.dictionaries(
        st.sampled_from(
            ["form_id", "text", "subject", "group", "name", "email", "phone", "call_me", "slot",
             "no_calls", "department"]
        ),
        _WORDS
        | st.sampled_from(
            ["20304050", "2026-11-24T12:00Z/2026-11-24T12:30Z", "borger", "yes", "byg"]
        ),
    )
)  # fmt: skip
def test_nothing_written_breaks_the_form(
    values: dict[str, str], municipality: Municipality
) -> None:
    errors(Entry.of(values), municipality)
