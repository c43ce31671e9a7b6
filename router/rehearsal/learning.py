"""`indgang rules learn`: phrases and rules from staff's corrections, as a diff to accept.

Nothing is learned behind anybody's back: what citizens wrote never becomes part of
the configuration, only single words that several of them used, and only when a
person has read the diff.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from router.config_source import ConfigurationRefused
from router.model import Channel
from router.rehearsal.corrections import (
    SPAM,
    Candidate,
    Corrections,
    Target,
    candidates_of,
    read_corrections,
    text_of,
)
from router.rehearsal.editing import CannotEdit, add_phrase, add_rule, has_entry
from router.rehearsal.past import read_past
from router.rehearsal.replay import label_of, replay_ledger
from router.rehearsal.subjects import nearest_subject
from router.rehearsal.telling import Progress
from router.rules.facts import Facts

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Ledger
    from router.rehearsal.comparing import Comparison
    from router.rehearsal.draft import Draft
    from router.rehearsal.past import Past
    from router.rehearsal.span import Span
    from router.rules import Decision

MOST: Final = 40
"""Candidates that are tried; each costs a load of the configuration."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that would have put past contacts right."""

    target: Target
    told: str
    """What is added, for a person."""
    place: str
    """The file and what in it."""
    contacts: int
    senders: int
    fixed: int
    broken: int


@dataclass(slots=True)
class Lesson:
    """What staff's corrections teach."""

    corrections: Corrections
    proposals: list[Proposal] = field(default_factory=list)
    draft: Draft | None = None
    """The configuration with all proposals; None when there is none."""
    whole: Comparison | None = None
    """All contacts of the span through that draft."""


async def learn(
    ledger: Ledger, span: Span, live: Municipality, draft: Draft, minimum: int
) -> Lesson:
    """Propose what explains the corrections of `span`; each proposal is tried before it is made.

    `minimum`: contacts of different senders that a word must have been seen in.
    """
    lesson = Lesson(await read_corrections(ledger, span))
    if not lesson.corrections.by_target:
        return lesson
    candidates = await candidates_of(ledger, span, lesson.corrections, minimum)
    current, put_right = live, set[int]()
    tried = 0
    progress = Progress(min(MOST, len(candidates)), "proposals")
    for candidate in candidates:
        still_wrong = [past for past in candidate.corrected if past.id not in put_right]
        if len({past.sender for past in still_wrong}) < minimum or _is_known(candidate, live):
            continue
        tried += 1
        if tried > MOST:
            break
        try:
            place, changed = _applied(candidate, draft, live)
            fresh = changed.load()
        except (CannotEdit, ConfigurationRefused):
            continue
        trial = await _try(ledger, span, candidate, current, fresh)
        progress.step()
        if trial.fixed > trial.broken and len(trial.put_right) >= 1:
            put_right |= trial.put_right
            current, draft, lesson.draft = fresh, changed, changed
            lesson.proposals.append(
                Proposal(
                    candidate.target, candidate.written, place, candidate.contacts,
                    candidate.senders, trial.fixed, trial.broken,
                )
            )  # fmt: skip
    progress.end()
    if lesson.draft is not None:
        lesson.whole = await replay_ledger(ledger, span, live, current, lambda change: None)
    return lesson


def _is_known(candidate: Candidate, live: Municipality) -> bool:
    """Whether the vocabulary has the words for this already."""
    if candidate.fact is not None:
        return False
    decision = live.rules.decide(Facts(channel=Channel.MAIL, text=candidate.written))
    kind, key = candidate.target.kind, candidate.target.key
    return any(word.get(kind) == key for word in decision.explanation.get("words", ()))


def _applied(candidate: Candidate, draft: Draft, live: Municipality) -> tuple[str, Draft]:
    """Where a candidate goes, and the draft with it. Raises CannotEdit."""
    key = candidate.target.key
    if candidate.fact is not None:
        return _with_rule(candidate, draft)
    if candidate.target.kind == "flag":
        name = "flags.yaml"
        text = add_phrase(draft.text(name), "flags", key, "da", candidate.written)
        return f"{name}, {key}", draft.with_text(name, text)
    name = f"subjects/{key}.yaml"
    subject = nearest_subject(draft.text(name), [text_of(past) for past in candidate.corrected])
    text = add_phrase(draft.text(name), "subjects", subject, "da", candidate.written)
    return f"{name}, {subject}", draft.with_text(name, text)


