"""What staff's corrections say: which words and facts stand behind them, counted.

Two passes over the past. The first keeps the corrected contacts (few) and takes
their terms as candidates; the second counts these candidates alone in all
contacts, so that the memory needed does not grow with the time looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from router.model import Outcome
from router.rehearsal.past import Past, Q, count, read_past
from router.rehearsal.replay import label_of
from router.rehearsal.telling import Progress
from router.rehearsal.terms import Support, Term, gather, speaks_for, terms_in

if TYPE_CHECKING:
    from router.ledger import Ledger
    from router.rehearsal.span import Span

SPAM: Final = "spam"
_MOST_CORRECTED: Final = 5_000
"""The newest corrections that are looked at; more say nothing new."""
_MOST_TRIED: Final = 2_000
"""Contacts with a term (the newest) that a proposal is tried on."""
_CLEAR: Final = 2.0
"""Standard deviations from which a term is no chance."""
_ALWAYS: Final = 0.9
"""Share of the contacts with a fact that must belong to the department, for a rule."""
FACTS: Final = ("to", "kle", "postal_code")
"""Structured facts that may become a rule; none of them is about one person."""

Fact = tuple[str, str]
"""Name and value."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What contacts were corrected to: a department, or a flag that was not set."""

    kind: str
    """`department` or `flag`."""
    key: str


@dataclass(slots=True)
class Candidate:
    """A phrase or a fact that may explain corrections."""

    target: Target
    term: Term
    written: str
    fact: Fact | None
    senders: int
    contacts: int
    strength: float
    corrected: list[Past]
    """The corrected contacts that have it."""
    tried_on: list[int] = field(default_factory=list)
    """Numbers of all contacts that have it, the newest first, as far as they are tried."""


@dataclass(slots=True)
class Corrections:
    """All corrections of a span, by target."""

    by_target: dict[Target, list[Past]] = field(default_factory=lambda: defaultdict(list))
    forwarded: list[Past] = field(default_factory=list)
    """Closed as belonging to another authority, and not recognised as such."""

    @property
    def total(self) -> int:
        return sum(map(len, self.by_target.values())) + len(self.forwarded)


def target_of(past: Past) -> Target | None:
    """What staff corrected a contact to; None when the rules were right or nobody has said."""
    if past.outcome == Outcome.SPAM:
        return None if _flagged(past, SPAM) else Target("flag", SPAM)
    label = label_of(past)
    if label is None or past.department in label.departments:
        return None
    return Target("department", label.department)


def was_forwarded_unseen(past: Past) -> bool:
    """Whether another authority had it, and the rules had not seen that."""
    return past.outcome == Outcome.FORWARDED and not _flagged(past, "not_our_authority")


def _flagged(past: Past, flag: str) -> bool:
    return flag in past.flags


async def read_corrections(ledger: Ledger, span: Span) -> Corrections:
    """The newest corrections of the span."""
    found = Corrections()
    progress = Progress(await count(ledger, span))
    async for past in read_past(ledger, span):
        progress.step()
        if was_forwarded_unseen(past):
            found.forwarded.append(past)
            continue
        target = target_of(past)
        if target is not None:
            found.by_target[target].append(past)
        if found.total >= _MOST_CORRECTED:
            break
    progress.end()
    return found


async def candidates_of(
    ledger: Ledger, span: Span, corrections: Corrections, minimum: int
) -> list[Candidate]:
    """The terms and facts that explain corrections best, the clearest first."""
    supports = {
        target: _by_several(gather((past.sender, text_of(past)) for past in pasts), minimum)
        for target, pasts in corrections.by_target.items()
    }
    await _drop_names(ledger, supports)
    facts = {
        target: _facts_by_several(pasts, minimum)
        for target, pasts in corrections.by_target.items()
        if target.kind == "department"
    }
    counts = await _count(ledger, span, supports, facts)
    found = [
        candidate
        for target in sorted(corrections.by_target)
        for candidate in _candidates(
            target,
            corrections.by_target[target],
            supports[target],
            facts.get(target, {}),
            counts,
        )
    ]
    return sorted(found, key=_clearest_first)


def _clearest_first(candidate: Candidate) -> tuple[object, ...]:
    """A fact that is always followed explains more than the words that came with it; of
    equals one word before two, and a long one, which is rarely chance, before a short one."""
    return (
        candidate.fact is None,
        -round(candidate.strength, 6),
        len(candidate.term),
        -len(candidate.written),
        candidate.target,
        candidate.written,
    )


def text_of(past: Past) -> str:
    """Subject line and text."""
    return f"{past.facts.subject}\n{past.facts.text}"


def _by_several(found: dict[Term, Support], minimum: int) -> dict[Term, Support]:
    return {
        term: support
        for term, support in found.items()
        if len(support.senders) >= minimum and not support.looks_like_a_name
    }


