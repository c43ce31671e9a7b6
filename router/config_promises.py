"""Reading promises.yaml: the policies, each checked, every kind covered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from router.config_source import Fields, Item, Reading
from router.model import PromiseKind
from router.promise_policies import (
    USUAL_ESCALATION,
    Audience,
    Escalation,
    Mark,
    Policies,
    Policy,
    Span,
    Unit,
)
from router.rules.reading import read_id

DELIVERY_FAILURE: Final = "delivery-failure"
MOST_ALARM_MAILS: Final = 10
_REST: Final = re.compile(r"(\d{1,4})(m|h)")
_LONGEST: Final = {
    Unit.WORKING_HOURS: 200,
    Unit.WORKING_DAYS: 250,
    Unit.HOURS: 24 * 60,
    Unit.DAYS: 366,
}


def read_policies(reading: Reading, departments: Mapping[str, object]) -> Policies | None:
    """The policies of promises.yaml; problems are noted, None without the file."""
    top = reading.file("promises.yaml")
    if top is None:
        return None
    escalations = _escalations(top)
    policies: dict[str, Policy] = {}
    lines: dict[str, int] = {}
    covered: dict[tuple[PromiseKind, str], str] = {}
    special: set[str] = set()
    listed = top.need("policies")
    for item in listed.items() if listed is not None else []:
        fields = item.fields()
        if fields is None:
            continue
        policy = _policy(fields, departments, escalations)
        is_special = fields.get("special")
        if is_special is not None and is_special.yes():
            special.add(policy.id)
        fields.close()
        if policy.id in lines:
            fields.problem(f'the id "{policy.id}" is already used on line {lines[policy.id]}.')
        lines.setdefault(policy.id, item.line)
        if policy.id not in special:
            other = covered.setdefault((policy.kind, policy.department), policy.id)
            if other != policy.id:
                fields.problem(
                    f'"{other}" already is the policy for {policy.kind}'
                    + (f" in {policy.department}" if policy.department else "")
                    + ". One that is used by name only has `special: true`."
                )
        policies[policy.id] = policy
    for kind in PromiseKind:
        if listed is not None and (kind, "") not in covered:
            listed.problem(f"no policy for {kind}: every kind of promise needs one.")
    if listed is not None and DELIVERY_FAILURE not in policies:
        listed.problem(f'the policy "{DELIVERY_FAILURE}" is missing: messages that fail need it.')
    offer = _span(top, "offer")
    most_item = top.get("alarm_mails_a_minute")
    most = most_item.whole(1, 1000) if most_item is not None else None
    top.get("note")
    top.close()
    return Policies(policies.values(), offer, special, most or MOST_ALARM_MAILS)


def _policy(
    fields: Fields, departments: Mapping[str, object], escalations: Mapping[str, Escalation]
) -> Policy:
    policy_id = read_id(fields.need("id"))
    fields.what = f'policy "{policy_id}"' if policy_id else fields.what
    kind_item, department_item = fields.need("kind"), fields.get("department")
    kind = kind_item.choice([k.value for k in PromiseKind], "kind") if kind_item else None
    department = department_item.choice(departments, "department") if department_item else ""
    statutory, attempts = fields.get("statutory"), fields.get("attempts")
    escalate = fields.get("escalate")
    chosen = escalate.choice(escalations, "escalation") if escalate is not None else None
    name = fields.get("name")
    policy = Policy(
        id=policy_id,
        kind=PromiseKind(kind or "answer"),
        within=_span(fields, "within"),
        latest=_span(fields, "latest") if "latest" in fields else None,
        statutory=bool(statutory.yes()) if statutory is not None else False,
        department=department or "",
        attempts=(attempts.whole(1, 20) if attempts is not None else None) or 3,
        rests=_rests(fields),
        escalation=escalations.get(chosen or "", USUAL_ESCALATION),
        name=fields.languages("name") if name is not None else {},
    )
    fields.get("note")
    return policy


def _span(fields: Fields, name: str) -> Span:
    """`{working_hours: 8}`: one unit and how many."""
    item = fields.need(name)
    inner = item.fields() if item is not None else None
    usual = Span(1, Unit.WORKING_DAYS)
    if inner is None or item is None:
        return usual
    entries = list(inner.each())
    if len(entries) != 1:
        item.problem(f"{name}: one unit was expected, like {{working_hours: 8}}.")
        return usual
    _, place, value = entries[0]
    word = place.choice([unit.value for unit in Unit], "unit of time")
    unit = Unit(word or Unit.WORKING_DAYS)
    return Span(value.whole(1, _LONGEST[unit]) or 1, unit)


def _rests(fields: Fields) -> tuple[timedelta | None, ...]:
    item = fields.get("rests")
    if item is None:
        return (timedelta(minutes=30),)
    found: list[timedelta | None] = []
    for entry in item.items():
        word = entry.words() or ""
        match = _REST.fullmatch(word)
        if word == "next_opening":
            found.append(None)
        elif match is None or int(match.group(1)) == 0:
            entry.problem(f'rests: "30m", "2h" or next_opening was expected, not "{word}".')
        else:
            amount = int(match.group(1))
            minutes = match.group(2) == "m"
            found.append(timedelta(minutes=amount) if minutes else timedelta(hours=amount))
    if not found:
        item.problem("rests: at least one rest was expected.")
        found.append(None)
    return tuple(found)


def _escalations(top: Fields) -> dict[str, Escalation]:
    found: dict[str, Escalation] = {}
    listed = top.need("escalations")
    for item in listed.items() if listed is not None else []:
        fields = item.fields()
        if fields is None:
            continue
        name = read_id(fields.need("id"))
        fields.what = f'escalation "{name}"' if name else fields.what
        if name in found:
            fields.problem(f'the escalation "{name}" is given twice.')
        marks = _marks(fields)
        again_item = fields.need("again")
        again = again_item.fields() if again_item is not None else None
        days = 1
        to: tuple[Audience, ...] = ()
        if again is not None:
            again.what = "again"
            days_item, to_item = again.need("working_days"), again.need("to")
            days = (days_item.whole(1, 30) if days_item is not None else None) or 1
            to = _audiences(to_item)
            again.close()
        fields.close()
        found[name] = Escalation(marks, days, to)
    return found


def _marks(fields: Fields) -> tuple[Mark, ...]:
    item = fields.need("at")
    inner = item.fields() if item is not None else None
    marks = []
    for _, place, value in inner.each() if inner is not None else ():
        percent = place.whole(1, 100)
        if percent is not None:
            marks.append(Mark(percent, _audiences(value)))
    marks.sort(key=lambda mark: mark.percent)
    if item is not None and (not marks or marks[-1].percent != 100):
        item.problem("at: the last mark is 100, when the promise is due.")
    return tuple(marks)


def _audiences(item: Item | None) -> tuple[Audience, ...]:
    found = []
    for entry in item.items() if item is not None else []:
        word = entry.choice([audience.value for audience in Audience], "audience")
        if word:
            found.append(Audience(word))
    if item is not None and not found:
        item.problem("somebody must be told.")
    return tuple(found)
