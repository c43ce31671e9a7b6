"""Decisions per second of the rule table, beside the zen-engine package and a plain loop.

    python -m bench.rules_speed                 # about a minute
    python -m bench.rules_speed --seconds 0.5

Structured facts only (what a text says is measured by bench/understanding.py): 2,000
rules over channel, group, language, menu, number or address, postal code, lists and
history. Then a table of 200 rules that zen-engine can hold too, as its own decision
table with hit policy "first", both asked the same facts in the same run, in turns;
every answer is compared.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import zen

from router.config import load
from router.config_init import write_starting_configuration
from router.config_source import ConfigurationRefused
from router.model import Channel, Group
from router.rules import Facts, History, RuleTable
from router.rules.index import test_of
from router.rules.situation import Situation

DEPARTMENTS = ("borgerservice", "familie", "teknik")
CHANNELS = tuple(channel.value for channel in Channel)
GROUPS = tuple(group.value for group in Group)
LANGUAGES = ("da", "en", "de", "ar", "uk", "pl")
DEFAULT = '  - {id: rest, default: true, to: borgerservice, why: {da: "{department}", en: x}}\n'
LISTS = "lists:\n" + "".join(
    f'  - {{id: list-{n}, name: {{da: l, en: l}}, domains: ["d{n}.example"],'
    f' cvr: ["{10_000_000 + n}"]}}\n'
    for n in range(20)
)


def rich_rules(count: int, seed: int = 3) -> list[str]:
    """`count` rules of two to four conditions, as a large municipality could have them."""
    chance = random.Random(seed)
    pick = chance.choice

    def one(kind: int, number: int) -> str:
        return (
            f'to: "box{number}@kommune.example"',
            f"channel: {pick(CHANNELS)}",
            f"channel: {{none_of: [{', '.join(chance.sample(CHANNELS, 2))}]}}",
            f"group: {pick(GROUPS)}",
            f"language: [{', '.join(chance.sample(LANGUAGES, 2))}]",
            f"menu: {pick(DEPARTMENTS)}",
            f'postal_code: "{3000 + number % 900:04d}-{3009 + number % 900:04d}"',
            f"open_now: {pick(('true', 'false'))}",
            f"known_party: {pick(('true', 'false'))}",
            f"sender_in: list-{number % 20}",
            f"open_department: {pick(DEPARTMENTS)}",
            f'kle: "{number % 90:02d}.{number % 40:02d}"',
        )[kind]

    rules = []
    for number in range(count):
        rare = pick((0, 0, 6, 9, 11))
        others = [kind for kind in range(1, 12) if kind not in (rare, 2)]
        kinds = [rare, *chance.sample(others, chance.randint(1, 3))]
        kinds = [2 if kind == 1 and chance.random() < 0.3 else kind for kind in kinds]
        when = ", ".join(one(kind, number) for kind in kinds)
        rules.append(rule(number, when, pick(DEPARTMENTS)))
    return rules


def rule(number: int, when: str, to: str) -> str:
    return f"  - {{id: r{number}, when: {{{when}}}, to: {to}, why: {{da: a, en: b}}}}\n"


def rich_facts(count: int, rules: int, seed: int = 5) -> list[Facts]:
    """Facts of all kinds; no two need be alike."""
    chance = random.Random(seed)
    pick = chance.choice
    return [
        Facts(
            channel=Channel(pick(CHANNELS)),
            to=f"box{chance.randrange(rules)}@kommune.example",
            menu=pick(("", "", *DEPARTMENTS)),
            group=pick((None, *Group)),
            language=pick(LANGUAGES),
            postal_code=f"{3000 + chance.randrange(900):04d}",
            open_now=chance.random() < 0.7,
            known_party=chance.random() < 0.5,
            callback_wanted=chance.random() < 0.2,
            email=f"a@d{chance.randrange(40)}.example",
            kle=pick(("", f"{chance.randrange(90):02d}.{chance.randrange(40):02d}.01")),
            history=pick((None, History(open_department=pick(DEPARTMENTS)))),
        )
        for _ in range(count)
    ]


class Folder:
    """A configuration of its own, with rules written by us."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="indgang-rules-")) / "config"
        write_starting_configuration(self.path)
        (self.path / "lists.yaml").write_text(LISTS)

    def table(self, rules: Iterable[str], count: int) -> RuleTable:
        """The first `count` of `rules` that can be reached (the default among them), loaded.

        Random rules cover each other now and then; the table refuses that by name.
        """
        left = list(rules)
        for _ in range(5):
            self._write(left)
            try:
                load(self.path)
                self._write(left[: count - 1])
                return load(self.path).rules
            except ConfigurationRefused as refused:
                hidden = {problem.line - 2 for problem in refused.problems}
                if not all("can never" in problem.text for problem in refused.problems):
                    raise
                left = [text for number, text in enumerate(left) if number not in hidden]
        raise SystemExit("the random rules cannot be made reachable")

    def _write(self, rules: Sequence[str]) -> None:
        (self.path / "rules.yaml").write_text("rules:\n" + "".join(rules) + DEFAULT)

    def remove(self) -> None:
        shutil.rmtree(self.path.parent, ignore_errors=True)


