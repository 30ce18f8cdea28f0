"""Who expects a message is awake when it comes, and sleeps whenever there is none to expect."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from waiting import LIMIT_S

from pycore.scoring.engine import awake
from pycore.scoring.engine.awake import Asking, Expectation


class Message:
    """What may come, and how often somebody who waits for it has asked whether to stay awake."""

    def __init__(self):
        self.file, self._sender = os.pipe()
        self.asked = 0
        self.allowed = 10**9

    def may_be_awake(self):
        self.asked += 1
        return self.asked <= self.allowed

    def come(self):
        os.write(self._sender, b"!")

    def close(self):
        os.close(self.file)
        os.close(self._sender)


@pytest.fixture
def message():
    message = Message()
    yield message
    message.close()


@pytest.fixture(autouse=True)
def _several_processors_and_much_time(monkeypatch):
    monkeypatch.setattr(awake, "_several_processors", lambda: True)
    # However busy a machine is, who stays awake has time to look again.
    monkeypatch.setattr(awake, "_LATER_S", LIMIT_S)


@pytest.fixture
def expectation(message):
    return Expectation([message.file], message.may_be_awake)


def stays_awake(message, expectation):
    """Return whether somebody looks more than once for a message that does not come."""
    before = message.asked
    message.allowed = before + 3
    expectation.wait()
    return message.asked > before + 1


def test_nobody_is_awake_for_what_is_not_expected(message, expectation):
    assert not stays_awake(message, expectation)
    expectation.came(1e-4)
    assert stays_awake(message, expectation)
    expectation.forget()
    assert not stays_awake(message, expectation)


@pytest.mark.parametrize("usual_s", [1e-4, 4e-3])
def test_what_is_there_is_found_at_once(message, expectation, usual_s):
    expectation.came(usual_s)
    message.come()
    assert not stays_awake(message, expectation)


def test_what_comes_early_is_not_slept_through(message, monkeypatch):
    monkeypatch.setattr(awake, "_LONGEST_S", 10 * LIMIT_S)
    expectation = Expectation([message.file])
    expectation.came(5 * LIMIT_S)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(expectation.wait)
        message.come()
        waiting.result(LIMIT_S)


def test_who_waits_in_vain_falls_asleep(message, monkeypatch):
    monkeypatch.setattr(awake, "_LATER_S", 0.0)
    expectation = Expectation([message.file])
    expectation.came(1e-4)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(expectation.wait).result(LIMIT_S)


def test_nobody_stays_awake_for_what_takes_long(message, expectation):
    expectation.came(1.0)
    assert not stays_awake(message, expectation)
    # The shortest wait is the usual one.
    expectation.came(1e-4)
    expectation.came(1.0)
    assert stays_awake(message, expectation)


def test_waits_that_have_become_longer_are_the_usual_ones_in_the_end(message, expectation):
    expectation.came(1e-4)
    for _ in range(1000):
        expectation.came(1.0)
    assert not stays_awake(message, expectation)


def test_who_is_asked_to_sleep_does(message, expectation):
    expectation.came(4e-3)
    message.allowed = 3
    expectation.wait()
    assert message.asked == 4


def test_on_the_only_processor_everybody_sleeps(message, monkeypatch):
    monkeypatch.setattr(awake, "_several_processors", lambda: False)
    expectation = Expectation([message.file], message.may_be_awake)
    expectation.came(1e-4)
    assert not stays_awake(message, expectation)


def test_who_has_very_many_files_sleeps(message, monkeypatch):
    monkeypatch.setattr(awake, "_MOST_FILES", message.file)
    expectation = Expectation([message.file], message.may_be_awake)
    expectation.came(1e-4)
    assert not stays_awake(message, expectation)


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
