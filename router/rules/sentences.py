"""The sentences of a trace: what a condition asked for, and what was there instead.

They are made from conditions as a card holds them, in Danish and English, and
name words of our own vocabulary only, never what a sender wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from router.rules.fields import FIELDS, Field
from router.rules.nodes import ABOVE, AT_LEAST, AT_MOST, BELOW, HAS, IN, LACKS, LIKE, OUT

Said = dict[str, str]
"""A sentence per language: da, en."""
Labels = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Names per language by kind (department, flag, authority, subject, caseworker, list) and id."""

_DA, _EN = "da", "en"
_MOST_SHOWN: Final = 6
_OR: Final = {_DA: " eller ", _EN: " or "}
_LIKE_WORDS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "starts_with": {
        _DA: ("begynder med", "begynder ikke med"),
        _EN: ("begins with", "does not begin with"),
    },
    "ends_with": {_DA: ("ender på", "ender ikke på"), _EN: ("ends with", "does not end with")},
    "contains": {
        _DA: ("indeholder", "indeholder ikke"),
        _EN: ("contains", "does not contain"),
    },
    "matches": {_DA: ("passer med", "passer ikke med"), _EN: ("fits", "does not fit")},
}
_NUMBER_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    AT_LEAST: {_DA: "mindst", _EN: "at least"},
    AT_MOST: {_DA: "højst", _EN: "at most"},
    ABOVE: {_DA: "over", _EN: "above"},
    BELOW: {_DA: "under", _EN: "below"},
}
_SET_WORDS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "flags": {
        _DA: ("teksten er markeret {}", "teksten er ikke markeret {}"),
        _EN: ("the text is marked {}", "the text is not marked {}"),
    },
    "says": {
        _DA: ("teksten siger {}", "teksten siger ikke {}"),
        _EN: ("the text says {}", "the text does not say {}"),
    },
    "sender_in": {
        _DA: ("afsenderen står på listen {}", "afsenderen står ikke på listen {}"),
        _EN: ("the sender is on the list {}", "the sender is not on the list {}"),
    },
    "secondary": {
        _DA: ("teksten handler også om {}", "teksten handler ikke også om {}"),
        _EN: ("the text is also about {}", "the text is not also about {}"),
    },
    "kle": {
        _DA: ("KLE-nummeret hører til {}", "KLE-nummeret hører ikke til {}"),
        _EN: ("the KLE number belongs to {}", "the KLE number does not belong to {}"),
    },
}


def failed_sentence(
    condition: Mapping[str, Any],
    values: Mapping[str, Any],
    labels: Labels,
) -> Said:
    """Why a condition (of a card) does not hold, with what was there instead."""
    if "any" in condition:
        return {
            language: _INTRO[language]
            + "; ".join(
                f" {_AND[language]} ".join(_holds(inner, language, labels) for inner in group)
                for group in condition["any"]
            )
            for language in (_DA, _EN)
        }
    return {language: _fails(condition, values, language, labels) for language in (_DA, _EN)}


_INTRO: Final = {_DA: "intet af dette passer: ", _EN: "none of this holds: "}
_AND: Final = {_DA: "og", _EN: "and"}
_GIVEN: Final = {
    _DA: ("{} er angivet", "{} er ikke angivet"),
    _EN: ("{} is given", "{} is not given"),
}
_IS: Final = {_DA: "er", _EN: "is"}
_NOT: Final = {_DA: "ikke", _EN: "not"}
_BUT_NOT: Final = {_DA: ", og det er undtaget", _EN: ", which is left out"}


