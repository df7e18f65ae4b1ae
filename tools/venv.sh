#!/usr/bin/env bash
#
# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

# Sourced by ./test, ./demo, ./minicloud and .ci/run from the top of the
# repository: makes the virtual environment and brings it up to date.
#
# VENV_DIR     where it is (.venv)
# VENV_PYTHON  the interpreter it is made with (python3)

VENV_DIR=${VENV_DIR:-.venv}
VENV_PYTHON=${VENV_PYTHON:-python3}

# An interpreter's own settings would reach into the environment.
unset PYTHONHOME PYTHONPATH

_venv_die() {
    printf 'ERROR: %s\n' "$@" >&2
    exit 1
}

_venv_check_system() {
    command -v git >/dev/null ||
        _venv_die 'git is missing' 'try: apt-get install git'
    command -v "$VENV_PYTHON" >/dev/null ||
        _venv_die "$VENV_PYTHON is missing" \
            'try: apt-get install python3 python3-venv'
    "$VENV_PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        _venv_die "$VENV_PYTHON is older than Python 3.10"
    "$VENV_PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
        _venv_die "$VENV_PYTHON cannot make virtual environments" \
            'try: apt-get install python3-venv'
}

# An environment knows its own path and interpreter, so one that was copied
# or whose interpreter was replaced is made again.
_venv_origin() {
    "$VENV_PYTHON" -c 'import sys; print(sys.version, sys.base_prefix)'
    (cd "$VENV_DIR" && pwd -P)
}

_venv_make() {
    if [[ -x $VENV_DIR/bin/python && -f $VENV_DIR/.origin ]] &&
        _venv_origin | cmp -s - "$VENV_DIR/.origin"; then
        return
    fi
    _venv_check_system
    rm -rf "$VENV_DIR"
    "$VENV_PYTHON" -m venv "$VENV_DIR" ||
        _venv_die "$VENV_PYTHON could not make $VENV_DIR"
    _venv_origin >"$VENV_DIR/.origin"
}

_venv_pip() {
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 \
        "$VENV_DIR/bin/python" -m pip install --quiet --quiet "$@"
}

_venv_stamp() {
    echo "$VENV_DIR/.stamp.${1//\//_}"
}

# Usage: _venv_is_current NAME FILE...
_venv_is_current() {
    local stamp
    stamp=$(_venv_stamp "$1")
    [[ -f $stamp ]] && cksum "${@:2}" | cmp -s - "$stamp"
}

# Usage: ensure_requirements FILE...
# Afterwards the requirements of the files are installed in $VENV_DIR;
# nothing is done when none of the files changed. The package is not there.
ensure_requirements() {
    _venv_make
    _venv_update '' "$@"
}

# Usage: ensure_venv [REQUIREMENTS_FILE]...
# The same, and the package is installed too (editable).
ensure_venv() {
    _venv_make
    _venv_update package "$@"
}

# Usage: _venv_update package|'' [REQUIREMENTS_FILE]...
_venv_update() {
    local package=(requirements.txt setup.cfg setup.py pyproject.toml)
    local args=() stale=() file
    for file in "${@:2}"; do
        if ! _venv_is_current "$file" "$file"; then
            args+=(--requirement "$file")
            stale+=("$file")
        fi
    done
    if [[ $1 ]] && ! _venv_is_current package "${package[@]}"; then
        # pbr asks git for a version; without a repository there is none.
        git rev-parse --verify --quiet HEAD >/dev/null 2>&1 ||
            export PBR_VERSION=${PBR_VERSION:-0.0.1}
        args+=(--editable .)
    fi
    ((${#args[@]})) || return 0
    echo "Installing into $VENV_DIR (once, some minutes at most)" >&2
    _venv_pip "${args[@]}" || _venv_die 'pip could not install everything'
    [[ -z $1 ]] || cksum "${package[@]}" >"$(_venv_stamp package)"
    for file in "${stale[@]}"; do
        cksum "$file" >"$(_venv_stamp "$file")"
    done
}
