"""The desk: the staff's callback queue view and the staff API."""

from __future__ import annotations

from aiohttp import web

from channels.desk import (
    api,
    events,
    forms,
    indicators,
    login,
    new,
    openapi,
    pages,
    plan_actions,
    plan_api,
    plan_forms,
)
from channels.desk.access import Access
from router.house import House

_API = "/api/v1/staff"


def setup(app: web.Application, house: House) -> None:
    """Add the desk's pages, the staff API and the live changes. Every route has its door."""
    access = app[login.ACCESS] = Access(house)
    events.setup_events(app, house)
    route = app.router

    route.add_get("/desk/login", access.open_page(login.login_page))
    route.add_post("/desk/login", access.open_page(login.log_in))
    route.add_post("/desk/logout", access.page(login.log_out))

    route.add_get("/desk", access.page(pages.queue))
    route.add_get("/desk/queue", access.page(pages.queue_part))
    route.add_get("/desk/go", access.page(pages.go))
    route.add_get("/desk/new", access.page(new.new_page))
    route.add_post("/desk/new", access.page(new.register))
    at = "/desk/contacts/{reference}"
    route.add_get(at, access.page(pages.contact))
    route.add_get(f"{at}/live", access.page(pages.contact_part))
    route.add_get(f"{at}/files/{{file}}", access.page(pages.file))
    for step, act in forms.CONTACT_FORMS.items():
        route.add_post(f"{at}/{step}", access.page(forms.form(step, act)))
    for step, act in forms.PROMISE_FORMS.items():
        route.add_post(f"{at}/promises/{{id}}/{step}", access.page(forms.form(step, act)))
    for step, act in plan_forms.PART_FORMS.items():
        route.add_post(f"{at}/parts/{{id}}/{step}", access.page(forms.form(f"part-{step}", act)))
    for step, act in plan_forms.MEETING_FORMS.items():
        handler = forms.form(f"meeting-{step}", act)
        route.add_post(f"{at}/meetings/{{id}}/{step}", access.page(handler))

    route.add_get(f"{_API}/openapi.json", access.api(openapi.openapi))
    route.add_get(f"{_API}/events", access.api(events.events), allow_head=False)
    route.add_get(f"{_API}/contacts", access.api(api.contacts))
    route.add_get(f"{_API}/contacts/{{reference}}", access.api(api.contact))
    route.add_get(f"{_API}/contacts/{{reference}}/files/{{file}}", access.api(pages.file))
    route.add_get(f"{_API}/promises", access.api(api.promises))
    route.add_get(f"{_API}/indicators", access.api(indicators.indicators))
    for step in api.CONTACT_STEPS:
        route.add_post(f"{_API}/contacts/{{reference}}/{step}", access.api(api.contact_step(step)))
    for step in api.PROMISE_STEPS:
        route.add_post(f"{_API}/promises/{{id}}/{step}", access.api(api.promise_step(step)))
    for step in plan_actions.PART_STEPS:
        route.add_post(f"{_API}/parts/{{id}}/{step}", access.api(plan_api.part_step(step)))
    for step in plan_actions.MEETING_STEPS:
        route.add_post(f"{_API}/meetings/{{id}}/{step}", access.api(plan_api.meeting_step(step)))
