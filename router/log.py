"""Logs: one JSON object a line, or readable lines on a terminal. No personal data.

We log static event names with ids. What a library logs, or somebody logs by
mistake, passes the processors below, which withhold whatever could tell about
a person.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final, TextIO

import orjson
import structlog

WITHHELD: Final = "[withheld]"
_PERSONAL: Final = frozenset(
    "address body callback email from mail name phone recipient reference remote "
    "sender speech subject text to transcript".split()
)
"""Keys that no log line of ours needs."""
_PERSONAL_SHAPE: Final = re.compile(r"[^\s@]@[^\s@]|(?<![\w.])\+?\d(?:[ -]?\d){7,}(?![\w.])")
"""A mail address; eight digits or more: a phone number, a CPR number, a reference."""
_SAFE: Final = frozenset({"request_id", "timestamp", "level", "logger", "error_at"})
_LONGEST: Final = 300
_FRAMES: Final = 8
_QUIET: Final = {"mail.log": logging.ERROR, "aiohttp.access": logging.ERROR}
"""Libraries that would log each sender at `info`."""


def configure(level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Set up logging for this process: to standard error, at `level` and above."""
    stream = stream or sys.stderr
    lowest = logging.getLevelNamesMapping()[level.upper()]
    on_terminal = form == "console" or (form == "auto" and stream.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            failure_without_values,
            only_plain_values,
            structlog.dev.ConsoleRenderer(colors=stream.isatty())
            if on_terminal
            else structlog.processors.JSONRenderer(_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers = [_IntoStructlog()]
    root.setLevel(max(lowest, logging.WARNING))
    for name, at_least in _QUIET.items():
        logging.getLogger(name).setLevel(at_least)


def failure_without_values(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """An exception as its type and where it was raised.

    Its message is left out: PostgreSQL, for one, repeats the row that it refused.
    """
    found = event.pop("exc_info", None)
    if not found:
        return event
    if isinstance(found, BaseException):
        error: BaseException | None = found
    else:
        error = found[1] if isinstance(found, tuple) else sys.exc_info()[1]
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        event["error"] = type(error).__name__
        if (cause := error.__cause__ or error.__context__) is not None:
            event["cause"] = type(cause).__name__
        event["error_at"] = [
            f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"
            for frame in frames
        ]
    return event


def only_plain_values(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Numbers, short words and lists of them pass; the rest is withheld."""
    for key, value in event.items():
        event[key] = WITHHELD if key in _PERSONAL else value if key in _SAFE else _plain(value)
    return event


def _plain(value: Any, depth: int = 0) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, str):
        return WITHHELD if _PERSONAL_SHAPE.search(value) else value[:_LONGEST]
    if isinstance(value, list | tuple | set | frozenset) and depth == 0:
        return [_plain(part, depth + 1) for part in list(value)[:20]]
    if isinstance(value, Mapping) and depth == 0 and len(value) <= 20:
        return {str(k): WITHHELD if k in _PERSONAL else _plain(v, 1) for k, v in value.items()}
    return f"[{type(value).__name__} withheld]"


def _to_json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS).decode()


class _IntoStructlog(logging.Handler):
    """What libraries log through `logging`: the sentence without its values."""

    def emit(self, record: logging.LogRecord) -> None:
        first_line = str(record.msg).split("\n", 1)[0]
        structlog.get_logger().log(
            record.levelno, first_line, logger=record.name, exc_info=record.exc_info
        )
