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

"""A headless browser in front of the dashboard."""

from __future__ import annotations

import pathlib
import shutil
import tempfile

from collections.abc import Callable

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import select
from selenium.webdriver.support import wait

from tests.functional.minicloud import layout as layouts


WIDTH_PX = 1400
MIN_HEIGHT_PX = 500
PATIENCE_S = 180.0
FLAGS = (
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--hide-scrollbars',
    '--force-device-scale-factor=1',
)


def missing() -> list[str]:
    """Return the programs that are needed and not there."""
    needed = {'chromium': 'chromium', 'chromedriver': 'chromium-driver'}
    return [name for path, name in needed.items() if not shutil.which(path)]


class Browser:
    """Chromium, logged in to the dashboard of a cloud.

    :param layout: of the cloud
    :param pictures: folder of the pictures it takes
    """

    def __init__(self, layout: layouts.Layout, pictures: pathlib.Path) -> None:
        """Start it and log in."""
        self._url = layout.url('horizon')
        self._pictures = pictures
        pictures.mkdir(parents=True, exist_ok=True)
        self._profile = tempfile.TemporaryDirectory(prefix='chromium-')
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which('chromium'))
        for flag in (*FLAGS, f'--user-data-dir={self._profile.name}'):
            options.add_argument(flag)
        service = webdriver.ChromeService(shutil.which('chromedriver'))
        self.driver = webdriver.Chrome(options, service)
        self.driver.set_page_load_timeout(PATIENCE_S)
        try:
            self._resize(MIN_HEIGHT_PX)
            self._log_in()
        except BaseException:
            self.quit()
            raise

    def quit(self) -> None:
        """End it."""
        self.driver.quit()
        self._profile.cleanup()

    def open(self, path: str) -> None:
        """Open a page of the panel group Optimization."""
        self.driver.get(f'{self._url}/admin/{path}')

    def follow(self, link: str) -> None:
        """Follow the link with this text."""
        self.driver.find_element(By.LINK_TEXT, link).click()

    def fill(self, **fields: str) -> None:
        """Fill fields of a form; text into inputs, choices by their text."""
        for name, value in fields.items():
            element = self.driver.find_element(By.ID, f'id_{name}')
            if element.tag_name == 'select':
                self._choose(name, value)
            else:
                element.clear()
                element.send_keys(value)

    def submit(self) -> None:
        """Send a form and wait until it is accepted.

        :raises selenium.common.exceptions.TimeoutException: if it is not
        """
        before = self.driver.current_url
        self.driver.find_element(
            By.CSS_SELECTOR, 'form input[type=submit]'
        ).click()
        self.until(lambda: self.driver.current_url != before)

    def click(self, selector: str) -> None:
        """Click what a CSS selector finds."""
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def shows(self, selector: str) -> bool:
        """Return whether a CSS selector finds something to be seen."""
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return any(element.is_displayed() for element in found)

    def text(self) -> str:
        """Return what the page says."""
        return self.driver.find_element(By.ID, 'content_body').text

    def table(self, name: str) -> list[list[str]]:
        """Return the cells of a table's rows."""
        rows = self.driver.find_elements(
            By.CSS_SELECTOR, f'table#{name} tbody tr'
        )
        return [
            [
                cell.text.strip()
                for cell in row.find_elements(By.TAG_NAME, 'td')
            ]
            for row in rows
        ]

    def picture(self, name: str, height_px: int = MIN_HEIGHT_PX) -> None:
        """Take a picture of the whole page, at least so high."""
        self._resize(height_px)
        height = self.driver.execute_script(
            'document.activeElement.blur(); window.scrollTo(0, 0); '
            'return document.documentElement.scrollHeight'
        )
        self._resize(max(height_px, height))
        self.driver.save_screenshot(
            str(self._pictures / f'horizon_{name}.png')
        )
        self._resize(MIN_HEIGHT_PX)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        wait.WebDriverWait(self.driver, PATIENCE_S).until(
            lambda driver: condition()
        )

    def _choose(self, name: str, text: str) -> None:
        """Choose from a list, once the page has fetched what is in it."""

        def offered() -> bool:
            element = self.driver.find_element(By.ID, f'id_{name}')
            return text in [
                option.text for option in select.Select(element).options
            ]

        self.until(offered)
        element = self.driver.find_element(By.ID, f'id_{name}')
        select.Select(element).select_by_visible_text(text)

    def _log_in(self) -> None:
        self.driver.get(f'{self._url}/auth/login/')
        self.fill(username='admin', password=layouts.PASSWORD)
        self.click('#loginBtn')
        self.until(lambda: '/auth/login' not in self.driver.current_url)

    def _resize(self, height: int) -> None:
        self.driver.execute_cdp_cmd(
            'Emulation.setDeviceMetricsOverride',
            {
                'width': WIDTH_PX,
                'height': height,
                'deviceScaleFactor': 1,
                'mobile': False,
            },
        )
