"""What crosses the pipes between the engine and the learner's process, and nothing else.

A message is eight bytes of length and that many bytes of MessagePack, decoded by msgspec into
the exact types below. Nothing in it can name code to run, and every size is checked before use.
"""

from __future__ import annotations

import math
import os
import select
import sys
import time
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta

from dojo.kata import Samples

__all__ = [
    "Array",
    "Began",
    "Broken",
    "Call",
    "Channel",
    "ChannelClosed",
    "Dict",
    "Failure",
    "FromChild",
    "Job",
    "List",
    "Malformed",
    "Node",
    "Observed",
    "Open",
    "Other",
    "Reply",
    "Sampled",
    "Step",
    "TimeIsUp",
    "ToChild",
    "Tuple",
    "Walled",
    "decode",
    "encode",
    "to_numpy",
]

MAX_FRAME: Final = 64 * 2**20
MAX_DEPTH: Final = 24
MAX_VALUES: Final = 2**20
"""So many values may one message hold: a byte on the wire can cost 35 in memory."""
SMALL: Final = 2**20
"""So many bytes cannot hold enough values to matter."""

PIECE: Final = 2**12
"""What a pipe that is ready takes at once, even one that would wait for the rest."""
READABLE: Final = 1
WRITABLE: Final = 4
"""As in select.POLLIN and POLLOUT, which Windows lacks."""

DTYPES: Final = {
    "bool": 1, "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint16": 2,
    "uint32": 4, "uint64": 8, "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8,
    "complex64": 8, "complex128": 16,
}  # fmt: skip

NUMPY_SCALARS: Final = tuple(
    kind for kind in set(np.sctypeDict.values()) if issubclass(kind, np.bool_ | np.number)
)

LEAVES: Final = frozenset((type(None), bool, int, float, str))
"""Values that are their own nodes; of them lists are made that have thousands."""

Word: TypeAlias = Annotated[str, Meta(max_length=1000)]
Text: TypeAlias = Annotated[str, Meta(max_length=10_000)]
Words: TypeAlias = Annotated[tuple[Word, ...], Meta(max_length=1000)]
Integer: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Size: TypeAlias = Annotated[int, Meta(ge=0, le=2**40)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**62)]
Shape: TypeAlias = Annotated[tuple[Size, ...], Meta(max_length=16)]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node or message: immutable, and refused when it has a field that it should not."""


class Array(_Strict, tag="array", frozen=True):
    """A dense array: raw little-endian values in C order."""

    library: Literal["numpy", "torch", "meta"]
    """The last is a tensor on the meta device, which has shape and dtype and no values."""
    dtype: Word
    shape: Shape
    data: bytes


class List(_Strict, tag="list", frozen=True):
    """A list, item by item."""

    items: tuple[Node, ...]


class Tuple(_Strict, tag="tuple", frozen=True):
    """A tuple, item by item."""

    items: tuple[Node, ...]


class Dict(_Strict, tag="dict", frozen=True):
    """A mapping with text keys, in its own order."""

    items: tuple[tuple[str, Node], ...]


class Sampled(_Strict, tag="samples", frozen=True):
    """Draws of one random result: one array along whose first axis they lie, if they are alike."""

    draws: Node


class Other(_Strict, tag="other", frozen=True):
    """Something that no answer may be, by the name of its type."""

    name: Word


Node: TypeAlias = (
    None | bool | Integer | float | str | Array | List | Tuple | Dict | Sampled | Other
)


class Step(_Strict, frozen=True):
    """One frame of a traceback, in the learner's file."""

    line: int
    function: Word


class Failure(_Strict, frozen=True):
    """An exception: its class with all its bases, its message and its way through the file."""

    kinds: Annotated[tuple[Word, ...], Meta(min_length=1, max_length=100)]
    message: Text
    steps: Annotated[tuple[Step, ...], Meta(max_length=100)] = ()
    caret: tuple[int, int] | None = None
    """Line and column, for a syntax error."""
    case: Count = 0
    """The line of the cases that raised, where no line of the file was reached from it."""


