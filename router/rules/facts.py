"""What the rules are asked, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from router.model import Channel, Group, PromiseKind

if TYPE_CHECKING:
    from router.rules.wishes import Wish


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger knows of the sender's party. Ids; "" when there is none."""

    open_department: str = ""
    """The department that has the party's newest open contact."""
    open_caseworker: str = ""
    """The caseworker who has taken it."""
    coordinator: str = ""
    """The coordinating caseworker (koordinerende sagsbehandler)."""
    last_caseworker: str = ""
    """The caseworker whom the party last spoke or wrote with."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an arrival when it is routed (visiteret)."""

    channel: Channel
    to: str = ""
    """The number called or the address written to."""
    menu: str = ""
    """Department id that the sender chose in a menu or a form."""
    group: Group | None = None
    language: str = "da"
    subject: str = ""
    text: str = ""
    callback_wanted: bool = False
    known_party: bool = False
    open_now: bool = True
    name: str = ""
    email: str = ""
    phone: str = ""
    """E.164, or empty."""
    cvr: str = ""
    """Company number (8 digits) when the channel knows it."""
    postal_code: str = ""
    """Danish postal code (4 digits) when the channel knows it."""
    kle: str = ""
    """KLE number that came with it, such as 02.34.02."""
    case_number: str = ""
    history: History | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody who is asked to take a contact, and for how long before the next is."""

    department: str
    caseworker: str | None = None
    wait: timedelta | None = None
    """Working time. None: as long as an offer usually stands; a department keeps it."""


ORDERED_KINDS: Final = (PromiseKind.CALLBACK, PromiseKind.ANSWER)
"""What a rule may have us promise; the other kinds follow from the law or from staff's work."""


@dataclass(frozen=True, slots=True)
class PromiseOrder:
    """A promise that a rule asks for. One of the two limits is set, in working time."""

    kind: PromiseKind
    within_hours: float | None = None
    within_days: int | None = None


class Story(Protocol):
    """Builds the explanation when somebody asks for it."""

    def told(self) -> dict[str, Any]: ...


@dataclass(slots=True)
class Decision:
    """Who gets a contact, and why. Never changed after it was answered (it is not
    frozen because that would cost more than the decision itself). The explanation
    holds words of our own vocabulary only, never the sender's text."""

    department: str
    caseworker: str | None
    """Whom it is offered to first; the department owns it until they accept."""
    rule_id: str
    table_version: str
    confidence: float
    """0 to 1: about the share of such decisions that are right. 1 when the rule did
    not need the text."""
    flags: frozenset[str]
    group: Group | None
    priority: int
    """0 ordinary; higher goes first."""
    candidates: tuple[tuple[str, float], ...]
    """The departments that the text points to, best first, at most three."""
    certainty: str
    """`sure`, `likely` or `unsure`: what the text says of the department."""
    confident: bool
    """The rule did not need the text, or the text was sure."""
    language: str
    wait: timedelta | None
    """How long the first one is asked (working time); None: as policy says."""
    plan: tuple[Step, ...]
    """Who follows when nobody takes it, in order."""
    role: str
    """`authority`, `service`, `facilitator`, `partner`, or ""."""
    promise: PromiseOrder | None
    forward_to: str
    """Authority id that it is passed on to, or ""."""
    tell: Mapping[str, str]
    """What the citizen is told besides, by language; empty when nothing."""
    wish: Wish | None
    """The call that the text asks for."""
    secondary: tuple[str, ...]
    """The other departments that the text is about."""
    caseworkers: tuple[str, ...]
    """When two or more caseworkers fit the name in the text: ask."""
    story: Story = field(repr=False)

    @property
    def explanation(self) -> dict[str, Any]:
        """As JSON can hold it, without personal data.

        `tried`: of each rule tried the condition that failed (`router.rules.trace`);
        `facts`: what was known besides the text; `found`: what the text came to;
        `words`: vocabulary found; `why`: {da, en}; `certainty`, `candidates`; and when
        there is any: `skipped` (targets and `why` not), `plan` (who follows, `minutes` of
        working time), `caseworkers`, `authority`, `cut`."""
        return self.story.told()
