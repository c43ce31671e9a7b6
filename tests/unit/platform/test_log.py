"""Logs: readable by machines, and nothing about a person in them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import orjson
import pytest
import structlog

from router import log as logs
from router.model import Channel


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What the process writes as its log."""
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    stream = StringIO()
    logs.configure("info", "json", stream)
    yield stream
    logging.captureWarnings(False)
    logging.getLogger().handlers, logging.getLogger().level = handlers, level
    structlog.reset_defaults()


def told(written: StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in written.getvalue().splitlines()]


def test_an_event_is_one_json_object(written: StringIO) -> None:
    structlog.get_logger().info("contact_received", contact_id=7, channel=Channel.WEB)
    [line] = told(written)
    assert line["event"] == "contact_received"
    assert line["contact_id"] == 7
    assert line["channel"] == "web"
    assert line["level"] == "info"
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", "Min nabo støjer"),
        ("phone", "20304050"),
        ("code", "+4520304050"),
        ("code", "20 30 40 50"),
        ("code", "010203-1234"),
        ("code", "mette@post.example"),
        ("code", object()),
        ("code", b"raw"),
        ("code", ["ok", "mette@post.example"]),
        ("code", {"subject": "Min nabo"}),
    ],
)
def test_what_could_be_personal_is_withheld(written: StringIO, key: str, value: object) -> None:
    structlog.get_logger().info("something", **{key: value})
    [line] = told(written)
    assert "withheld" in str(line[key])
    for secret in ("nabo", "20304050", "20 30", "1234", "mette", "raw"):
        assert secret not in str(line[key])


@pytest.mark.parametrize(
    "value", [7, 1.5, True, None, "ConnectionError", "0001_house", ["web", "mail"], {"a": 1}]
)
def test_plain_values_pass(written: StringIO, value: object) -> None:
    structlog.get_logger().info("something", code=value)
    assert told(written)[0]["code"] == value


def test_times_pass(written: StringIO) -> None:
    structlog.get_logger().info("something", due_at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    assert told(written)[0]["due_at"] == "2026-11-23T09:00:00+00:00"


def test_an_exception_is_told_without_its_message(written: StringIO) -> None:
    try:
        raise ValueError("Key (phone)=(20304050) already exists")
    except ValueError:
        structlog.get_logger().exception("failed")
    [line] = told(written)
    assert line["error"] == "ValueError"
    assert "test_log.py" in line["error_at"][-1]
    assert "20304050" not in str(line)


def test_what_libraries_log_comes_without_values(written: StringIO) -> None:
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "192.0.2.7")
    logging.getLogger("asyncio").error("Task exception\nfuture: <Task mette@post.example>")
    logging.getLogger("aiohttp.server").info("nobody needs this")
    first, second = told(written)
    assert (first["event"], first["logger"]) == ("Error handling request from %s", "aiohttp.server")
    assert second["event"] == "Task exception"


def test_the_level_is_kept(written: StringIO) -> None:
    logs.configure("warning", "json", written)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in told(written)] == ["loud"]


def test_a_terminal_gets_lines_for_people(written: StringIO) -> None:
    logs.configure("info", "console", written)
    structlog.get_logger().info("contact_received", contact_id=7, name="Mette")
    line = written.getvalue()
    assert "contact_received" in line
    assert "contact_id" in line
    assert "Mette" not in line