def rate(call: Callable[[Any], object], inputs: Sequence[Any], seconds: float) -> float:
    """Calls per second over `inputs`, again and again for about `seconds`.

    Seconds of processor time, of all threads: what else runs on the machine does
    not count, and an engine gains nothing by using a second core.
    """
    for given in inputs[:200]:
        call(given)
    calls = 0
    begun = time.process_time()
    while True:
        for given in inputs:
            call(given)
        calls += len(inputs)
        took = time.process_time() - begun
        if took >= seconds:
            return calls / took


def plain_loop(table: RuleTable) -> Callable[[Facts], str]:
    """The same table, tried rule by rule: what the index must agree with."""
    rules = [(one.id, [test_of(node) for node in one.nodes]) for one in table.rules]

    def decide(facts: Facts) -> str:
        situation: Situation = table._situation(facts, not (facts.text or facts.subject))
        for name, tests in rules:
            for test in tests:
                if not test(situation):
                    break
            else:
                return name
        raise AssertionError("the default takes everything")

    return decide


def line(what: str, value: float, goal: str = "", unit: str = "/s") -> None:
    print(f"  {what:<58} {value:>11,.0f} {unit:<3} {goal}")


def measure_decisions(folder: Folder, rules: int, seconds: float) -> None:
    table = folder.table(rich_rules(rules * 3 // 2), rules)
    facts = rich_facts(5_000, rules * 3 // 2)
    decide = table.decide
    naive = plain_loop(table)
    for given in facts:
        assert decide(given).rule_id == naive(given), "the index and the plain loop differ"
    used = len({decide(given).rule_id for given in facts})
    tried = statistics.mean(len(decide(given).explanation["tried"]) for given in facts[:1000])
    print(f"\n{len(table.rules):,} rules, structured facts only")
    print(
        f"  {len(facts):,} facts reach {used} rules; {tried:,.0f} rules tried for each on average"
    )
    line("decisions", rate(decide, facts, seconds), "(goal 100,000)")
    line("with full trace, as it is kept", rate(lambda f: decide(f).explanation, facts, seconds))

    def told(given: Facts) -> object:
        return table.trace(decide(given).explanation)

    def kept(given: Facts) -> object:
        return orjson.dumps(decide(given).explanation)

    line("with full trace, as JSON for the ledger", rate(kept, facts, seconds), "(goal 5,000)")
    line("with full trace, in sentences of two languages", rate(told, facts[:500], seconds))
    line("the plain loop, for comparison", rate(naive, facts[:300], seconds))


ZEN_FIELDS = ("channel", "group", "language", "menu", "to", "open_now")


def common_rules(count: int, seed: int = 11) -> list[dict[str, str]]:
    """Rules that both engines can hold: equality on up to three facts."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        row = {
            "channel": chance.choice(CHANNELS),
            "group": chance.choice(GROUPS),
            "language": chance.choice(LANGUAGES),
            "menu": chance.choice(DEPARTMENTS),
            "to": f"box{number}@kommune.example",
            "open_now": chance.choice(("true", "false")),
        }
        names = {"to", *chance.sample(("channel", "group", "language", "menu", "open_now"), 2)}
        if chance.random() < 0.3:
            names = set(chance.sample(("channel", "group", "language", "menu", "open_now"), 4))
        rows.append({name: value for name, value in row.items() if name in names})
    return rows


def zen_table(table: RuleTable, rows: dict[str, dict[str, str]]) -> zen.ZenDecision:
    """The same rules as a decision table of zen-engine (JDM), hit policy "first"."""

    def cell(name: str, row: dict[str, str]) -> str:
        if name not in row:
            return ""  # whatever it is
        return row[name] if name == "open_now" else json.dumps(row[name])

    rules = [
        {
            "_id": one.id,
            **{name: cell(name, rows.get(one.id, {})) for name in ZEN_FIELDS},
            "rule": json.dumps(one.id),
            "department": json.dumps(one.department),
        }
        for one in table.rules
    ]
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
        {
            "id": "table",
            "type": "decisionTableNode",
            "name": "table",
            "position": {"x": 0, "y": 0},
            "content": {
                "hitPolicy": "first",
                "inputs": [{"id": name, "field": name, "name": name} for name in ZEN_FIELDS],
                "outputs": [
                    {"id": name, "field": name, "name": name} for name in ("rule", "department")
                ],
                "rules": rules,
            },
        },
        {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 0, "y": 0}},
    ]
    edges = [
        {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
        {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
    ]
    return zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))


def zen_facts(facts: Facts) -> dict[str, Any]:
    return {
        "channel": facts.channel.value,
        "group": facts.group.value if facts.group else "",
        "language": facts.language,
        "menu": facts.menu,
        "to": facts.to,
        "open_now": facts.open_now,
    }


def measure_zen(folder: Folder, seconds: float, rounds: int) -> None:
    written = common_rules(260)
    texts = [
        rule(n, ", ".join(f'{name}: "{value}"' if name == "to" else f"{name}: {value}"
                          for name, value in row.items()), DEPARTMENTS[n % 3])
        for n, row in enumerate(written)
    ]  # fmt: skip
    table = folder.table(texts, 200)
    decision = zen_table(table, {f"r{n}": row for n, row in enumerate(written)})
    facts = rich_facts(2_000, 200, seed=7)
    contexts = [zen_facts(given) for given in facts]
    as_bytes = [orjson.dumps(context) for context in contexts]
    for given, context in zip(facts, contexts, strict=True):
        ours, theirs = table.decide(given), decision.evaluate(context)["result"]
        assert (ours.rule_id, ours.department) == (theirs["rule"], theirs["department"]), context
    print(
        f"\n{len(table.rules)} rules that both can hold; {len(facts):,} facts, all answered alike"
    )
    ours_rates, dict_rates, bytes_rates = [], [], []
    for _ in range(rounds):
        ours_rates.append(rate(table.decide, facts, seconds))
        dict_rates.append(rate(decision.evaluate, contexts[:500], seconds))
        bytes_rates.append(rate(decision.evaluate, as_bytes[:500], seconds))
    ours_rate = statistics.median(ours_rates)
    zen_rate = max(statistics.median(dict_rates), statistics.median(bytes_rates))
    line("ours", ours_rate)
    line("zen-engine, facts as a dict", statistics.median(dict_rates))
    line("zen-engine, facts as JSON bytes", statistics.median(bytes_rates))
    line("ours to zen-engine's better", ours_rate / zen_rate, "(goal 4)", "x")


def measure_loading(folder: Folder) -> None:
    print("\nLoading 5,000 rules (each reachable, of two to four conditions)")
    table = folder.table(rich_rules(8_000), 5_000)
    begun = time.process_time()
    load(folder.path)
    took = time.process_time() - begun
    line(f"{len(table.rules):,} rules, checked and indexed", took * 1000, unit="ms")
    content = (folder.path / "rules.yaml").read_text()
    (folder.path / "rules.yaml").write_text(content.replace("to: teknik", "to: tekni", 1))
    begun = time.process_time()
    try:
        load(folder.path)
    except ConfigurationRefused as refused:
        took = time.process_time() - begun
        line("with one error, refused", took * 1000, unit="ms")
        (problem,) = refused.problems
        print(f"    {problem}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="bench.rules_speed", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    parser.add_argument("--rules", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3, help="turns with zen-engine")
    chosen = parser.parse_args(arguments)
    folder = Folder()
    gc.collect()
    gc.freeze()
    try:
        measure_decisions(folder, chosen.rules, chosen.seconds)
        measure_zen(folder, chosen.seconds, chosen.rounds)
        measure_loading(folder)
    finally:
        folder.remove()


if __name__ == "__main__":
    main()
