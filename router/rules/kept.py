"""What was learned, kept on disk between starts: training takes seconds, reading it back a tenth.

Only numbers and words of the examples, nothing else, and nothing that is run when it
is read. A file that is missing, old or damaged means that we train again. The
folder is the user's own cache (`INDGANG_CACHE_DIR`, else XDG's); without a place
to write nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import orjson

from router.rules.learned import PAIRING, Block, Learned, columns_by

_KEPT: Final = 8
"""Files that are kept; each is about ten megabytes."""
_MAKERS: Final = ("learned.py", "training.py", "lessons.py", "text.py", "kept.py")
"""Another version of these learns something else from the same examples."""


def read(key: bytes) -> Learned | None:
    """What was learned under `key`, or None."""
    path = _place(key)
    if path is None or not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            told = orjson.loads(stored["told"].tobytes())
            always = stored["always"]
            shares = stored["shares"]
            pairs = dict(
                zip(stored["pair_keys"].tolist(), stored["pair_columns"].tolist(), strict=True)
            )
        blocks = []
        at = 0
        for outputs, start in told["blocks"]:
            blocks.append(Block(tuple(outputs), start, always[at : at + len(outputs)]))
            at += len(outputs)
        columns = columns_by(told["pieces"], pairs, told["stems"])
        return Learned(blocks, columns, shares, told["known"])
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def write(key: bytes, learned: Learned) -> None:
    """Keep what was learned under `key`; a disk that does not let us is no error."""
    path = _place(key)
    if path is None:
        return
    columns, known, shares = learned.parts()
    pairs = {
        first * PAIRING + second: column
        for first, by_second in columns.pairs.items()
        for second, column in by_second.items()
    }
    told = orjson.dumps(
        {
            "blocks": [[block.outputs, block.start] for block in learned.blocks],
            "pieces": columns.pieces,
            "stems": columns.stems,
            "known": known,
        }
    )
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".new", delete=False) as file:
            np.savez(
                file,
                told=np.frombuffer(told, dtype=np.uint8),
                always=np.concatenate([block.always for block in learned.blocks]),
                shares=shares,
                pair_keys=np.fromiter(pairs.keys(), np.int64, len(pairs)),
                pair_columns=np.fromiter(pairs.values(), np.int64, len(pairs)),
            )
        Path(file.name).replace(path)
        for old in sorted(path.parent.glob("learned-*.npz"), key=_age)[:-_KEPT]:
            old.unlink(missing_ok=True)


def _age(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _place(key: bytes) -> Path | None:
    """The file of `key`; None where the user has no cache of their own."""
    folder = os.environ.get("INDGANG_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    if folder:
        base = Path(folder)
    else:
        try:
            base = Path.home() / ".cache"
        except RuntimeError:
            return None
    digest = hashlib.blake2b(key + _makers(), digest_size=16).hexdigest()
    return base / "indgang" / f"learned-{digest}.npz"


@cache
def _makers() -> bytes:
    here = Path(__file__).parent
    digest = hashlib.blake2b(np.__version__.encode(), digest_size=16)
    for name in _MAKERS:
        digest.update((here / name).read_bytes())
    return digest.digest()