def _fails(
    condition: Mapping[str, Any], values: Mapping[str, Any], language: str, labels: Labels
) -> str:
    name, how = condition["field"], condition["how"]
    field = FIELDS[name]
    about = _about(field, language)
    wanted = condition["values"]
    if field.kind == "yes/no":
        return _yes_no(field, [not value for value in wanted[:1]], language)
    if how in (IN, OUT) and wanted == [""]:
        return _GIVEN[language][how == OUT].format(about) + (
            f" ({_label(field, values[name], language, labels)})"
            if how == IN and field.told and values.get(name)
            else ""
        )
    if how in _NUMBER_WORDS:
        limit = _number(wanted[0], language)
        if name in values:
            shown = _number(values[name], language)
            return (
                f"{about} {_IS[language]} {shown}, {_NOT[language]}"
                f" {_NUMBER_WORDS[how][language]} {limit}"
            )
        return f"{about} {_IS[language]} {_NOT[language]} {_NUMBER_WORDS[how][language]} {limit}"
    listed = _listed(field, wanted, language, labels)
    if how in (HAS, LACKS):
        holds, does_not = _SET_WORDS[name][language]
        if how == HAS:
            return does_not.format(listed)
        there = [value for value in wanted if value in (values.get(name) or ())] or wanted
        return holds.format(_listed(field, there, language, labels)) + _BUT_NOT[language]
    if how == IN:
        actual = values.get(name)
        if field.told and actual:
            told = _label(field, actual, language, labels)
            return f"{about} {_IS[language]} {told}, {_NOT[language]} {listed}"
        if field.told and name in values:
            return f"{_GIVEN[language][1].format(about)}, {_must(language)} {listed}"
        return f"{about} {_IS[language]} {_NOT[language]} {listed}"
    if how == OUT:
        there = [values[name]] if field.told and values.get(name) in wanted else wanted
        listed = _listed(field, there, language, labels)
        return f"{about} {_IS[language]} {listed}{_BUT_NOT[language]}"
    fits, does_not = _LIKE_WORDS[condition["operator"]][language]
    if how == LIKE:
        return f"{about} {does_not} {listed}"
    return f"{about} {fits} {listed}{_BUT_NOT[language]}"


def _must(language: str) -> str:
    return "reglen gælder" if language == _DA else "the rule is for"


def _holds(condition: Mapping[str, Any], language: str, labels: Labels) -> str:
    """A condition as a sentence that says what it asks for."""
    if "any" in condition:
        groups = [
            f" {_AND[language]} ".join(_holds(inner, language, labels) for inner in group)
            for group in condition["any"]
        ]
        return "(" + _OR[language].join(groups) + ")"
    name, how, wanted = condition["field"], condition["how"], condition["values"]
    field = FIELDS[name]
    about = _about(field, language)
    if field.kind == "yes/no":
        return _yes_no(field, wanted, language)
    if how in (IN, OUT) and wanted == [""]:
        return _GIVEN[language][how == IN].format(about)
    if how in _NUMBER_WORDS:
        limit = _number(wanted[0], language)
        return f"{about} {_IS[language]} {_NUMBER_WORDS[how][language]} {limit}"
    listed = _listed(field, wanted, language, labels)
    if how in (HAS, LACKS):
        return _SET_WORDS[name][language][how == LACKS].format(listed)
    if how in (IN, OUT):
        negation = f"{_NOT[language]} " if how == OUT else ""
        return f"{about} {_IS[language]} {negation}{listed}"
    return f"{about} {_LIKE_WORDS[condition['operator']][language][how != LIKE]} {listed}"


def holding_sentence(condition: Mapping[str, Any], labels: Labels) -> Said:
    """What a condition (of a card) asks for."""
    return {language: _holds(condition, language, labels) for language in (_DA, _EN)}


def _about(field: Field, language: str) -> str:
    return field.da if language == _DA else field.en


def _yes_no(field: Field, wanted: Sequence[Any], language: str) -> str:
    if len(wanted) != 1:  # both asked for, or neither: `any` of yes and no, turned round
        always = {_DA: ("aldrig", "altid"), _EN: ("never", "always")}
        return always[language][bool(wanted)]
    return (field.yes if wanted[0] else field.no)[language == _EN]


def _listed(field: Field, values: Sequence[Any], language: str, labels: Labels) -> str:
    told = [_label(field, value, language, labels) for value in values[:_MOST_SHOWN]]
    if len(values) > _MOST_SHOWN:
        more = len(values) - _MOST_SHOWN
        told.append(f"{more} andre" if language == _DA else f"{more} others")
    if len(told) < 2:
        return told[0] if told else ""
    return ", ".join(told[:-1]) + _OR[language] + told[-1]


def _label(field: Field, value: Any, language: str, labels: Labels) -> str:
    """A value in words: its name where it has one."""
    if value == "":
        return "ikke angivet" if language == _DA else "not given"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    names = labels.get(field.label, {}).get(value) if field.label else None
    if names:
        return f"»{names[language]}«" if language == _DA else f"“{names[language]}”"
    if field.kind == "phrases":
        return f"»{value}«" if language == _DA else f"“{value}”"
    return str(value)


def _number(value: float, language: str) -> str:
    text = f"{value:g}"
    return text.replace(".", ",") if language == _DA else text
