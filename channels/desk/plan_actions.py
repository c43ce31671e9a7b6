"""What staff can do with topics, meetings and letters: one function a step.

The pages and the API come here with the same bodies, so both refuse the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from channels.desk import plan_models as models
from channels.desk.api_models import Body
from channels.desk.people import Staff
from router.errors import SenderError
from router.house import House
from router.meeting_terms import Agreed, Paper, Way
from router.promises import NewPromise
from router.splitting import NewPart

ContactStep = Callable[[House, Staff, str, Any], Awaitable[None]]
NumberStep = Callable[[House, Staff, int, Any], Awaitable[None]]


async def split(house: House, staff: Staff, reference: str, body: models.SplitBody) -> None:
    """Make topics of the contact; who splits coordinates them."""
    topics = [
        NewPart(topic.title, topic.department, topic.caseworker, topic.promise, topic.phone)
        for topic in body.topics
    ]
    await house.splitting.split(
        reference,
        staff.actor,
        topics,
        caseworker=staff.caseworker,
        coordinator=body.coordinator,
        version=body.version,
    )


async def make(house: House, staff: Staff, reference: str, body: models.MakeBody) -> None:
    """Promise something more."""
    wanted = NewPromise(
        body.kind,
        about=body.about,
        not_before=body.not_before,
        due_at=body.until,
        phone=body.phone,
        part_id=body.part,
    )
    await house.promises.make(reference, staff.actor, wanted)


async def take(house: House, staff: Staff, reference: str, body: models.TakeBody) -> None:
    """Take the contact."""
    await house.contacts.claim(reference, _person(staff), body.version)


async def meet(house: House, staff: Staff, reference: str, body: models.MeetingBody) -> None:
    """Agree on a meeting."""
    agreed = Agreed(body.starts_at, body.ends_at, Way(body.way), body.place)
    await house.meetings.agree(reference, staff.actor, body.subject, agreed, body.part)


async def keep(house: House, staff: Staff, promise: int, body: models.KeepBody) -> None:
    """What was promised is sent, or done."""
    await house.letters.keep(promise, staff.actor, words=body.send, how=body.how, note=body.note)


async def notice(house: House, staff: Staff, promise: int, _: models.NoticeBody) -> None:
    """Promise the notice of a deadline that cannot be kept."""
    await house.letters.promise_notice(promise, staff.actor)


async def claim_part(house: House, staff: Staff, part: int, body: models.PartClaimBody) -> None:
    """Take a topic."""
    await house.parts.claim(part, _person(staff), body.version)


async def offer_part(house: House, staff: Staff, part: int, body: models.PartOfferBody) -> None:
    """Hand a topic over."""
    await house.parts.offer(
        part, staff.actor, body.department, body.to_caseworker, body.reason, body.version
    )


async def solve_part(house: House, staff: Staff, part: int, body: models.PartEndBody) -> None:
    """A topic is done."""
    await house.parts.solve(part, staff.actor, body.note, body.version)


async def withdraw_part(house: House, staff: Staff, part: int, body: models.PartEndBody) -> None:
    """The citizen no longer wants a topic."""
    await house.parts.withdraw(part, staff.actor, body.note, body.version)


async def agenda(house: House, staff: Staff, meeting: int, body: models.PaperBody) -> None:
    """Write the agenda, and send it where there is mail."""
    await house.meetings.write(meeting, staff.actor, Paper.AGENDA, body.text)


async def minutes(house: House, staff: Staff, meeting: int, body: models.PaperBody) -> None:
    """Write the minutes, and send them where there is mail."""
    await house.meetings.write(meeting, staff.actor, Paper.MINUTES, body.text)


async def agenda_given(house: House, staff: Staff, meeting: int, body: models.GivenBody) -> None:
    """The agenda was given in another way."""
    await house.meetings.given(meeting, staff.actor, Paper.AGENDA, body.how, body.note)


async def minutes_given(house: House, staff: Staff, meeting: int, body: models.GivenBody) -> None:
    """The minutes were given in another way."""
    await house.meetings.given(meeting, staff.actor, Paper.MINUTES, body.how, body.note)


async def held(house: House, staff: Staff, meeting: int, body: models.HeldBody) -> None:
    """They have met."""
    await house.meetings.held(meeting, staff.actor, body.note)


async def move(house: House, staff: Staff, meeting: int, body: models.MoveBody) -> None:
    """Another time or place."""
    agreed = Agreed(body.starts_at, body.ends_at, Way(body.way), body.place)
    await house.meetings.move(meeting, staff.actor, agreed, body.version)


async def cancel(house: House, staff: Staff, meeting: int, body: models.CancelBody) -> None:
    """They will not meet."""
    await house.meetings.cancel(
        meeting,
        staff.actor,
        by_citizen=body.by_citizen,
        reason=body.reason,
        version=body.version,
    )


def _person(staff: Staff) -> str:
    """The caseworker who acts. Only a person can own something."""
    if staff.caseworker is None:
        raise SenderError("caseworker_needed", "Say which caseworker takes it.")
    return staff.caseworker


# Step, its body, what does it.
CONTACT_STEPS: Final[Mapping[str, tuple[type[Body], ContactStep]]] = {
    "split": (models.SplitBody, split),
    "promises": (models.MakeBody, make),
    "meetings": (models.MeetingBody, meet),
    "claim": (models.TakeBody, take),
}
PROMISE_STEPS: Final[Mapping[str, tuple[type[Body], NumberStep]]] = {
    "keep": (models.KeepBody, keep),
    "notice": (models.NoticeBody, notice),
}
PART_STEPS: Final[Mapping[str, tuple[type[Body], NumberStep]]] = {
    "claim": (models.PartClaimBody, claim_part),
    "offer": (models.PartOfferBody, offer_part),
    "solve": (models.PartEndBody, solve_part),
    "withdraw": (models.PartEndBody, withdraw_part),
}
MEETING_STEPS: Final[Mapping[str, tuple[type[Body], NumberStep]]] = {
    "agenda": (models.PaperBody, agenda),
    "agenda-given": (models.GivenBody, agenda_given),
    "minutes": (models.PaperBody, minutes),
    "minutes-given": (models.GivenBody, minutes_given),
    "held": (models.HeldBody, held),
    "move": (models.MoveBody, move),
    "cancel": (models.CancelBody, cancel),
}
SUMMARIES: Final = {
    "split": "Make topics of a contact that holds several",
    "promises": "Promise something more",
    "meetings": "Agree on a meeting",
    "claim": "Take it",
    "keep": "What was promised is sent, or done",
    "notice": "Promise the notice of a deadline of the law that cannot be kept",
    "offer": "Hand it over: the owner changes when the receiver takes it",
    "solve": "It is done",
    "withdraw": "The citizen no longer wants it",
    "agenda": "Write the agenda, and send it where there is mail",
    "agenda-given": "The agenda was given in another way",
    "minutes": "Write the minutes, and send them where there is mail",
    "minutes-given": "The minutes were given in another way",
    "held": "They have met: the minutes are promised",
    "move": "Another time or place",
    "cancel": "They will not meet",
}