def _facts_by_several(pasts: list[Past], minimum: int) -> dict[Fact, set[int]]:
    senders: dict[Fact, set[int]] = defaultdict(set)
    for past in pasts:
        for fact in facts_of(past):
            senders[fact].add(past.sender)
    return {fact: who for fact, who in senders.items() if len(who) >= minimum}


def facts_of(past: Past) -> list[Fact]:
    """The structured facts of a contact that may become a rule."""
    return [(name, value) for name in FACTS if (value := str(getattr(past.facts, name) or ""))]


async def _drop_names(ledger: Ledger, supports: dict[Target, dict[Term, Support]]) -> None:
    """Take out every term with a word that is part of anybody's name."""
    written = {
        word
        for found in supports.values()
        for support in found.values()
        for phrase in support.written
        for word in phrase.replace("-", " ").split()
    }
    asked = sorted(written | {word.removesuffix("s") for word in written})
    names = {row["part"] for row in await ledger.fetch(Q["names_among"], asked)}
    names |= {f"{name}s" for name in names}
    for target, found in supports.items():
        supports[target] = {
            term: support
            for term, support in found.items()
            if names.isdisjoint(
                word for phrase in support.written for word in phrase.replace("-", " ").split()
            )
        }


@dataclass(slots=True)
class _Counts:
    """Candidates in all contacts, by what these belong to."""

    contacts: Counter[Target] = field(default_factory=Counter)
    all: int = 0
    terms: dict[Term, Counter[Target]] = field(default_factory=lambda: defaultdict(Counter))
    with_term: Counter[Term] = field(default_factory=Counter)
    facts: dict[Fact, Counter[Target]] = field(default_factory=lambda: defaultdict(Counter))
    with_fact: Counter[Fact] = field(default_factory=Counter)
    ids: dict[Term, list[int]] = field(default_factory=lambda: defaultdict(list))
    fact_ids: dict[Fact, list[int]] = field(default_factory=lambda: defaultdict(list))


async def _count(
    ledger: Ledger,
    span: Span,
    supports: dict[Target, dict[Term, Support]],
    facts: dict[Target, dict[Fact, set[int]]],
) -> _Counts:
    wanted = {term for found in supports.values() for term in found}
    wanted_facts = {fact for found in facts.values() for fact in found}
    counts = _Counts()
    progress = Progress(await count(ledger, span))
    async for past in read_past(ledger, span):
        belongs = _belongs(past)
        counts.all += 1
        counts.contacts[belongs] += 1
        for term in {seen.term for seen in terms_in(text_of(past))} & wanted:
            counts.terms[term][belongs] += 1
            counts.with_term[term] += 1
            if len(counts.ids[term]) < _MOST_TRIED:
                counts.ids[term].append(past.id)
        for fact in wanted_facts.intersection(facts_of(past)):
            counts.facts[fact][belongs] += 1
            counts.with_fact[fact] += 1
            if len(counts.fact_ids[fact]) < _MOST_TRIED:
                counts.fact_ids[fact].append(past.id)
        progress.step()
    progress.end()
    return counts


def _belongs(past: Past) -> Target:
    """What a contact belongs to: as staff say, else as the rules said and nobody objected."""
    if past.outcome == Outcome.SPAM:
        return Target("flag", SPAM)
    label = label_of(past)
    return Target("department", past.department if label is None else label.department)


def _candidates(
    target: Target,
    pasts: list[Past],
    supports: dict[Term, Support],
    facts: dict[Fact, set[int]],
    counts: _Counts,
) -> list[Candidate]:
    terms = [{seen.term for seen in terms_in(text_of(past))} for past in pasts]
    others = counts.all - counts.contacts[target]
    found = []
    for term, support in supports.items():
        elsewhere = counts.with_term[term] - counts.terms[term][target]
        strength = speaks_for(support.contacts, len(pasts), elsewhere, others)
        if strength >= _CLEAR:
            corrected = [past for past, here in zip(pasts, terms, strict=True) if term in here]
            found.append(
                Candidate(
                    target, term, support.usual, None, len(support.senders), support.contacts,
                    strength, corrected, counts.ids[term],
                )
            )  # fmt: skip
    for fact, senders in facts.items():
        if counts.facts[fact][target] < _ALWAYS * counts.with_fact[fact]:
            continue
        corrected = [past for past in pasts if fact in facts_of(past)]
        elsewhere = counts.with_fact[fact] - counts.facts[fact][target]
        strength = speaks_for(len(corrected), len(pasts), elsewhere, others)
        found.append(
            Candidate(
                target, (), f"{fact[0]} {fact[1]}", fact, len(senders), len(corrected),
                strength, corrected, counts.fact_ids[fact],
            )
        )  # fmt: skip
    return found
