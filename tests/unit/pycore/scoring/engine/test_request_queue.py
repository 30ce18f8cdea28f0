"""Order, bounds and batches of waiting requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.errors import Unavailable
from pycore.scoring.engine.request_queue import Request, RequestQueue


def request(number, key="k", rows=1, deadline=10.0, **fields):
    return Request(str(number), b"", None, 0.0, deadline, rows, key, **fields)


def filled(*requests, limit=100, batch_rows=100):
    queue = RequestQueue(limit, batch_rows)
    for waiting in requests:
        queue.add(waiting)
    return queue


def ids(requests):
    return [request.id for request in requests]


def drain(queue):
    batches = []
    while batch := queue.take():
        batches.append(ids(batch))
    return batches


def test_the_oldest_takes_with_it_what_goes_together():
    queue = filled(
        request(1), request(2, "other"), request(3), request(4, None), request(5, None), request(6)
    )
    assert drain(queue) == [["1", "3", "6"], ["2"], ["4"], ["5"]]


def test_rows_bound_a_batch_but_not_a_request():
    queue = filled(
        request(1, rows=6), request(2, rows=5), request(3, rows=4), request(4, rows=99), batch_rows=10
    )
    assert drain(queue) == [["1", "3"], ["2"], ["4"]]


def test_what_was_in_a_batch_that_failed_stays_alone():
    queue = filled(request(1, alone=True), request(2), request(3, alone=True), request(4))
    assert drain(queue) == [["1"], ["2", "4"], ["3"]]


def test_a_full_queue_refuses_new_requests_but_takes_old_ones_back():
    queue = filled(request(1), request(2), limit=2)
    with pytest.raises(Unavailable, match="2 requests are waiting"):
        queue.add(request(3))
    queue.put_back([request(8, None), request(9, None)])
    assert drain(queue) == [["8"], ["9"], ["1", "2"]]


def test_what_is_removed_is_returned_and_gone():
    queue = filled(request(1, deadline=1), request(2, deadline=3), request(3, deadline=2))
    assert queue.next_deadline() == 1
    assert ids(queue.remove(lambda waiting: waiting.deadline < 2.5)) == ["1", "3"]
    assert queue.next_deadline() == 3
    assert drain(queue) == [["2"]]
    assert queue.next_deadline() is None


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 5), st.booleans())),
    st.integers(1, 8),
)
def test_every_request_is_taken_once_and_none_overtakes_its_like(waiting, batch_rows):
    requests = [request(at, key, rows, alone=alone) for at, (key, rows, alone) in enumerate(waiting)]
    batches = drain(filled(*requests, limit=1000, batch_rows=batch_rows))
    taken = [int(number) for batch in batches for number in batch]
    assert sorted(taken) == list(range(len(requests)))
    for batch in batches:
        members = [requests[int(number)] for number in batch]
        if len(members) > 1:
            assert {member.batch_key for member in members} == {members[0].batch_key} != {None}
            assert sum(member.rows for member in members) <= batch_rows
            assert not any(member.alone for member in members)
