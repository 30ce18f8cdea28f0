import gc

import pytest

from pycore.tracking.garbage import collection_paused


@pytest.fixture(autouse=True)
def _collecting():
    yield
    gc.enable()


def test_the_collector_is_off_for_a_while():
    with collection_paused():
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error():
    with pytest.raises(KeyError), collection_paused():
        raise KeyError
    assert gc.isenabled()


def test_who_has_turned_it_off_finds_it_off():
    gc.disable()
    with collection_paused():
        pass
    assert not gc.isenabled()


def test_two_that_overlap_leave_it_on():
    first, second = collection_paused(), collection_paused()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert gc.isenabled()
