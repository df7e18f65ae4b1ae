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

# Runs one phase of the DevStack plugin as stack.sh does: devstack.sh PHASE,
# with small stand-ins for the functions of DevStack that it calls. They act
# on $PIP_VIRTUAL_ENV and on $WATCHER_CONF alone.

set -o errexit

DEST=${DEST:?}
ENABLED_SERVICES=${ENABLED_SERVICES:?}
PIP_VIRTUAL_ENV=${PIP_VIRTUAL_ENV:?}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)

# True if one of the services is enabled.
is_service_enabled() {
    local service
    for service in "$@"; do
        [[ ,$ENABLED_SERVICES, == *,$service,* ]] && return 0
    done
    return 1
}

# Sets an option, in its section if that is there.
iniset() {
    "$PIP_VIRTUAL_ENV/bin/python" - "$@" <<'PYTHON'
import configparser
import sys

path, section, option, value = sys.argv[1:]
parser = configparser.RawConfigParser(strict=False)
parser.read(path)
if section != 'DEFAULT' and not parser.has_section(section):
    parser.add_section(section)
parser.set(section, option, value)
with open(path, 'w') as out:
    parser.write(out)
PYTHON
}

echo_summary() {
    echo "summary: $*"
}

setup_develop() {
    "$PIP_VIRTUAL_ENV/bin/pip" install --quiet --editable "$1"
}

# It may not be installed.
pip_uninstall() {
    "$PIP_VIRTUAL_ENV/bin/pip" uninstall --quiet --yes "$1" || true
}

get_python_exec_prefix() {
    echo "$PIP_VIRTUAL_ENV/bin"
}

define_plugin() {
    echo "defined: $1"
}

plugin_requires() {
    echo "required: $1 $2"
}

# shellcheck source=devstack/settings
. "$here/devstack/settings"
set -o xtrace
# DevStack has no second word in some phases either.
# shellcheck source=devstack/plugin.sh disable=SC2086
. "$here/devstack/plugin.sh" $1
[[ $- == *x* ]] || { echo 'tracing is off'; exit 1; }
