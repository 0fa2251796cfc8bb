"""What crosses the pipes between the engine and the learner's process, and nothing else.

A message is eight bytes of length and that many bytes of MessagePack, decoded by msgspec into
the exact types below. Nothing in it can name code to run, and every size is checked before use.
"""

from __future__ import annotations

import math
import os
import select
import time
from typing import Any, Final, Literal, TypeAlias

import msgspec
import numpy as np

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

DTYPES: Final = {
    "bool": 1, "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint16": 2,
    "uint32": 4, "uint64": 8, "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8,
    "complex64": 8, "complex128": 16,
}  # fmt: skip


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node or message: immutable, and refused when it has a field that it should not."""


class Array(_Strict, tag="array", frozen=True):
    """A dense array: raw little-endian values in C order."""

    library: Literal["numpy", "torch", "meta"]
    """The last is a tensor on the meta device, which has shape and dtype and no values."""
    dtype: str
    shape: tuple[int, ...]
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

    name: str


Scalar: TypeAlias = None | bool | int | float | str
Node: TypeAlias = None | bool | int | float | str | Array | List | Tuple | Dict | Sampled | Other


class Step(_Strict, frozen=True):
    """One frame of a traceback, in the learner's file."""

    line: int
    function: str


class Failure(_Strict, frozen=True):
    """An exception: its class with all its bases, its message and its way through the file."""

    kinds: tuple[str, ...]
    message: str
    steps: tuple[Step, ...] = ()
    caret: tuple[int, int] | None = None
    """Line and column, for a syntax error."""


class Job(_Strict, tag="job", frozen=True):
    """What a child is told: the code, the cases as source, and which of them to run."""

    source: str
    filename: str
    cases: str
    runs: tuple[tuple[str, str, Dict], ...]
    """Seed, function and sizes of each case."""
    wants: tuple[str, ...] = ()
    """Public names that the cases use."""
    nudge: bool = False
    """Whether every input is off by a rounding error, to see how far the result moves."""


class Reply(_Strict, tag="reply", frozen=True):
    """The parent's answer to `Open` or `Call`."""

    value: Node = None
    failure: Failure | None = None


class Walled(_Strict, tag="walled", frozen=True):
    """The first message, before any learner's code is read: which walls the child has put up."""

    standing: tuple[str, ...]
    problem: str = ""
    """Why one that was asked for could not be put up."""


class Began(_Strict, tag="began", frozen=True):
    """The learner's file has been run: its public names, and those asked for that it lacks."""

    found: tuple[str, ...]
    missing: tuple[str, ...]


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
    modified: tuple[str, ...] = ()
    """Inputs that the code has written into."""
    weights: tuple[tuple[str, tuple[int, ...]], ...] = ()
    masks: tuple[tuple[str, Array], ...] = ()
    """Boolean inputs by name, so that an explanation can speak of them."""
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

    Only exact built-in types, NumPy arrays and dense tensors pass: an object that merely behaves
    like one is described by its type's name and never asked anything.
    """
    kind = type(value)
    if value is None or kind in (bool, float, str):
        return _text(value) if kind is str else value  # type: ignore[no-any-return]
    if kind is int:
        return value if -(2**63) <= value < 2**63 else Other("int beyond 64 bits")
    if depth >= MAX_DEPTH:
        return Other("structure nested too deeply")
    if kind is list:
        return List(tuple(encode(item, depth + 1) for item in value))
    if kind is tuple:
        return Tuple(tuple(encode(item, depth + 1) for item in value))
    if isinstance(value, dict) and all(type(key) is str for key in dict.keys(value)):
        return Dict(tuple((_text(k), encode(v, depth + 1)) for k, v in dict.items(value)))
    if kind.__name__ == "Samples" and kind.__module__ == "dojo.kata":
        return Sampled(_stack(tuple(encode(item, depth + 1) for item in value.draws)))
    if kind is np.ndarray or isinstance(value, np.generic):
        return _encode_array(np.asarray(value))
    return _encode_tensor(value, kind)


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
    """Replace lone surrogates, which cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _encode_array(array: np.ndarray[Any, Any]) -> Node:
    name = array.dtype.name
    if name not in DTYPES:
        return Other(f"array of {name[:40]}")
    if array.nbytes > MAX_FRAME // 2:
        return Other(f"array of {array.nbytes / 1e9:.1f} GB")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return Array("numpy", name, array.shape, little.tobytes())


