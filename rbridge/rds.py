"""Reads R's serialisation format without R: what is in a stream, and where, never what it would do.

The format is described in "R Internals", section 1.8 "Serialization Formats". Numbers are skipped,
texts and structure are kept. Nothing in a stream can make the reader allocate or recurse without
bound: lengths are checked against the bytes that are left, and nesting is kept on a list.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pycore.errors import InvalidModel

NIL, SYMBOL, PAIRLIST, CLOSURE, ENVIRONMENT, PROMISE, CALL = range(7)
SPECIAL, BUILTIN, CHAR, LOGICAL = 7, 8, 9, 10
INTEGER, DOUBLE, COMPLEX, TEXTS, DOTS = 13, 14, 15, 16, 17
LIST, EXPRESSION, BYTECODE, POINTER, WEAK_REFERENCE, RAW, S4 = 19, 20, 21, 22, 23, 24, 25

# Item types that exist in streams only.
ALTREP, ATTR_PAIRLIST, ATTR_CALL, BASE_ENV, EMPTY_ENV, BC_REFERENCE, BC_DEFINITION = range(238, 245)
PERSISTENT, PACKAGE, NAMESPACE, BASE_NAMESPACE, MISSING_ARGUMENT, UNBOUND, GLOBAL_ENV = range(247, 254)
NIL_VALUE, REFERENCE = 254, 255

_SINGLETONS = frozenset(
    {NIL, NIL_VALUE, GLOBAL_ENV, EMPTY_ENV, BASE_ENV, BASE_NAMESPACE, MISSING_ARGUMENT, UNBOUND}
)
_CELLS = frozenset({PAIRLIST, CALL, CLOSURE, PROMISE, DOTS})
_BYTES_EACH = {LOGICAL: 4, INTEGER: 4, DOUBLE: 8, COMPLEX: 16, RAW: 1}
#: R's own reader gives up far earlier.
_MAX_DEPTH = 20_000


@dataclass(slots=True, eq=False)
class Node:
    """One item of a stream.

    Parameters
    ----------
    type : int
        One of the constants of this module; a back-reference is the very node it refers to.
    start, stop : int
        Where its bytes lie.
    text : str
        Of a symbol.
    texts : list of str or None
        Of a character vector, namespace or package.
    length : int
        Of a vector.
    children : list of Node
        Of a list: its elements. Of a cell: tag, head and tail, which for a closure are environment,
        formals and body. Of an environment: enclosure, frame and hash table. Of bytecode: constants.
    attributes : Node, optional
        A pairlist.
    """

    type: int
    start: int
    stop: int = 0
    text: str = ""
    texts: Sequence[str | None] = ()
    length: int = 0
    children: Sequence[Node] = ()
    attributes: Node | None = None


@dataclass(frozen=True)
class Stream:
    """A parsed stream.

    Parameters
    ----------
    version : int
        Of the format: 2 or 3.
    writer : str
        Version of the R that wrote it.
    encoding : str
        The writer's own; empty before format 3.
    root : Node
    nodes : list of Node
        All but symbols, plain numbers and texts, in the order of the stream.
    body : memoryview
        The stream's bytes, which the nodes' places refer to.
    """

    version: int
    writer: str
    encoding: str
    root: Node
    nodes: list[Node]
    body: memoryview


def parse(data: bytes | memoryview) -> Stream:
    """Read a stream to its end.

    Raises
    ------
    InvalidModel
        It is no R stream, damaged, or of a format that R itself cannot read.
    """
    return _Parser(memoryview(data)).stream()


#: Reading one item: yields the items inside or their readers, is sent their nodes, returns its own.
_Reading: TypeAlias = Generator["Node | _Reading", Node, Node]


class _Parser:
    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._at = 0
        self._unpack = struct.Struct(">i").unpack_from
        self._references: list[Node] = []
        self._nodes: list[Node] = []

    def stream(self) -> Stream:
        magic = bytes(self._take(2))
        if magic == b"A\n":
            raise InvalidModel(
                "it is an RDS file in text form; write it with saveRDS(..., ascii = FALSE), the default"
            )
        if magic not in (b"X\n", b"B\n"):
            raise InvalidModel("it is no R data: R's files begin with 'X'")
        self._unpack = struct.Struct(">i" if magic == b"X\n" else "<i").unpack_from
        version, writer = self._int(), self._int()
        self._int()  # the oldest R that can read it
        if version not in (2, 3):
            raise InvalidModel(f"R's serialisation format {version} is unknown; formats 2 and 3 are")
        encoding = bytes(self._take(self._int())).decode(errors="replace") if version == 3 else ""
        root = self._run(self._item())
        if self._at != len(self._body):
            raise InvalidModel(f"{len(self._body) - self._at} bytes are left after its end")
        told = f"{writer >> 16 & 0xFFFF}.{writer >> 8 & 0xFF}.{writer & 0xFF}"
        return Stream(version, told, encoding, root, self._nodes, self._body)

    def _run(self, item: Node | _Reading) -> Node:
        """Run a reader and those it yields, without recursion."""
        stack: list[_Reading] = []
        while True:
            if isinstance(item, Node):
                if not stack:
                    return item
                sent: Node | None = item
            else:
                stack.append(item)
                sent = None  # a generator's first send
                if len(stack) > _MAX_DEPTH:
                    raise InvalidModel(f"its objects are nested deeper than {_MAX_DEPTH} levels")
            try:
                item = stack[-1].send(sent)  # type: ignore[arg-type]
            except StopIteration as done:
                stack.pop()
                item = done.value

    def _item(self) -> Node | _Reading:
        """Read an item that holds no others at once; return the reader of one that does."""
        start = self._at
        flags = self._int()
        kind = flags & 0xFF
        if kind in _SINGLETONS:
            return Node(kind, start, self._at)
        if kind == REFERENCE:
            return self._referred(flags >> 8)
        node = Node(kind, start)
        if kind in _CELLS:
            return self._cells(node, bool(flags & 0x200), bool(flags & 0x400))
        if kind in _BYTES_EACH:
            node.length = self._length(_BYTES_EACH[kind])
            self._take(node.length * _BYTES_EACH[kind])
        elif kind == TEXTS:
            node.length = self._length(8)
            node.texts = [self._string() for _ in range(node.length)]
        elif kind == CHAR:
            node.texts = [self._chars()]
        elif kind == SYMBOL:
            self._references.append(node)
            node.text = self._string() or ""
        else:
            return self._compound(node, bool(flags & 0x200))
        if flags & 0x200:
            return self._with_attributes(node)
        node.stop = self._at
        return node

    def _compound(self, node: Node, has_attributes: bool) -> _Reading:
        self._nodes.append(node)
        kind = node.type
        if kind in (ENVIRONMENT, PERSISTENT, PACKAGE, NAMESPACE, POINTER, WEAK_REFERENCE):
            self._references.append(node)
        if kind == ENVIRONMENT:
            self._int()  # locked or not
            node.children = [(yield self._item()), (yield self._item()), (yield self._item())]
            has_attributes = True  # or a NULL in their place
        elif kind in (LIST, EXPRESSION, POINTER, ALTREP):
            node.length = {POINTER: 2, ALTREP: 3}.get(kind) or self._length(4)
            node.children = children = []
            for _ in range(node.length):
                children.append((yield self._item()))
            if kind == ALTREP:  # its class, its state, and its attributes
                node.attributes = children[2]
        elif kind in (PERSISTENT, PACKAGE, NAMESPACE):
            self._int()  # always 0
            node.texts = [self._string() for _ in range(self._length(8))]
        elif kind in (SPECIAL, BUILTIN):
            node.text = bytes(self._take(self._int())).decode(errors="replace")
        elif kind == BYTECODE:
            self._length(4)
            yield from self._bytecode(node)
        elif kind not in (WEAK_REFERENCE, S4):  # of which all else is attributes
            raise InvalidModel(f"an item of the unknown type {kind} at byte {node.start}")
        if has_attributes:
            node.attributes = yield self._item()
        node.stop = self._at
        return node

    def _with_attributes(self, node: Node) -> _Reading:
        """Read what follows a vector; a text's attributes mean nothing, and R drops them too."""
        attributes = yield self._item()
        if node.type != CHAR:
            self._nodes.append(node)
            node.attributes = attributes
        node.stop = self._at
        return node

    def _cells(self, first: Node, has_attributes: bool, has_tag: bool) -> _Reading:
        """Read a cell and, while its tail is another pair, the cells behind it: lists are long."""
        chain = [first]
        node = first
        while True:
            self._nodes.append(node)
            if has_attributes:
                node.attributes = yield self._item()
            tag = (yield self._item()) if has_tag else Node(NIL, self._at, self._at)
            node.children = [tag, (yield self._item())]
            start = self._at
            flags = self._peek()
            if node.type not in (PAIRLIST, CALL, DOTS) or flags & 0xFF not in (PAIRLIST, CALL, DOTS):
                node.children.append((yield self._item()))
                break
            self._int()
            has_attributes, has_tag = bool(flags & 0x200), bool(flags & 0x400)
            tail = Node(flags & 0xFF, start)
            node.children.append(tail)
            chain.append(tail)
            node = tail
        for cell in chain:
            cell.stop = self._at
        return first

    def _bytecode(self, node: Node) -> _Reading:
        yield self._item()  # the instructions
        node.children = children = []
        for _ in range(self._length(4)):
            kind = self._int()
            if kind == BYTECODE:
                inner = Node(BYTECODE, self._at)
                self._nodes.append(inner)
                children.append((yield self._bytecode(inner)))
            else:
                children.append((yield self._constant(kind)))
        node.stop = self._at
        return node

    def _constant(self, kind: int) -> _Reading:
        """Read a constant of bytecode; calls in it are written in a way of their own."""
        if kind == BC_REFERENCE:
            self._int()
            return Node(NIL, self._at, self._at)
        if kind not in (BC_DEFINITION, CALL, PAIRLIST, ATTR_CALL, ATTR_PAIRLIST):
            return (yield self._item())
        node = Node(kind, self._at)
        self._nodes.append(node)
        if kind == BC_DEFINITION:
            self._int()  # the number by which others refer to it
            kind = self._int()
        node.type = CALL if kind in (CALL, ATTR_CALL) else PAIRLIST
        if kind in (ATTR_CALL, ATTR_PAIRLIST):
            node.attributes = yield self._item()
        tag = yield self._item()
        head = yield self._constant(self._int())
        node.children = [tag, head, (yield self._constant(self._int()))]
        node.stop = self._at
        return node

    def _referred(self, packed: int) -> Node:
        number = packed or self._int()
        if not 1 <= number <= len(self._references):
            raise InvalidModel(f"a reference to the unknown object {number} before byte {self._at}")
        return self._references[number - 1]

    def _string(self) -> str | None:
        kind = self._int() & 0xFF
        if kind != CHAR:
            raise InvalidModel(f"an item of type {kind} where a text belongs, before byte {self._at}")
        return self._chars()

    def _chars(self) -> str | None:
        length = self._int()
        if length == -1:
            return None
        return bytes(self._take(length)).decode(errors="replace")

    def _length(self, bytes_each: int) -> int:
        length = self._int()
        if length == -1:  # a long vector: two words
            length = (self._int() << 32) + (self._int() & 0xFFFFFFFF)
        if not 0 <= length * bytes_each <= len(self._body) - self._at:
            raise InvalidModel(f"it ends early: {length} elements are announced before byte {self._at}")
        return length

    def _peek(self) -> int:
        try:
            value: int = self._unpack(self._body, self._at)[0]
        except struct.error:
            raise InvalidModel(f"it ends early, at byte {self._at}") from None
        return value

    def _int(self) -> int:
        value = self._peek()
        self._at += 4
        return value

    def _take(self, count: int) -> memoryview:
        if not 0 <= count <= len(self._body) - self._at:
            raise InvalidModel(f"it ends early, at byte {self._at}")
        self._at += count
        return self._body[self._at - count : self._at]
