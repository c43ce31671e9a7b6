"""The mail door: an SMTP and an LMTP server in the running loop (aiosmtpd).

It takes mail for our own addresses only, answers `250` after the raw bytes are
committed, and `451` when PostgreSQL is away, so that the sending server keeps
the mail and tries again. It reads nothing of what the mail says.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Final, Literal
from weakref import WeakSet

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.mail.identity import Identity
from channels.mail.intake import Intake, RawMail
from router.errors import LedgerAway
from router.settings import Address, SettingsError

log = structlog.get_logger(__name__)

LARGEST_MAIL: Final = 40 * 1024 * 1024
"""Bytes; a 25 MB file grows by a third on its way through mail."""
MOST_RECIPIENTS: Final = 100
LONGEST_LINE: Final = 1024 * 1024
"""Bytes. The standard's 998 would turn away mail that other servers take."""
IDLE_SECONDS: Final = 120.0

# aiosmtpd writes addresses and commands to its own log, which is personal data.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

Door = Literal["smtp", "lmtp"]


class _Handler:
    """What aiosmtpd asks us."""

    def __init__(self, door: Door, identity: Identity, intake: Intake) -> None:
        self._door = door
        self._identity = identity
        self._intake = intake

    async def handle_MAIL(  # noqa: N802 - the library's names
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if not self._identity.accepts(address):
            return "550 5.1.1 No such address here"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients, send the rest separately"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        sender = envelope.mail_from or ""
        mail = RawMail(
            door=self._door,
            peer=_peer(session),
            envelope_sender="" if sender == "<>" else sender,
            recipients=tuple(envelope.rcpt_tos),
            raw=content,
        )
        try:
            await self._intake.take(mail)
        except LedgerAway:
            log.warning("mail_not_taken_ledger_away", door=self._door, size=len(content))
            return "451 4.3.0 Cannot store mail now, please try again"
        except Exception:
            log.exception("mail_not_taken", door=self._door, size=len(content))
            return "451 4.3.0 Cannot store mail now, please try again"
        return "250 2.6.0 Stored"

    async def handle_exception(self, error: Exception) -> str:
        """A command that trips the library's own parser."""
        log.info("mail_command_not_understood", door=self._door, fault=type(error).__name__)
        return "501 5.5.2 Command not understood"


def _peer(session: Session) -> str:
    return str(session.peer[0]) if isinstance(session.peer, tuple) else ""


class MailServer(SMTP):
    """SMTP with the enhanced status codes that the library leaves out."""

    line_length_limit = LONGEST_LINE

    _CODES: Final = {
        "552 Error: ": "552 5.3.4 ",
        "500 Line too long": "500 5.5.2 Line too long",
    }

    def __init__(self, handler: object, hostname: str) -> None:
        # The library shares one table between all connections and clears it at each.
        self.command_size_limits: dict[str, int] = defaultdict(lambda: 2048)
        super().__init__(
            handler,
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname=hostname,
            ident="Indgang",
            timeout=IDLE_SECONDS,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=asyncio.get_running_loop(),
        )

    async def push(self, status: str | bytes) -> None:
        if isinstance(status, str):
            for start, better in self._CODES.items():
                if status.startswith(start):
                    status = better + status[len(start) :]
        await super().push(status)  # type: ignore[type-var]  # the stub wants one of the two


class LocalMailServer(MailServer, LMTP):
    """LMTP: after the mail one answer for each recipient (RFC 2033)."""

    _answers = 1

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        recipients = len(self.envelope.rcpt_tos) if self.envelope else 0
        self._answers = 1
        self._recipients = recipients
        try:
            await super().smtp_DATA(arg)
        finally:
            self._answers = 1

    async def push(self, status: str | bytes) -> None:
        answers = self._answers
        for _ in range(answers):
            await super().push(status)
        if isinstance(status, str) and status.startswith("354"):
            self._answers = max(1, self._recipients)


class Listening:
    """Servers at one address, and who is connected to them."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._connections: WeakSet[MailServer] = WeakSet()

    async def open(self, address: Address, setting: str, make: Callable[[], MailServer]) -> None:
        """Answer connections at `address`. Raises SettingsError naming the setting."""

        def answer() -> MailServer:
            connection = make()
            self._connections.add(connection)
            return connection

        try:
            self._server = await asyncio.get_running_loop().create_server(
                answer, address.host, address.port, backlog=512
            )
        except OSError as error:
            raise SettingsError(
                f"{setting}: cannot take mail at {address}: {error.strerror}. "
                "Stop what listens there, or choose another port."
            ) from error

    @property
    def port(self) -> int:
        """The port that it listens on, also when 0 was asked for."""
        if self._server is None:
            return 0
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening and hang up; who has not heard `250` sends again."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            if isinstance(connection.transport, asyncio.WriteTransport):
                # Not `close`, which would wait for a peer that does not read.
                connection.transport.abort()
        # One turn of the loop for the connections to notice.
        await asyncio.sleep(0)


async def open_door(address: Address, door: Door, identity: Identity, intake: Intake) -> Listening:
    """Take mail for our addresses at `address`. Raises SettingsError, see `Listening.open`."""
    handler = _Handler(door, identity, intake)
    kind = MailServer if door == "smtp" else LocalMailServer
    listening = Listening()
    await listening.open(address, f"INDGANG_{door.upper()}", lambda: kind(handler, identity.domain))
    log.info("mail_door_open", door=door, port=listening.port)
    return listening
