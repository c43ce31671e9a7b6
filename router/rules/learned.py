"""The learned part: how much each word speaks for each department, or each flag.

Linear and small. A word stands for its stem and its pieces of four and five
letters, so that `carportbyggetilladelse` and `byggetiladelse` are near what is
known; two words that follow each other may stand for themselves (`ikke hørt`).
What a text scores is the sum over its words, which makes it explainable by word,
and a word's share is reckoned once and remembered. How it is trained: `training`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from router.rules.text import POLITE, danish_stem, fold, folded_stop_words

Floats = NDArray[np.float32]

NEW_WORDS: Final = 1_000
"""Words never seen before that one text may cost us."""
_SHORT, _LONG = 4, 5
"""Letters of a piece."""
_LONGEST: Final = 22
"""Letters of a word that are looked at."""
_REMEMBERED: Final = 40_000
"""Words seen last whose shares are kept."""
_STILL_TOLD: Final = 4_000
"""Words that may be new before what was noticed can no longer be explained."""
PAIRING: Final = 1 << 32
"""Two stems' numbers as one: first * PAIRING + second."""


class Columns(NamedTuple):
    """Where each feature stands in the table of shares."""

    pieces: Mapping[str, int]
    pairs: Mapping[int, Mapping[int, int]]
    """By the numbers of the first stem and of the second."""
    stems: Mapping[str, int]
    """The numbers of which pairs are made."""
    beginnings: frozenset[str]
    """How the pieces begin: what does not begin so need not be looked for."""


class Card(NamedTuple):
    """What is remembered of a word."""

    row: int
    """Where its shares stand; 0: it has none."""
    stem: int
    """The number of its stem; -1: unknown."""
    pairs: Mapping[int, int]
    """Columns of the pairs that it begins, by the second stem."""


_UNKNOWN: Final = Card(0, -1, {})


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
    total: Floats
    """The shares of these and of its different pairs, added."""
    age: int
    """How many rows had been given until then."""


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
        bound[at : at + size]
        for size in (_SHORT, _LONG)
        for at in range(max(1, len(bound) - size + 1))
    ]
    found.append("=" + stem)
    return found


def columns_of(folded: str, stem: str, columns: Columns) -> list[int]:
    """The columns of the pieces of a folded word, as far as they are known: `pieces`
    looked up, without making those of which no beginning is known."""
    get = columns.pieces.get
    if len(folded) < _LONG or not folded.isalpha():
        return [column for column in map(get, pieces(folded, stem)) if column is not None]
    beginnings = columns.beginnings
    bound = f"<{folded[:_LONGEST]}>"
    last = len(bound) - _SHORT
    short: list[int | None] = []
    long: list[int | None] = []
    for at in range(last + 1):
        piece = bound[at : at + _SHORT]
        if piece in beginnings:
            short.append(get(piece))
            if at < last:
                long.append(get(bound[at : at + _LONG]))
    return [column for column in (*short, *long, get("=" + stem)) if column is not None]


def columns_by(
    pieces: Mapping[str, int], pairs: Mapping[int, int], stems: Mapping[str, int]
) -> Columns:
    """The columns, made ready for looking up. `pairs`: as `pairs_of` numbers them."""
    by_first: dict[int, dict[int, int]] = {}
    for pair, column in pairs.items():
        first, second = divmod(pair, PAIRING)
        by_first.setdefault(first, {})[second] = column
    beginnings = frozenset(piece[:_SHORT] for piece in pieces if piece[0] != "=")
    return Columns(pieces, by_first, stems, beginnings)


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
        self._rows_given = 0
        """To words, until now. In turn, so that the oldest are taken back first."""
        self._words: OrderedDict[str, Card] = OrderedDict()
        # All at once: memory is taken when it is written to, and growing would copy.
        self._table: Floats = np.zeros(
            (1 + _REMEMBERED + _STILL_TOLD, shares.shape[1]), dtype=np.float32
        )
        self._telling = [""] * len(self._table)
        """By row: the word as an example writes it; "" when none has it, or it is small."""

    def anew(self) -> Learned:
        """The same knowledge for another thread: what is remembered of words is its own."""
        return Learned(self.blocks, self._columns, self._shares, self._known)

    def parts(self) -> tuple[Columns, Mapping[str, str], Floats]:
        """Columns, known words and shares, to be kept."""
        return self._columns, self._known, self._shares

    def notice(self, words: Sequence[str]) -> Noticed:
        """What is known of the lower-case words of a text, in their order."""
        known = self._words
        try:
            cards = list(map(known.__getitem__, words))
        except KeyError:
            new = [word for word in dict.fromkeys(words) if word not in known]
            self._learn_words(new[:NEW_WORDS])
            cards = [known.get(word, _UNKNOWN) for word in words]
            while len(known) > _REMEMBERED:
                known.popitem(last=False)
        different: dict[int, None] = {}
        pairs: set[int] = set()
        begun = _UNKNOWN.pairs
        for row, stem, begins in cards:
            different[row] = None
            if stem in begun:
                pairs.add(begun[stem])
            begun = begins
        different.pop(0, None)
        rows = list(different)
        total: Floats = self._table.take(rows, axis=0).sum(axis=0)
        if pairs:
            total += self._shares.take(list(pairs), axis=0).sum(axis=0)
        return Noticed(rows, total, self._rows_given)

    def scores(self, noticed: Noticed, block: int) -> list[float]:
        """How much a text speaks for each output of a block."""
        outputs, start, always = self.blocks[block]
        end = start + len(outputs)
        length = float(noticed.total[end + 1])
        found = noticed.total[start:end] * np.float32(length**-0.5 if length > 0 else 0.0) + always
        told: list[float] = found.tolist()
        return told

    def telling(self, noticed: Noticed) -> int:
        """How many of its words stand in an example and are no small words."""
        told = self._telling
        return sum(1 for row in noticed.rows if told[row])

    def words_for(self, noticed: Noticed, output: str, most: int, least: float) -> list[str]:
        """The words that speak most for `output`, of the first block, more than for the
        average one, as an example writes them. Words that no example has are left
        out: they are the sender's own."""
        if self._rows_given - noticed.age > _STILL_TOLD:
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
        rows: list[int] = []
        stems, pairs = self._columns.stems, self._columns.pairs
        for word in words:
            folded = plain(word)
            stem = danish_stem(folded)
            found = columns_of(folded, stem, self._columns)
            row = 0
            if found:
                row = 1 + self._rows_given % (len(self._table) - 1)
                self._rows_given += 1
                starts.append(len(columns))
                columns += found
                rows.append(row)
                self._telling[row] = "" if folded in self._small else self._known.get(folded, "")
            number = stems.get(stem, -1)
            self._words[word] = Card(row, number, pairs.get(number, _UNKNOWN.pairs))
        if rows:
            self._table[rows] = np.add.reduceat(self._shares.take(columns, axis=0), starts, axis=0)
