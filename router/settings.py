"""What is set from outside: environment variables, read once at the start.

Every wrong value is refused with the name of its variable. The table for
people is in docs/operations.md; a test holds the two together.
"""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from router.errors import ConfigError

ROLES: Final = frozenset({"web", "desk", "phone", "mail", "clock", "outbox"})
"""What one process can do; all of it unless `--roles` says otherwise."""

PREFIX: Final = "INDGANG_"
_TEST_PREFIX: Final = "INDGANG_TEST_"
_HERE: Final = Path(__file__).resolve().parent


class SettingsError(ConfigError):
    """A setting is wrong; the text names the variable and what was expected."""


class Address(NamedTuple):
    """Where to listen or connect."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _address(value: object) -> object:
    """`host:port`, `[::1]:port` or `:port` (all interfaces) as an `Address`."""
    if not isinstance(value, str):
        return value
    host, colon, port = value.strip().rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("expected host:port, for example 127.0.0.1:8080")
    host = host.removeprefix("[").removesuffix("]")
    return Address(host or "0.0.0.0", int(port))  # noqa: S104  an empty host asks for all


AddressSetting = Annotated[Address, BeforeValidator(_address)]


def demo_configuration() -> Path:
    """The demo municipality: beside the source, or packed into the wheel."""
    beside = _HERE.parent / "config"
    return beside if (beside / "municipality.yaml").is_file() else _HERE / "demo_config"


class Settings(BaseSettings):
    """All settings of one process. Frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        enable_decoding=False,
        frozen=True,
        extra="forbid",
    )

    database_url: str | None = Field(default=None, repr=False)
    """PostgreSQL 15 or newer. None: an embedded server in `data_dir`."""
    redis_url: str | None = Field(default=None, repr=False)
    """Redis 7 or Valkey 8 or newer. None: an embedded server in `data_dir`."""
    config: Path | None = None
    """The municipality's folder. None: the demo municipality."""
    public_base_url: str = ""
    """How the world reaches us, without a trailing slash; signatures depend on it."""
    http: AddressSetting = Address("127.0.0.1", 8080)
    smtp: AddressSetting = Address("127.0.0.1", 2525)
    lmtp: AddressSetting | None = None
    """Where to take LMTP from a mail server in front of us; None: not at all."""
    data_dir: Path = Path("var")
    """Embedded servers' data, logs and the phone's spool when PostgreSQL is away."""
    twilio_account_sid: str = Field(default="", validation_alias="twilio_account_sid")
    twilio_auth_token: str = Field(default="", validation_alias="twilio_auth_token", repr=False)
    """Signs what the phone provider sends us. Without it every webhook is refused."""
    twilio_api_url: str | None = None
    """Another base than Twilio's own, for the simulator and for tests."""
    twilio_number: str = ""
    """Our number, E.164: sender of SMS and shown when we call. Empty: the municipality's."""
    smarthost: AddressSetting | None = None
    """The mail server that our mail leaves through; None: mail waits in the outbox."""
    staff_token: str | None = Field(default=None, repr=False)
    """Bearer token for machines at the staff API; at least 16 characters."""
    demo: bool = False
    """Phone simulator, demo mailbox and demo log-in. Never with real citizens."""
    demo_smtp_port: int = Field(default=2526, ge=0, le=65535)
    """Where the demo mailbox takes the mail that leaves us."""
    roles: frozenset[str] = ROLES
    log_level: str = "info"
    log_format: str = "auto"
    """`json`, `console`, or `auto`: console on a terminal."""

    @property
    def http_host(self) -> str:
        return self.http.host

    @property
    def http_port(self) -> int:
        return self.http.port

    @property
    def smtp_host(self) -> str:
        return self.smtp.host

    @property
    def smtp_port(self) -> int:
        return self.smtp.port

    @property
    def config_folder(self) -> Path:
        """The folder to read the municipality from."""
        return self.config or demo_configuration()

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"postgresql", "postgres"}:
            raise ValueError("expected postgresql://user:password@host:port/database")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("expected redis://host:port/0, rediss://... or unix:///path")
        return value

    @field_validator("public_base_url", mode="before")
    @classmethod
    def _is_base(cls, value: object) -> object:
        if isinstance(value, str) and value.strip():
            parts = urlsplit(value.strip())
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query:
                raise ValueError("expected https://host, with a path if there is one")
            return value.strip().rstrip("/")
        return ""

    @field_validator("twilio_api_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError("expected http://host:port or https://host")
        return value.rstrip("/") if value else value

    @field_validator("config")
    @classmethod
    def _is_configuration(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(
                f"there is no folder {value}; `indgang init {value}` writes one to start from"
            )
        return value

    @field_validator("staff_token")
    @classmethod
    def _is_long_enough(cls, value: str | None) -> str | None:
        if value is not None and len(value) < 16:
            raise ValueError("expected at least 16 characters; `openssl rand -hex 24` makes one")
        return value

    @field_validator("roles", mode="before")
    @classmethod
    def _are_roles(cls, value: object) -> object:
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, Iterable):
            raise ValueError("expected names with commas between")
        roles = frozenset(str(name).strip() for name in names) - {""}
        if unknown := sorted(roles - ROLES):
            raise ValueError(f"unknown: {', '.join(unknown)}; there are {', '.join(sorted(ROLES))}")
        return roles or ROLES

    @field_validator("log_level")
    @classmethod
    def _is_level(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("expected debug, info, warning or error")
        return value.lower()

    @field_validator("log_format")
    @classmethod
    def _is_format(cls, value: str) -> str:
        if value not in {"auto", "json", "console"}:
            raise ValueError("expected auto, json or console")
        return value

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: dict[str, Any]) -> dict[str, Any]:
        """In the demo whatever is needed and not set is set here, and only there."""
        data = dict(data)
        if str(data.get("demo", "")).lower() not in {"", "0", "false", "no", "off"}:
            data.setdefault("smarthost", f"127.0.0.1:{data.get('demo_smtp_port', 2526)}")
            for name, made in (
                ("twilio_account_sid", "AC" + secrets.token_hex(16)),
                ("twilio_auth_token", secrets.token_hex(16)),
            ):
                data[name] = data.get(name) or made
        return data

    @model_validator(mode="after")
    def _base_url_from_address(self) -> Self:
        if not self.public_base_url:
            host = "127.0.0.1" if self.http.host in {"0.0.0.0", "::", ""} else self.http.host  # noqa: S104
            object.__setattr__(self, "public_base_url", f"http://{Address(host, self.http.port)}")
        return self


def variable_of(field: str) -> str:
    """The environment variable that sets `field`."""
    return (
        field.upper()
        if field in {"twilio_account_sid", "twilio_auth_token"}
        else (PREFIX + field.upper())
    )


def read_settings(**given: Any) -> Settings:
    """Settings from the environment; `given` (from the command line) goes first.

    Raises `SettingsError`, which names every wrong variable and never repeats a
    secret's value.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_input=False, include_url=False):
            field = str(problem["loc"][0]).lower() if problem["loc"] else "settings"
            lines.append(f"{variable_of(field)}: {problem['msg'].removeprefix('Value error, ')}")
        raise SettingsError("\n".join(lines)) from None


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[tuple[str, str | None]]:
    """INDGANG_ variables that nothing reads, each with the nearest name that is read."""
    known = [variable_of(field) for field in Settings.model_fields]
    unknown = [
        name
        for name in environment
        if name.startswith(PREFIX) and not name.startswith(_TEST_PREFIX) and name not in known
    ]
    return [
        (name, next(iter(difflib.get_close_matches(name, known, 1)), None))
        for name in sorted(unknown)
    ]