class Job(_Strict, tag="job", frozen=True):
    """What a child is told: the code, the cases as source, and which of them to run."""

    source: str
    filename: str
    cases: str
    runs: tuple[tuple[str, str, Dict], ...]
    """Seed, function and sizes of each case."""
    wants: tuple[str, ...] = ()
    """Public names that the cases use."""
    watch: tuple[str, ...] = ()
    """Names of what is to be recorded if it runs, as `dojo.rules` spells them."""
    lines: bool = False
    """Whether the recording finds the lines as well, which takes longer."""
    nudge: bool = False
    """Whether every input is off by a rounding error, to see how far the result moves."""
    luck: Count = 0
    """Another number seeds all generators otherwise, to see what hangs on them."""
    counts: dict[str, tuple[str, ...]] = {}
    """What is to be measured, by the seed of the case."""
    arrays: bool = False
    """Whether the memory of NumPy's arrays is measured too."""
    refused: tuple[str, ...] = ()
    """Operators that are taken away before the code is loaded."""
    inputs: dict[str, str] = {}
    """What the cases call the inputs that they draw, by `line:column` of the drawing call."""
    masks: bool = False
    """Whether boolean inputs are reported, so that words can name the one that matters."""


class Reply(_Strict, tag="reply", frozen=True):
    """The parent's answer to `Open` or `Call`."""

    value: Node = None
    failure: Failure | None = None


class Walled(_Strict, tag="walled", frozen=True):
    """The first message, before any learner's code is read: which walls the child has put up."""

    standing: Words
    problem: Text = ""
    """Why one that was asked for could not be put up."""


class Began(_Strict, tag="began", frozen=True):
    """The learner's file has been run: its public names, and those asked for that it lacks."""

    found: Words
    missing: Words


class Broken(_Strict, tag="broken", frozen=True):
    """The learner's file did not get that far."""

    failure: Failure


class Open(_Strict, tag="open", frozen=True):
    """A case asks the parent for a hosted object."""

    name: str
    sizes: Dict


class Call(_Strict, tag="call", frozen=True):
    """A method of a hosted object is called."""

    handle: int
    method: str
    args: Tuple
    kwargs: Dict


class Observed(_Strict, tag="observed", frozen=True):
    """A case has ended, with a value or an exception."""

    index: int
    value: Node = None
    failure: Failure | None = None
    modified: Words = ()
    """Inputs that the code has written into."""
    weights: Annotated[tuple[tuple[Word, Shape], ...], Meta(max_length=10_000)] = ()
    masks: Annotated[tuple[tuple[Word, Array], ...], Meta(max_length=1000)] = ()
    """Boolean inputs by name, so that an explanation can speak of them."""
    ran: tuple[tuple[str, int], ...] = ()
    """Which of the watched names have run, with the line in the file or 0."""
    operators: int = 0
    """How many operators the recording saw."""
    recorded: bool = True
    """Whether the recording was whole."""
    spent: Annotated[tuple[tuple[Word, Count], ...], Meta(max_length=100)] = ()
    """What the case has cost, as far as it was to be measured."""
    measured: bool = True
    """Whether that measurement was whole."""
    meta: bool = False
    """Whether the inputs were on the meta device, where not every right answer can run."""


FromChild: TypeAlias = Walled | Began | Broken | Open | Call | Observed
ToChild: TypeAlias = Job | Reply

_encoder = msgspec.msgpack.Encoder()
_from_child: msgspec.msgpack.Decoder[FromChild] = msgspec.msgpack.Decoder(FromChild)
_to_child: msgspec.msgpack.Decoder[ToChild] = msgspec.msgpack.Decoder(ToChild)


class Malformed(Exception):
    """Bytes that are no message; the text says in what way."""


class ChannelClosed(Exception):
    """The other side is gone, perhaps in the middle of a message."""


class TimeIsUp(Exception):
    """No whole message by the deadline."""


