"""A decision as the desk tells it: people passed over, who follows, whom to ask about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.desk.decisions import DecisionTeller, Why
from channels.desk.words import Tongue
from channels.i18n import catalogue
from router.config import Municipality
from router.rows import DecisionRow

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MATCHED = {"rule": "by-text", "matched": True}


def told(
    municipality: Municipality,
    explanation: dict[str, Any],
    trace: list[dict[str, Any]] | None = None,
    language: str = "da",
) -> Why:
    texts = catalogue("desk")
    tongue = Tongue(language, texts.gettext(language), texts.ngettext(language))
    row = DecisionRow(1, NOW, "0" * 16, "by-text", "byg", None, 0.42, explanation)
    teller = DecisionTeller(municipality, tongue, NOW, municipality.zone)
    return teller.tell(row, trace or [MATCHED])


def test_who_was_passed_over_and_who_follows(municipality: Municipality) -> None:
    why = told(
        municipality,
        {
            "certainty": "sure",
            "skipped": [
                {"department": "byg", "why": {"da": "har lukket", "en": "is closed"}},
                {
                    "department": "ydelse",
                    "caseworker": "jens-mosevang",
                    "why": {"da": "er fraværende"},
                },
            ],
            "plan": [
                {"department": "ydelse", "caseworker": "jens-mosevang", "minutes": 90},
                {"department": "borgerservice", "caseworker": None, "minutes": None},
            ],
            "candidates": [["byg", 0.9]],
        },
    )
    names = {key: department.name["da"] for key, department in municipality.departments.items()}
    assert why.skipped == [f"{names['byg']}: har lukket", "Jens Mosevang: er fraværende"]
    assert why.plan == ["Jens Mosevang, 90 minutters arbejdstid", names["borgerservice"]]
    assert (why.certainty, why.confidence, why.candidates) == ("sikker", "42 %", [])


def test_when_two_fit_the_name_the_desk_says_ask(municipality: Municipality) -> None:
    why = told(municipality, {"caseworkers": ["jens-mosevang", "lone-hvideklit"]})
    assert why.ask == (
        "To passer på navnet: Spørg borgeren, om det er Jens Mosevang eller Lone Hvideklit."
    )
    assert told(municipality, {"caseworkers": ["jens-mosevang"]}).ask == ""
    english = told(
        municipality, {"caseworkers": ["jens-mosevang", "lone-hvideklit"]}, language="en"
    )
    assert english.ask.endswith("whether it is Jens Mosevang or Lone Hvideklit.")


def test_three_candidates_when_it_is_not_clear(municipality: Municipality) -> None:
    found = [["byg", 0.4], ["vej", 0.35], ["miljo", 0.1]]
    why = told(municipality, {"certainty": "unsure", "candidates": found})
    assert [text.rsplit(" ", 2)[-2] for text in why.candidates] == ["40", "35", "10"]
    assert why.candidates[0].startswith(municipality.departments["byg"].name["da"])


def test_of_a_table_of_thousands_the_last_rules_are_shown(municipality: Municipality) -> None:
    trace = [{"rule": f"r{n}", "failed": {"da": "nej", "en": "no"}} for n in range(2_000)]
    why = told(municipality, {}, [*trace, MATCHED])
    assert len(why.tried) == 60
    assert why.left_out == 1_941
    assert (why.tried[0].rule, why.tried[-1].matched) == ("r1941", True)
    assert why.tried[0].said == "nej"


def test_a_decision_of_an_older_version_is_told_all_the_same(municipality: Municipality) -> None:
    why = told(
        municipality,
        {"why": "Kun en tekst", "candidates": [{"department": "byg", "score": 3.5}], "words": None},
    )
    assert (why.sentence, why.certainty) == ("Kun en tekst", "")
    assert why.candidates == [municipality.departments["byg"].name["da"]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = ("why", "words", "candidates", "skipped", "plan", "caseworkers", "certainty")


@pytest.mark.parametrize("key", KEYS)
@given(value=JSON)
def test_whatever_an_explanation_holds_the_page_is_shown(
    municipality: Municipality, key: str, value: Any
) -> None:
    told(municipality, {key: value})
