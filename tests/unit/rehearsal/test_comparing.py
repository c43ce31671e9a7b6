"""What changes between two tables, counted; and how it is told."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.rehearsal.comparing import CHILD_CONCERN, Comparison, Label
from router.rehearsal.telling import one_by_one, told
from router.rules.facts import Decision


class Story:
    """An explanation that is there already."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def told(self) -> dict[str, Any]:
        return {"words": [{"word": word} for word in self._words]}


def decided(
    department: str = "byg",
    rule: str = "by-text",
    *,
    caseworker: str | None = None,
    flags: frozenset[str] = frozenset(),
    certainty: str = "sure",
    words: tuple[str, ...] = (),
) -> Decision:
    return Decision(
        department=department, caseworker=caseworker, rule_id=rule, table_version="v",
        confidence=0.9, flags=flags, group=None, priority=0, candidates=(), certainty=certainty,
        confident=certainty == "sure", language="da", wait=None, plan=(), role="", promise=None,
        forward_to="", tell={}, wish=None, secondary=(), caseworkers=(), story=Story(list(words)),
    )  # fmt: skip


def test_what_stays_is_no_change() -> None:
    comparison = Comparison()
    assert comparison.add("1", decided(), decided()) is None
    # Words alone are no change: what they led to is the same.
    assert comparison.add("2", decided(), decided(words=("tag",))) is None
    assert (comparison.contacts, comparison.changed, comparison.moved) == (2, 0, 0)


def test_each_kind_of_change_is_counted() -> None:
    comparison = Comparison()
    comparison.add("1", decided("byg"), decided("vej", words=("hul",)))
    comparison.add("2", decided("byg"), decided("byg", "other-rule"))
    comparison.add("3", decided(caseworker="a"), decided(caseworker="b"))
    comparison.add("4", decided(), decided(certainty="unsure"))
    comparison.add("5", decided(certainty="unsure"), decided())
    comparison.add("6", decided(flags=frozenset({CHILD_CONCERN})), decided())
    summary = comparison.summary()
    assert summary["changed"] == 6
    assert summary["departments"] == [{"old": "byg", "new": "vej", "contacts": 1}]
    assert summary["rules"] == [{"old": "by-text", "new": "other-rule", "contacts": 1}]
    assert (summary["other_caseworker"], summary["newly_unsure"], summary["newly_sure"]) == (
        1,
        1,
        1,
    )
    assert summary["child_concerns_lost"] == 1
    lines = list(told(comparison, limited=False))
    assert lines[0] == "!! A CONCERN FOR A CHILD IS NO LONGER SEEN IN 1 CONTACT:"
    assert lines[1] == "!!   6"


def test_one_contact_is_told_in_one_line() -> None:
    change = Comparison().add(
        "482031957",
        decided("byg", words=("tag",), flags=frozenset({"acute"})),
        decided("vej", "roads", words=("hul", "tag"), certainty="likely"),
        Label(frozenset({"vej"}), "vej"),
    )
    assert change is not None
    assert one_by_one(change) == (
        "  482 031 957  byg -> vej · rule by-text -> roads · sure -> likely · flags -acute"
        " · words +hul · belongs to vej"
    )


def test_labels_score_both() -> None:
    comparison = Comparison()
    concern = Label(frozenset({"familie"}), "familie", frozenset({CHILD_CONCERN}))
    found = frozenset({CHILD_CONCERN})
    comparison.add("1", decided("familie", flags=found), decided("skole"), concern)
    either = Label(frozenset({"byg", "vej"}), "byg", frozenset())
    comparison.add("2", decided("vej"), decided("byg", flags=found), either)
    old, new = comparison.old_score, comparison.new_score
    assert (comparison.fixed, comparison.broken) == (0, 1)
    assert (old.strict, old.acceptable, new.strict, new.acceptable) == (1, 2, 1, 1)
    assert (old.concerns_found, new.concerns_found) == (1, 0)
    assert (old.concerns_false, new.concerns_false) == (0, 1)
    assert (old.confident_wrong, new.confident_wrong) == (0, 1)


DECISIONS = st.builds(
    decided,
    st.sampled_from(["byg", "vej", "familie"]),
    st.sampled_from(["a", "b"]),
    flags=st.frozensets(st.sampled_from(["acute", CHILD_CONCERN])),
    certainty=st.sampled_from(["sure", "likely", "unsure"]),
)


@given(st.lists(st.tuples(DECISIONS, DECISIONS), max_size=30))
def test_everything_adds_up(pairs: list[tuple[Decision, Decision]]) -> None:
    comparison = Comparison()
    changes = [comparison.add(str(n), old, new) for n, (old, new) in enumerate(pairs)]
    assert comparison.contacts == len(pairs) == sum(comparison.departments.values())
    assert comparison.changed == sum(change is not None for change in changes)
    assert comparison.moved <= comparison.changed
    lost = [c for c in changes if c is not None and c.concern_lost]
    assert comparison.flags_lost[CHILD_CONCERN] == len(lost) == len(comparison.concerns_lost)
    lines = list(told(comparison, limited=True))
    assert lines[0].startswith("!!") == bool(lost)
