"""References and codes: unique, checked, never sequential, derived."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import reference

SECRET = bytes(range(32))
numbers = st.integers(0, reference.CAPACITY - 1)
secrets = st.binary(min_size=32, max_size=32)


def test_thousands_of_numbers_meet_nowhere() -> None:
    made = {reference.reference_for(number, SECRET) for number in range(50_000)}
    assert len(made) == 50_000
    assert all(map(reference.is_reference, made))


def test_neighbours_do_not_look_alike() -> None:
    made = [int(reference.reference_for(number, SECRET)) for number in range(1_000)]
    steps = {after - before for before, after in itertools.pairwise(made)}
    assert len(steps) > 990


@given(first=numbers, second=numbers, secret=secrets)
def test_two_contacts_never_share_a_reference(first: int, second: int, secret: bytes) -> None:
    same = reference.reference_for(first, secret) == reference.reference_for(second, secret)
    assert same == (first == second)


@pytest.mark.parametrize("number", [-1, reference.CAPACITY])
def test_a_number_that_cannot_be_expressed_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        reference.reference_for(number, SECRET)


@given(number=numbers, place=st.integers(0, 8), digit=st.integers(0, 9))
def test_one_wrong_digit_is_always_noticed(number: int, place: int, digit: int) -> None:
    right = reference.reference_for(number, SECRET)
    wrong = right[:place] + str(digit) + right[place + 1 :]
    assert reference.is_reference(wrong) == (wrong == right)


@given(number=numbers, place=st.integers(0, 7))
def test_two_neighbours_swapped_are_always_noticed(number: int, place: int) -> None:
    right = reference.reference_for(number, SECRET)
    swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    assert reference.is_reference(swapped) == (swapped == right)


@pytest.mark.parametrize(
    "other", ["20304050", "2512489996", "5790000000000", "12345678a", "", "٤٨٢٠٣١٩٥٧"]
)
def test_other_numbers_are_no_reference(other: str) -> None:
    assert not reference.is_reference(other)


@given(number=numbers, before=st.sampled_from(["", "Sag ", "ref:", "("]))
def test_a_reference_is_found_however_it_is_written(number: int, before: str) -> None:
    right = reference.reference_for(number, SECRET)
    for written in (right, reference.grouped(right), reference.grouped(right).replace(" ", "-")):
        assert reference.find_references(f"{before}{written}, tak") == [right]


def test_a_longer_number_holds_no_reference() -> None:
    right = reference.reference_for(7, SECRET)
    assert reference.find_references(f"{right}1 og 1{right}") == []


@given(number=numbers, secret=secrets)
def test_a_code_opens_its_own_contact_only(number: int, secret: bytes) -> None:
    mine = reference.reference_for(number, secret)
    other = reference.reference_for((number + 1) % reference.CAPACITY, secret)
    code = reference.access_code(secret, mine)
    assert reference.code_fits(secret, mine, code)
    assert reference.code_fits(secret, mine, f" {code.lower().replace('-', ' ')} ")
    assert not reference.code_fits(secret, other, code)
    assert not reference.code_fits(secret, mine, "")


@given(code=st.text(max_size=200))
def test_rubbish_is_no_code_and_no_error(code: str) -> None:
    assert not reference.code_fits(SECRET, "714710752", code + "!" * 3 + "æ")


@given(number=numbers, secret=secrets)
def test_a_reply_token_names_its_contact(number: int, secret: bytes) -> None:
    right = reference.reference_for(number, secret)
    token = reference.reply_token(secret, right)
    assert reference.reference_from_reply_token(secret, token) == right
    assert reference.reference_from_reply_token(secret, token.upper()) == right
    forged = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert reference.reference_from_reply_token(secret, forged) is None
    assert reference.reference_from_reply_token(secret, right) is None
