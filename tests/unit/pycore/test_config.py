import pytest

from pycore import config
from pycore.errors import InvalidInput


def test_a_setting_is_read_when_asked_for(monkeypatch):
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT", raising=False)
    assert config.HTTP_TIMEOUT_S.get() == 120
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    assert config.HTTP_TIMEOUT_S.get() == 5


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert config.TRACKING_URI.get() is None
    assert not config.TRACKING_URI.is_set()


@pytest.mark.parametrize(("text", "truth"), [("TRUE", True), ("1", True), ("off", False), ("No", False)])
def test_truths_are_read_in_every_usual_spelling(monkeypatch, text, truth):
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", text)
    assert config.INSECURE_TLS.get() is truth


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("MLFLOW_TRACKING_INSECURE_TLS", "maybe", "expected true or false"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "-1", "expected a number above 0"),
    ],
)
def test_an_unreadable_value_names_variable_text_and_reason(monkeypatch, name, text, reason):
    monkeypatch.setenv(name, text)
    setting = next(setting for setting in config.all_settings() if setting.name == name)
    with pytest.raises(InvalidInput, match=f"{name} is '{text}': {reason}"):
        setting.get()


def test_every_setting_is_declared_once_and_explained():
    names = [setting.name for setting in config.all_settings()]
    assert len(names) == len(set(names))
    assert all(setting.help.endswith(".") for setting in config.all_settings())
