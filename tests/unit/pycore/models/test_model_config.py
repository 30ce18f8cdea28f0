from concurrent.futures import ThreadPoolExecutor

import pytest

from pycore.errors import InvalidInput
from pycore.models.model_config import ModelConfig, loading_with


def test_settings_for_development_are_given_or_lie_in_a_file(tmp_path):
    (tmp_path / "config.yaml").write_text("depth: 3\nnames: [a, b]\n")
    for given in ({"depth": 3, "names": ["a", "b"]}, tmp_path / "config.yaml", str(tmp_path / "config.yaml")):
        config = ModelConfig(development_config=given)
        assert config.get("depth") == 3
        assert config.to_dict() == {"depth": 3, "names": ["a", "b"]}


def test_a_model_that_is_loaded_has_the_settings_it_was_saved_with():
    with loading_with({"depth": 5}):
        assert ModelConfig(development_config={"depth": 3}).get("depth") == 5
        assert ModelConfig().get("depth") == 5
        with ThreadPoolExecutor(1) as other, pytest.raises(InvalidInput):
            other.submit(ModelConfig).result()
    assert ModelConfig(development_config={"depth": 3}).get("depth") == 3


def test_what_is_missing_or_wrong_is_named(tmp_path):
    with pytest.raises(KeyError, match="has no 'height'; it has depth"):
        ModelConfig(development_config={"depth": 3}).get("height")
    with pytest.raises(InvalidInput, match="give development_config"):
        ModelConfig()
    with pytest.raises(InvalidInput, match=r"nothing\.yaml' cannot be read"):
        ModelConfig(development_config="nothing.yaml")
    (tmp_path / "list.yaml").write_text("[1]")
    with pytest.raises(InvalidInput, match="must hold a mapping"):
        ModelConfig(development_config=tmp_path / "list.yaml")
