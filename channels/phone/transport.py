"""HTTP for the `twilio` client: its own asynchronous one has no time limit and
signs in a way that aiohttp has announced the end of.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, encode_basic_auth, hdrs
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

SECONDS: Final = 10.0
"""For one request, from connecting to the last byte."""


class Transport(AsyncHttpClient):  # type: ignore[misc]  # the library has no types
    """Carries the requests of `twilio.rest.Client`."""

    def __init__(self) -> None:
        # Its logger would write the numbers and texts that it sends; it stays unused.
        super().__init__(logging.getLogger("twilio.unused"), True, SECONDS)
        self._session = ClientSession(timeout=ClientTimeout(total=SECONDS))

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own signature
        allow_redirects: bool = False,
    ) -> Response:
        """One request. Raises aiohttp.ClientError or TimeoutError."""
        sent: dict[str, Any] = dict(headers or {})
        if auth is not None:
            sent[hdrs.AUTHORIZATION] = encode_basic_auth(*auth)
        async with self._session.request(
            method.upper(),
            uri,
            params=_textual(params),
            data=_textual(data),
            headers=sent,
            allow_redirects=allow_redirects,
        ) as answer:
            return Response(answer.status, await answer.text(), dict(answer.headers))

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()


def _textual(values: dict[str, object] | None) -> dict[str, str] | None:
    return None if values is None else {name: str(value) for name, value in values.items()}
