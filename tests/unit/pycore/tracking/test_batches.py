from builders import metric
from hypothesis import given
from hypothesis import strategies as st

from pycore.entities import Param, RunTag
from pycore.tracking import batches


@given(st.integers(0, 2500), st.integers(0, 250), st.integers(0, 250))
def test_batches_keep_every_item_in_order_and_every_limit(n_metrics: int, n_params: int, n_tags: int) -> None:
    metrics = [metric(step=step) for step in range(n_metrics)]
    params = [Param(f"p{number}", "") for number in range(n_params)]
    tags = [RunTag(f"t{number}", "") for number in range(n_tags)]

    split = list(batches.split(metrics, params, tags))

    assert [item for batch in split for item in batch[0]] == metrics
    assert [item for batch in split for item in batch[1]] == params
    assert [item for batch in split for item in batch[2]] == tags
    for batch in split:
        assert 0 < sum(map(len, batch)) <= 1000
        assert len(batch[1]) <= 100
        assert len(batch[2]) <= 100


def test_what_fits_goes_in_one() -> None:
    assert len(list(batches.split([metric()] * 800, [Param("a", "")] * 100, [RunTag("a", "")] * 100))) == 1
