"""What `GET /api/v1/staff/indicators` answers. Definitions: docs/indicators.md."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from router.fairness import Says


class ComparisonOut(BaseModel):
    """A group's share beside the largest group's; numbers only where none is hidden."""

    compared_with: str
    says: Says
    count: int | None = None
    of: int | None = None
    rate: float | None = None
    other_count: int | None = None
    other_of: int | None = None
    other_rate: float | None = None
    difference: float | None = None
    low: float | None = None
    """Lower end of the difference's 95 % interval (Newcombe)."""
    high: float | None = None


class IndicatorRowOut(BaseModel):
    """The numbers of one group; null where one is hidden, and `hidden` says why."""

    by: str
    """`total`, `kind`, `department`, `group`, `language` or `channel`."""
    value: str
    promises: dict[str, float | None]
    contacts: dict[str, float | None]
    ranges: dict[str, tuple[float, float]]
    hidden: dict[str, str]
    fairness: dict[str, ComparisonOut]


class IndicatorsOut(BaseModel):
    """Indicators of some days, both counted."""

    model_config = ConfigDict(serialize_by_alias=True)

    first: date = Field(alias="from")
    until: date
    as_of: datetime
    department: str | None
    rows: list[IndicatorRowOut]
