"""Targets: who is asked, who is passed over and why, who follows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config_organisation import Caseworker, Department
from router.config_people import Absence
from router.model import Channel, Group
from router.rules import Facts, History, Staffing, Step
from router.rules.lists import SenderLists
from router.rules.situation import Situation, letter_of
from router.rules.targets import Resolved, Target, Targets
from router.rules.understanding import Understanding

HOURS = timedelta(hours=1)


def unit(name: str, deputy: str, capacity: int | None = None) -> Department:
    return Department(name, {"da": name}, {"da": ""}, "", "", "cal", "", deputy, capacity)


UNITS = {
    "byg": unit("byg", "miljo", capacity=3),
    "miljo": unit("miljo", "byg"),
    "job": unit("job", "byg"),
    "front": unit("front", "byg"),
}


def person(name: str, department: str, deputy: str = "", **more: Any) -> Caseworker:
    return Caseworker(name, name.title(), department, "", deputy, **more)


PEOPLE = {
    one.id: one
    for one in (
        person("ole", "byg", "camilla", skills=frozenset({"bbr"}), capacity=2),
        person("camilla", "byg", "rasmus", skills=frozenset({"bbr", "hegn"}), capacity=2),
        person("rasmus", "miljo", "ole"),
        person("sanne", "job", letters=frozenset("ABC"), birthdays=frozenset({1, 2})),
        person("omar", "job", letters=frozenset("ØÅ"), birthdays=frozenset({3})),
    )
}
TARGETS = Targets(UNITS, PEOPLE, "front")


def situation(**known: Any) -> Situation:
    found = Understanding(
        topic=known.pop("topic", ""),
        caseworker=known.pop("named", ""),
        birth_day=known.pop("birth_day", None),
    )
    facts = Facts(channel=Channel.WEB, text="x", **known)
    return Situation(facts, found, facts.menu, SenderLists(), silent=False)


def resolve(targets: list[Target], staffing: Staffing | None = None, **known: Any) -> Resolved:
    found = TARGETS.resolve(targets, situation(**known), staffing or Staffing())
    assert found is not None
    return found


def skips(*reasons: str) -> frozenset[str]:
    return frozenset(reasons)


@pytest.mark.parametrize(
    ("target", "who", "load"),
    [
        (Target("byg"), False, False),
        (Target("byg", "none", wait=HOURS), False, False),
        (Target("byg", skip_if=skips("closed")), True, False),
        (Target("of_caseworker", "named"), True, False),
        (Target("byg", "ole"), True, False),
        (Target("byg", skip_if=skips("full")), True, True),
        (Target("byg", "least_loaded"), True, True),
        (Target("byg", "round_robin"), True, True),
    ],
)
def test_who_is_there_is_asked_only_where_it_matters(target: Target, who: bool, load: bool) -> None:
    assert (target.asks_who_is_there, target.asks_load) == (who, load)


def test_a_department_has_it_even_when_closed_unless_the_rule_says_otherwise() -> None:
    closed = Staffing(closed_departments=frozenset({"byg"}))
    assert resolve([Target("byg")], closed).first == Step("byg")
    passed = resolve([Target("byg", skip_if=skips("closed"))], closed)
    assert passed.first == Step("miljo")
    assert passed.skipped[0]["department"] == "byg"
    assert passed.skipped[0]["why"] == {"da": "har lukket", "en": "is closed"}
    alone = resolve([Target("byg", skip_if=skips("closed"), deputy=False), Target("job")], closed)
    assert alone.first == Step("job")


def test_at_last_the_default_department_has_it() -> None:
    shut = Staffing(closed_departments=frozenset({"byg", "miljo", "job"}))
    found = resolve(
        [Target("byg", skip_if=skips("closed")), Target("job", skip_if=skips("closed"))], shut
    )
    assert found.first == Step("front")
    assert [entry["department"] for entry in found.skipped] == [
        "byg", "miljo", "job", "byg", "miljo",
    ]  # fmt: skip


def test_no_target_names_a_department() -> None:
    targets = [Target("from_text"), Target("from_menu"), Target("of_caseworker", "named")]
    assert TARGETS.resolve(targets, situation(), Staffing()) is None
    assert resolve(targets, named="rasmus").first == Step("miljo", "rasmus")
    assert resolve(targets, menu="job").first == Step("job")
    assert TARGETS.resolve([Target("from_text")], situation(topic="gone"), Staffing()) is None


def test_a_full_department_passes_it_on() -> None:
    target = [Target("byg", skip_if=skips("full"))]
    assert resolve(target, Staffing(department_load={"byg": 2})).first == Step("byg")
    assert resolve(target, Staffing(department_load={"byg": 3})).first == Step("miljo")


def test_nobody_on_duty_means_nobody_who_could_take_it() -> None:
    target = [Target("byg", skill="hegn", skip_if=skips("nobody_on_duty"), deputy=False)]
    assert resolve(target, Staffing(off_duty=frozenset({"ole"}))).first == Step("byg")
    assert resolve(target, Staffing(off_duty=frozenset({"camilla"}))).first == Step("front")


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        ([], "ole"),
        (["ole"], "camilla"),
        (["ole", "camilla"], "rasmus"),
        (["ole", "camilla", "rasmus"], None),
    ],
)
def test_a_deputy_acts_and_the_deputys_deputy(away: list[str], expected: str | None) -> None:
    staffing = Staffing(absent=frozenset(away))
    found = resolve([Target("of_caseworker", "named")], staffing, named="ole")
    home = PEOPLE[expected].department if expected else "byg"
    assert found.first == Step(home, expected)
    assert [entry["caseworker"] for entry in found.skipped] == away


def test_who_must_work_in_the_department_is_only_stood_in_for_there() -> None:
    away = Staffing(absent=frozenset({"ole", "camilla"}))
    found = resolve([Target("byg", "named")], away, named="ole")
    assert found.first == Step("byg")  # rasmus works elsewhere; the department keeps it
    assert found.skipped[-1]["why"]["en"] == "works in another department"


def test_an_absence_can_have_a_deputy_of_its_own() -> None:
    staffing = Staffing(absent=frozenset({"ole"}), deputies={"ole": "rasmus"})
    found = resolve([Target("of_caseworker", "named")], staffing, named="ole")
    assert found.first == Step("miljo", "rasmus")


def test_who_has_gone_home_is_waited_for_unless_the_rule_says_otherwise() -> None:
    home = Staffing(off_duty=frozenset({"ole"}))
    assert resolve([Target("byg", "ole")], home).first == Step("byg", "ole")
    strict = [Target("byg", "ole", skip_if=skips("nobody_on_duty"))]
    assert resolve(strict, home).first == Step("byg", "camilla")


def test_least_loaded_counts_shares_of_the_capacity() -> None:
    pool = [Target("byg", "least_loaded")]
    assert resolve(pool, Staffing(load={"ole": 1})).first.caseworker == "camilla"
    assert resolve(pool, Staffing(load={"ole": 1, "camilla": 1})).first.caseworker == "camilla"
    last = Staffing(load={"ole": 1, "camilla": 1}, last_given={"camilla": 9.0})
    assert resolve(pool, last).first.caseworker == "ole"
    full = Staffing(load={"ole": 2, "camilla": 2})
    assert resolve(pool, full).first == Step("byg")  # the last target: the department has it
    assert resolve([*pool, Target("job")], full).first == Step("job")


def test_round_robin_gives_to_who_has_waited_longest() -> None:
    pool = [Target("byg", "round_robin", skill="bbr")]
    assert resolve(pool, Staffing(last_given={"camilla": 5.0})).first.caseworker == "ole"
    assert resolve(pool, Staffing(last_given={"ole": 6.0, "camilla": 5.0})).first == Step(
        "byg", "camilla"
    )


def test_those_at_work_come_before_those_at_home() -> None:
    staffing = Staffing(off_duty=frozenset({"camilla"}), load={"ole": 1})
    assert resolve([Target("byg", "least_loaded")], staffing).first.caseworker == "ole"
    everybody = Staffing(off_duty=frozenset({"camilla", "ole"}), load={"ole": 1})
    assert resolve([Target("byg", "least_loaded")], everybody).first.caseworker == "camilla"


def test_by_letter_of_a_surname_or_of_a_company() -> None:
    by_letter = [Target("job", "by_letter"), Target("job")]
    assert resolve(by_letter, name="Mia Bang").first.caseworker == "sanne"
    assert resolve(by_letter, name="Bo Aagaard").first.caseworker == "omar"
    assert resolve(by_letter, name="Bo ØRSTED").first.caseworker == "omar"
    assert resolve(by_letter, name="Bo Mikkelsen").first == Step("job")
    assert resolve(by_letter, name="").first == Step("job")
    company = resolve(by_letter, name="Cykler Østerbro", group=Group.COMPANY)
    assert company.first.caseworker == "sanne"


def test_by_birthday_in_the_text() -> None:
    by_birthday = [Target("job", "by_birthday"), Target("job")]
    assert resolve(by_birthday, birth_day=2).first.caseworker == "sanne"
    assert resolve(by_birthday, birth_day=3).first.caseworker == "omar"
    assert resolve(by_birthday, birth_day=31).first == Step("job")
    assert resolve(by_birthday).first == Step("job")


def test_those_whom_the_sender_knows() -> None:
    history = History("byg", "camilla", "sanne", "rasmus")
    for word, expected in (
        ("of_open_contact", "camilla"),
        ("coordinating", "sanne"),
        ("last_spoken_to", "rasmus"),
    ):
        found = resolve([Target("of_caseworker", word)], history=history)
        assert found.first.caseworker == expected
    mixed = resolve([Target("of_open_contact", "of_open_contact")], history=history)
    assert mixed.first == Step("byg", "camilla")
    unknown = History("byg", "somebody-who-left")
    assert resolve([Target("of_open_contact", "of_open_contact")], history=unknown).first == Step(
        "byg"
    )


def test_the_plan_says_who_follows() -> None:
    targets = [
        Target("byg", "named", wait=2 * HOURS),
        Target("byg", "least_loaded", wait=HOURS),
        Target("byg", wait=3 * HOURS),
    ]
    found = resolve(targets, named="ole")
    assert found.first == Step("byg", "ole", 2 * HOURS)
    assert found.plan == (
        Step("byg", "camilla", HOURS),
        Step("byg", None, 3 * HOURS),
        Step("front"),
    )


def test_the_plan_ends_with_who_is_given_all_the_time() -> None:
    found = resolve([Target("byg", "ole", wait=HOURS), Target("byg"), Target("job")])
    assert found.plan == (Step("byg"),)
    assert resolve([Target("byg")]).plan == ()


def test_the_plan_does_not_look_at_opening_hours() -> None:
    closed = Staffing(closed_departments=frozenset({"job"}))
    found = resolve([Target("byg", wait=HOURS), Target("job", skip_if=skips("closed"))], closed)
    assert found.plan == (Step("job"),)


@given(
    chain=st.dictionaries(
        st.sampled_from("abcdef"), st.sampled_from(["", *"abcdefg"]), min_size=1, max_size=6
    ),
    away=st.sets(st.sampled_from("abcdef")),
    start=st.sampled_from("abcdef"),
)
def test_any_chain_of_deputies_comes_to_an_end(
    chain: dict[str, str], away: set[str], start: str
) -> None:
    people = {name: person(name, "byg", deputy) for name, deputy in chain.items()}
    targets = Targets(UNITS, people, "front")
    found = targets.resolve(
        [Target("byg", start), Target("job")], situation(), Staffing(absent=frozenset(away))
    )
    assert found is not None
    # Followed by hand: the first of the chain who is there.
    seen: list[str] = []
    here = start
    while here in people and here in away and here not in seen:
        seen.append(here)
        here = people[here].deputy
    expected = here if here in people and here not in away else None
    assert found.first == (Step("byg", expected) if expected else Step("job"))


@given(
    deputies=st.fixed_dictionaries(
        {name: st.sampled_from(["a", "b", "c", "d"]) for name in ("a", "b", "c", "d")}
    ),
    closed=st.sets(st.sampled_from("abcd")),
    start=st.sampled_from("abcd"),
)
def test_any_chain_of_departments_comes_to_an_end(
    deputies: dict[str, str], closed: set[str], start: str
) -> None:
    units = {name: unit(name, deputy) for name, deputy in deputies.items()} | {
        "front": unit("front", "a")
    }
    found = Targets(units, {}, "front").resolve(
        [Target(start, skip_if=skips("closed"))],
        situation(),
        Staffing(closed_departments=frozenset(closed)),
    )
    assert found is not None
    seen: list[str] = []
    here = start
    while here in closed and here not in seen:
        seen.append(here)
        here = deputies[here]
    assert found.first == Step("front" if here in closed else here)
    assert [entry["department"] for entry in found.skipped] == seen


@pytest.mark.parametrize(
    ("word", "letter"),
    [
        ("Andersen", "A"), ("aagaard", "Å"), ("Åse", "Å"), ("ærø", "Æ"), ("Ödegaard", "Ø"),
        ("Müller", "M"), ("Ünal", "Y"), ("Élise", "E"), ("Łukasz", "L"), ("123", ""), ("", ""),
        ("Євген", ""),
    ],
)  # fmt: skip
def test_letters_of_the_danish_alphabet(word: str, letter: str) -> None:
    assert letter_of(word) == letter


def test_a_snapshot_of_a_moment() -> None:
    class Hours:
        zone = UTC
        calendars = {"cal": None, "late": None}  # noqa: RUF012

        @staticmethod
        def is_open(calendar: str, _: datetime) -> bool:
            return calendar == "late"

    people = {
        "ole": person("ole", "byg", absent=(Absence(date(2026, 12, 21), date(2027, 1, 1), "pia"),)),
        "pia": person("pia", "byg", works="late"),
        "kim": person("kim", "byg"),
    }
    units = {"byg": unit("byg", "byg")}

    def at(day: date, **more: Any) -> Staffing:
        moment = datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)
        return Staffing.at(units, people, Hours(), moment, **more)  # type: ignore[arg-type]

    first, last = at(date(2026, 12, 21)), at(date(2027, 1, 1), load={"pia": 3})
    for staffing in (first, last):
        assert staffing.absent == {"ole"}
        assert staffing.deputies == {"ole": "pia"}
        assert not staffing.on_duty("ole")
    assert last.load == {"pia": 3}
    assert first.closed("byg")
    assert first.on_duty("pia")
    assert not first.on_duty("kim")
    assert at(date(2027, 1, 2)).absent == frozenset()
    assert at(date(2026, 12, 20)).absent == frozenset()
    assert not at(date(2026, 12, 20), logged_off=frozenset({"pia"})).on_duty("pia")
    assert Staffing.unknown().on_duty("anybody")
