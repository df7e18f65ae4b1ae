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

"""Reading from an OpenStack API, patiently but not for ever."""

from __future__ import annotations

import contextlib
import copy
import datetime
import email.utils
import time

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from concurrent import futures
from typing import Any
from typing import TypeVar

from oslo_config import cfg
from oslo_log import log


LOG = log.getLogger(__name__)
CONF = cfg.CONF

# Without [nova] timeout: a page of a thousand servers takes a while.
TIMEOUT_S = 60.0

# What openstacksdk calls them.
SERVICES = {
    'Nova': 'compute',
    'Placement': 'placement',
    'Glance': 'image',
    'Neutron': 'network',
}

CATALOGUE = 'the service catalogue'

# Answers that may be others a moment later.
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})

# The most that all requests to one service may take, however slow each is;
# a large cloud needs a few minutes.
LONGEST_S = 900.0

# Requests at a time: each waits for the service's database most of its time.
WORKERS = 8

T = TypeVar('T')
Item = TypeVar('Item')


class Unreadable(Exception):
    """A source of facts gives none, or only half of them."""


class Gone(Unreadable):
    """There is nothing at a path."""


class NoAnswer(Unreadable):
    """A service is out of reach, however often it was asked."""


class _Failed(Exception):
    """One try; the next may do better."""


class Api:
    """GET requests to one service, with Watcher's credentials.

    As often and as patiently as Watcher itself asks Nova: ``[nova]
    http_retries`` and ``http_retry_interval``. All of it together has
    :data:`LONGEST_S`.

    :param name: of the service, a key of :data:`SERVICES`
    :param microversion: of every request; None where there are none
    :param connect: returns a new connection of openstacksdk
    """

    def __init__(
        self, name: str, microversion: str | None, connect: Callable[[], Any]
    ) -> None:
        self._name = name
        self._microversion = microversion
        self._connection = connect
        self._end_s = time.monotonic() + LONGEST_S
        self._adapter: Any = None
        self._date = ''

    def now(self) -> datetime.datetime:
        """Return the time of the service's last answer, on its clock."""
        if self._date:
            return email.utils.parsedate_to_datetime(self._date)
        return datetime.datetime.now(datetime.timezone.utc)

    def at(self, microversion: str) -> Api:
        """Return the same with another microversion."""
        other = copy.copy(self)
        other._microversion = microversion
        return other

    def get(self, path: str) -> dict[str, Any]:
        """Return the document at a path.

        :raises Gone: if there is none
        :raises Unreadable: if it is not to be had
        """
        found = self.find(path)
        if found is None:
            raise Gone(self._said(path, 'HTTP 404'))
        return found

    def exists(self) -> bool:
        """Return whether there is such a service, in any region.

        :raises Unreadable: if that is not to be known
        """
        return self._patiently(CATALOGUE, self._is_in_catalogue)

    def find(self, path: str) -> dict[str, Any] | None:
        """Return the document at a path; None if there is none.

        :raises NoAnswer: if the service is out of reach
        :raises Unreadable: if that is not to be known
        """
        return self._patiently(path, lambda: self._try(path))

    def _patiently(self, path: str, read: Callable[[], T]) -> T:
        tries = CONF.nova.http_retries + 1
        reason = ''
        for number in range(tries):
            if number:
                LOG.warning('%s; trying again', self._said(path, reason))
                time.sleep(CONF.nova.http_retry_interval)
            if time.monotonic() > self._end_s:
                reason = f'not done after {LONGEST_S:.0f} s'
                break
            try:
                return read()
            except _Failed as failure:
                reason = str(failure)
        raise NoAnswer(self._said(path, reason))

    def pages(self, path: str, key: str, marker: str) -> Iterator[Any]:
        """Give the items of all pages of a list.

        :param path: with a query or without
        :param key: of the list
        :param marker: the key of an item that the next page begins after
        :raises Unreadable: also if the pages do not come to an end
        """
        seen: set[str] = set()
        where = path
        while True:
            page = self.get(where)
            with understood(self._said(path, '')):
                items = list(page[key])
                last = items[-1][marker] if items else ''
            yield from items
            links = page.get(f'{key}_links') or ()
            # Neutron has a link to the page before, too.
            if not items or all(x.get('rel') == 'previous' for x in links):
                return
            if last in seen:
                raise Unreadable(self._said(path, f'{last} comes again'))
            seen.add(last)
            joint = '&' if '?' in path else '?'
            where = f'{path}{joint}marker={last}'

    def _is_in_catalogue(self) -> bool:
        service = SERVICES[self._name]
        try:
            connection = self._connection()
            connection.session.timeout = CONF.nova.timeout or TIMEOUT_S
            if connection.config.get_endpoint(service):
                # It is configured.
                return True
            get_access = getattr(connection.session.auth, 'get_access', None)
            if get_access is None:
                # Without Keystone.
                return False
            catalogue = get_access(connection.session).service_catalog
            found = catalogue.get_endpoints_data(service_type=service)
        except Exception as error:
            raise _Failed(f'{type(error).__name__}: {error}') from error
        return any(found.values())

    def _try(self, path: str) -> dict[str, Any] | None:
        try:
            # Others may drop it at any moment.
            adapter = self._adapter or self._connect()
            self._adapter = adapter
            answer = adapter.get(
                path,
                microversion=self._microversion,
                connect_retries=0,
                raise_exc=False,
            )
            self._date = answer.headers.get('Date', '')
            document = answer.json() if answer.status_code == 200 else None
        except Exception as error:
            # Those of keystoneauth, of openstacksdk, of requests and of the
            # parser. What was found of the catalogue may be of no use.
            self._adapter = None
            raise _Failed(f'{type(error).__name__}: {error}') from error
        if answer.status_code == 404:
            return None
        if answer.status_code in TRANSIENT:
            raise _Failed(f'HTTP {answer.status_code}')
        if not isinstance(document, dict):
            reason = f'HTTP {answer.status_code}{_words(answer)}'
            raise Unreadable(self._said(path, reason))
        return document

    def _connect(self) -> Any:
        connection = self._connection()
        # Also for what Keystone is asked, and which versions there are.
        connection.session.timeout = CONF.nova.timeout or TIMEOUT_S
        return getattr(connection, SERVICES[self._name])

    def _said(self, path: str, reason: str) -> str:
        place = path.partition('?')[0]
        return f'{self._name} cannot be read: GET {place}: {reason}'


def _words(answer: Any) -> str:
    """What an error says, in the form of Nova or in that of Placement."""
    try:
        body = answer.json()
        error = next(iter(body.get('errors') or body.values()))
        said = str(error.get('detail') or error['message'])
    except Exception:
        # A proxy's page, or nothing.
        return ''
    return f': {" ".join(said.split())}'


def each(read: Callable[[Item], T], items: Iterable[Item]) -> list[T]:
    """Read things, some at a time.

    :returns: in the order of the items
    :raises Unreadable: the first that there is
    """
    pool = futures.ThreadPoolExecutor(WORKERS, 'read')
    try:
        return list(pool.map(read, items))
    finally:
        # After an error nobody waits for the others.
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def understood(text: str) -> Iterator[None]:
    """Make of what a document lacks an :class:`Unreadable`.

    :param text: what the message begins with
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(
            f'{text}not understood: {type(error).__name__}: {error}'
        ) from error
