"""One rule of the table, as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.rules.facts import PromiseOrder
from router.rules.nodes import Node
from router.rules.targets import Target

FOUND: Final = "found"
"""`forward_to: found`: the authority that the text points to."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`when` these nodes hold, `to` these targets."""

    id: str
    file: str
    line: int
    nodes: tuple[Node, ...]
    """What must all hold; empty for the default."""
    targets: tuple[Target, ...]
    """At least one."""
    priority: int
    role: str
    promise: PromiseOrder | None
    forward_to: str
    """Authority id, FOUND for the one that the text points to, or ""."""
    tell: Mapping[str, str]
    why: Mapping[str, str]

    @property
    def department(self) -> str:
        """The first target's department: an id or one of DEPARTMENT_WORDS."""
        return self.targets[0].department
