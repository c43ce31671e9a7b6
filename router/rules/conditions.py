"""The closed vocabulary of `when`: which facts a rule may ask for, and how.

A condition is data with a description; there are no expressions to write and
none to run. Each becomes a small function over the situation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from router.config_source import Item, did_you_mean
from router.model import Channel, Group
from router.rules.facts import Facts
from router.rules.understanding import Understanding

Test = Callable[["Situation"], bool]


class Situation:
    """The facts of one arrival together with what its text says."""

    __slots__ = (
        "authority", "callback_wanted", "caseworker_named", "certainty", "channel", "confidence",
        "flags", "group", "known_party", "language", "length", "menu", "open_now", "says",
        "subject", "to", "topic",
    )  # fmt: skip

    def __init__(self, facts: Facts, found: Understanding, menu: str, length: int) -> None:
        self.channel: str = facts.channel
        self.to = facts.to.lower()
        self.menu = menu
        self.group: str = facts.group or found.group or ""
        self.language = facts.language
        self.callback_wanted = facts.callback_wanted
        self.known_party = facts.known_party
        self.open_now = facts.open_now
        self.topic = found.topic
        self.subject = found.subject
        self.certainty = found.certainty
        self.confidence = found.confidence
        self.flags = found.flags
        self.caseworker_named = found.caseworker
        self.authority = found.authority
        self.says = found.says
        self.length = length


@dataclass(frozen=True, slots=True)
class Names:
    """The names that conditions may use."""

    departments: frozenset[str]
    caseworkers: frozenset[str]
    flags: frozenset[str]
    authorities: frozenset[str]
    subjects: frozenset[str]
    add_phrase: Callable[[Item, str], str]
    """Registers a phrase that a rule looks for; answers its key."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One test of one fact."""

    test: Test
    key: tuple[str, str, frozenset[str]]
    """Field, operator, values: equal keys test the same."""
    en: str
    da: str


@dataclass(frozen=True, slots=True)
class Field:
    """A fact that rules may ask for."""

    kind: str
    """choice | yes/no | text | number | set | phrases"""
    da: str
    en: str
    values: Callable[[Names], Iterable[str]] | None = None


FIELDS: Final[Mapping[str, Field]] = {
    "channel": Field("choice", "kanalen", "the channel", lambda _: [c.value for c in Channel]),
    "to": Field("text", "nummeret eller adressen", "the number or address"),
    "menu": Field("choice", "menuvalget", "the menu choice", lambda n: n.departments),
    "group": Field("choice", "målgruppen", "the group", lambda _: [g.value for g in Group]),
    "language": Field("choice", "sproget", "the language"),
    "callback_wanted": Field("yes/no", "ønsker opringning", "wants a call"),
    "known_party": Field("yes/no", "kendt i forvejen", "known from before"),
    "open_now": Field("yes/no", "i åbningstiden", "within opening hours"),
    "topic": Field("choice", "teksten peger på", "the text points to", lambda n: n.departments),
    "subject": Field("choice", "emnet", "the subject", lambda n: n.subjects),
    "certainty": Field(
        "choice", "sikkerheden", "the certainty", lambda _: ["sure", "likely", "unsure"]
    ),
    "confidence": Field("number", "sikkerheden i tal", "the confidence"),
    "length": Field("number", "tekstens længde", "the length of the text"),
    "flags": Field("set", "markeringerne", "the flags", lambda n: n.flags),
    "caseworker_named": Field(
        "choice", "nævnt sagsbehandler", "the caseworker named", lambda n: n.caseworkers
    ),
    "authority": Field("choice", "anden myndighed", "other authority", lambda n: n.authorities),
    "says": Field("phrases", "teksten siger", "the text says"),
}

OPERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "choice": ("is", "is_not", "one_of", "none_of", "given"),
    "yes/no": ("is",),
    "text": ("is", "one_of", "starts_with", "ends_with", "contains", "given"),
    "number": ("at_least", "at_most", "above", "below"),
    "set": ("has", "has_any", "has_all", "has_none"),
    "phrases": ("any_of", "all_of", "none_of"),
}

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "is": ("is", "er"),
    "is_not": ("is not", "er ikke"),
    "one_of": ("is one of", "er en af"),
    "none_of": ("is none of", "er ingen af"),
    "starts_with": ("starts with", "begynder med"),
    "ends_with": ("ends with", "ender med"),
    "contains": ("contains", "indeholder"),
    "at_least": ("is at least", "er mindst"),
    "at_most": ("is at most", "er højst"),
    "above": ("is above", "er over"),
    "below": ("is below", "er under"),
    "has": ("include", "omfatter"),
    "has_any": ("include one of", "omfatter en af"),
    "has_all": ("include all of", "omfatter alle af"),
    "has_none": ("include none of", "omfatter ingen af"),
    "any_of": ("one of", "en af"),
    "all_of": ("all of", "alle af"),
}


def read_test(name: Item, value: Item, names: Names) -> list[Atom]:
    """The tests that one line of a `when` asks for; problems are noted."""
    field = FIELDS.get(name.raw)
    if field is None:
        name.problem(
            f'a rule cannot ask for "{name.raw}".'
            f"{did_you_mean(name.raw, [*FIELDS, 'all', 'any', 'not'])}"
        )
        return []
    if value.kind != "fields":
        atom = _atom(name.raw, field, _short(field, value), value, names)
        return [atom] if atom else []
    inner = value.fields()
    if inner is None or not inner.entries:
        value.problem(f'"{name.raw}" asks for nothing; give an operator and a value.')
        return []
    atoms: list[Atom] = []
    for operator, place, operand in inner.each():
        if operator not in OPERATORS[field.kind]:
            place.problem(
                f'unknown operator "{operator}" for "{name.raw}".'
                f"{did_you_mean(operator, OPERATORS[field.kind])}"
            )
            continue
        atom = _atom(name.raw, field, operator, operand, names)
        if atom:
            atoms.append(atom)
    return atoms


