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

"""Watcher's database: an SQLite file that many threads may write."""

from __future__ import annotations

import contextlib
import sqlite3
import threading

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy

from oslo_db.sqlalchemy import enginefacade
from watcher.db.sqlalchemy import api as db_api
from watcher.db.sqlalchemy import migration


#: Seconds for which a connection waits for another one's lock.
_TIMEOUT_S = 60


def url_of(path: Path) -> str:
    return f'sqlite:///{path}?timeout={_TIMEOUT_S}'


@contextlib.contextmanager
def database(path: Path) -> Iterator[None]:
    """Make a database with Watcher's schema and plug it into oslo.db.

    :param path: of the file
    """
    # Readers and a writer do not wait for each other in this mode; it is
    # kept in the file.
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute('PRAGMA journal_mode=WAL')
    facade = enginefacade.transaction_context()
    facade.configure(connection=url_of(path), sqlite_synchronous=False)
    # The process may have used another database before, and oslo.db takes
    # no second configuration.
    restore = enginefacade._context_manager.patch_factory(facade)
    try:
        migration.create_schema()
        with _one_writer_at_a_time(enginefacade.writer.get_engine()):
            yield
    finally:
        facade.dispose_pool()
        restore()


@contextlib.contextmanager
def _one_writer_at_a_time(engine: Any) -> Iterator[None]:
    """Let the sessions in which Watcher writes wait for each other.

    SQLite refuses, without waiting, a transaction that has read and then
    wants to write what another one has changed meanwhile ('database is
    locked'). So a session that will write says so at its start.
    """
    original = db_api._session_for_write
    lock = threading.RLock()
    local = threading.local()

    @contextlib.contextmanager
    def session_for_write() -> Iterator[Any]:
        with lock:
            local.depth = getattr(local, 'depth', 0) + 1
            try:
                with original() as session:
                    yield session
            finally:
                local.depth -= 1

    def begin(connection: Any) -> None:
        # The listener of oslo.db was first: its transaction has no lock yet.
        if getattr(local, 'depth', 0):
            connection.exec_driver_sql('ROLLBACK')
            connection.exec_driver_sql('BEGIN IMMEDIATE')

    sqlalchemy.event.listen(engine, 'begin', begin)
    db_api._session_for_write = session_for_write
    try:
        yield
    finally:
        db_api._session_for_write = original
        sqlalchemy.event.remove(engine, 'begin', begin)