def _encode_tensor(value: Any, kind: type) -> Node:
    import sys

    torch = sys.modules.get("torch")
    if torch is None or kind not in (torch.Tensor, torch.nn.Parameter):
        return Other(kind.__name__[:80])
    tensor = value.detach()
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return Other(f"{str(tensor.layout).removeprefix('torch.')} Tensor"[:80])
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in DTYPES:
        return Other(f"Tensor of {name[:40]}")
    if tensor.device.type == "meta":
        return Array("meta", name, tuple(int(n) for n in tensor.shape), b"")
    if tensor.device.type != "cpu":
        return Other(f"Tensor on {tensor.device.type}")
    if tensor.numel() * DTYPES[name] > MAX_FRAME // 2:
        return Other(f"Tensor of {tensor.numel() * DTYPES[name] / 1e9:.1f} GB")
    tensor = tensor.resolve_conj().resolve_neg().contiguous()
    shape = tuple(int(n) for n in tensor.shape)
    if tensor.numel() == 0:
        return Array("torch", name, shape, b"")
    raw = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
    return Array("torch", name, shape, raw)


def decode(node: Node) -> Any:
    """Turn a node back into a Python value; arrays of both libraries become NumPy arrays."""
    if isinstance(node, Array):
        return to_numpy(node)[()]  # a scalar where there is no axis
    if isinstance(node, List):
        return [decode(item) for item in node.items]
    if isinstance(node, Tuple):
        return tuple(decode(item) for item in node.items)
    if isinstance(node, Dict):
        return {key: decode(item) for key, item in node.items}
    if isinstance(node, Sampled | Other):
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
        if node.dtype not in DTYPES:
            raise Malformed("unknown dtype")
        if len(node.shape) > 16 or any(n < 0 for n in node.shape):
            raise Malformed("impossible shape")
        size = 0 if node.library == "meta" else math.prod(node.shape) * DTYPES[node.dtype]
        if size != len(node.data):
            raise Malformed("an array whose bytes do not fill its shape")
    elif isinstance(node, List | Tuple):
        for item in node.items:
            _check(item, depth + 1)
    elif isinstance(node, Dict):
        for _, item in node.items:
            _check(item, depth + 1)
    elif isinstance(node, Sampled):
        _check(node.draws, depth + 1)


def _parse(data: bytes, from_child: bool) -> FromChild | ToChild:
    try:
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
        raise Malformed(str(error)[:200]) from None
    return message


class Channel:
    """One end of a two-way byte stream that carries messages; owns its file descriptors."""

    def __init__(self, read_fd: int, write_fd: int, *, reads_child: bool) -> None:
        self.read_fd = read_fd
        self.write_fd = write_fd
        self._reads_child = reads_child
        self._buffer = bytearray()

    def send(self, message: FromChild | ToChild, deadline: float | None = None) -> None:
        """Write one message; with a deadline, never wait longer for a reader that has stopped."""
        data = _encoder.encode(message)
        if len(data) > MAX_FRAME:
            raise Malformed(f"a message of {len(data) / 1e6:.0f} MB")
        rest = memoryview(len(data).to_bytes(8, "little") + data)
        try:
            while rest:
                if deadline is not None:
                    wait = deadline - time.monotonic()
                    if wait <= 0 or not select.select([], [self.write_fd], [], wait)[1]:
                        raise TimeIsUp
                try:
                    rest = rest[os.write(self.write_fd, rest) :]
                except BlockingIOError:
                    continue
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def receive(self, deadline: float | None = None) -> Any:
        """Read one message, waiting until `deadline` on the monotonic clock."""
        size = int.from_bytes(self._exactly(8, deadline), "little")
        if size > MAX_FRAME:
            raise Malformed(f"a message of {size / 1e6:.0f} MB")
        return _parse(self._exactly(size, deadline), self._reads_child)

    def ready(self, seconds: float) -> None:
        """Wait for the single byte with which a fresh child says that it has warmed up."""
        self._exactly(1, time.monotonic() + seconds)

    def _exactly(self, n: int, deadline: float | None) -> bytes:
        while len(self._buffer) < n:
            if deadline is not None:
                wait = deadline - time.monotonic()
                if wait <= 0 or not select.select([self.read_fd], [], [], wait)[0]:
                    raise TimeIsUp
            try:
                piece = os.read(self.read_fd, min(max(n - len(self._buffer), 2**12), 2**20))
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if not piece:
                raise ChannelClosed("end of stream")
            self._buffer += piece
        taken = bytes(self._buffer[:n])
        del self._buffer[:n]
        return taken

    def close(self) -> None:
        """Close both descriptors, once."""
        for fd in {self.read_fd, self.write_fd}:
            if fd >= 0:
                os.close(fd)
        self.read_fd = self.write_fd = -1
