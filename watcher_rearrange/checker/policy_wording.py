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

"""Sentences for the rules of a policy file, as RULES has for the others.

Things begin with the name of the rule.
"""

from __future__ import annotations


POLICY_RULES: dict[str, str] = {
    'policy_ban': 'rule {0}: instance {1} is on node {2}, which is banned',
    'policy_budget': 'rule {0}: {current} {unit} of {1} in 24 hours, at most '
    '{needed} may be',
    'policy_fence': 'rule {0}: instance {1} is on node {2}, out of its fence',
    'policy_gather': 'rule {things}: {current} {unit}, {needed} needed',
    'policy_lonely': 'rule {0}: on node {1} are {current} {unit}, {needed} '
    'may be',
    'policy_max_instances': 'rule {0}: node {1} holds {current} {unit}, at '
    'most {needed} may be there',
    'policy_near': 'rule {things}: {current} {unit}, {needed} needed',
    'policy_only': 'rule {0}: instance {1} is none of those that may move',
    'policy_quiet_hours': 'rule {0}: instance {1} would move at {current}, '
    'in the quiet hours {needed}',
    'policy_reserve': 'rule {0}: node {1} has {current} {unit} of {2} free, '
    '{needed} {unit} are to be kept',
    'policy_root': 'rule {0}: instance {1} must not move',
    'policy_split': 'rule {0}: in {1} are {current} {unit}, {needed} may be',
    'policy_spread': 'rule {0}: {1} holds {current} {unit}, at most {needed} '
    'may be there',
}
