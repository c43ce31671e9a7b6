#!/bin/sh
# Makes .venv with exactly what requirements/$1.txt locks (run or dev).
# Quick when nothing has changed. Needs Python 3.11 to 3.13; uses uv when it is
# there, pip otherwise. Called by make from the folder that holds the Makefile.
set -eu

want=${1:?run or dev}
lock=requirements/$want.txt
venv=.venv
mark=$venv/.installed

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# The mark holds the checksum of the lock that .venv was filled from; dev holds
# everything that run does.
sum() { cksum <"requirements/$1.txt" | tr -d ' '; }
is_filled() {
    [ -x "$venv/bin/python" ] && [ -f "$mark" ] || return 1
    [ "$(cat "$mark")" = "$want $(sum "$want") $PWD" ] && return 0
    [ "$want" = run ] && [ "$(cat "$mark")" = "dev $(sum dev) $PWD" ]
}
if is_filled && "$venv/bin/python" -c '' 2>/dev/null; then
    exit 0
fi

fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
python=
for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null 2>&1 && "$name" -c "$fits" 2>/dev/null; then
        python=$name
        break
    fi
done
uv=$(command -v uv || true)
# A shim that answers but cannot run is no uv.
if [ -n "$uv" ] && ! "$uv" --version >/dev/null 2>&1; then uv=; fi

if [ -z "$python" ]; then
    found=$(python3 --version 2>/dev/null || printf 'no python3')
    fail "Indgang needs Python 3.11, 3.12 or 3.13; this machine has: $found.
  Debian 12 or newer, Ubuntu 24.04 or newer:  apt-get install python3 python3-venv
  Fedora:                                     dnf install python3.12
  macOS:                                      brew install python@3.13
  Or name one that is elsewhere:              make run PYTHON=/path/to/python3.12"
fi

say "Setting up .venv with $("$python" --version) (once; about 20 seconds with pip, 5 with uv)"
rm -f "$mark"

with_uv() {
    [ -n "$uv" ] || return 1
    # The system's certificates too, as behind a proxy that opens TLS.
    export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1
    rm -rf "$venv"
    "$uv" venv --quiet --no-project --python "$("$python" -c 'import sys; print(sys.executable)')" "$venv" &&
        "$uv" pip sync --python "$venv/bin/python" --require-hashes "$lock"
}

with_pip() {
    if ! { [ "$(cat "$venv/.home" 2>/dev/null)" = "$PWD" ] && "$venv/bin/python" -c "$fits" 2>/dev/null \
        && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
        rm -rf "$venv"
        if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
            rm -rf "$venv"
            version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            fail "$python cannot make a virtual environment. On Debian and Ubuntu that is a package of its own:
  apt-get install python3-venv     (or python$version-venv, if that python is not the system's)"
        fi
    fi
    say "  installing $(grep -c '==' "$lock") packages with pip"
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --quiet \
        --progress-bar off --require-hashes --only-binary :all: -r "$lock" || fail \
        "pip could not install $lock. Is the network there? Nothing is half done: run make again."
}

if ! with_uv; then
    [ -z "$uv" ] || say "  uv could not; trying pip"
    with_pip
fi
printf '%s' "$PWD" >"$venv/.home"

# The command, run from the source beside it: no build, no second copy.
cat >"$venv/bin/indgang" <<'SCRIPT'
#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" exec "$here/.venv/bin/python" -m router.cli "$@"
SCRIPT
chmod +x "$venv/bin/indgang"
printf '%s' "$want $(sum "$want") $PWD" >"$mark"
