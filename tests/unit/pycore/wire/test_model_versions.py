from __future__ import annotations

from builders import RUN_ID, TIME_MS, model_version
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts
from wire_travel import tag_mappings, travelled

from pycore.entities import VersionNumber
from pycore.wire import model_versions


def test_a_version_has_the_types_of_the_protocol():
    version = model_version(
        version=VersionNumber("12"), aliases=("champion",), tags={"a": "b"}, description=""
    )
    assert travelled(model_versions.to_json(version)) == {
        "name": "iris-lm",
        "version": "12",
        "creation_timestamp": TIME_MS,
        "last_updated_timestamp": TIME_MS,
        "current_stage": "None",
        "description": "",
        "source": f"mlflow-artifacts:/1/{RUN_ID}/artifacts/model",
        "run_id": RUN_ID,
        "status": "READY",
        "run_link": "",
        "tags": [{"key": "a", "value": "b"}],
        "aliases": ["champion"],
    }


def test_an_absent_description_is_not_sent():
    assert "description" not in model_versions.to_json(model_version())


@given(tag_mappings, st.none() | texts, st.lists(texts, max_size=2), texts, texts)
def test_versions_there_and_back(tags, description, aliases, status_message, user_id):
    entity = model_version(
        tags=tags,
        description=description,
        aliases=tuple(aliases),
        status_message=status_message,
        user_id=user_id,
    )
    assert model_versions.from_json(travelled(model_versions.to_json(entity))) == entity
