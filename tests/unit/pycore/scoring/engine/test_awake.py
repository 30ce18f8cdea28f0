"""Who expects a message is awake when it comes, and sleeps whenever there is none to expect."""

import os
import select

import pytest

from pycore.scoring.engine import awake
from pycore.scoring.engine.awake import Asking, Expectation


class Looks:
    """Messages, and how often somebody has looked for one."""

    def __init__(self):
        self._reading, self._writing = os.pipe()
        self._messages = select.poll()
        self._messages.register(self._reading, select.POLLIN)
        self.count = 0

    def poll(self, timeout):
        assert timeout == 0
        self.count += 1
        return self._messages.poll(timeout)

    def send(self):
        os.write(self._writing, b"!")

    def close(self):
        os.close(self._reading)
        os.close(self._writing)


@pytest.fixture
def looks():
    looks = Looks()
    yield looks
    looks.close()


@pytest.fixture(autouse=True)
def _several_processors(monkeypatch):
    monkeypatch.setattr(awake, "_several_processors", lambda: True)


def looked(looks, expectation):
    before = looks.count
    expectation.wait()
    return looks.count > before


def test_nobody_looks_for_what_is_not_expected(looks):
    expectation = Expectation(looks)
    assert not looked(looks, expectation)
    expectation.came(1e-4)
    assert looked(looks, expectation)
    expectation.forget()
    assert not looked(looks, expectation)


def test_who_looks_has_found_it_or_falls_asleep(looks):
    expectation = Expectation(looks)
    expectation.came(1e-4)
    expectation.wait()
    assert looks.count
    looks.send()
    before = looks.count
    expectation.wait()
    assert looks.count == before + 1


def test_nobody_stays_awake_for_what_takes_long(looks):
    expectation = Expectation(looks)
    expectation.came(1.0)
    assert not looked(looks, expectation)
    # The shortest wait is the usual one.
    expectation.came(1e-4)
    expectation.came(1.0)
    assert looked(looks, expectation)


def test_waits_that_have_become_longer_are_the_usual_ones_in_the_end(looks):
    expectation = Expectation(looks)
    expectation.came(1e-4)
    for _ in range(1000):
        expectation.came(1.0)
    assert not looked(looks, expectation)


def test_who_is_asked_to_sleep_does(looks):
    allowed = [True] * 5

    def may_be_awake():
        return bool(allowed and allowed.pop())

    expectation = Expectation(looks, may_be_awake)
    expectation.came(4e-3)
    expectation.wait()
    assert allowed == []
    assert not looked(looks, expectation)


def test_on_the_only_processor_everybody_sleeps(looks, monkeypatch):
    monkeypatch.setattr(awake, "_several_processors", lambda: False)
    expectation = Expectation(looks)
    expectation.came(1e-4)
    assert not looked(looks, expectation)


def test_who_asks_while_another_does_is_not_alone():
    asking = Asking()

    def fail():
        with asking.one_more():
            assert not asking.is_alone()
            raise KeyError

    with asking.one_more():
        assert asking.is_alone()
        with pytest.raises(KeyError):
            fail()
        assert asking.is_alone()
