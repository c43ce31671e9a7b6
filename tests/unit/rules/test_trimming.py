"""The sender's own words, without older mail, signature and disclaimer."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.trimming import read_letter

OWN = "Der er stadig et stort hul i vejen ud for nummer 14, og det bliver værre."


@pytest.mark.parametrize(
    "older",
    [
        "Fra: Borgerservice <a@b.dk>\nSendt: 4. maj 2026 10:12\nTil: Ib\nEmne: skole\n\nom skolen",
        "From: Desk <a@b.dk>\nSent: Monday\nTo: Ib\nSubject: school\n\nschool",
        "Von: Amt <a@b.de>\nGesendet: Montag\nAn: Ib\nBetreff: Schule\n\nSchule",
        "-----Oprindelig meddelelse-----\nFra: a\nEmne: skole\nskole",
        "-----Original Message-----\nschool",
        "Den man. 4. maj 2026 kl. 10.12 skrev Borgerservice <a@b.dk>:\n> skole",
        "Den 4. maj 2026 kl. 10.12 skrev Borgerservice:\nskole",
        "On Mon, 4 May 2026 at 10:12, Citizen Service\n<a@b.dk> wrote:\n> school",
        "Am 4.5.2026 um 10:12 schrieb Amt:\n> Schule",
        "________________________________\nFra: Borgerservice\nSendt: mandag\nskole",
        "> skole\n> skolebus",
        "Start på videresendt besked:\nskole",
    ],
)
def test_older_mail_below_is_left_out(older: str) -> None:
    assert read_letter(f"{OWN}\n\n{older}").own.strip() == OWN


@pytest.mark.parametrize(
    "closing",
    [
        "Med venlig hilsen\nIb Skolesen\nSkolevej 3\n3600 Frederikssund\ntlf. 12 34 51 03",
        "Mvh Ib",
        "vh\nIb",
        "Kind regards\nIb\nSchool Road 3",
        "Mit freundlichen Grüßen\nIb",
        "Sendt fra min iPhone",
        "-- \nIb, formand for skolebestyrelsen",
        "Denne e-mail kan indeholde fortrolige oplysninger om skoler.",
    ],
)
def test_signature_and_disclaimer_are_left_out(closing: str) -> None:
    own = read_letter(f"{OWN}\n\n{closing}").own
    assert OWN in own
    assert "kole" not in own


def test_a_postscript_is_the_senders_own_again() -> None:
    own = read_letter(
        f"{OWN}\n\nMed venlig hilsen\nIb\n\nPS. Skolebussen kom heller ikke i dag."
    ).own
    assert "Skolebussen" in own


def test_a_question_behind_the_closing_is_read() -> None:
    assert "skole" in read_letter(f"{OWN}\nMvh Ib\nHvilken skole hører vi til?").own


def test_who_says_next_to_nothing_relies_on_the_mail_below() -> None:
    text = (
        "Som skrevet gentagne gange.\n\n-----Oprindelig meddelelse-----\nFra: Teknik\n"
        "Emne: hul i vejen\nDet hører under Borgerservice."
    )
    own = read_letter(text).own
    assert "hul i vejen" in own
    assert "Borgerservice" in own
    assert "Fra:" not in own


def test_nothing_but_quoted_text_is_kept_whole() -> None:
    assert read_letter("> hul\n> i vejen").own == "> hul\n> i vejen"


def test_where_the_closing_begins() -> None:
    text = "Tak for hjælpen. Mvh Pia"
    assert text[read_letter(text).closing :] == "Mvh Pia"
    assert read_letter("Hvem er Pia?").closing == -1
    lines = f"{OWN}\nVenlig hilsen\nPia"
    assert lines[read_letter(lines).closing :] == "Venlig hilsen\nPia"


@given(st.text(max_size=2_000))
def test_nothing_is_invented(text: str) -> None:
    letter = read_letter(text)
    assert -1 <= letter.closing <= len(text)
    assert len(letter.own) <= len(text)
    assert not text.strip() or letter.own.strip() or not text.split()


@pytest.mark.parametrize(
    "unit",
    ["\n", " ", "> \n", "-", "Fra: a\n", "Den 4/4 <\n", "den 4. skrev ", "m v h ", "denne e-mail "],
)
def test_the_work_grows_with_the_length_alone(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        start = time.thread_time()
        read_letter(text)
        return time.thread_time() - start

    seconds(1_000)
    assert seconds(200_000) < 60 * max(seconds(20_000), 1e-3)
