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

# Style checks of the whole repository, with the tools found in PATH:
# tools/lint.sh [--fix]

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

failed=()

check() {
    echo "== $*"
    "$@" || failed+=("$1")
}

# What git knows, so that nothing built or installed is read.
spelling() {
    git ls-files -z | xargs -0 codespell
}

if [[ ${1:-} == --fix ]]; then
    check ruff check --fix .
    check ruff format .
else
    check ruff check .
    check ruff format --check .
fi
check flake8
check mypy
check spelling
check doc8 --quiet README.rst CONTRIBUTING.rst HACKING.rst doc/source
check reno --quiet lint
check shellcheck test demo minicloud .ci/run tools/*.sh devstack/plugin.sh \
    devstack/settings tests/functional/minicloud/devstack.sh

if ((${#failed[@]})); then
    echo "FAILED: ${failed[*]}"
    exit 1
fi
