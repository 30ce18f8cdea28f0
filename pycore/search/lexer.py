"""Cuts the text of a filter or an order into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from pycore.errors import InvalidInput


class TokenType(Enum):
    """Kinds of token, named as in error messages."""

    WORD = "a name"
    NUMBER = "a number"
    STRING = "a quoted text"
    BACKTICKED = "a name in backticks"
    COMPARATOR = "a comparator"
    PUNCTUATION = "punctuation"
    END = "the end"


@dataclass(frozen=True)
class Token:
    """A piece of the text.

    Attributes
    ----------
    text : str
        As written; for quoted tokens what stands between the quotes.
    start, end : int
        Where it stands, from 0; tokens that touch have equal ends and starts.
    """

    type: TokenType
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Return whether this is one of the given unquoted words, in any case."""
        return self.type is TokenType.WORD and self.text.upper() in words

    def is_punctuation(self, text: str) -> bool:
        """Return whether this is the given bracket or comma."""
        return self.type is TokenType.PUNCTUATION and self.text == text


# A number ends where a word could not go on, so `2x` is a word and `1.5` is none.
_TOKENS = re.compile(
    r"""
      (?P<blank>\s+)
    | (?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
    | (?P<word>[\w.]+)
    | (?P<single>'(?:[^']|'')*')
    | (?P<double>"(?:[^"]|"")*")
    | (?P<backtick>`[^`]*`)
    | (?P<comparator>!=|<=|>=|=|<|>)
    | (?P<punctuation>[(),])
    """,
    re.VERBOSE,
)

_TYPES = {
    "number": TokenType.NUMBER,
    "word": TokenType.WORD,
    "single": TokenType.STRING,
    "double": TokenType.STRING,
    "backtick": TokenType.BACKTICKED,
    "comparator": TokenType.COMPARATOR,
    "punctuation": TokenType.PUNCTUATION,
}


def tokenize(text: str, what: str) -> list[Token]:
    """Return the tokens of a text, ended by one of type END.

    Parameters
    ----------
    text : str
    what : str
        What the text is, for messages, such as "filter string".

    Raises
    ------
    InvalidInput
        A character begins no token, or a quote is not closed.
    """
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None:
            character = text[position]
            problem = "is never closed" if character in "'\"`" else "is not expected here"
            raise syntax_error(text, what, position, f"{character} {problem}")
        name = match.lastgroup or ""
        if name != "blank":
            tokens.append(Token(_TYPES[name], _content(name, match.group()), position, match.end()))
        position = match.end()
    tokens.append(Token(TokenType.END, "", len(text), len(text)))
    return tokens


def syntax_error(text: str, what: str, position: int, problem: str) -> InvalidInput:
    """Return the error for a text that breaks the grammar at a position counted from 0."""
    return InvalidInput(f"Invalid clause(s) in {what} {text!r}: {problem}, at character {position + 1}.")


def _content(name: str, matched: str) -> str:
    if name in ("single", "double"):
        quote = matched[0]
        return matched[1:-1].replace(quote * 2, quote)
    return matched[1:-1] if name == "backtick" else matched
