"""The command line and the process: how it starts, refuses, ends and comes back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.running import ROOT, Running


def indgang(service: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Another process of ours with the same settings."""
    return subprocess.run(
        [sys.executable, "-m", "router.cli", *arguments],
        cwd=ROOT,
        env=service.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def post_contact(service: Running, text: str = "Min nabo støjer om natten") -> dict[str, Any]:
    request = urllib.request.Request(
        f"{service.base_url}/api/v1/contacts",
        data=json.dumps({"channel": "web", "text": text, "name": "Mette"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 201
        told: dict[str, Any] = json.load(answer)
        return told


def is_kept(service: Running, receipt: dict[str, Any]) -> bool:
    request = urllib.request.Request(
        f"{service.base_url}/api/v1/contacts/{receipt['reference'].replace(' ', '')}",
        headers={"X-Access-Code": receipt["access_code"]},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return bool(answer.status == 200)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody else listens at."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield int(door.getsockname()[1])


@pytest.fixture
def stopped(database_url: str, redis_url: str, tmp_path: Path) -> Running:
    """The service, not started."""
    return Running(tmp_path, database_url, redis_url)


def test_sigterm_ends_it_cleanly(running: Running) -> None:
    assert running.stop() == 0
    assert "stopping" in running.log()


def test_the_log_is_json_and_holds_no_personal_data(running: Running) -> None:
    post_contact(running, "Mit CPR er 010203-1234, ring på 20304050")
    running.stop()
    lines = [json.loads(line) for line in running.log().splitlines()]
    assert {"ready", "stopping"} <= {line["event"] for line in lines}
    for secret in ("Mette", "20304050", "1234"):
        assert secret not in running.log()


@pytest.mark.parametrize("setting", ["INDGANG_HTTP", "INDGANG_SMTP", "INDGANG_DEMO_SMTP_PORT"])
def test_a_port_in_use_is_told_with_its_setting(
    stopped: Running, taken_port: int, setting: str
) -> None:
    host = "" if setting == "INDGANG_DEMO_SMTP_PORT" else "127.0.0.1:"
    stopped.environment[setting] = f"{host}{taken_port}"
    refused = indgang(stopped, "serve", "--demo")
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"indgang: {setting}: something else already listens")
    assert "Traceback" not in refused.stderr


def test_a_wrong_setting_is_told_with_its_name(stopped: Running) -> None:
    stopped.environment["INDGANG_SMARTHOST"] = "mail"
    refused = indgang(stopped, "serve")
    assert refused.returncode == 2
    assert refused.stderr == (
        "indgang: INDGANG_SMARTHOST: expected host:port, for example 127.0.0.1:8080\n"
    )


def test_a_database_that_does_not_exist_is_told_with_its_setting(stopped: Running) -> None:
    url = stopped.environment["INDGANG_DATABASE_URL"]
    stopped.environment["INDGANG_DATABASE_URL"] = url.replace("indgang_test_", "no_such_")
    refused = indgang(stopped, "serve")
    assert refused.returncode == 2
    assert "INDGANG_DATABASE_URL: PostgreSQL says: database " in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_wrong_configuration_is_told_with_file_and_line(stopped: Running, tmp_path: Path) -> None:
    folder = tmp_path / "kommune"
    assert indgang(stopped, "init", str(folder)).returncode == 0
    (folder / "rules.yaml").write_text("rules: [\n")
    stopped.environment["INDGANG_CONFIG"] = str(folder)
    refused = indgang(stopped, "serve")
    assert refused.returncode == 1
    assert "rules.yaml:" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_starting_configuration_serves(stopped: Running, tmp_path: Path) -> None:
    folder = tmp_path / "kommune"
    assert indgang(stopped, "init", str(folder)).returncode == 0
    again = indgang(stopped, "init", str(folder))
    assert (again.returncode, "not empty" in again.stderr) == (1, True)
    stopped.environment["INDGANG_CONFIG"] = str(folder)
    with stopped:
        assert is_kept(stopped, post_contact(stopped))


def test_audit_is_clean_while_it_runs(running: Running) -> None:
    post_contact(running)
    told = indgang(running, "audit")
    assert (told.returncode, told.stdout[:7]) == (0, "clean: ")


def test_audit_names_the_contacts_that_break_an_invariant(
    running: Running, database_url: str
) -> None:
    reference = post_contact(running)["reference"].replace(" ", "")

    async def tamper() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute(
            "UPDATE contacts SET next_due_at = next_due_at + interval '9 days'"
        )
        await connection.close()

    asyncio.run(tamper())
    told = indgang(running, "audit")
    assert told.returncode == 1
    assert "FAILS  1 due when the first promise is" in told.stdout
    assert reference in told.stdout


def test_audit_of_a_database_without_tables_says_so(
    stopped: Running, empty_database_url: str
) -> None:
    stopped.environment["INDGANG_DATABASE_URL"] = empty_database_url
    refused = indgang(stopped, "audit")
    assert refused.returncode == 1
    assert "0001_house" in refused.stderr


def test_two_processes_start_on_an_empty_database_at_once(
    empty_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    pair = [Running(tmp_path / name, empty_database_url, redis_url) for name in ("a", "b")]
    for service in pair:
        service.data_dir.parent.mkdir()
        service.start(wait=False)
    try:
        for service in pair:
            service.wait_ready()
        receipt = post_contact(pair[0])
        assert is_kept(pair[1], receipt)
    finally:
        for service in pair:
            service.stop()


def test_roles_are_kept_apart(stopped: Running) -> None:
    stopped.environment["INDGANG_ROLES"] = "clock,outbox"
    with stopped, pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{stopped.base_url}/api/v1/openapi.json", timeout=10)
    with refused.value as answer:
        assert answer.code == 404


def test_embedded_data_survives_kill_9_of_us_and_of_the_servers(tmp_path: Path) -> None:
    with Running(tmp_path) as service:
        first = post_contact(service)
        service.kill9()
        service.start()
        assert is_kept(service, first)
        second = post_contact(service)
        postmaster = service.data_dir / "postgresql" / "postmaster.pid"
        old = int(postmaster.read_text().split()[0])
        os.kill(old, signal.SIGKILL)
        until = time.monotonic() + 20
        while not postmaster.exists() or int(postmaster.read_text().split()[0]) == old:
            assert time.monotonic() < until
            time.sleep(0.02)
        service.wait_ready()
        assert is_kept(service, first)
        assert is_kept(service, second)
        third = post_contact(service)
        told = indgang(service, "audit")
        assert told.stdout.startswith("clean"), told
        service.stop()
        # Nobody runs: audit starts the servers itself.
        assert indgang(service, "audit").stdout.startswith("clean")
        assert len({receipt["reference"] for receipt in (first, second, third)}) == 3


def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with Running(tmp_path) as service:
        other = Running(tmp_path)
        refused = indgang(other, "serve")
        assert refused.returncode == 1
        assert "another indgang" in refused.stderr
        assert "INDGANG_DATA_DIR" in refused.stderr
        assert is_kept(service, post_contact(service))
