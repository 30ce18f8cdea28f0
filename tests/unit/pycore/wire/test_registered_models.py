from __future__ import annotations

from builders import TIME_MS, model_version, registered_model
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts
from wire_travel import tag_mappings, travelled

from pycore.entities import VersionNumber
from pycore.wire import model_versions, registered_models


def test_a_registered_model_has_the_types_of_the_protocol():
    model = registered_model(
        latest_versions=(model_version(),),
        tags={"a": "b"},
        aliases={"champion": VersionNumber("1")},
        description="",
    )
    assert travelled(registered_models.to_json(model)) == {
        "name": "iris-lm",
        "creation_timestamp": TIME_MS,
        "last_updated_timestamp": TIME_MS,
        "latest_versions": [model_versions.to_json(model_version())],
        "tags": [{"key": "a", "value": "b"}],
        "aliases": [{"alias": "champion", "version": "1"}],
    }


@given(
    tag_mappings,
    st.none() | texts.filter(bool),
    st.dictionaries(texts, st.integers(1, 99).map(lambda number: VersionNumber(str(number)))),
)
def test_registered_models_there_and_back(tags, description, aliases):
    entity = registered_model(
        tags=tags, description=description, aliases=aliases, latest_versions=(model_version(),)
    )
    assert registered_models.from_json(travelled(registered_models.to_json(entity))) == entity
