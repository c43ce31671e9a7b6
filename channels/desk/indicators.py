"""`GET /api/v1/staff/indicators`: the same numbers as `indgang indicators`."""

from __future__ import annotations

from aiohttp import web

from channels.desk.indicator_models import IndicatorsOut
from channels.keys import HOUSE
from router.indicator_output import as_data, head
from router.indicator_reading import read_report
from router.indicators import read_dimensions, read_period


async def indicators(request: web.Request) -> web.StreamResponse:
    """Promises, waiting, repeats and fairness of the days from `from` to `until`."""
    house, query = request.app[HOUSE], request.query
    now = house.clock.now()
    period = read_period(
        query.get("from", ""), query.get("until", ""), house.municipality.hours.zone, now
    )
    report = await read_report(
        house.ledger, period, now, read_dimensions(query.get("by", "")), query.get("department")
    )
    page = IndicatorsOut.model_validate(
        head(report) | {"rows": [as_data(row) for row in report.rows()]}
    )
    return web.json_response(text=page.model_dump_json())
