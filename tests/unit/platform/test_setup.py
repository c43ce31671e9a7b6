"""scripts/setup.sh: what it says when a machine lacks something, and when nothing is to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("cat", "chmod", "cksum", "dirname", "grep", "rm", "sh", "tr")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What setup.sh reads, and a PATH with nothing but the tools that every system has."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def program(clone: Path, name: str, script: str) -> None:
    file = clone / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def set_up(clone: Path, want: str = "run") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "scripts/setup.sh", want],
        cwd=clone,
        env={"PATH": str(clone / "bin"), "HOME": str(clone)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_python_it_says_which_and_how(clone: Path) -> None:
    told = set_up(clone)
    assert told.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13; this machine has: no python3" in told.stderr
    assert "apt-get install python3" in told.stderr


def test_with_an_older_python_it_says_which_is_there(clone: Path) -> None:
    program(clone, "python3", 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    told = set_up(clone)
    assert told.returncode == 1
    assert "this machine has: Python 3.9.2" in told.stderr


def test_without_venv_it_names_debians_package(clone: Path) -> None:
    program(clone, "python3", f'[ "$2" = venv ] && exit 1; exec {sys.executable} "$@"')
    told = set_up(clone)
    assert told.returncode == 1
    assert "apt-get install python3-venv" in told.stderr
    assert not (clone / ".venv").exists()


def test_a_newer_unsupported_python_is_passed_over_for_one_that_fits(clone: Path) -> None:
    program(clone, "python3", "exit 1")
    program(clone, "python3.12", f'[ "$2" = venv ] && exit 1; exec {sys.executable} "$@"')
    assert "python3.12 cannot make a virtual environment" in set_up(clone).stderr


def test_nothing_is_done_when_the_lock_has_not_changed(clone: Path) -> None:
    filled = clone / ".venv" / "bin" / "python"
    filled.parent.mkdir(parents=True)
    filled.symlink_to(sys.executable)
    mark = clone / ".venv" / ".installed"
    for have, want in (("run", "run"), ("dev", "dev"), ("dev", "run")):
        lock = (clone / "requirements" / f"{have}.txt").read_bytes()
        summed = subprocess.run(["cksum"], input=lock, capture_output=True, check=True)
        checksum = summed.stdout.decode().replace(" ", "").strip()
        mark.write_text(f"{have} {checksum} {os.path.realpath(clone)}")
        told = set_up(clone, want)
        assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_a_changed_lock_is_noticed(clone: Path) -> None:
    test_nothing_is_done_when_the_lock_has_not_changed(clone)
    with (clone / "requirements" / "run.txt").open("a") as lock:
        lock.write("# changed\n")
    (clone / ".venv" / ".installed").write_text("run 1 /elsewhere")
    assert "needs Python" in set_up(clone).stderr
