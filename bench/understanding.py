"""How well, how surely and how fast texts are understood.

    python -m bench.understanding FILE.jsonl ...     labelled messages
    python -m bench.understanding --cross-validate   the examples in config/, by folds
    python -m bench.understanding --speed            time per text

A labelled line has {id, channel, sender_group, language, subject, body,
expected_department, expected_flags} and where they apply {acceptable_departments,
caseworker_name}. Mistakes are told by id; `--texts` shows the texts too.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from bench.understanding_folds import cross_validate
from bench.understanding_speed import measure_speed, reader_of
from router.config import Municipality, load
from router.model import Channel, Group
from router.rules import Decision, Facts
from router.rules.understanding import Understanding
from router.settings import demo_configuration

FLAGS: Final = (
    "complaint", "callback_requested", "urgent_child_concern", "not_our_authority",
    "names_caseworker", "contains_cpr", "status_request", "acute", "access_request", "spam",
    "multiple_topics", "interpreter_needed", "on_behalf_of", "digitally_exempt", "anonymous",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled message beside our answer."""

    line: Mapping[str, Any]
    decision: Decision
    found: Understanding

    @property
    def expected(self) -> str:
        return self.line["expected_department"] or ""

    @property
    def confident(self) -> bool:
        return self.decision.confident

    @property
    def strict(self) -> bool:
        return self.decision.department == self.expected

    @property
    def acceptable(self) -> bool:
        return self.decision.department in (
            self.line.get("acceptable_departments") or [self.expected]
        )


def judge(path: Path, municipality: Municipality, *, guess_language: bool) -> list[Judged]:
    """Route every line of a file. `guess_language`: without being told it."""
    judged = []
    reader = reader_of(municipality)
    for row in path.read_bytes().splitlines():
        if not row.strip():
            continue
        line = orjson.loads(row)
        facts = Facts(
            channel=Channel(line["channel"]),
            group=Group(line["sender_group"]),
            language="" if guess_language else line["language"],
            subject=line["subject"],
            text=line["body"],
        )
        decision = municipality.rules.decide(facts)
        found = reader.read(line["subject"], line["body"], spoken=facts.channel is Channel.PHONE)
        judged.append(Judged(line, decision, found))
    return judged


def report(judged: Sequence[Judged], municipality: Municipality, *, texts: bool) -> None:
    """Print all figures."""
    routed = [one for one in judged if one.expected]
    print(f"messages {len(judged)}, with a department {len(routed)}")
    print(f"  strict department      {_share(routed, lambda one: one.strict)}")
    print(f"  acceptable department  {_share(routed, lambda one: one.acceptable)}")
    print(
        "  among the first three  "
        + _share(
            routed,
            lambda one: one.strict or one.expected in [name for name, _ in one.decision.candidates],
        )
    )
    sure = [one for one in routed if one.confident]
    print(f"  called confident       {len(sure)} ({100 * len(sure) / max(1, len(routed)):.1f} %)")
    print(
        f"    of these wrong       {_share(sure, lambda one: not one.acceptable)} acceptable,"
        f" {_share(sure, lambda one: not one.strict)} strict"
    )
    print(
        "  language               "
        + _share(judged, lambda one: one.found.language == one.line["language"])
    )
    named = [one for one in judged if one.line.get("caseworker_name")]
    print(f"  named caseworker       {_share(named, lambda one: _is_named(one, municipality))}")
    print("flag                       wanted found right  precision recall  F1    false alarms")
    for flag in FLAGS:
        _flag_line(flag, judged)
    _risk_and_coverage(routed)
    _confusion(routed, tuple(municipality.departments))
    _mistakes(judged, municipality, texts=texts)


def _share(some: Sequence[Judged], right: Callable[[Judged], bool]) -> str:
    count = sum(map(right, some))
    return f"{count}/{len(some)} = {100 * count / max(1, len(some)):.1f} %"


def _is_named(one: Judged, municipality: Municipality) -> bool:
    caseworker = one.decision.caseworker
    return (
        caseworker is not None
        and municipality.caseworkers[caseworker].name == one.line["caseworker_name"]
    )


