# Sourced by ./run and ./test, with ROOT set: makes .venv and installs the locked dependencies into it.

VENV="$ROOT/.venv"

fail() {
    echo "$*" >&2
    exit 2
}

# Runs a command silently; shows its output only when it fails.
quietly() {
    _log="$VENV/setup.log"
    "$@" >"$_log" 2>&1 || {
        _status=$?
        cat "$_log" >&2
        return "$_status"
    }
}

find_python() {
    for _python in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$_python" >/dev/null 2>&1 &&
            "$_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$_python"
            return
        fi
    done
    return 1
}

make_venv() {
    if [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        return
    fi
    _found=$(find_python) || fail "Burnline needs Python 3.11 or newer on the PATH."
    rm -rf "$VENV"
    if "$_found" -m venv "$VENV" >/dev/null 2>&1; then
        return
    fi
    # Debian splits ensurepip from Python.
    rm -rf "$VENV"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        _version=$("$_found" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "python$_version-venv"; } >/dev/null 2>&1 &&
            "$_found" -m venv "$VENV" >/dev/null 2>&1 && return
    fi
    rm -rf "$VENV"
    if command -v uv >/dev/null 2>&1 && uv venv --quiet --seed --python "$_found" "$VENV"; then
        return
    fi
    fail "$_found cannot make a virtual environment: install its venv module (Debian: apt-get install python3-venv)."
}

# Whether uv is in .venv, after trying to put it there.
have_uv() {
    "$VENV/bin/python" -m uv --version >/dev/null 2>&1 && return
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check uv >/dev/null 2>&1 &&
        "$VENV/bin/python" -m uv --version >/dev/null 2>&1
}

# uv is several times faster; pip does the same from the same lock where uv cannot.
install_packages() {
    if have_uv && "$VENV/bin/python" -m uv pip install --compile-bytecode --python "$VENV/bin/python" "$@" >"$VENV/setup.log" 2>&1; then
        return
    fi
    quietly "$VENV/bin/python" -m pip install --disable-pip-version-check "$@"
}

# prepare EXTRA: brings .venv up to date; EXTRA is empty or the name of an extra of pyproject.toml.
prepare() {
    make_venv
    _extra=${1:-}
    _stamp="$VENV/burnline${_extra:+-$_extra}.stamp"
    _sum="$ROOT $(cat "$ROOT/pyproject.toml" "$ROOT/requirements.lock" | cksum)"
    if [ -x "$VENV/bin/burnline" ] && [ -f "$_stamp" ] && [ "$(cat "$_stamp")" = "$_sum" ]; then
        return
    fi
    echo "Installing Burnline's dependencies into .venv ..." >&2
    install_packages --constraint "$ROOT/requirements.lock" --editable "$ROOT${_extra:+[$_extra]}" ||
        fail "The dependencies could not be installed."
    printf '%s\n' "$_sum" | tee "$VENV/burnline.stamp" >"$_stamp"
}
