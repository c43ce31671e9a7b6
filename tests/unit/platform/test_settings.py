"""Settings: read from the environment, refused with the name of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.settings import (
    ROLES,
    Address,
    SettingsError,
    demo_configuration,
    read_settings,
    unknown_variables,
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INDGANG_TEST_DATABASE_URL", "INDGANG_TEST_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_without_any_variable_everything_is_local_and_the_demo_is_off() -> None:
    settings = read_settings()
    assert (settings.http, settings.smtp) == (("127.0.0.1", 8080), ("127.0.0.1", 2525))
    assert settings.public_base_url == "http://127.0.0.1:8080"
    assert settings.database_url is None
    assert settings.config_folder == demo_configuration()
    assert settings.roles == ROLES
    assert not settings.demo
    assert settings.smarthost is None
    assert settings.twilio_auth_token == ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("127.0.0.1:9000", Address("127.0.0.1", 9000)),
        ("[::1]:9000", Address("::1", 9000)),
        (":9000", Address("0.0.0.0", 9000)),
        (" localhost:0 ", Address("localhost", 0)),
    ],
)
def test_addresses_as_people_write_them(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: Address
) -> None:
    monkeypatch.setenv("INDGANG_HTTP", written)
    assert read_settings().http == meant


def test_the_base_url_follows_the_address_and_loses_its_slash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INDGANG_HTTP", ":9000")
    assert read_settings().public_base_url == "http://127.0.0.1:9000"
    monkeypatch.setenv("INDGANG_PUBLIC_BASE_URL", "https://kommune.example/indgang/")
    assert read_settings().public_base_url == "https://kommune.example/indgang"


def test_the_demo_fills_in_what_it_needs_and_keeps_what_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INDGANG_DEMO_SMTP_PORT", "3333")
    made = read_settings(demo=True)
    assert made.smarthost == Address("127.0.0.1", 3333)
    assert len(made.twilio_auth_token) == 32
    assert made.twilio_account_sid.startswith("AC")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "given")
    monkeypatch.setenv("INDGANG_SMARTHOST", "mail.example:25")
    kept = read_settings(demo=True)
    assert kept.twilio_auth_token == "given"
    assert kept.smarthost == Address("mail.example", 25)


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INDGANG_STAFF_TOKEN", "INDGANG_SMARTHOST", "INDGANG_HTTP", "TWILIO_AUTH_TOKEN"):
        monkeypatch.setenv(name, "")
    settings = read_settings()
    assert settings.staff_token is None
    assert settings.smarthost is None
    assert settings.http.port == 8080


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("INDGANG_HTTP", "8080", "host:port"),
        ("INDGANG_HTTP", "127.0.0.1:99999", "host:port"),
        ("INDGANG_HTTP", "127.0.0.1:٣", "host:port"),
        ("INDGANG_SMTP", "nowhere", "host:port"),
        ("INDGANG_LMTP", "x", "host:port"),
        ("INDGANG_SMARTHOST", "mail.example", "host:port"),
        ("INDGANG_DATABASE_URL", "mysql://x", "postgresql://"),
        ("INDGANG_REDIS_URL", "http://x", "redis://"),
        ("INDGANG_PUBLIC_BASE_URL", "kommune.example", "https://"),
        ("INDGANG_TWILIO_API_URL", "ftp://x", "http"),
        ("INDGANG_CONFIG", "/there/is/no/such/folder", "indgang init"),
        ("INDGANG_STAFF_TOKEN", "short", "16"),
        ("INDGANG_ROLES", "web,kitchen", "kitchen"),
        ("INDGANG_DEMO", "perhaps", "boolean"),
        ("INDGANG_DEMO_SMTP_PORT", "70000", "65535"),
        ("INDGANG_LOG_LEVEL", "loud", "debug"),
        ("INDGANG_LOG_FORMAT", "xml", "json"),
    ],
)
def test_a_wrong_value_is_refused_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value).startswith(f"{name}: ")
    assert expected in str(refused.value)


def test_every_wrong_value_is_told_and_no_secret_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INDGANG_HTTP", "x")
    monkeypatch.setenv("INDGANG_STAFF_TOKEN", "hemmelig")
    monkeypatch.setenv("INDGANG_DATABASE_URL", "mysql://user:hemmelig@x")
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert len(str(refused.value).splitlines()) == 3
    assert "hemmelig" not in str(refused.value)


def test_secrets_are_not_shown() -> None:
    settings = read_settings(
        database_url="postgresql://user:hemmelig@x/y",
        redis_url="redis://:hemmelig@x/0",
        staff_token="hemmelig hemmelig",
        twilio_auth_token="hemmelig",
    )
    assert "hemmelig" not in repr(settings)


def test_a_misspelt_variable_is_found() -> None:
    given = {"INDGANG_HTPP": "x", "INDGANG_TEST_REDIS_URL": "x", "INDGANG_SMTP": "x", "HOME": "/"}
    assert unknown_variables(given) == [("INDGANG_HTPP", "INDGANG_HTTP")]


def test_roles_come_as_names_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDGANG_ROLES", "web, phone,")
    assert read_settings().roles == {"web", "phone"}
    assert read_settings(roles="mail").roles == {"mail"}


def test_the_demo_configuration_is_there() -> None:
    assert (demo_configuration() / "municipality.yaml").is_file()
    assert demo_configuration().parent == Path(__file__).resolve().parents[3]