def _with_rule(candidate: Candidate, draft: Draft) -> tuple[str, Draft]:
    """A rule above the one that took these contacts so far."""
    if candidate.fact is None:
        raise AssertionError("only a fact becomes a rule")
    fact, value = candidate.fact
    taken_by = [past.rule for past in candidate.corrected]
    before = max(sorted(set(taken_by)), key=taken_by.count)
    department = candidate.target.key
    rule = f"learned-{fact.replace('_', '-')}-{_slug(value)}"
    lines = (
        f"# Proposed by `indgang rules learn`: staff moved {candidate.contacts} such contacts"
        f" to {department}.",
        f"- id: {rule}",
        "  when:",
        f'    {fact}: "{value}"',
        f"  to: {department}",
        "  why:",
        f'    da: "{_WHY_DA[fact]} Det hører til {{department}}."',
        f'    en: "{_WHY_EN[fact]} It belongs to {{department}}."',
    )
    for name in ("rules.yaml", *draft.names("rules/*.yaml")):
        text = draft.text(name)
        if text and has_entry(text, "rules", before):
            if has_entry(text, "rules", rule):
                raise CannotEdit(f"there is a rule {rule} already")
            return f"{name}, above {before}", draft.with_text(name, add_rule(text, before, lines))
    raise CannotEdit(f"there is no rule {before}")


_WHY_DA: Final = {
    "to": "Du har skrevet eller ringet til en adresse, som dette emne har.",
    "kle": "Henvendelsen har et emnenummer (KLE).",
    "postal_code": "Det handler om et bestemt område af kommunen.",
}
_WHY_EN: Final = {
    "to": "You wrote to or called an address that is for this subject.",
    "kle": "The enquiry carries a subject number (KLE).",
    "postal_code": "It is about a certain part of the municipality.",
}


def _slug(value: str) -> str:
    letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in value.lower())
    return "-".join(filter(None, letters.split("-")))[:40] or "fact"


@dataclass(slots=True)
class _Trial:
    fixed: int = 0
    broken: int = 0
    put_right: set[int] = field(default_factory=set)


async def _try(
    ledger: Ledger, span: Span, candidate: Candidate, current: Municipality, fresh: Municipality
) -> _Trial:
    """What a candidate puts right and what it breaks, among the contacts that have it."""
    trial = _Trial()
    known = {past.id for past in candidate.corrected}
    for past in candidate.corrected:
        _judge(trial, past, candidate.target, current, fresh)
    others = [number for number in candidate.tried_on if number not in known]
    if others:
        async for past in read_past(ledger, span, only=others):
            _judge(trial, past, candidate.target, current, fresh)
    return trial


def _judge(
    trial: _Trial, past: Past, target: Target, current: Municipality, fresh: Municipality
) -> None:
    old, new = current.rules.decide(past.facts), fresh.rules.decide(past.facts)
    was, will_be = _is_right(past, old, old, target), _is_right(past, old, new, target)
    if will_be and not was:
        trial.fixed += 1
        trial.put_right.add(past.id)
    elif was and not will_be:
        trial.broken += 1


def _is_right(past: Past, old: Decision, new: Decision, target: Target) -> bool:
    """Whether `new` does what staff said; where nobody did, whether it leaves alone what is sure.

    A contact that was unsure and that nobody has taken may move freely.
    """
    if target.kind == "flag":
        return (SPAM in new.flags) == (past.outcome == SPAM)
    label = label_of(past)
    if label is not None:
        return new.department in label.departments
    return not old.confident or new.department == old.department


def summary(lesson: Lesson) -> Sequence[str]:
    """What was found, for a person, without the diff."""
    corrections = lesson.corrections
    lines = [f"{sum(map(len, corrections.by_target.values())):,} contacts were corrected by staff"]
    for target, pasts in sorted(corrections.by_target.items()):
        to = target.key if target.kind == "department" else f"flag {target.key}"
        lines.append(f"  {len(pasts):>6,}  to {to}")
    if corrections.forwarded:
        lines.append(
            f"  {len(corrections.forwarded):>6,}  to another authority, which was not recognised:"
            " see config/authorities.yaml"
        )
    if not lesson.proposals:
        return [*lines, "", "Nothing to propose: no word or fact explains enough of them."]
    lines += ["", "Proposed (seen in contacts / of senders; puts right / breaks):"]
    lines += [
        f"  {proposal.told:<32} {proposal.contacts:>5} / {proposal.senders:<5}"
        f" {proposal.fixed:>5} / {proposal.broken:<5} {proposal.place}"
        for proposal in lesson.proposals
    ]
    if lesson.whole is not None:
        lines.append(
            f"All together on {lesson.whole.contacts:,} contacts: {lesson.whole.moved:,} move,"
            f" {lesson.whole.fixed:,} newly right, {lesson.whole.broken:,} newly wrong"
        )
    return lines
