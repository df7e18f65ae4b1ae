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

# DevStack plugin: installs watcher-rearrange beside Watcher, configures it
# and enters its goals and strategies in Watcher's database. It is sourced
# after Watcher's plugin in each phase.

_XTRACE_WATCHER_REARRANGE=$(set +o | grep xtrace)
set +o xtrace

WATCHER_REARRANGE_DIR=${WATCHER_REARRANGE_DIR:-$DEST/watcher-rearrange}
WATCHER_CONF=${WATCHER_CONF:-/etc/watcher/watcher.conf}

function is_watcher_rearrange_enabled {
    is_service_enabled watcher-decision-engine ||
        is_service_enabled watcher-applier
}

function install_watcher_rearrange {
    setup_develop "$WATCHER_REARRANGE_DIR"
}

function configure_watcher_rearrange {
    iniset "$WATCHER_CONF" watcher_planners.rearrange guard_actions \
        "$WATCHER_REARRANGE_GUARD_ACTIONS"
    # No API tells it; DevStack tells Nova.
    local filters=${WATCHER_REARRANGE_SCHEDULER_FILTERS:-${NOVA_FILTERS:-}}
    if [[ -n $filters ]]; then
        iniset "$WATCHER_CONF" watcher_rearrange scheduler_filters "$filters"
    fi
    # Gives the strategies the extra specs and the pinned zone of instances.
    iniset "$WATCHER_CONF" compute_model enable_extended_attributes True
}

# Only where the database is: a host with nothing but an applier has none.
function init_watcher_rearrange {
    if is_service_enabled watcher-api; then
        "${WATCHER_BIN_DIR:-$(get_python_exec_prefix)}/watcher-sync" \
            --config-file "$WATCHER_CONF"
    fi
}

function cleanup_watcher_rearrange {
    pip_uninstall watcher-rearrange
}

if is_watcher_rearrange_enabled; then
    case "$1 ${2:-}" in
        "stack install")
            echo_summary "Installing watcher-rearrange"
            install_watcher_rearrange
            ;;
        "stack post-config")
            echo_summary "Configuring watcher-rearrange"
            configure_watcher_rearrange
            ;;
        "stack extra")
            # Watcher's plugin has just created the database.
            echo_summary "Registering the strategies of watcher-rearrange"
            init_watcher_rearrange
            ;;
        "unstack ")
            # It runs inside Watcher's services, which Watcher stops.
            ;;
        "clean ")
            cleanup_watcher_rearrange
            ;;
    esac
fi

$_XTRACE_WATCHER_REARRANGE
