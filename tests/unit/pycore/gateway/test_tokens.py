"""Who may score: whoever bears one of the tokens, to the letter."""

import pytest

from pycore.errors import InvalidInput, MlflowException
from pycore.gateway.tokens import Tokens


@pytest.fixture
def tokens(tmp_path):
    path = tmp_path / "tokens"
    path.write_text("  first \n\nsecond-ü\n")
    return Tokens.from_file(path)


@pytest.mark.parametrize(
    "header",
    ["Bearer first", "bearer first", "BEARER  first ", "Bearer " + "second-ü".encode().decode("latin-1")],
)
def test_a_token_opens(tokens, header):
    tokens.check(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "first",
        "Bearer",
        "Bearer ",
        "Basic first",
        "Bearer firs",
        "Bearer first second",
        "Bearer FIRST",
    ],
)
def test_anything_else_does_not(tokens, header):
    with pytest.raises(MlflowException, match="Authorization: Bearer") as refused:
        tokens.check(header)
    assert refused.value.error_code == "UNAUTHENTICATED"


def test_a_file_without_tokens_would_open_to_nobody(tmp_path):
    (tmp_path / "tokens").write_text(" \n\n")
    with pytest.raises(InvalidInput, match="one token per line"):
        Tokens.from_file(tmp_path / "tokens")
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        Tokens.from_file(tmp_path / "missing")
