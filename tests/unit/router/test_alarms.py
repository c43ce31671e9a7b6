"""Whom an alarm reaches, and how a storm of them becomes one mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from router import config
from router.alarms import LIST_WAITS, AlarmMail, Mailbag, alarm_address
from router.promise_policies import Audience
from router.promise_policies_check import InUse, missing_policies
from router.settings import demo_configuration

MUNICIPALITY = config.load(demo_configuration())
NOW = datetime(2026, 11, 23, 9, 0, 20, tzinfo=UTC)
AT = "@frederikssund.example"


@pytest.mark.parametrize(
    ("audience", "owner", "address"),
    [
        (Audience.OWNER, "ole-skovlyng", "ole-skovlyng"),
        (Audience.OWNER, None, "byg"),
        (Audience.OWNER, "somebody-who-left", "byg"),
        (Audience.DEPUTY, "ole-skovlyng", "camilla-brinkhoej"),
        (Audience.DEPUTY, "bente-loevfald", "miljo"),  # has none: the department's deputy
        (Audience.DEPUTY, None, "miljo"),
        (Audience.DEPARTMENT, "ole-skovlyng", "byg"),
        (Audience.LEADER, "ole-skovlyng", "camilla-brinkhoej"),
        (Audience.ADMINISTRATOR, "ole-skovlyng", "indgang-drift"),
    ],
)
def test_whom_an_alarm_reaches(audience: Audience, owner: str | None, address: str) -> None:
    assert alarm_address(MUNICIPALITY, audience, "byg", owner) == address + AT


@pytest.mark.parametrize("audience", Audience)
def test_where_nobody_is_named_the_mailbox_is_told(audience: Audience) -> None:
    bare = {d.id: replace(d, leader="") for d in MUNICIPALITY.departments.values()}
    nobody = replace(
        MUNICIPALITY,
        departments=MappingProxyType(bare),
        caseworkers=MappingProxyType({}),
        administrator="",
    )
    told = alarm_address(nobody, audience, "byg", "ole-skovlyng")
    assert told == ("miljo" if audience is Audience.DEPUTY else "byg") + AT
    gone = alarm_address(nobody, audience, "closed-department", None)
    assert gone == ("sekretariat" if audience is Audience.DEPUTY else "borgerservice") + AT


def mails(count: int, to: str = "a", first: int = 1) -> list[AlarmMail]:
    return [
        AlarmMail(to, number, 100 + number, "byg", "late", Audience.OWNER)
        for number in range(first, first + count)
    ]


def test_as_many_alarms_as_one_can_read_are_single_mails() -> None:
    bag = Mailbag(10)
    assert bag.sort([*mails(10, "a"), *mails(10, "b")], NOW) == (
        [*mails(10, "a"), *mails(10, "b")],
        [],
    )


def test_more_than_that_are_one_list_and_nobody_else_is_affected() -> None:
    single, (listed,) = Mailbag(10).sort([*mails(11, "a"), *mails(2, "b")], NOW)
    assert single == mails(2, "b")
    assert (listed.to, listed.promises, listed.contact_id) == ("a", tuple(range(1, 12)), 101)
    assert listed.send_at == NOW.replace(second=0) + LIST_WAITS


def test_it_is_counted_over_the_whole_minute_and_then_anew() -> None:
    bag = Mailbag(10)
    assert bag.sort(mails(6), NOW)[1] == []
    single, (first,) = bag.sort(mails(6, first=7), NOW + timedelta(seconds=30))
    assert single == []
    (second,) = bag.sort(mails(1, first=13), NOW + timedelta(seconds=39))[1]
    assert first.key == second.key
    single, lists = bag.sort(mails(6, first=14), NOW + timedelta(seconds=60))
    assert (len(single), lists) == (6, [])


def test_every_process_names_the_list_of_a_minute_alike() -> None:
    one = Mailbag(1).sort(mails(2), NOW)[1][0]
    other = Mailbag(1).sort(mails(5, first=9), NOW + timedelta(seconds=20))[1][0]
    assert one.key == other.key


# A configuration without what open promises need


def test_a_policy_that_is_used_is_missed_by_name_and_number() -> None:
    used = [
        InUse("callback", "callback", 7),
        InUse("express", "callback", 1),
        InUse("answer", "minutes", 3),
    ]
    missing, other = (str(problem) for problem in missing_policies(used, MUNICIPALITY))
    assert missing.startswith('promises.yaml: 1 open promise was made by the policy "express"')
    assert "Put it back" in missing
    assert '3 open promises were made by the policy "answer" as minutes' in other


def test_what_is_used_and_there_is_no_problem() -> None:
    used = [InUse(p.id, p.kind, 1) for p in MUNICIPALITY.policies.by_id.values()]
    assert missing_policies(used, MUNICIPALITY) == []
