"""Names made for runs."""

from __future__ import annotations

import random
import re

from pycore.services.keys import check_key
from pycore.services.run_names import random_run_name


def test_names_are_short_and_legal():
    generator = random.Random(1)
    names = {random_run_name(generator) for _ in range(5000)}
    assert len(names) > 4900
    for name in names:
        assert re.fullmatch("[a-z]+-[a-z]+-[0-9]{1,3}", name)
        assert len(name) <= 20
        check_key(name, "run")


def test_a_seed_of_the_user_does_not_repeat_names():
    names = set()
    for _ in range(20):
        random.seed(0)
        names.add(random_run_name())
    assert len(names) > 1
