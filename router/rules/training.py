"""Training the learned part when the configuration loads.

Dual coordinate descent for squared hinge loss, each output against the rest, all
outputs at once, a fixed number of rounds in a fixed order: the same lessons give
the same result. It needs about a second for three thousand examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.breathing import breathe
from router.rules.learned import (
    Block,
    Columns,
    Floats,
    Learned,
    columns_by,
    pairs_of,
    pieces,
    plain,
)
from router.rules.text import stem_of

Numbers = NDArray[np.intp]

_TRUST: Final = 0.25
"""How far a lesson is followed (the C of the loss)."""
_OFTEN: Final = 0.5
"""What stands in more than this share of the lessons says nothing."""
_STILL: Final = 2e-3
"""A smaller step than this is none."""
_ORDER: Final = 7
"""Seed of the order in which lessons are taken."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text and what is known of it."""

    words: tuple[str, ...]
    """Lower case, in order."""
    known: Mapping[int, bool]
    """By output: whether it carries it. Outputs that are left out are unknown."""
    in_order: bool = True
    """Whether its words follow each other as somebody wrote them."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What a word weighs 1 against, and how long is trained."""

    piece: float
    """The weight of a piece of a word."""
    pair: float
    """The weight of two words that follow each other; 0: not looked at."""
    always: float
    """The value of a column that every text has: how common an output is at all."""
    rounds: int


@dataclass(frozen=True, slots=True)
class Task:
    """What is learned together: outputs, what is known of them, and how."""

    outputs: tuple[str, ...]
    lessons: tuple[Lesson, ...]
    manner: Manner


def learn(tasks: Sequence[Task]) -> Learned:
    """Train each task by itself; the answer knows them all, in their order."""
    words = Words()
    texts = [
        [words.of(lesson, bool(task.manner.pair)) for lesson in task.lessons] for task in tasks
    ]
    trained: list[tuple[Floats, Floats]] = []
    for task, read in zip(tasks, texts, strict=True):
        features, weigh = words.weigh(read, task.manner)
        trained.append((_descend(features, weigh, task), weigh))
    kept = np.flatnonzero(np.any([weigh for _, weigh in trained], axis=0))
    width = sum(len(task.outputs) + 2 for task in tasks)
    shares: Floats = np.zeros((len(kept), width), dtype=np.float32)
    blocks: list[Block] = []
    start = 0
    for task, (weights, weigh) in zip(tasks, trained, strict=True):
        end = start + len(task.outputs)
        shares[:, start:end] = weights[kept] * weigh[kept, None]
        shares[:, end] = shares[:, start:end].mean(axis=1)
        shares[:, end + 1] = weigh[kept] ** 2
        blocks.append(Block(task.outputs, start, weights[-1] * np.float32(task.manner.always)))
        start = end + 2
    return Learned(blocks, words.columns(kept), shares, words.known)


@dataclass(slots=True)
class _Text:
    words: Numbers
    """Numbers of its different words."""
    pairs: Numbers
    """Columns of its different pairs."""