def encode(value: Any, depth: int = 0) -> Node:
    """Turn a Python value into a node; what has no node becomes `Other`.

    Lists, tuples and dicts are read as what they are underneath, whatever their class says. Any
    other object that merely behaves like a value is described by its type's name. No method of
    a class that is not built in is called, and no type is asked whom it equals.
    """
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return value  # type: ignore[no-any-return]
    if kind is str or kind is np.str_:
        return _text(value)
    if kind is int:
        return value if -(2**63) <= value < 2**63 else Other("int beyond 64 bits")
    if kind is np.ndarray or any(kind is scalar for scalar in NUMPY_SCALARS):
        return _encode_array(np.asarray(value))
    if depth >= MAX_DEPTH:
        return Other("structure nested too deeply")
    if issubclass(kind, list):
        return List(tuple(encode(item, depth + 1) for item in list.__iter__(value)))
    if issubclass(kind, tuple):
        return Tuple(tuple(encode(item, depth + 1) for item in tuple.__iter__(value)))
    if issubclass(kind, dict):
        if not all(type(key) is str for key in dict.keys(value)):
            return Other("dict with keys that are not text")
        return Dict(tuple((_text(k), encode(v, depth + 1)) for k, v in dict.items(value)))
    if kind is Samples:
        draws = _joined(value.draws) if type(value.draws) is tuple else value.draws
        if type(draws) is tuple:
            return Sampled(_stack(tuple(encode(item, depth + 1) for item in draws)))
        return Sampled(encode(draws, depth + 1))
    return _encode_tensor(value, kind)


def _joined(draws: tuple[Any, ...]) -> Any:
    """Join tensors of one kind to one tensor, which is read far faster, or return the draws."""
    torch = sys.modules.get("torch")
    if torch is None or not draws or any(type(draw) is not torch.Tensor for draw in draws):
        return draws
    try:
        with torch._C.DisableTorchFunction():
            return _stacked(draws, torch)
    except (RuntimeError, TypeError, NotImplementedError):  # nested, quantized, of vmap, …
        return draws


def _stacked(draws: tuple[Any, ...], torch: Any) -> Any:
    kinds = {(draw.dtype, draw.shape, draw.device.type, draw.layout) for draw in draws}
    return torch.stack(draws).detach() if len(kinds) == 1 else draws


def _stack(draws: tuple[Node, ...]) -> Node:
    """Join arrays of one kind, or numbers, to one array; leave anything else as it is."""
    first = draws[0] if draws else None
    if all(type(draw) in (bool, int, float) for draw in draws):
        return _encode_array(np.asarray(draws, float))
    if isinstance(first, Array):
        kind = (first.library, first.dtype, first.shape)
        alike = [
            draw.data
            for draw in draws
            if isinstance(draw, Array) and (draw.library, draw.dtype, draw.shape) == kind
        ]
        if len(alike) == len(draws):
            return Array(*kind[:2], (len(draws), *first.shape), b"".join(alike))
    return Tuple(draws)


def _text(text: str) -> str:
    """Return a plain string, with lone surrogates replaced: UTF-8 has none."""
    return str.encode(text, "utf-8", "replace").decode()


def _type_name(kind: type) -> str:
    """Return a type's own name, even if its metaclass would give another."""
    name = type.__dict__["__name__"].__get__(kind)
    return _text(name)[:80]


def _encode_array(array: np.ndarray[Any, Any]) -> Node:
    if array.dtype.kind not in "biufc":
        what = {"O": "objects", "U": "text", "S": "bytes", "V": "records"}
        return Other(f"array of {what.get(array.dtype.kind, 'dates')}")
    name = array.dtype.name
    if name not in DTYPES:
        return Other(f"array of {name[:40]}")
    if array.nbytes > MAX_FRAME // 2:
        return Other(f"array of {array.nbytes / 1e9:.1f} GB")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return Array("numpy", name, array.shape, little.tobytes())


def _encode_tensor(value: Any, kind: type) -> Node:
    torch = sys.modules.get("torch")
    if torch is None or not (kind is torch.Tensor or kind is torch.nn.Parameter):
        return Other(_type_name(kind))
    try:
        with torch._C.DisableTorchFunction():  # a listener costs more than the reading
            return _read_tensor(value.detach(), torch)
    except (RuntimeError, TypeError, NotImplementedError):  # nested, named, of vmap, …
        return Other("Tensor that cannot be read")


