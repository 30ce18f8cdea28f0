"""Long predictions are tidied up after, brief ones never."""

import pytest

from rbridge.tidying import Tidying


@pytest.fixture
def tidying():
    """Which knows that it takes a millisecond."""
    tidying = Tidying()
    tidying.predicted(0.0001)
    assert tidying.is_due()
    tidying.tidied(0.001)
    return tidying


def times_until_due(tidying, prediction_s, at_most):
    for times in range(1, at_most + 1):
        tidying.predicted(prediction_s)
        if tidying.is_due():
            return times
    return None


@pytest.mark.parametrize(
    ("prediction_s", "times"), [(0.0022, 2), (0.0028, 2), (0.0032, 1), (0.1, 1), (0.001, None)]
)
def test_it_takes_a_third_of_the_time_at_most(tidying, prediction_s, times):
    assert times_until_due(tidying, prediction_s, 1000) == times


def test_it_is_due_again_after_as_long(tidying):
    for _ in range(3):
        assert times_until_due(tidying, 0.0025, 10) == 2
        tidying.tidied(0.001)


def test_a_brief_prediction_puts_it_off(tidying):
    tidying.predicted(0.1)
    tidying.predicted(0.0001)
    assert not tidying.is_due()
    tidying.predicted(0.0025)
    assert tidying.is_due()


def test_what_took_longer_once_is_not_what_it_takes(tidying):
    tidying.tidied(0.05)
    assert times_until_due(tidying, 0.0025, 10) == 2
