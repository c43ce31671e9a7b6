"""What a person may write in a field, and how we keep it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.numbers import typed_number
from channels.web.fields import email_address, phone_number, reference_digits


@pytest.mark.parametrize(
    "written",
    ["20304050", "20 30 40 50", "+45 20304050", "0045 20 30 40 50", "+45-20-30-40-50",
     "(20) 30 40 50", "20.30.40.50", "20\u00a030\u00a040\u00a050"],
)  # fmt: skip
def test_danish_numbers_as_people_write_them(written: str) -> None:
    assert phone_number(written) == "+4520304050"


def test_foreign_numbers_need_their_country_code() -> None:
    assert phone_number("+46 70 123 45 67") == "+46701234567"
    assert phone_number("0046 70 123 45 67") == "+46701234567"


@pytest.mark.parametrize(
    "written",
    ["", "123", "1234567", "203040501", "00000000", "10304050", "+4510304050", "ring til mig",
     "20304050 (privat)", "+999 20304050", "+", "++4520304050", "90304050", "1" * 60, "²0304050",
     "٢٠٣٠٤٠٥٠"],
)  # fmt: skip
def test_what_we_cannot_call_is_refused(written: str) -> None:
    assert phone_number(written) is None


@given(st.integers(20_000_000, 89_999_999))
def test_the_quick_way_agrees_with_the_library(number: int) -> None:
    assert phone_number(str(number)) == (typed_number(str(number)) or None)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ane@eksempel.dk", "ane@eksempel.dk"),
        ("  ane.aa+kommune@mail.eksempel.dk ", "ane.aa+kommune@mail.eksempel.dk"),
        ("ane@blåbær.dk", "ane@xn--blbr-roah.dk"),
        ("O'Neill@eksempel.ie", "O'Neill@eksempel.ie"),
    ],
)
def test_mail_addresses(written: str, kept: str) -> None:
    assert email_address(written) == kept


@pytest.mark.parametrize(
    "written",
    ["", "ane", "ane@", "@eksempel.dk", "ane@eksempel", "ane@@eksempel.dk", "ane@eksempel..dk",
     "ane eksempel@dk.dk", ".ane@eksempel.dk", "ane.@eksempel.dk", "ane@-eksempel.dk",
     "ane@eksempel.dk\nBcc: alle@eksempel.dk", "ane@eksempel.dk>", "æøå@eksempel.dk",
     "ane@127.0.0.1", "a" * 65 + "@eksempel.dk", "a@" + "b" * 64 + ".dk",
     "a@" + "b." * 130 + "dk", "ane@xn--\udcff.dk"],
)  # fmt: skip
def test_what_no_mail_server_takes_is_refused(written: str) -> None:
    assert email_address(written) is None


@given(st.text())
def test_nothing_written_breaks_a_field(written: str) -> None:
    number, address = phone_number(written), email_address(written)
    assert number is None or (number.startswith("+") and number[1:].isdigit())
    assert address is None or (address.isascii() and not set(address) & set("\r\n <>"))


def test_references_as_people_write_them() -> None:
    assert reference_digits(" 482 031-957") == "482031957"