def _read_tensor(tensor: Any, torch: Any) -> Node:
    if tensor.layout is not torch.strided or tensor.is_quantized:
        layout = "quantized" if tensor.is_quantized else str(tensor.layout).split(".")[-1]
        return Other(f"{layout} Tensor")
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in DTYPES:
        return Other(f"Tensor of {name[:40]}")
    shape = tuple(int(n) for n in tensor.shape)
    if tensor.device.type == "meta":
        return Array("meta", name, shape, b"")
    if tensor.device.type != "cpu":
        return Other(f"Tensor on {tensor.device.type}")
    size = tensor.numel() * DTYPES[name]
    if size > MAX_FRAME // 2:
        return Other(f"Tensor of {size / 1e9:.1f} GB")
    if not size:
        return Array("torch", name, shape, b"")
    plain = tensor.resolve_conj().resolve_neg() if tensor.is_conj() or tensor.is_neg() else tensor
    plain = plain.view(torch.int16) if name == "bfloat16" else plain  # NumPy lacks it
    return Array("torch", name, shape, torch._C.TensorBase.numpy(plain).tobytes())


def decode(node: Node) -> Any:
    """Turn a node back into a Python value; arrays of both libraries become NumPy arrays."""
    if isinstance(node, Array) and node.library != "meta":
        return to_numpy(node)[()]  # a scalar where there is no axis
    if isinstance(node, List):
        return [item if type(item) in LEAVES else decode(item) for item in node.items]
    if isinstance(node, Tuple):
        return tuple(decode(item) for item in node.items)
    if isinstance(node, Dict):
        return {key: decode(item) for key, item in node.items}
    if isinstance(node, Array | Sampled | Other):
        raise Malformed(f"a {type(node).__name__.lower()} node has no value here")
    return node


def to_numpy(array: Array) -> np.ndarray[Any, Any]:
    """Return the values as a NumPy array, bfloat16 widened to float32."""
    if array.dtype == "bfloat16":
        wide = np.frombuffer(array.data, "<u2").astype(np.uint32) << 16
        return wide.view(np.float32).reshape(array.shape)
    dtype = np.dtype(array.dtype).newbyteorder("<")
    return np.frombuffer(array.data, dtype).reshape(array.shape)


def _check(node: Node, depth: int = 0) -> None:
    """Refuse a node whose declared sizes are not what it carries."""
    if depth > MAX_DEPTH + 1:
        raise Malformed("nested too deeply")
    if isinstance(node, Array):
        _check_array(node)
    elif isinstance(node, List | Tuple):
        if node.items and depth > MAX_DEPTH:
            raise Malformed("nested too deeply")
        for item in node.items:
            if type(item) not in LEAVES:
                _check(item, depth + 1)
    elif isinstance(node, Dict):
        for _, item in node.items:
            _check(item, depth + 1)
    elif isinstance(node, Sampled):
        _check(node.draws, depth + 1)


def _check_array(array: Array) -> None:
    if array.dtype not in DTYPES:
        raise Malformed("unknown dtype")
    if math.prod(n for n in array.shape if n) >= 2**48:  # NumPy refuses it even when empty
        raise Malformed("impossible shape")
    size = 0 if array.library == "meta" else math.prod(array.shape) * DTYPES[array.dtype]
    if size != len(array.data):
        raise Malformed("an array whose bytes do not fill its shape")
    if array.dtype == "bool" and array.data.translate(None, b"\0\1"):
        raise Malformed("a truth value that is neither")


def _parse(data: bytes, from_child: bool) -> FromChild | ToChild:
    try:
        if len(data) > SMALL:
            _check_count(data)
        message = (_from_child if from_child else _to_child).decode(data)
        nodes: tuple[Node, ...] = ()
        if isinstance(message, Observed):
            nodes = (message.value, *(mask for _, mask in message.masks))
        elif isinstance(message, Call):
            nodes = (message.args, message.kwargs)
        elif isinstance(message, Open):
            nodes = (message.sizes,)
        for node in nodes:
            _check(node)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed("".join(filter(str.isprintable, str(error)))[:200]) from None
    return message


