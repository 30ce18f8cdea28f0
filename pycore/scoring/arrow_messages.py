"""What the messages of an Arrow stream announce, added up before anything is inflated.

A few bytes may say that a column has a thousand million rows, that a compressed buffer holds as many
bytes, or that a dictionary grows with each of its parts; pyarrow takes the memory as soon as it is told.

References
----------
Arrow columnar format, "Serialization and interprocess communication": ``Message.fbs``.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pycore.errors import InvalidInput
from pycore.scoring.flat_table import FlatTable

# Positions of the fields in their tables.
_MESSAGE_VERSION, _MESSAGE_HEADER, _MESSAGE_CUSTOM = 0, 2, 4
_BATCH_LENGTH, _BATCH_BUFFERS, _BATCH_COMPRESSION = 0, 2, 3
_DICTIONARY_ID, _DICTIONARY_DATA, _DICTIONARY_IS_DELTA = 0, 1, 2

#: Since then compression is told by the batch itself.
_VERSION_5 = 4


class Announced(NamedTuple):
    """What a stream would become.

    Parameters
    ----------
    rows : int
        Of all record batches.
    n_bytes : int
        Of all buffers, inflated; a dictionary counts anew whenever it grows or is replaced, because the
        batches before keep the one they had.
    """

    rows: int
    n_bytes: int


def announced(messages: Iterable[Any]) -> Announced:
    """Add up what messages announce.

    Parameters
    ----------
    messages : iterable of pyarrow.ipc.Message

    Raises
    ------
    InvalidInput
        A message is not laid out as the format says.
    """
    rows = n_bytes = 0
    dictionaries: Counter[int] = Counter()
    try:
        for message in messages:
            if message.type not in ("record batch", "dictionary"):
                continue
            table = FlatTable.of_message(memoryview(message.metadata))
            if table.number(_MESSAGE_VERSION, "<h") < _VERSION_5 and table.at(_MESSAGE_CUSTOM):
                raise InvalidInput(
                    "The Arrow stream was written by a release before 1.0, whose compression is not "
                    "understood here; send it without.",
                    "BAD_REQUEST",
                )
            header = table.table(_MESSAGE_HEADER)
            body = memoryview(message.body or b"")
            if message.type == "record batch":
                rows += max(0, header.number(_BATCH_LENGTH, "<q"))
                n_bytes += sum(_inflated_bytes(header, body))
                continue
            number = header.number(_DICTIONARY_ID, "<q")
            if not header.number(_DICTIONARY_IS_DELTA, "<?"):
                dictionaries[number] = 0
            dictionaries[number] += sum(_inflated_bytes(header.table(_DICTIONARY_DATA), body))
            n_bytes += dictionaries[number]
    except (struct.error, IndexError) as error:
        raise InvalidInput("A message of the Arrow stream is damaged.", "BAD_REQUEST") from error
    return Announced(rows, n_bytes)


def _inflated_bytes(batch: FlatTable, body: memoryview) -> Iterator[int]:
    """Give the size of each buffer of a record batch."""
    compressed = batch.at(_BATCH_COMPRESSION) is not None
    for offset, length in batch.pairs(_BATCH_BUFFERS):
        if not compressed or length == 0:
            yield max(0, length)
            continue
        # Before a compressed buffer stands how long it becomes, or -1 where it was left as it is.
        (inflated,) = struct.unpack("<q", body[offset : offset + 8])
        yield max(length, inflated)
