"""Whatever is refused at the desk is said in words, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from channels.desk.refusals import REFUSALS, refusal_words
from channels.http.explain import say
from channels.i18n import SHARED, catalogue

ROUTER = Path(__file__).resolve().parents[3] / "router"
RAISED = re.compile(r'\b(?:SenderError|Conflict|NotFound)\(\s*"(\w+)"')
NO_PERSON_SEES: frozenset[str] = frozenset(
    {
        # Of lists and reports, which only programs ask for; and what forms cannot send.
        "bad_cursor", "bad_filter", "bad_period", "no_such_attachment",
        "no_such_promise_here", "no_such_result",
    }
)  # fmt: skip


def raised() -> dict[str, str]:
    """Every code that the router refuses with, and one file that does."""
    return {
        code: path.name
        for path in sorted(ROUTER.glob("*.py"))
        for code in RAISED.findall(path.read_text(encoding="utf-8"))
    }


def test_every_refusal_has_words() -> None:
    codes = raised()
    assert len(codes) > 40
    translate = SHARED.gettext("en")
    silent = {
        code: where
        for code, where in codes.items()
        if code not in REFUSALS and not say(code, translate) and code not in NO_PERSON_SEES
    }
    assert silent == {}


@pytest.mark.parametrize("code", REFUSALS)
def test_in_both_languages(code: str) -> None:
    said = {
        language: refusal_words(code, catalogue("desk").gettext(language), "Lone Hvideklit")
        for language in ("da", "en")
    }
    assert said["da"] != said["en"]
    for words in said.values():
        assert words[-1] == "."
        assert "{" not in words


def test_what_nobody_knows_has_no_words() -> None:
    assert refusal_words("never_heard_of", catalogue("desk").gettext("da")) == ""