def _tail(first: int) -> int:
    """Return how many bytes follow the first one of a MessagePack value, items of their own apart.

    Where a length comes first, return minus the number of bytes that hold it.
    """
    lengths = {0xC4: -1, 0xC5: -2, 0xC6: -4, 0xD9: -1, 0xDA: -2, 0xDB: -4}  # of bytes and text
    numbers = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2}
    sizes = {0xD2: 4, 0xD3: 8, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}  # and numbers
    short_text = {n: n - 0xA0 for n in range(0xA0, 0xC0)}
    return (lengths | numbers | sizes | short_text).get(first, 0)


TAILS: Final = tuple(_tail(first) for first in range(256))


def _check_count(data: bytes) -> None:
    """Refuse a message of too many values, before any of them takes up memory."""
    at = count = 0
    while at < len(data):
        tail = TAILS[data[at]]
        at += 1
        if tail < 0:
            at += int.from_bytes(data[at : at - tail], "big")
        at += abs(tail)
        count += 1
        if count > MAX_VALUES:
            raise Malformed(f"a message of more than {MAX_VALUES} values")


class Channel:
    """One end of a two-way byte stream that carries messages; owns its file descriptors."""

    def __init__(self, read_fd: int, write_fd: int, *, reads_child: bool) -> None:
        self.read_fd = read_fd
        self.write_fd = write_fd
        self._reads_child = reads_child
        self._buffer = bytearray()
        self.received = 0
        """Bytes of all messages that were read."""

    def send(self, message: FromChild | ToChild, deadline: float | None = None) -> None:
        """Write one message; with a deadline, never wait longer for a reader that has stopped."""
        try:
            data = _encoder.encode(message)
        except (UnicodeEncodeError, RecursionError, OverflowError) as error:
            raise Malformed(f"a message that cannot be written: {type(error).__name__}") from None
        if len(data) > MAX_FRAME:
            raise Malformed(f"a message of {len(data) / 1e6:.0f} MB")
        if len(data) > SMALL:
            _check_count(data)
        rest = memoryview(len(data).to_bytes(8, "little") + data)
        try:
            while rest:
                piece = rest
                if deadline is not None:
                    _wait(self.write_fd, WRITABLE, deadline)
                    piece = rest[:PIECE]
                try:
                    rest = rest[os.write(self.write_fd, piece) :]
                except BlockingIOError:
                    _wait(self.write_fd, WRITABLE, deadline)
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def receive(self, deadline: float | None = None) -> Any:
        """Read one message, waiting until `deadline` on the monotonic clock."""
        size = int.from_bytes(self._exactly(8, deadline), "little")
        if size > MAX_FRAME:
            raise Malformed(f"a message of {size / 1e6:.0f} MB")
        self.received += size
        return _parse(self._exactly(size, deadline), self._reads_child)

    def ready(self, seconds: float) -> None:
        """Wait for the single byte with which a fresh child says that it has warmed up."""
        self._exactly(1, time.monotonic() + seconds)

    def _exactly(self, n: int, deadline: float | None) -> bytes:
        while len(self._buffer) < n:
            try:
                if deadline is not None:
                    _wait(self.read_fd, READABLE, deadline)
                piece = os.read(self.read_fd, min(max(n - len(self._buffer), 2**12), 2**20))
            except BlockingIOError:
                _wait(self.read_fd, READABLE, deadline)
                continue
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if not piece:
                raise ChannelClosed("end of stream")
            self._buffer += piece
        with memoryview(self._buffer) as view:
            taken = bytes(view[:n])
        del self._buffer[:n]
        return taken

    def close(self) -> None:
        """Close both descriptors, once."""
        for fd in {self.read_fd, self.write_fd}:
            if fd >= 0:
                os.close(fd)
        self.read_fd = self.write_fd = -1


def _wait(fd: int, event: int, deadline: float | None) -> None:
    """Wait until a descriptor is ready; unlike select, poll takes descriptors beyond 1023."""
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        raise TimeIsUp
    poll = select.poll()
    poll.register(fd, event)
    if not poll.poll(None if left is None else math.ceil(left * 1000)):
        raise TimeIsUp
