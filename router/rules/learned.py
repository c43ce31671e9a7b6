"""The learned part: how much each word speaks for each department, or each flag.

Linear and small. A word stands for its stem and its pieces of four and five
letters, so that `carportbyggetilladelse` and `byggetiladelse` are near what is
known; two words that follow each other may stand for themselves (`ikke hørt`).
What a text scores is the sum over its words, which makes it explainable by word,
and a word's share is reckoned once and remembered. How it is trained: `training`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from router.rules.text import POLITE, danish_stem, fold, folded_stop_words

Floats = NDArray[np.float32]

NEW_WORDS: Final = 1_000
"""Words never seen before that one text may cost us."""
_SIZES: Final = (4, 5)
"""Letters of a piece."""
_LONGEST: Final = 22
"""Letters of a word that are looked at."""
_REMEMBERED: Final = 40_000
"""Words whose shares are kept."""
_UNKNOWN: Final = (-1, -1)
PAIRING: Final = 1 << 32
"""Two stems' numbers as one: first * PAIRING + second."""


class Columns(NamedTuple):
    """Where each feature stands in the table of shares."""

    pieces: Mapping[str, int]
    pairs: Mapping[int, int]
    stems: Mapping[str, int]
    """The numbers of which pairs are made."""


class Block(NamedTuple):
    """Outputs that were learned together, and where they stand among the shares: their
    shares, the mean of these, the square of the column's own weight."""

    outputs: tuple[str, ...]
    start: int
    always: Floats
    """By output: what every text starts with."""


class Noticed(NamedTuple):
    """What a text consists of, as far as the learned part knows it."""

    rows: list[int]
    """Of its different words."""
    pairs: list[int]
    """Columns of its different pairs."""
    total: Floats
    """The shares of all of them, added."""
    age: int
    """How often words had been forgotten until then; rows of another age mean nothing."""


def plain(word: str) -> str:
    """A word folded; any number is one of two, by its length."""
    if word.isdigit():
        return "#" if len(word) < 3 else "##"
    return fold(word)


def pieces(folded: str, stem: str) -> list[str]:
    """The pieces of a folded word, and last its stem (behind `=`). A number has none:
    it says something only beside a word (`3. gang`)."""
    if not folded.isalpha():
        return []
    bound = f"<{folded[:_LONGEST]}>"
    found = [
        bound[at : at + size] for size in _SIZES for at in range(max(1, len(bound) - size + 1))
    ]
    found.append("=" + stem)
    return found


def pairs_of(stems: Sequence[int]) -> list[int]:
    """The pairs of words that follow each other, by the numbers of their stems. A word
    behind itself, as in a telephone number, is none."""
    return [a * PAIRING + b for a, b in pairwise(stems) if a != b]


class Learned:
    """What was learned: shares by piece, remembered by word. For one thread."""

    def __init__(
        self,
        blocks: Sequence[Block],
        columns: Columns,
        shares: Floats,
        known: Mapping[str, str],
    ) -> None:
        """`shares`: by column, of all blocks. `known`: by folded word how it was
        written in an example."""
        self.blocks = tuple(blocks)
        self._known = known
        self._columns = columns
        self._shares = shares
        self._small = folded_stop_words() | POLITE
        self._age = 0
        self._words: dict[str, tuple[int, int]] = {}
        """By word: its row (-1: none) and the number of its stem (-1: unknown)."""
        self._table: Floats = np.zeros((4_096, shares.shape[1]), dtype=np.float32)
        self._telling: list[str] = []
        """By row: the word as an example writes it; "" when none has it, or it is small."""

    def anew(self) -> Learned:
        """The same knowledge for another thread: what is remembered of words is its own."""
        return Learned(self.blocks, self._columns, self._shares, self._known)

    def parts(self) -> tuple[Columns, Mapping[str, str], Floats]:
        """Columns, known words and shares, to be kept."""
        return self._columns, self._known, self._shares

    def notice(self, words: Sequence[str]) -> Noticed:
        """What is known of the lower-case words of a text, in their order."""
        if len(self._telling) > _REMEMBERED:
            self._words.clear()
            self._telling.clear()
            self._age += 1
        known = self._words
        cards = list(map(known.get, words))
        if None in cards:
            different = dict.fromkeys(words)
            self._learn_words([word for word in different if word not in known][:NEW_WORDS])
            cards = [known.get(word, _UNKNOWN) for word in words]
        rows = list(dict.fromkeys([card[0] for card in cards if card]))
        if -1 in rows:
            rows.remove(-1)
        here = set(pairs_of([card[1] for card in cards if card]))
        columns = self._columns.pairs
        pairs = [columns[pair] for pair in columns.keys() & here]
        total: Floats = self._table.take(rows, axis=0).sum(axis=0)
        if pairs:
            total += self._shares.take(pairs, axis=0).sum(axis=0)
        return Noticed(rows, pairs, total, self._age)

    def scores(self, noticed: Noticed, block: int) -> list[float]:
        """How much a text speaks for each output of a block."""
        outputs, start, always = self.blocks[block]
        end = start + len(outputs)
        length = float(noticed.total[end + 1])
        found = noticed.total[start:end] * np.float32(length**-0.5 if length > 0 else 0.0) + always
        told: list[float] = found.tolist()
        return told

    def says_something(self, noticed: Noticed) -> bool:
        """Whether an example has one of the words, and it is no small word."""
        telling = self._telling
        return any(telling[row] for row in noticed.rows)

    def words_for(self, noticed: Noticed, output: str, most: int, least: float) -> list[str]:
        """The words that speak most for `output`, of the first block, more than for the
        average one, as an example writes them. Words that no example has are left
        out: they are the sender's own."""
        if noticed.age != self._age:
            return []
        outputs, start, _ = self.blocks[0]
        end = start + len(outputs)
        rows = noticed.rows
        table = self._table.take(rows, axis=0)
        share = table[:, start + outputs.index(output)] - table[:, end]
        length = float(noticed.total[end + 1]) ** 0.5 or 1.0
        told: list[str] = []
        for place in np.argsort(-share, kind="stable")[: 3 * most].tolist():
            if share[place] < least * length or len(told) == most:
                break
            word = self._telling[rows[place]]
            if word:
                told.append(word)
        return told

    def _learn_words(self, words: Sequence[str]) -> None:
        """Reckon the shares of words never seen before, all in one go."""
        columns: list[int] = []
        starts: list[int] = []
        get, stems = self._columns.pieces.get, self._columns.stems
        first = row = len(self._telling)
        for word in words:
            folded = plain(word)
            stem = danish_stem(folded)
            found = [column for column in map(get, pieces(folded, stem)) if column is not None]
            if not found:
                self._words[word] = (-1, stems.get(stem, -1))
                continue
            starts.append(len(columns))
            columns += found
            self._words[word] = (row, stems.get(stem, -1))
            small = folded in self._small or not folded.isalpha()
            self._telling.append("" if small else self._known.get(folded, ""))
            row += 1
        if row == first:
            return
        while row > len(self._table):
            self._table = np.concatenate((self._table, np.zeros_like(self._table)))
        self._table[first:row] = np.add.reduceat(self._shares.take(columns, axis=0), starts, axis=0)
