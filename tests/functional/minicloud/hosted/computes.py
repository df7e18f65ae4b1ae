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

"""Start compute services: computes.py CONFIG LOGS PIDS HOST[,HOST...]...

Nova is imported once; then each argument becomes a process with all of its
hosts as services. Every process is written down in PIDS, and none is started
that runs.
"""

from nova import monkey_patch


monkey_patch.patch(backend='threading')

import gc
import os
import pathlib
import signal
import sys
import threading
import traceback

import nova.conf
import nova.db.main.api
import nova.virt
import os_vif
import pid_files

from nova import config
from nova import objects
from nova import service
from nova.compute import manager
from nova.compute import rpcapi as compute_rpcapi
from nova.conductor import rpcapi as conductor_rpcapi
from nova.objects import base as objects_base
from oslo_log import log as logging


nova.virt.__path__.append(os.path.dirname(os.path.abspath(__file__)))

# Imported before the fork, so that the processes share it.
import nova.virt.minicloud


CONF = nova.conf.CONF


def serve(configuration: str, logs: str, hosts: list[str]) -> None:
    """Run the compute services of some hosts until told to stop."""
    name = _name(hosts)
    with open(f'{logs}/{name}.out', 'ab') as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    config.parse_args(
        [
            'nova-compute',
            '--config-file',
            configuration,
            '--log-file',
            f'{logs}/{name}.log',
        ]
    )
    logging.setup(CONF, 'nova')
    objects.register_all()
    os_vif.initialize()
    nova.db.main.api.DISABLE_DB_ACCESS = True
    objects_base.NovaObject.indirection_api = conductor_rpcapi.ConductorAPI()
    objects.Service.enable_min_version_cache()
    # The file with a node's identity is one a process; the driver has its
    # own way.
    manager.ComputeManager._ensure_existing_node_identity = lambda *args: None
    for host in hosts:
        CONF.set_override('host', host)
        service.Service.create(
            host=host,
            binary='nova-compute',
            topic=compute_rpcapi.RPC_TOPIC,
            topic_alt=compute_rpcapi.RPC_TOPIC_ALT,
            manager=None,
        ).start()
    told_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *args: told_to_stop.set())
    told_to_stop.wait()


def main() -> None:
    """Fork a process for each group of hosts."""
    configuration, logs, pids, *words = sys.argv[1:]
    groups = [word.split(',') for word in words]
    paths = [pathlib.Path(pids, f'{_name(hosts)}.pid') for hosts in groups]
    if running := [path.stem for path in paths if pid_files.read(path)]:
        sys.exit(f'{", ".join(running)} run already')
    gc.collect()
    gc.freeze()
    for hosts, path in zip(groups, paths, strict=True):
        pid = os.fork()
        if pid:
            pid_files.write(path, pid)
            continue
        os.setsid()
        status = 0
        try:
            serve(configuration, logs, hosts)
        except BaseException:
            traceback.print_exc()
            status = 1
        # Threads of the services are still there.
        os._exit(status)


def _name(hosts: list[str]) -> str:
    return f'compute-{hosts[0]}'


main()
