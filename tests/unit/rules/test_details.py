"""Numbers in a text: what they are, and what they only look like."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.details import asks_for_call, birth_day, has_cpr, phone_to_call, read_details


@pytest.mark.parametrize(
    ("text", "is_cpr"),
    [
        ("251248-9996", True), ("251248 9996", True), ("2512489996", True), ("070761-4285", True),
        ("251248 - 9996", True), ("290200-4321", True), ("310299-1234", False),
        ("290201-4321", False), ("320150-1234", False), ("011350-1234", False),
        ("12512489996", False), ("25124899961", False), ("4735100012", False),
        ("EAN 5798000012345", False), ("²512489996", False), ("٢٥١٢٤٨٩٩٩٦", False),
        ("221177–1212", True), ("221177\u00a01212", True), ("22 11 77-1212", True),
        ("22.11.77-1212", True), ("(221177-1212)", True), ("221177-1212.", True),
        ("cpr251248-9996", True), ("11 12 34 56 78", False),
    ],
)  # fmt: skip
def test_cpr_needs_a_date_that_exists(text: str, is_cpr: bool) -> None:
    assert has_cpr(f"mit nummer er {text}.") == is_cpr


@pytest.mark.parametrize(
    ("text", "is_cpr"),
    [
        ("faktura nr. 2211771212", False), ("Kundenr.: 0101011234", False),
        ("opkrævning 2211771212", False), ("sagsnr. 010124-1234", False),
        ("vores ref nr 0101241234", False), ("tlf. 1211771212", False),
        ("sag 221177-1212", True), ("cpr-nr. er 22 11 77 12 12", True),
        ("personnummer: 221177 1212", True), ("faktura til 221177-1212", True),
    ],
)  # fmt: skip
def test_ten_digits_are_what_they_are_called(text: str, is_cpr: bool) -> None:
    assert has_cpr(text) == is_cpr


def test_the_day_of_birth_is_all_that_is_kept_of_a_cpr() -> None:
    assert birth_day("Mor er født 251248-9996 og bor hjemme") == 25
    details = read_details("Hans cpr er 070761-4285")
    assert (details.cpr, details.birth_day) == (True, 7)
    assert "4285" not in repr(details)


def test_company_numbers_places_and_cases() -> None:
    details = read_details(
        "CVR 12 34 56 78, EAN 5798000012345, 3600 Frederikssund. Vedr. sagsnr. 24/12345,"
        " journalnr. 02.34.02-P19-123-24 af 12. marts 2024 Vinge."
    )
    assert details.cvr == "12345678"
    assert details.ean == "5798000012345"
    assert details.postal_code == "3600"
    assert details.kle == "02.34.02"
    assert details.case_numbers == ("24/12345", "02.34.02-P19-123-24")
    assert not details.cpr


def test_a_year_is_no_postal_code_and_kle_may_be_written_out() -> None:
    details = read_details("I maj 2024 Vinge Station, KLE 27.36")
    assert details.postal_code == ""
    assert details.kle == "27.36"


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("ring 20304050", True), ("Kontakt mig på 20 30 40 50", True), ("call me 20304050", True),
        ("Mvh Ib, tlf. 20 30 40 50", False), ("faktura 20304050", False),
        ("ring 4512169990", False), ("ring snart", False), ("ring 020304050", False),
        ("ring angående cpr 221177 1212", False), ("ring, kundenr. er 20304050", False),
    ],
)  # fmt: skip
def test_a_number_in_writing_is_a_wish_only_after_a_word_of_calling(text: str, asks: bool) -> None:
    assert asks_for_call(text, spoken=False) == asks


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12 34 51 03", "+4512345103"), ("12345103", "+4512345103"), ("12-34-51-03", "+4512345103"),
        ("+45 12 34 51 03", "+4512345103"), ("0045 12345103", "+4512345103"),
        ("+46 70 123 45 67", "+46701234567"), ("1234 510", ""),
    ],
)  # fmt: skip
def test_telephone_numbers_become_one_form(written: str, number: str) -> None:
    assert phone_to_call(f"ring til mig på {written} tak", spoken=False) == number


def test_the_number_behind_the_word_of_calling_goes_before_the_signature() -> None:
    text = (
        "Ring til min datter på 12 34 51 03, hun har fuldmagten. Med venlig hilsen Ib, 87 65 43 21"
    )
    assert phone_to_call(text, spoken=False) == "+4512345103"
    assert phone_to_call("gadelys i stykker 12 34 51 03", spoken=True) == "+4512345103"


@given(st.text(alphabet="0123456789 -./+crpting", max_size=400))
def test_no_digits_upset_the_reading(text: str) -> None:
    details = read_details(text)
    assert details.birth_day is None or 1 <= details.birth_day <= 31
    assert details.cpr == (details.birth_day is not None)
    phone = phone_to_call(text, spoken=True)
    assert phone == "" or (phone[0] == "+" and phone[1:].isdigit())


@pytest.mark.parametrize(
    "unit", ["1", "12 34 ", "0101 ", "+4", "faktura ", "sag nr ", "57 ", "12.", "cvr", "1234 A"]
)
def test_many_digits_cost_no_more_than_their_length(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        start = time.thread_time()
        read_details(text)
        phone_to_call(text, spoken=False)
        return time.thread_time() - start

    seconds(1_000)
    assert seconds(20_000) < 60 * max(seconds(2_000), 1e-3)
