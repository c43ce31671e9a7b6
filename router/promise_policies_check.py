"""No open promise is left without the policy that it was made by.

Asked when the service starts and before another configuration is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from router.config_source import ConfigurationRefused, Problem
from router.promise_steps import Q

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Ledger

FILE = "promises.yaml"


@dataclass(frozen=True, slots=True)
class InUse:
    """A policy that open promises were made by."""

    policy: str
    kind: str
    promises: int


def missing_policies(in_use: Iterable[InUse], municipality: Municipality) -> list[Problem]:
    """What is wrong with a configuration for the promises that are open. Pure."""
    problems = []
    for used in in_use:
        policy = municipality.policies.by_id.get(used.policy)
        were = "promise was" if used.promises == 1 else "promises were"
        count = f"{used.promises} open {were} made by the policy"
        if policy is None:
            text = (
                f'{count} "{used.policy}" (kind {used.kind}), which is not here. Put it back;'
                " it can be taken out when they have ended. New promises may be made by"
                " another one: give the old one `special: true`."
            )
        elif policy.kind != used.kind:
            text = (
                f'{count} "{used.policy}" as {used.kind}, and here it is for {policy.kind}.'
                " Give the new policy an id of its own."
            )
        else:
            continue
        problems.append(Problem(FILE, 0, 0, text))
    return problems


async def check_policies(ledger: Ledger, municipality: Municipality) -> None:
    """Raise ConfigurationRefused when open promises use a policy that `municipality` lacks."""
    rows = await ledger.fetch(Q["policies_in_use"])
    problems = missing_policies((InUse(**dict(row)) for row in rows), municipality)
    if problems:
        raise ConfigurationRefused(problems)
