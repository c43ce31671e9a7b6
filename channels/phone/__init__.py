"""The phone: calls and text messages, through Twilio's webhooks and REST API.

webhook.py   proves and reads what the provider sends
line.py      a call's webhooks become arrivals; TwiML says what came of it
flow.py      the call as a pure function        script.py, twiml.py  its words
fallback.py  when something of ours is away     spool.py  what waits on disk then
sms_in.py, sms_out.py  text messages
"""

from __future__ import annotations

from aiohttp import web

from channels.phone.intake import INTAKE, Intake
from channels.phone.sms_out import SmsSender
from router.house import House


def setup(app: web.Application, house: House) -> None:
    """Take the provider's webhooks, empty the spool, and send text messages."""
    intake = app[INTAKE] = Intake(house)
    app.add_routes(intake.routes())
    app.cleanup_ctx.append(intake.draining)
    sender = SmsSender(house)
    house.outbox.register("sms.tell", sender.send)
    app.cleanup_ctx.append(sender.open_while_running)
