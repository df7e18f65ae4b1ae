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

"""Configuration of the documentation."""

import pathlib
import sys


DOC = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(DOC / 'ext'), str(DOC.parent)]

extensions = [
    'openstackdocstheme',
    'oslo_config.sphinxext',
    'strategy_parameters',
]

project = 'watcher-rearrange'
copyright = 'watcher-rearrange developers'  # noqa: A001
source_suffix = {'.rst': 'restructuredtext'}
master_doc = 'index'
pygments_style = 'native'

html_theme = 'openstackdocs'
openstackdocs_auto_name = False
openstackdocs_auto_version = False
openstackdocs_pdf_link = False
