"""Cross-validation over the examples in config/: each is judged by a reader that
was taught without it. The phrases stay, and their authors knew the examples, so
the figures are for choosing between ways, not for promising."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from router.config_organisation import read_organisation
from router.config_source import Reading
from router.rules.examples import Example
from router.rules.lessons import teach
from router.rules.lexicon import Lexicon, read_lexicon
from router.rules.marks import with_implied
from router.rules.understanding import Reader, Understanding, shown


def cross_validate(folder: Path, folds: int) -> None:
    """Print departments, flags and certainty over the folds."""
    lexicon, departments = read(folder)
    pairs = judge_by_folds(lexicon, departments, folds)
    print(f"cross-validation, {folds} folds, {len(pairs)} examples")
    placed = [(example, found) for example, found in pairs if example.department]
    right = sum(found.topic == example.department for example, found in placed)
    first = sum(
        example.department in [name for name, _ in found.candidates] for example, found in placed
    )
    print(
        f"  department {right}/{len(placed)} = {100 * right / len(placed):.1f} %,"
        f" among the first three {100 * first / len(placed):.1f} %"
    )
    for certainty in ("sure", "likely", "unsure"):
        some = [(e, f) for e, f in placed if f.certainty == certainty]
        wrong = sum(found.topic != example.department for example, found in some)
        print(f"  {certainty:<7} {len(some):5}  wrong {100 * wrong / max(1, len(some)):5.1f} %")
    language = sum(found.language == example.language for example, found in pairs)
    print(f"  language {100 * language / len(pairs):.1f} %")
    carried = [with_implied(example.flags) for example, _ in pairs]
    for flag in sorted({flag for flags in carried for flag in flags}):
        wanted = [flag in flags for flags in carried]
        got = [flag in found.flags for _, found in pairs]
        hits = sum(a and b for a, b in zip(wanted, got, strict=True))
        precision, recall = hits / max(1, sum(got)), hits / max(1, sum(wanted))
        print(
            f"  {flag:<24} {sum(wanted):5} precision {precision:.2f} recall {recall:.2f}"
            f" F1 {2 * precision * recall / max(1e-9, precision + recall):.2f}"
        )


def read(folder: Path) -> tuple[Lexicon, tuple[str, ...]]:
    """The vocabulary of a configuration, and its departments in order."""
    reading = Reading(folder)
    departments, caseworkers = read_organisation(reading, None, None)
    names = {key: person.name for key, person in caseworkers.items()}
    lexicon = read_lexicon(Reading(folder), departments, names)
    lexicon.vocabulary.close(shown)
    return lexicon, tuple(departments)


def judge_by_folds(
    lexicon: Lexicon, departments: Sequence[str], folds: int
) -> list[tuple[Example, Understanding]]:
    """Every example with what is understood of it by a reader that never saw it."""
    examples = lexicon.examples.found
    order = np.random.Generator(np.random.PCG64(1)).permutation(len(examples)).tolist()
    judged: list[tuple[Example, Understanding]] = []
    for fold in range(folds):
        left_out = set(order[fold::folds])
        learned = teach(
            departments,
            "borgerservice",
            [example for place, example in enumerate(examples) if place not in left_out],
            lexicon.vocabulary.phrases,
        )
        reader = Reader(
            lexicon.vocabulary,
            lexicon.certainty,
            lexicon.people,
            learned,
            departments,
            lexicon.kle,
            "borgerservice",
        )
        judged += [
            (examples[place], reader.read("", examples[place].text)) for place in sorted(left_out)
        ]
    return judged
