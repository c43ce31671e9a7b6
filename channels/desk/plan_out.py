"""Topics and meetings as the staff API answers them. CPR numbers are masked."""

from __future__ import annotations

from channels.desk.api_models import MeetingOut, PartOut
from channels.desk.masking import mask_cpr
from router.rows import MeetingRow, PartRow


def part_out(row: PartRow) -> PartOut:
    """A topic as the API answers it."""
    offered = None
    if row.offered_department is not None:
        offered = {"department": row.offered_department, "caseworker": row.offered_caseworker}
    return PartOut(
        id=row.id,
        title=mask_cpr(row.title),
        department=row.department,
        owner=row.caseworker,
        state=row.state,
        offered_to=offered,
        made_at=row.made_at,
        ended_at=row.ended_at,
        version=row.version,
    )


def meeting_out(row: MeetingRow) -> MeetingOut:
    """A meeting as the API answers it."""
    return MeetingOut(
        id=row.id,
        part=row.part_id,
        subject=mask_cpr(row.subject),
        way=row.way,
        place=row.place,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        state=row.state,
        meeting_promise=row.meeting_promise,
        agenda_promise=row.agenda_promise,
        minutes_promise=row.minutes_promise,
        agenda_at=row.agenda_at,
        minutes_at=row.minutes_at,
        version=row.version,
    )
