"""A real browser for the tests: Debian's Chromium, driven by Playwright.

`browser_page(...)` opens a page on the running service; `axe_violations(page)`
runs axe-core on it (WCAG 2.1 A and AA). Everything is skipped, visibly, where
Chromium is not installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.running import Running

CHROMIUM = os.environ.get("INDGANG_TEST_CHROMIUM", "/usr/bin/chromium")
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
SCREENSHOTS = Path(__file__).resolve().parents[2] / "artifacts" / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 375, "height": 740}}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]

PageMaker = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(browser: Browser, running: Running) -> Iterator[PageMaker]:
    """Makes pages on the service: `browser_page("/", size="phone", javascript=False)`.

    A page that asks another host for anything, throws a script error, or has
    something refused by its own Content-Security-Policy fails the test.
    """
    contexts = []
    troubles: list[str] = []

    def make(path: str = "/", size: str = "desktop", javascript: bool = True, **more: Any) -> Page:
        context = browser.new_context(
            viewport=SIZES[size],  # type: ignore[arg-type]
            java_script_enabled=javascript,
            base_url=running.base_url,
            locale="da-DK",
            timezone_id="Europe/Copenhagen",
            **more,
        )
        contexts.append(context)

        def stay_here(route: Route) -> None:
            if not route.request.url.startswith((running.base_url, "data:", "blob:")):
                troubles.append(f"asked another host: {route.request.url}")
                route.abort()
            else:
                route.continue_()

        context.route("**/*", stay_here)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
        page.on(
            "console",
            lambda said: (
                troubles.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert troubles == []


def axe_violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA: rule, and where."""
    # Through the debugger, so that the page's own policy need not allow it.
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", WCAG)
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def screenshot(page: Page, name: str) -> None:
    """Keep how the page looks, under artifacts/screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