class Words:
    """Numbers for words, pieces and pairs, in the order in which they came."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._pieces: dict[str, int] = {}
        self._pairs: dict[int, int] = {}
        self._stems: dict[str, int] = {}
        self._of_word: list[tuple[list[int], int]] = []
        """By word: its pieces, and the number of its stem."""
        self._texts: dict[tuple[bool, tuple[str, ...]], _Text] = {}

    def of(self, lesson: Lesson, pairs: bool) -> _Text:
        """The numbers of the words and pairs of a lesson."""
        breathe()
        key = (pairs and lesson.in_order, lesson.words)
        known = self._texts.get(key)
        if known is None:
            known = self._texts[key] = self._read(lesson, key[0])
        return known

    def _read(self, lesson: Lesson, pairs: bool) -> _Text:
        in_order: list[int] = []
        for word in lesson.words:
            folded = plain(word)
            number = self._numbers.get(folded)
            if number is None:
                number = self._new(folded, word)
            in_order.append(number)
        follow: list[int] = []
        if pairs:
            stems = [self._of_word[number][1] for number in in_order]
            here = dict.fromkeys(pairs_of(stems))
            follow = [self._pairs.setdefault(pair, len(self._pairs)) for pair in here]
        return _Text(
            np.array(list(dict.fromkeys(in_order)), dtype=np.intp), np.array(follow, dtype=np.intp)
        )

    def _new(self, folded: str, word: str) -> int:
        number = self._numbers[folded] = len(self._numbers)
        self.known[folded] = word
        stem = stem_of("da", folded)
        take = self._pieces.setdefault
        self._of_word.append(
            (
                [take(piece, len(self._pieces)) for piece in pieces(folded, stem)],
                self._stems.setdefault(stem, len(self._stems)),
            )
        )
        return number

    def weigh(
        self, texts: Sequence[_Text], manner: Manner
    ) -> tuple[list[tuple[Numbers, Floats]], Floats]:
        """The features of each text with how often each stands there, and what each
        feature weighs (rarer is more; 0: not used). Pairs come behind the pieces."""
        arrays = [np.array(found, dtype=np.intp) for found, _ in self._of_word]
        base = len(self._pieces)
        features: list[tuple[Numbers, Floats]] = []
        for text in texts:
            breathe()
            columns, counts = np.unique(
                np.concatenate([arrays[word] for word in text.words.tolist()])
                if len(text.words)
                else np.zeros(0, dtype=np.intp),
                return_counts=True,
            )
            features.append(
                (
                    np.concatenate((columns, text.pairs + base)),
                    np.concatenate((counts, np.ones(len(text.pairs)))).astype(np.float32),
                )
            )
        total = base + len(self._pairs)
        found = np.bincount(np.concatenate([columns for columns, _ in features]), minlength=total)
        weigh = np.log((1 + len(texts)) / (1 + found)).astype(np.float32)
        is_stem = np.array([piece[0] == "=" for piece in self._pieces], dtype=bool)
        weigh[:base] *= np.where(is_stem, 1.0, manner.piece).astype(np.float32)
        weigh[base:] *= manner.pair
        seldom = found < 2
        seldom[:base] &= ~is_stem
        weigh[seldom | (found > _OFTEN * len(texts))] = 0.0
        return features, weigh

    def columns(self, kept: Numbers) -> Columns:
        """Where each feature that is used stands."""
        place = {column: number for number, column in enumerate(kept.tolist())}
        base = len(self._pieces)
        return columns_by(
            {piece: place[c] for piece, c in self._pieces.items() if c in place},
            {pair: place[c + base] for pair, c in self._pairs.items() if c + base in place},
            self._stems,
        )


def _descend(features: Sequence[tuple[Numbers, Floats]], weigh: Floats, task: Task) -> Floats:
    """Weights by column and output; the last is the column that every text has."""
    outputs = len(task.outputs)
    weights: Floats = np.zeros((len(weigh) + 1, outputs), dtype=np.float32)
    ease = np.float32(0.5 / _TRUST)
    taught: list[tuple[Numbers, Floats, Floats, Floats]] = []
    for (columns, counts), lesson in zip(features, task.lessons, strict=True):
        value = weigh[columns] * counts
        used = np.flatnonzero(value)
        if not len(used):
            continue
        columns, value, counts = columns[used], value[used], counts[used]
        # The square of each word's own length, added: what a text is divided by.
        length = float(np.sqrt(np.sum(value * value / counts)))
        columns = np.append(columns, len(weigh))
        value = np.append(value / np.float32(length), np.float32(task.manner.always))
        signs = np.full(outputs, -1.0, dtype=np.float32)
        signs[[output for output, carried in lesson.known.items() if carried]] = 1.0
        pace = np.zeros(outputs, dtype=np.float32)
        pace[list(lesson.known)] = 1.0 / (float(value @ value) + ease)
        taught.append((columns, value, signs, pace))
    steps = np.zeros((len(taught), outputs), dtype=np.float32)
    order = np.random.Generator(np.random.PCG64(_ORDER)).permutation(len(taught)).tolist()
    for _ in range(task.manner.rounds):
        for number in order:
            breathe()
            columns, value, signs, pace = taught[number]
            here = weights.take(columns, axis=0)
            step = steps[number]
            slope = signs * (value @ here) - 1.0 + step * ease
            moved = np.maximum(step - slope * pace, 0.0) - step
            if np.abs(moved).max() > _STILL:
                steps[number] += moved
                here += value[:, None] * (moved * signs)
                weights[columns] = here
    return weights
