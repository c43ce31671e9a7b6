"""The indexed table decides as a plain interpreter does, over random tables and facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config_organisation import Caseworker, Department
from router.config_source import Item, Reading
from router.model import Channel, Group
from router.rules import Facts, History, RuleTable
from router.rules.conditions import read_when
from router.rules.fields import Names
from router.rules.index import CandidateIndex, FailureIndex
from router.rules.index import test_of as holds_in
from router.rules.lists import SenderLists
from router.rules.nodes import Atom
from router.rules.reach import implies
from router.rules.reading import read_rules
from router.rules.reading_targets import Staff
from router.rules.sentences import Labels
from router.rules.situation import Situation
from router.rules.understanding import Reader, Understanding
from tests.unit.rules import naive

DEPARTMENTS = ["byg", "vej", "job"]
FLAGS = ["complaint", "acute", "spam", "callback_requested"]
NAMES = Names(
    departments=frozenset(DEPARTMENTS),
    caseworkers=frozenset(["ole", "pia"]),
    flags=frozenset(FLAGS),
    authorities=frozenset(["skat", "politi"]),
    subjects=frozenset(["hul", "carport"]),
    lists=frozenset(["raad", "presse"]),
    skills=frozenset(),
    add_phrase=lambda _item, written: written,
)
CHANNELS = [channel.value for channel in Channel]
GROUPS = [group.value for group in Group]
LISTS = SenderLists({"raad": {"da": "r"}, "presse": {"da": "p"}})
LISTS.add("@raad.dk", "raad")
LISTS.add("@avis.dk", "presse")
LISTS.add("+4512345678", "raad")


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


def choice(values: list[str]) -> st.SearchStrategy[Any]:
    one = st.sampled_from(values)
    return st.one_of(
        one,
        some(values),
        st.builds(lambda v: {"is_not": v}, one),
        st.builds(lambda v: {"none_of": v}, some(values)),
        st.builds(lambda v: {"given": v}, st.booleans()),
    )


def marks(values: list[str]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from(values),
        some(values),
        st.builds(
            lambda op, v: {op: v},
            st.sampled_from(["has_any", "has_all", "has_none"]),
            some(values),
        ),
    )


def number(limits: list[float]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda op, v: {op: v},
        st.sampled_from(["at_least", "at_most", "above", "below"]),
        st.sampled_from(limits),
    )


TO = ["byg@x.dk", "vej@x.dk", "byg@y.dk", "+4511111111"]
KLE = ["02", "02.34", "02.34.02", "05.01"]
LINES: dict[str, st.SearchStrategy[Any]] = {
    "channel": choice(CHANNELS).filter(lambda v: v != {"given": False}),
    "menu": choice(DEPARTMENTS),
    "group": choice(GROUPS),
    "language": choice(["da", "en", "uk"]),
    "topic": choice(DEPARTMENTS),
    "certainty": choice(["sure", "likely", "unsure"]),
    "open_department": choice(DEPARTMENTS),
    "open_caseworker": choice(["ole", "pia"]),
    "caseworker_named": choice(["ole", "pia"]),
    "authority": choice(["skat", "politi"]),
    "open_now": st.booleans(),
    "known_party": st.booleans(),
    "callback_wanted": st.booleans(),
    "flags": marks(FLAGS),
    "sender_in": marks(["raad", "presse"]),
    "secondary": marks(DEPARTMENTS),
    "says": st.one_of(
        some(["rød bus", "grøn bil"]),
        st.builds(
            lambda op, v: {op: v},
            st.sampled_from(["any_of", "all_of", "none_of"]),
            some(["rød bus", "grøn bil"]),
        ),
    ),
    "confidence": number([0.2, 0.5, 0.9]),
    "length": number([0, 10, 100]),
    "to": st.one_of(
        choice(TO),
        st.builds(
            lambda op, v: {op: v},
            st.sampled_from(["starts_with", "ends_with", "contains"]),
            some(["byg", "b", "x.dk", "dk", "@"]),
        ),
        st.sampled_from([{"matches": r"byg@.*"}, {"matches": r"\+45\d{8}"}, {"matches": ".*"}]),
    ),
    "postal_code": st.one_of(
        choice(["3600", "3630-3650", "4000-4999", "2900"]),
        st.builds(lambda v: {"starts_with": v}, some(["36", "3", "290"])),
    ),
    "kle": choice(KLE),
    "email_domain": choice(["raad.dk", "avis.dk"]),
}
LINE = st.sampled_from(sorted(LINES)).flatmap(lambda name: st.tuples(st.just(name), LINES[name]))
PLAIN = st.lists(LINE, min_size=1, max_size=3).map(dict)
WHEN = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"any": part}, PLAIN),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda part, more: {**more, "not": part}, inner, PLAIN),
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=4,
)
TABLE = st.lists(WHEN, min_size=1, max_size=12)
KNOWN = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(CHANNELS),
        "menu": st.sampled_from(["", *DEPARTMENTS]),
        "group": st.sampled_from(["", *GROUPS]),
        "language": st.sampled_from(["da", "en", "uk", "pl"]),
        "topic": st.sampled_from(["", *DEPARTMENTS]),
        "certainty": st.sampled_from(["sure", "likely", "unsure"]),
        "open_department": st.sampled_from(["", *DEPARTMENTS]),
        "open_caseworker": st.sampled_from(["", "ole", "pia"]),
        "caseworker_named": st.sampled_from(["", "ole", "pia"]),
        "authority": st.sampled_from(["", "skat", "politi"]),
        "open_now": st.booleans(),
        "known_party": st.booleans(),
        "callback_wanted": st.booleans(),
        "flags": st.sets(st.sampled_from(FLAGS)),
        "secondary": st.sets(st.sampled_from(DEPARTMENTS)),
        "says": st.sets(st.sampled_from(["rød bus", "grøn bil"])),
        "confidence": st.sampled_from([0.0, 0.2, 0.4, 0.5, 0.95]),
        "to": st.sampled_from(["", *TO]),
        "postal_code": st.sampled_from(["", "3600", "3640", "4100", "2900", "2905"]),
        "kle": st.sampled_from(["", *KLE, "02.34.99"]),
        "email_domain": st.sampled_from(["", "raad.dk", "sub.raad.dk", "avis.dk", "other.dk"]),
        "text": st.sampled_from(["", "x" * 10, "x" * 60]),
    }
)  # fmt: skip


class Told:
    """A reader that answers what the test wants."""

    def __init__(self) -> None:
        self.found = Understanding()

    def read(self, *_: Any, **__: Any) -> Understanding:
        return self.found


UNITS = {
    name: Department(name, {"da": name}, {"da": ""}, "", "", "", "", "byg") for name in DEPARTMENTS
}
PEOPLE = {name: Caseworker(name, name, "byg", "", "") for name in ("ole", "pia")}


def read_table(folder: Path, table: list[Any]) -> tuple[RuleTable, Reading, Told]:
    """The table of these conditions, and what was said of those never reached."""
    why = {"da": "a", "en": "b"}
    rules = [{"id": f"r{n}", "when": when, "to": "byg", "why": why} for n, when in enumerate(table)]
    rules.append({"id": "rest", "default": True, "to": "vej", "why": why})
    (folder / "rules.yaml").write_text(json.dumps({"rules": rules}))
    reading = Reading(folder)
    found = read_rules(reading, NAMES, Staff(NAMES.departments, {}, frozenset()))
    assert all("can never" in problem.text for problem in reading.problems), reading.problems
    told = Told()
    labels: Labels = {"authority": {}}
    reader = cast(Reader, told)
    table_read = RuleTable(found.rules, reader, UNITS, PEOPLE, LISTS, {}, labels, "v")
    return table_read, reading, told


def ask(told: Told, known: dict[str, Any]) -> tuple[Facts, dict[str, Any]]:
    """The facts as the table is asked, and as the naive interpreter sees them."""
    silent = not known["text"]
    seen = dict(known)
    if silent:
        seen |= dict.fromkeys(("topic", "caseworker_named", "authority"), "")
        seen |= {"flags": set(), "secondary": set(), "says": set()}
        seen |= {"certainty": "unsure", "confidence": 0.0}
    if not seen["topic"]:
        seen["certainty"] = "unsure"  # nobody can be sure of nothing
    if known["callback_wanted"]:
        seen["flags"] = seen["flags"] | {"callback_requested"}
    seen["length"] = len(known["text"])
    domain = known["email_domain"]
    seen["sender_in"] = {
        name
        for name, place in (("raad", "raad.dk"), ("presse", "avis.dk"))
        if f".{domain}".endswith(f".{place}")
    }
    told.found = Understanding(
        topic=known["topic"],
        certainty=known["certainty"],
        confidence=known["confidence"],
        flags=set(known["flags"]),
        secondary=tuple(known["secondary"]),
        says=set(known["says"]),
        caseworker=known["caseworker_named"],
        authority=known["authority"],
        language=known["language"],
    )
    history = History(
        open_department=known["open_department"], open_caseworker=known["open_caseworker"]
    )
    facts = Facts(
        channel=Channel(known["channel"]),
        to=known["to"].upper(),
        menu=known["menu"],
        group=Group(known["group"]) if known["group"] else None,
        language=known["language"],
        text=known["text"],
        callback_wanted=known["callback_wanted"],
        known_party=known["known_party"],
        open_now=known["open_now"],
        email=f"a@{domain}" if domain else "",
        postal_code=known["postal_code"],
        kle=known["kle"],
        history=history if known["open_department"] or known["open_caseworker"] else None,
    )
    return facts, seen


@settings(max_examples=250, deadline=None)
@given(table=TABLE, asked=st.lists(KNOWN, min_size=1, max_size=12))
def test_the_index_decides_as_a_plain_interpreter(
    tmp_path_factory: pytest.TempPathFactory, table: list[Any], asked: list[dict[str, Any]]
) -> None:
    rules, reading, told = read_table(tmp_path_factory.getbasetemp(), table)
    plain = [*((f"r{number}", when) for number, when in enumerate(table)), ("rest", None)]
    unreachable = {problem.text.split('"')[1] for problem in reading.problems}
    for known in asked:
        facts, seen = ask(told, known)
        decision = rules.decide(facts)
        wanted = naive.first_rule(plain, seen)
        assert decision.rule_id == wanted
        # What was refused as unreachable is sound: nothing ever reaches it.
        assert wanted not in unreachable
        tried = decision.explanation["tried"]
        assert len(tried) == [name for name, _ in plain].index(wanted)
        assert all(place >= 0 for place in tried)
        ids = [name for name, when in plain if when is not None]
        assert set(rules.fitting(facts, ids)) == {
            name for name, when in plain if when is not None and naive.fits(when, seen)
        }
        assert all("failed" in step for step in rules.trace(decision.explanation)[:-1])


SAME = st.sampled_from(sorted(LINES)).flatmap(
    lambda name: st.tuples(st.just(name), LINES[name], LINES[name], st.booleans(), st.booleans())
)


@settings(max_examples=600, deadline=None)
@given(pair=SAME, asked=st.lists(KNOWN, min_size=20, max_size=20))
def test_what_is_said_to_follow_does_follow(
    tmp_path_factory: pytest.TempPathFactory,
    pair: tuple[str, Any, Any, bool, bool],
    asked: list[dict[str, Any]],
) -> None:
    """`reach` refuses rules on the word of `implies`, so it must never be wrong."""
    name, *lines = pair[:3]
    situations = [situation_of(known) for known in asked]
    sides = []
    for line, turned in zip(lines, pair[3:], strict=True):
        node = yaml.compose(json.dumps({"not": {name: line}} if turned else {name: line}))
        assert node is not None
        reading = Reading(tmp_path_factory.getbasetemp())
        sides.append(read_when(Item(reading, "x", node, "when"), NAMES))
        assert not reading.problems
    for one in sides[0]:
        for other in sides[1]:
            if isinstance(one, Atom) and isinstance(other, Atom) and implies(one, other):
                for situation in situations:
                    if holds_in(one)(situation):
                        assert holds_in(other)(situation)


def situation_of(known: dict[str, Any]) -> Situation:
    told = Told()
    facts, _ = ask(told, known)
    return Situation(facts, told.found, facts.menu, LISTS, silent=False)


@settings(max_examples=100, deadline=None)
@given(table=TABLE, known=KNOWN)
def test_the_condition_told_is_the_first_that_fails(
    tmp_path_factory: pytest.TempPathFactory, table: list[Any], known: dict[str, Any]
) -> None:
    rules, _, told = read_table(tmp_path_factory.getbasetemp(), table)
    facts, _ = ask(told, known)
    situation = rules._situation(facts, not facts.text)
    nodes = [rule.nodes for rule in rules.rules]
    places = FailureIndex(nodes).first_failures(situation, len(nodes))
    for conditions, place in zip(nodes, places, strict=True):
        alone = [
            CandidateIndex([[node]]).candidates(situation, not facts.text)
            and all(test(situation) for test in CandidateIndex([[node]]).residual[0])
            for node in conditions
        ]
        assert place == next((n for n, holds in enumerate(alone) if not holds), -1)
