"""CPR numbers are masked; other numbers stay readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.desk.masking import mask_cpr


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("251248-9996", "251248-xxxx"),
        ("2211771212", "221177xxxx"),
        ("Mit nr. er 070761-4285.", "Mit nr. er 070761-xxxx."),
        ("070761 4285", "070761 xxxx"),
        ("07 07 61 4285", "07 07 61 xxxx"),
        ("07.07.61-4285", "07.07.61-xxxx"),
        ("07-07-61-4285", "07-07-61-xxxx"),
        ("07/07/61 - 4285", "07/07/61 - xxxx"),
        ("070761–4285", "070761–xxxx"),
        ("670761-4285", "670761-xxxx"),  # replacement number: day plus 60
        ("290200-1234", "290200-xxxx"),
        ("(251216-9996) og 2512169996", "(251216-xxxx) og 251216xxxx"),
        ("cpr:0101011234,", "cpr:010101xxxx,"),
    ],
)
def test_cpr_is_masked(text: str, masked: str) -> None:
    assert mask_cpr(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "9912345678",  # no such day
        "0113901234",  # no such month
        "3002901234",  # no 30 February
        "3104901234",  # no 31 April
        "0001011234",  # day 0
        "9201011234",  # day 32 of a replacement number
        "+4520304050",
        "20 30 40 50",
        "482 031 957",
        "5798000123456",  # EAN
        "01019012345",  # eleven digits
        "12010190123",
        "2026-11-24 13:00",
        "",
    ],
)
def test_what_is_no_cpr_stays_readable(text: str) -> None:
    assert mask_cpr(text) == text


@given(st.text(alphabet="0123456789-. /\nab", max_size=60))
def test_masking_keeps_length_and_is_done_once(text: str) -> None:
    masked = mask_cpr(text)
    assert len(masked) == len(text)
    assert mask_cpr(masked) == masked


@given(st.dates(), st.integers(0, 9999), st.sampled_from(["", "-", " "]))
def test_every_date_with_four_digits_is_masked(day: object, last: int, between: str) -> None:
    number = f"{day:%d%m%y}{between}{last:04d}"
    assert mask_cpr(f"nr {number} tak") == f"nr {number[:-4]}xxxx tak"