def _short(field: Field, value: Item) -> str:
    """The operator meant when only a value is written."""
    many = value.kind == "list"
    return {
        "choice": "one_of" if many else "is",
        "text": "one_of" if many else "is",
        "set": "has_any" if many else "has",
        "number": "at_least",
        "phrases": "any_of",
    }.get(field.kind, "is")


def _atom(name: str, field: Field, operator: str, operand: Item, names: Names) -> Atom | None:
    get = attrgetter(name)
    if operator == "given":
        wanted = operand.yes()
        if wanted is None:
            return None
        en, da = ("is given", "er angivet") if wanted else ("is not given", "er ikke angivet")
        return Atom(
            lambda s: bool(get(s)) is wanted,
            (name, operator, frozenset([str(wanted)])),
            f"{field.en} {en}",
            f"{field.da} {da}",
        )
    if field.kind == "yes/no":
        wanted = operand.yes()
        if wanted is None:
            return None
        return Atom(
            lambda s: get(s) is wanted,
            (name, "is", frozenset([str(wanted)])),
            f"{field.en}: {'yes' if wanted else 'no'}",
            f"{field.da}: {'ja' if wanted else 'nej'}",
        )
    if field.kind == "number":
        limit = operand.number(0, 1_000_000)
        if limit is None:
            return None
        return _described(name, field, operator, [f"{limit:g}"], _number(get, operator, limit))
    values = _values(name, field, operator, operand, names)
    if not values:
        return None
    if field.kind == "phrases":
        written = [item.raw for item in operand.items()]
        return _described(name, field, operator, values, _set(get, operator, values), written)
    if field.kind == "set":
        return _described(name, field, operator, values, _set(get, operator, values))
    return _described(name, field, operator, values, _choice(get, operator, values))


def _values(name: str, field: Field, operator: str, operand: Item, names: Names) -> list[str]:
    """The words of the operand, each checked against what it can be."""
    single = operator in ("is", "is_not", "has")
    if single and operand.kind == "list":
        operand.problem(f'"{operator}" takes one value; use a list with "one_of" or "has_any".')
        return []
    known = list(field.values(names)) if field.values else None
    values: list[str] = []
    for item in operand.items():
        if field.kind == "phrases":
            word = item.words()
            key = names.add_phrase(item, word) if word else ""
            values.extend([key] if key else [])
        elif known is not None:
            word = item.choice(known, _KIND_OF.get(name, name))
            values.extend([word] if word else [])
        else:
            word = item.words()
            values.extend([word.lower()] if word else [])
    if operand.kind == "list" and not operand.items():
        operand.problem(f'"{operator}" has an empty list.')
    return values


_KIND_OF: Final[Mapping[str, str]] = {
    "menu": "department",
    "topic": "department",
    "flags": "flag",
    "caseworker_named": "caseworker",
}


def _choice(get: Callable[[Any], str], operator: str, values: list[str]) -> Test:
    allowed = frozenset(values)
    first, parts = values[0], tuple(values)
    tests: Mapping[str, Test] = {
        "is": lambda s: get(s) == first,
        "is_not": lambda s: get(s) != first,
        "one_of": lambda s: get(s) in allowed,
        "none_of": lambda s: get(s) not in allowed,
        "starts_with": lambda s: get(s).startswith(parts),
        "ends_with": lambda s: get(s).endswith(parts),
        "contains": lambda s: any(part in get(s) for part in parts),
    }
    return tests[operator]


def _set(get: Callable[[Any], set[str]], operator: str, values: list[str]) -> Test:
    wanted = frozenset(values)
    first = values[0]
    tests: Mapping[str, Test] = {
        "has": lambda s: first in get(s),
        "has_any": lambda s: not wanted.isdisjoint(get(s)),
        "any_of": lambda s: not wanted.isdisjoint(get(s)),
        "has_all": lambda s: wanted <= get(s),
        "all_of": lambda s: wanted <= get(s),
        "has_none": lambda s: wanted.isdisjoint(get(s)),
        "none_of": lambda s: wanted.isdisjoint(get(s)),
    }
    return tests[operator]


def _number(get: Callable[[Any], float], operator: str, limit: float) -> Test:
    tests: Mapping[str, Test] = {
        "at_least": lambda s: get(s) >= limit,
        "at_most": lambda s: get(s) <= limit,
        "above": lambda s: get(s) > limit,
        "below": lambda s: get(s) < limit,
    }
    return tests[operator]


def _described(
    name: str,
    field: Field,
    operator: str,
    values: list[str],
    test: Test,
    written: list[str] | None = None,
) -> Atom:
    en, da = _WORDS[operator]
    listed = ", ".join(written or values)
    key_operator = {"is": "one_of", "is_not": "none_of", "has": "has_any"}.get(operator, operator)
    if field.kind in ("text", "number"):
        key_operator = operator
    return Atom(
        test,
        (name, key_operator, frozenset(written or values)),
        f"{field.en} {en} {listed}",
        f"{field.da} {da} {listed}",
    )
