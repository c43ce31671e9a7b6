"""The way out: one mail to one receiver through the smarthost (aiosmtplib)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

import aiosmtplib

from channels.mail.reading.addresses import usable
from router.errors import PermanentFailure, TemporaryFailure

if TYPE_CHECKING:
    from router.settings import Address

TIMEOUT_SECONDS: Final = 20.0


class Relay:
    """Hands mail to the smarthost and tells apart what may pass and what will not."""

    def __init__(self, smarthost: Address | None, hostname: str) -> None:
        self._smarthost = smarthost
        self._hostname = hostname

    async def send(self, sender: str, recipient: str, raw: bytes) -> None:
        """Return once the smarthost has taken the mail.

        Raises TemporaryFailure (connection, 4xx) or PermanentFailure (5xx, an
        address that cannot be written to, no smarthost set).
        """
        if self._smarthost is None:
            raise PermanentFailure("no_smarthost")
        # Exactly these addresses or none: the library would drop what it cannot read.
        if not (usable(sender) and usable(recipient)):
            raise PermanentFailure("bad_address")
        client = aiosmtplib.SMTP(
            hostname=self._smarthost.host,
            port=self._smarthost.port,
            local_hostname=self._hostname,
            timeout=TIMEOUT_SECONDS,
            # A relay on this very machine has no certificate that could be checked.
            validate_certs=not _is_loopback(self._smarthost.host),
        )
        try:
            async with client:
                options = _options(client, sender, recipient, raw)
                await client.sendmail(sender, recipient, raw, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise _failure(codes[0] if codes else 550) from error
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPHeloError) as error:
            # Says something about the server, not about this mail.
            raise TemporaryFailure("smarthost_away") from error
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code) from error
        except aiosmtplib.SMTPNotSupported as error:
            raise PermanentFailure("smtp_not_supported") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TemporaryFailure("smarthost_away") from error
        except ValueError as error:
            raise PermanentFailure("bad_address") from error


def _options(client: aiosmtplib.SMTP, sender: str, recipient: str, raw: bytes) -> list[str]:
    options = []
    if not raw.isascii() and client.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    international = not (sender.isascii() and recipient.isascii())
    if international or (
        not raw.isascii()
        and not raw.partition(b"\r\n\r\n")[0].isascii()
        and client.supports_extension("smtputf8")
    ):
        options.append("SMTPUTF8")
    return options


def _failure(code: int) -> TemporaryFailure | PermanentFailure:
    if 400 <= code < 500:
        return TemporaryFailure(f"smtp_{code}")
    return PermanentFailure(f"smtp_{code}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
