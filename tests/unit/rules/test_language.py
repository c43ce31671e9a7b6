"""Telling languages apart, above all from Danish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.language import language_of
from router.rules.text import TOKEN


def told(text: str, given: str = "") -> str:
    return language_of(TOKEN.findall(text.lower()), text, given)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("da", "Jeg vil gerne vide, hvornår jeg kan få svar på min ansøgning om plads."),
        ("da", "A ku da godt tænk' mæ å vid' hwo lång tid det ta' å få æ kørekort"),
        ("da", "glas-iglo ved brugsen fyldt + lugter, 3. gang han ringer. intet navn"),
        ("da", "hun taler engelsk: please call her daughter, ellers ingen ændringer i sagen"),
        ("en", "My mother lives alone and has fallen twice. How do I apply for home care?"),
        ("en", "Caller speaks English only. Wants to know who handles it."),
        ("de", "Wir ziehen im Februar nach Frederikssund. An welche Schule müssen wir uns wenden?"),
        ("sv", "Hej, jag undrar när ni kommer att tömma soporna hos oss, det har inte hänt något."),
        ("no", "Hei, jeg lurer på hvor jeg finner noen som kan hjelpe meg med søknad om barnehage"),
        ("pl", "Dzień dobry, dostałem list, którego nie rozumiem. Proszę o tłumacza."),
        ("tr", "Merhaba, oğlum için okul hakkında bilgi istiyorum, nasıl yardım alabilirim?"),
        ("ro", "Bună ziua, vreau să știu cum pot să înscriu copilul meu la grădiniță."),
        ("so", "Waxaan rabaa in aan helo caawimaad ku saabsan carruurta, fadlan ila soo hadal."),
        ("ar", "أنا قلقة على ابن أختي عمره سبع سنوات وأحتاج إلى مترجم"),
        ("fa", "سلام، من می‌خواهم برای پسرم در مدرسه ثبت نام کنم، چگونه باید گفت؟"),
        ("uk", "Добрий день. Мені потрібна зустріч з консультантом щодо роботи і курсів."),
        ("ru", "Здравствуйте, мы хотели бы узнать, как получить место в детском саду. Это срочно"),
    ],
)
def test_each_language_is_known_by_its_small_words(language: str, text: str) -> None:
    assert told(text) == language
    assert told(text, given="da") == language


@pytest.mark.parametrize("given", ["da", "en", "pl"])
def test_what_is_too_short_keeps_the_language_that_came_with_it(given: str) -> None:
    assert told("ok 1234", given) == given
    assert told("", given) == given


def test_without_a_hint_a_short_text_is_danish() -> None:
    assert told("Lukkeloven / helligdage, supermarked") == "da"


def test_a_single_foreign_word_or_name_changes_nothing() -> None:
    assert told("Restauranten Für Dich søger alkoholbevilling, hvem skal vi tale med?") == "da"


@given(st.text(max_size=500), st.sampled_from(["", "da", "en", "xx"]))
def test_any_text_has_a_language(text: str, given: str) -> None:
    assert told(text, given)
