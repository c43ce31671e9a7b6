"""Numbers that we can call, and words that a caller uses for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.numbers import caller_number, typed_number
from channels.phone.hearing import Heard, digits_in


@pytest.mark.parametrize(
    "sent",
    ["+4520304050", "+4547351000", "+4670123456", "+491711234567", "+15005550006", "+4540000000"],
)
def test_a_caller_with_a_number_is_called_back_on_it(sent: str) -> None:
    assert caller_number(sent) == sent


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "anonymous",
        "Restricted",
        "unknown",
        "+266696687",
        "+7378742833",
        "sip:anna@example.dk",
        "sip:+4520304050@example.dk",
        "client:anna",
        "+4500000000",
        "+4590901234",
        "+1",
        "20304050",
        "+45 20 30 40 50",
        "+0045203040",
        "+45203040501234567890",
        "+४५२०३०४०५०",
        "\x00",
    ],
)
def test_a_caller_without_a_number_that_can_be_called(sent: str) -> None:
    assert caller_number(sent) == ""


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("20304050", "+4520304050"),
        ("4520304050", "+4520304050"),
        ("004520304050", "+4520304050"),
        ("0046701234567", "+46701234567"),
        ("20 30 40 50", "+4520304050"),
    ],
)
def test_typed_numbers(typed: str, number: str) -> None:
    assert typed_number(typed) == number


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("20 30 40 50", "20304050"),
        ("tyve tredive fyrre halvtreds", "20304050"),
        ("to nul tre nul fire nul fem nul", "20304050"),
        ("enogtyve toogtredive treogfyrre fireoghalvtreds", "21324354"),
        ("femogtres seksoghalvfjerds syvogfirs otteoghalvfems", "65768798"),
        ("twenty thirty forty fifty", "20304050"),
        ("twenty one thirty two forty three fifty four", "21324354"),
        ("two oh three zero four oh five zero", "20304050"),
        ("nitten elleve tolv seventeen", "19111217"),
        ("jeg har ikke noget", ""),
        ("", ""),
    ],
)
def test_numbers_in_words(said: str, digits: str) -> None:
    assert digits_in(said) == digits


@given(st.integers(20_000_000, 79_999_999))
def test_every_spoken_danish_number_is_understood(number: int) -> None:
    assert Heard.of("", f"det er {number}").number() == str(number)


@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_that_is_heard_breaks_anything(digits: str, speech: str) -> None:
    heard = Heard.of(digits, speech)
    assert set(heard.digits) <= set("0123456789*#")
    assert "\0" not in heard.speech
    for question in (
        heard.says_yes,
        heard.says_no,
        heard.asks_for_english,
        heard.asks_for_danish,
        heard.asks_for_switchboard,
        heard.asks_for_other_number,
        heard.says_only_a_number,
    ):
        assert question() in (True, False)
    number = typed_number(heard.number())
    assert number == "" or number.startswith("+")


@given(st.text(max_size=40))
def test_rubbish_is_a_number_or_nothing(sent: str) -> None:
    assert caller_number(sent) in ("", sent.strip())