def _flag_line(flag: str, judged: Sequence[Judged]) -> None:
    wanted = {one.line["id"] for one in judged if flag in one.line["expected_flags"]}
    found = {one.line["id"] for one in judged if flag in one.decision.flags}
    right = len(wanted & found)
    precision, recall = right / max(1, len(found)), right / max(1, len(wanted))
    both = 2 * precision * recall / max(1e-9, precision + recall)
    false = 100 * len(found - wanted) / max(1, len(judged) - len(wanted))
    print(
        f"  {flag:<24} {len(wanted):6} {len(found):5} {right:5}  {precision:9.2f} {recall:6.2f}"
        f"  {both:.2f}  {false:5.1f} %"
    )


def _risk_and_coverage(routed: Sequence[Judged]) -> None:
    """What share is wrong among the most confident 10 %, 20 %, ..."""
    print("risk by coverage (acceptable wrong / strict wrong, lowest confidence among them)")
    ranked = sorted(routed, key=lambda one: -one.found.confidence)
    for part in range(1, 11):
        count = len(ranked) * part // 10
        some = ranked[:count]
        wrong = sum(not one.acceptable for one in some)
        strictly = sum(not one.strict for one in some)
        if some:
            print(
                f"  {part * 10:3} %  {100 * wrong / count:5.1f} % / {100 * strictly / count:5.1f} %"
                f"  from {some[-1].found.confidence:.2f}"
            )


def _confusion(routed: Sequence[Judged], departments: Sequence[str]) -> None:
    counts = Counter((one.expected, one.decision.department) for one in routed)
    there = [name for name in departments if any(name in pair for pair in counts)]
    print("confusion (rows: expected; columns: ours)")
    print(" " * 15 + " ".join(name[:5].rjust(5) for name in there))
    for expected in there:
        row = " ".join(str(counts.get((expected, ours), ".")).rjust(5) for ours in there)
        print(f"  {expected:<12} {row}")


def _mistakes(judged: Sequence[Judged], municipality: Municipality, *, texts: bool) -> None:
    print("departments that were wrong, the most confident first")
    wrong = [one for one in judged if one.expected and not one.strict]
    for one in sorted(wrong, key=lambda one: -one.found.confidence):
        decision = one.decision
        kind = "acceptable" if one.acceptable else "WRONG"
        print(
            f"  {one.line['id']}  {one.expected} -> {decision.department} ({kind},"
            f" {decision.rule_id}, {one.found.confidence:.2f}"
            f"{', confident' if one.confident else ''})"
        )
        if texts:
            print(f"      {one.line['subject']} | {one.line['body']}"[:600])
    for flag in FLAGS:
        missed = [
            o for o in judged if flag in o.line["expected_flags"] and flag not in o.decision.flags
        ]
        false = [
            o for o in judged if flag not in o.line["expected_flags"] and flag in o.decision.flags
        ]
        if missed or false:
            print(
                f"{flag}: missed {', '.join(str(o.line['id']) for o in missed) or '-'};"
                f" false {', '.join(str(o.line['id']) for o in false) or '-'}"
            )
        if texts:
            for mark, some in (("missed", missed), ("false", false)):
                for o in some:
                    print(
                        f"      {mark}: {o.line['id']} {o.line['subject']} | {o.line['body']}"[:500]
                    )
    for one in judged:
        if one.line.get("caseworker_name") and not _is_named(one, municipality):
            print(
                f"caseworker: {one.line['id']} {one.line['caseworker_name']}"
                f" -> {one.decision.caseworker}"
            )
        if one.found.language != one.line["language"]:
            print(f"language: {one.line['id']} {one.line['language']} -> {one.found.language}")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--config", type=Path, default=demo_configuration())
    parser.add_argument("--cross-validate", action="store_true")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--texts", action="store_true", help="show the texts of mistakes")
    parser.add_argument("--guess-language", action="store_true")
    asked = parser.parse_args()
    if not (asked.files or asked.cross_validate or asked.speed):
        parser.print_help()
        sys.exit(2)
    municipality = load(asked.config)
    judged = [
        one
        for path in asked.files
        for one in judge(path, municipality, guess_language=asked.guess_language)
    ]
    if judged:
        report(judged, municipality, texts=asked.texts)
    if asked.cross_validate:
        cross_validate(asked.config, asked.folds)
    if asked.speed:
        measure_speed(municipality)


if __name__ == "__main__":
    main()
