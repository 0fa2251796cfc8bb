"""What a kata forbids: read from the source, and the operators by which it betrays itself.

Nothing here runs the source or imports torch. The reading is policy, not a wall: what it cannot
decide is reported as uncertain, for a person to look at, and `watch` sees what really ran.
"""

from __future__ import annotations

import ast
import re
import time
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeGuard

from dojo import syntax

__all__ = ["Use", "equivalents", "forbidden_operators", "scan"]

MAX_CHARACTERS: Final = 2**18
MAX_STEPS: Final = 600_000
MAX_SECONDS: Final = 3.0
MAX_USES: Final = 50
MAX_DEPTH: Final = 40
MAX_STRING: Final = 200
WIDTH: Final = 60


@dataclass(frozen=True)
class Use:
    """A place in a file that uses what is forbidden, or may do so."""

    line: int
    name: str
    """The forbidden public name; empty where it cannot be told which one."""
    how: str
    """The text as written, short and printable."""
    certain: bool


@dataclass(frozen=True)
class _Family:
    """Public names that do the same exercise, and the operators that they reach.

    Operators stand as the profiler shows them, without `aten::`; `watch` explains the prefixes.
    """

    names: str
    operators: str = ""
    covers: str = ""
    """Families that do this exercise with one step more."""


# `F.` is torch.nn.functional, `T.` torch.Tensor, `nn.` torch.nn; a name without a dot is torch's.
_FAMILIES: Final[Mapping[str, _Family]] = {
    "softmax": _Family(
        "softmax T.softmax F.softmax F.softmin F.gumbel_softmax special.softmax sparse.softmax "
        "nn.Softmax nn.Softmin nn.Softmax2d _softmax _safe_softmax _masked_softmax "
        "scipy.special.softmax",
        "softmax _softmax _safe_softmax _masked_softmax special_softmax _sparse_softmax "
        "_scaled_dot_product_attention_math _scaled_dot_product_flash_attention "
        "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention "
        "_scaled_dot_product_cudnn_attention _scaled_dot_product_fused_attention_overrideable "
        "_native_multi_head_attention gradient:LogsumexpBackward0 "
        "gradient:LogcumsumexpBackward0 tangent:logsumexp tangent:logcumsumexp",
        "log_softmax",
    ),
    "log_softmax": _Family(
        "log_softmax T.log_softmax F.log_softmax special.log_softmax sparse.log_softmax "
        "nn.LogSoftmax _log_softmax scipy.special.log_softmax",
        "log_softmax _log_softmax special_log_softmax _sparse_log_softmax",
    ),
    "logsumexp": _Family(
        "logsumexp T.logsumexp special.logsumexp scipy.special.logsumexp",
        "logsumexp special_logsumexp",
    ),
    "attention": _Family(
        "F.scaled_dot_product_attention nn.attention.flex_attention.flex_attention "
        "_scaled_dot_product_attention_math _scaled_dot_product_flash_attention "
        "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention",
        "scaled_dot_product_attention _scaled_dot_product_attention_math "
        "_scaled_dot_product_flash_attention _scaled_dot_product_flash_attention_for_cpu "
        "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention "
        "_scaled_dot_product_fused_attention_overrideable",
        "multi_head_attention",
    ),
    "multi_head_attention": _Family(
        "nn.MultiheadAttention F.multi_head_attention_forward _native_multi_head_attention",
        "_native_multi_head_attention _transform_bias_rescale_qkv "
        "call:torch.nn.functional.multi_head_attention_forward",
        "transformer",
    ),
    "transformer": _Family(
        "nn.Transformer nn.TransformerEncoder nn.TransformerDecoder nn.TransformerEncoderLayer "
        "nn.TransformerDecoderLayer _transformer_encoder_layer_fwd",
        "_transformer_encoder_layer_fwd",
    ),
    "lstm": _Family(
        "nn.LSTM nn.LSTMCell lstm lstm_cell",
        "lstm lstm_cell mkldnn_rnn_layer _thnn_fused_lstm_cell _lstm_mps _cudnn_rnn",
    ),
    "gru": _Family("nn.GRU nn.GRUCell gru gru_cell", "gru gru_cell _thnn_fused_gru_cell"),
    "rnn": _Family(
        "nn.RNN nn.RNNCell rnn_tanh rnn_relu rnn_tanh_cell rnn_relu_cell",
        "rnn_tanh rnn_relu rnn_tanh_cell rnn_relu_cell",
    ),
    "layer_norm": _Family(
        "layer_norm F.layer_norm nn.LayerNorm native_layer_norm group_norm F.group_norm "
        "nn.GroupNorm native_group_norm instance_norm F.instance_norm nn.InstanceNorm1d "
        "nn.InstanceNorm2d nn.InstanceNorm3d batch_norm F.batch_norm nn.BatchNorm1d "
        "nn.BatchNorm2d nn.BatchNorm3d nn.SyncBatchNorm native_batch_norm",
        "layer_norm native_layer_norm group_norm native_group_norm instance_norm batch_norm "
        "native_batch_norm _batch_norm_impl_index _native_batch_norm_legit "
        "_batch_norm_with_update _batch_norm_no_update cudnn_batch_norm",
    ),
    "rms_norm": _Family(
        "rms_norm F.rms_norm nn.RMSNorm _fused_rms_norm", "rms_norm _fused_rms_norm"
    ),
    "dropout": _Family(
        "dropout dropout_ F.dropout F.dropout1d F.dropout2d F.dropout3d F.alpha_dropout "
        "F.feature_alpha_dropout nn.Dropout nn.Dropout1d nn.Dropout2d nn.Dropout3d "
        "nn.AlphaDropout nn.FeatureAlphaDropout native_dropout feature_dropout alpha_dropout "
        "feature_alpha_dropout _fused_dropout",
        "dropout dropout_ native_dropout feature_dropout feature_dropout_ alpha_dropout "
        "alpha_dropout_ feature_alpha_dropout _fused_dropout",
    ),
    "cross_entropy": _Family(
        "F.cross_entropy nn.CrossEntropyLoss F.nll_loss nn.NLLLoss nn.NLLLoss2d",
        "cross_entropy_loss nll_loss nll_loss_nd nll_loss_forward nll_loss2d " "nll_loss2d_forward",
    ),
    "binary_cross_entropy": _Family(
        "F.binary_cross_entropy F.binary_cross_entropy_with_logits nn.BCELoss "
        "nn.BCEWithLogitsLoss binary_cross_entropy_with_logits "
        "F.multilabel_soft_margin_loss nn.MultiLabelSoftMarginLoss",
        "binary_cross_entropy binary_cross_entropy_with_logits "
        "call:torch.nn.functional.multilabel_soft_margin_loss",
    ),
    "kl_div": _Family(
        "kl_div F.kl_div nn.KLDivLoss distributions.kl_divergence "
        "distributions.kl.kl_divergence scipy.special.kl_div scipy.special.rel_entr",
        "kl_div",
    ),
    "mse_loss": _Family("F.mse_loss nn.MSELoss", "mse_loss"),
    "l1_loss": _Family("F.l1_loss nn.L1Loss", "l1_loss"),
    "huber_loss": _Family(
        "F.huber_loss F.smooth_l1_loss nn.HuberLoss nn.SmoothL1Loss", "huber_loss smooth_l1_loss"
    ),
    "triplet_loss": _Family(
        "F.triplet_margin_loss F.triplet_margin_with_distance_loss triplet_margin_loss "
        "nn.TripletMarginLoss nn.TripletMarginWithDistanceLoss",
        "triplet_margin_loss call:torch.nn.functional.triplet_margin_with_distance_loss",
    ),
    "ctc_loss": _Family("ctc_loss F.ctc_loss nn.CTCLoss", "ctc_loss _ctc_loss _cudnn_ctc_loss"),
    "gelu": _Family("F.gelu nn.GELU", "gelu gelu_"),
    "silu": _Family("F.silu nn.SiLU", "silu silu_"),
    "softplus": _Family("F.softplus nn.Softplus", "softplus"),
    "logsigmoid": _Family("F.logsigmoid nn.LogSigmoid", "log_sigmoid log_sigmoid_forward"),
    "glu": _Family("F.glu nn.GLU", "glu"),
    "relu": _Family("relu relu_ T.relu T.relu_ F.relu F.relu_ nn.ReLU", "direct:relu direct:relu_"),
    "sigmoid": _Family(
        "sigmoid sigmoid_ T.sigmoid T.sigmoid_ F.sigmoid nn.Sigmoid special.expit "
        "scipy.special.expit",
        "direct:sigmoid direct:sigmoid_ direct:special_expit",
    ),
    "embedding": _Family(
        "embedding F.embedding nn.Embedding embedding_bag F.embedding_bag nn.EmbeddingBag",
        "embedding embedding_bag _embedding_bag _embedding_bag_forward_only",
    ),
    "linear": _Family("F.linear nn.Linear nn.LazyLinear", "direct:linear"),
    "convolution": _Family(
        "conv1d conv2d conv3d F.conv1d F.conv2d F.conv3d nn.Conv1d nn.Conv2d nn.Conv3d "
        "convolution conv_transpose1d conv_transpose2d conv_transpose3d F.conv_transpose1d "
        "F.conv_transpose2d F.conv_transpose3d nn.ConvTranspose1d nn.ConvTranspose2d "
        "nn.ConvTranspose3d mkldnn_convolution",
        "convolution _convolution convolution_overrideable mkldnn_convolution thnn_conv2d "
        "_slow_conv2d_forward slow_conv3d",
    ),
    "max_pool": _Family(
        "max_pool1d max_pool2d max_pool3d F.max_pool1d F.max_pool2d F.max_pool3d "
        "F.max_pool1d_with_indices F.max_pool2d_with_indices F.max_pool3d_with_indices "
        "max_pool1d_with_indices F.adaptive_max_pool1d F.adaptive_max_pool2d "
        "nn.MaxPool1d nn.MaxPool2d nn.MaxPool3d nn.AdaptiveMaxPool1d nn.AdaptiveMaxPool2d",
        "max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices "
        "max_pool3d_with_indices adaptive_max_pool2d mkldnn_max_pool2d",
    ),
    "im2col": _Family("F.unfold nn.Unfold", "im2col"),
    "cosine_similarity": _Family(
        "cosine_similarity F.cosine_similarity nn.CosineSimilarity F.cosine_embedding_loss "
        "nn.CosineEmbeddingLoss",
        "cosine_similarity cosine_embedding_loss",
    ),
    "clip_grad": _Family(
        "nn.utils.clip_grad_norm_ nn.utils.clip_grad_norm nn.utils.get_total_norm "
        "nn.utils.clip_grads_with_norm_",
        "_foreach_norm",
    ),
    "checkpoint": _Family("utils.checkpoint.checkpoint utils.checkpoint.checkpoint_sequential"),
    "adam": _Family("optim.Adam optim.AdamW optim.NAdam optim.RAdam optim.Adamax optim.adam.adam"),
    "sgd": _Family("optim.SGD optim.sgd.sgd"),
    "adagrad": _Family("optim.Adagrad optim.RMSprop optim.Adadelta"),
    "average": _Family("optim.swa_utils.AveragedModel optim.swa_utils.get_ema_multi_avg_fn"),
}

_SILENT: Final = frozenset(
    {"multi_head_attention", "transformer", "adam", "sgd", "adagrad", "average", "checkpoint"}
)
"""Families whose classes may do their work by operators that honest code reaches as well."""

_SHORT: Final = {"F": "torch.nn.functional", "T": "torch.Tensor", "nn": "torch.nn"}
_BESIDE_TORCH: Final = ("scipy", "numpy", "torch")
_HOLDERS: Final = (
    # the same things by other roads
    ("torch.functional", "torch"),
    ("torch._VF", "torch"),
    ("torch._C._VariableFunctions", "torch"),
    ("torch._C._nn", "torch.nn.functional"),
    ("torch._C.TensorBase", "torch.Tensor"),
    ("torch._C._TensorBase", "torch.Tensor"),
    ("torch._tensor.Tensor", "torch.Tensor"),
    ("torch.nn.Parameter", "torch.Tensor"),
    ("torch.nn.parameter.Parameter", "torch.Tensor"),
    ("torch._nn_functional", "torch.nn.functional"),
    ("scipy.linalg", "numpy.linalg"),
)
_OPAQUE: Final = (
    "torch.jit", "torch.compile", "torch.ops", "torch._C", "torch._VF", "torch.classes",
    "torch._dynamo", "torch._refs", "torch._decomp", "torch._prims", "torch._inductor",
    "torch.export", "torch.utils.cpp_extension", "torch.autograd.profiler", "torch.profiler",
    "torch.autograd.Variable._execution_engine", "torch.autograd.graph._engine_run_backward",
    "ctypes", "cffi", "importlib", "runpy", "pickle", "marshal", "code", "builtins",
    "gc.get_objects", "gc.get_referrers", "gc.get_referents", "inspect.currentframe",
    "inspect.stack", "threading", "_thread", "multiprocessing", "concurrent.futures", "sys.modules",
    "sys._getframe", "sys.setprofile", "sys.settrace", "types.FunctionType", "types.CodeType",
)  # fmt: skip
"""Roads whose end cannot be read from the text."""
_RUNNERS: Final = ("exec", "eval", "compile", "__import__")
_SCOPES: Final = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
_COMMON_METHODS: Final = frozenset(
    name for kind in (list, dict, str, set, bytes, tuple, int, float) for name in dir(kind)
)


def _spell(short: str) -> str:
    """Return the full public name of the table's short one."""
    head, _, rest = short.partition(".")
    if head in _SHORT:
        return f"{_SHORT[head]}.{rest}"
    return short if head in _BESIDE_TORCH else f"torch.{short}"


def _canonical(path: str) -> str:
    """Return one name for what several modules of a library show under several."""
    path = re.sub(r"^torch\..*\.torch\.", "torch.", path)  # torch.nn.functional.torch.softmax
    path = re.sub(r"\.(__dict__|__wrapped__|__call__)(?=\.|$)", "", path)
    path = re.sub(r"^torch\.nn\.(.*\.)?F\.", "torch.nn.functional.", path)
    for prefix, instead in _HOLDERS:
        if path.startswith(f"{prefix}."):
            path = instead + path[len(prefix) :]
    for module in ("special", "linalg", "fft", "sparse"):
        path = re.sub(rf"^torch\._C\._{module}\.(?:_?{module}_)?", f"torch.{module}.", path)
    leaf = path.rsplit(".", 1)[-1]
    if path.startswith("torch.nn.modules."):
        return f"torch.nn.{leaf}"
    if (
        re.match(r"torch\.(nn\.utils\.[a-z_]\w*\.|optim\.[a-z_]\w*\.[A-Z])", path)
        and "torch.optim.swa" not in path
    ):
        return f"{'.'.join(path.split('.')[: -2])}.{leaf}"
    return path


def _closure(name: str) -> tuple[str, ...]:
    """Return the families that a forbidden name stands for."""
    todo = [key for key, family in _FAMILIES.items() if name in map(_spell, family.names.split())]
    found: list[str] = []
    while todo:
        key = todo.pop(0)
        if key not in found:
            found.append(key)
            todo += _FAMILIES[key].covers.split()
    return tuple(found)


def equivalents(forbids: Sequence[str], allows: Sequence[str] = ()) -> dict[str, str]:
    """Return every public name that is as good as a forbidden one, with the forbidden one."""
    lifted = _lifted(forbids, allows)
    leaves = {name.rsplit(".", 1)[-1] for name in allows}
    direct = {_canonical(name): name for name in forbids}
    found = dict(direct)
    for name, public in direct.items():
        for key in _closure(name):
            if key in lifted:
                continue
            for short in _FAMILIES[key].names.split():
                found.setdefault(_canonical(_spell(short)), public)
    return {n: public for n, public in found.items() if n.rsplit(".", 1)[-1] not in leaves}


def _lifted(forbids: Sequence[str], allows: Sequence[str]) -> frozenset[str]:
    """Return the families that a kata allows as a whole, though a relative is forbidden."""
    kept = {key for name in forbids for key in _closure(_canonical(name))[:1]}
    return frozenset(key for name in allows for key in _closure(_canonical(name))[:1]) - kept


def forbidden_operators(forbids: Sequence[str], allows: Sequence[str] = ()) -> dict[str, str]:
    """Return what a run must not show, each with the public name that betrays itself by it.

    Names are the profiler's (`aten::_softmax`), or begin with a word that `watch` explains:
    `direct:`, `gradient:`, `tangent:`, `call:` and `module:`.
    """
    lifted = _lifted(forbids, allows)
    found: dict[str, str] = {}
    for name in forbids:
        families = _closure(_canonical(name))
        shown = [op for key in families if key not in lifted for op in _operators_of(key)]
        for operator in shown if families else _guess(_canonical(name)):
            found.setdefault(_operator(operator), name)
    for name, public in equivalents(forbids, allows).items():
        is_class = re.match(r"torch\.(nn|optim)\.[A-Z]\w*$", name)
        if is_class and not set(_closure(name)[:1]) - _SILENT:
            found.setdefault(f"module:{name}", public)
    return {key: public for key, public in found.items() if not _is_allowed(key, allows, lifted)}


def _is_allowed(key: str, allows: Sequence[str], lifted: Collection[str]) -> bool:
    """Whether an operator is one that an allowed function reaches."""
    if any(key == _operator(op) for family in lifted for op in _operators_of(family)):
        return True
    leaves = (name.rsplit(".", 1)[-1] for name in allows)
    stem = key.rsplit(":", 1)[-1]
    return any(
        re.fullmatch(rf"_?{re.escape(leaf)}(_nd|_forward|2d_forward)?", stem) for leaf in leaves
    )


def _operators_of(family: str) -> list[str]:
    return _FAMILIES[family].operators.split()


def _operator(short: str) -> str:
    kind, colon, name = short.rpartition(":")
    if kind in ("gradient", "call", "module"):
        return short
    return f"{kind}{colon}aten::{name}"


def _guess(name: str) -> list[str]:
    """Return the operators of a function that no family lists: its own, called directly."""
    match = re.match(r"torch\.(?:(Tensor|nn\.functional|linalg|special|fft)\.)?([a-z]\w*)$", name)
    if match is None:
        return []
    module, leaf = match.groups()
    stem = leaf if module in (None, "Tensor", "nn.functional") else f"{module}_{leaf}"
    return [f"direct:{stem}", f"direct:{stem.removesuffix('_')}_", f"call:{name}"]


def scan(source: str, forbids: Sequence[str], allows: Sequence[str] = ()) -> tuple[Use, ...]:
    """Return where a source uses what is forbidden; nothing if it does not parse."""
    if not forbids:
        return ()
    if len(source) > MAX_CHARACTERS:
        return (Use(1, "", "the file is too long to be read for forbidden calls", False),)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes: the child will say so
            tree = syntax.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return ()
    rules = _Rules.of(forbids, allows)
    try:
        return tuple(_Reader(source, rules, _Limit()).read(tree))
    except (_TooMuch, RecursionError):
        return (Use(1, "", "the file is too tangled to be read for forbidden calls", False),)


class _TooMuch(Exception):
    """The reading would take too long."""


@dataclass
class _Limit:
    """A bound on steps and on time, whichever comes first."""

    left: int = MAX_STEPS
    end: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)

    def step(self) -> None:
        self.left -= 1
        if self.left < 0 or (self.left % 256 == 0 and time.monotonic() > self.end):
            raise _TooMuch


@dataclass(frozen=True)
class _Rules:
    """What is forbidden, arranged for looking up."""

    names: Mapping[str, str]
    operators: Mapping[str, str]
    methods: Mapping[str, str]
    """Methods of tensors, by their own name."""
    maybe_methods: Mapping[str, str]
    """Methods that lists or other objects may have as well."""
    leaves: Mapping[str, str]

    @classmethod
    def of(cls, forbids: Sequence[str], allows: Sequence[str]) -> _Rules:
        names = equivalents(forbids, allows)
        operators = {}
        for key, public in forbidden_operators(forbids, allows).items():
            _, _, name = key.rpartition("aten::")
            if "aten::" in key:
                operators[name] = public
        methods, maybe, leaves = {}, {}, {}
        for name, public in names.items():
            holder, _, leaf = name.rpartition(".")
            if holder == "torch.Tensor":
                methods[leaf] = public
            elif holder == "torch" and not _closure(name) and leaf not in _COMMON_METHODS:
                maybe[leaf] = public
            leaves[leaf] = public
        return cls(names, operators, methods, maybe, leaves)

    def of_path(self, path: str) -> tuple[str, bool] | None:
        """Return the forbidden name that a dotted path stands for, and whether that is certain."""
        found = self._exact(path)
        if found is not None:
            return found
        library, _, _ = path.partition(".")
        leaf = path.rsplit(".", 1)[-1]
        public = self.leaves.get(leaf)
        if public is None or not public.startswith(f"{library}."):
            return None
        if library != "torch":
            return public, leaf[:1].isupper()  # transformers.generation.utils.GenerationMixin
        return public, False

    def _exact(self, path: str) -> tuple[str, bool] | None:
        if path.startswith("torch.ops."):
            parts = path.split(".")
            public = self.operators.get(parts[3]) if len(parts) > 3 else None
            return (public, True) if public else None
        name = _canonical(path)
        if name in self.names:
            return self.names[name], True
        parts = name.split(".")
        if len(parts) > 3 and ".".join(parts[:-1]) in self.names:
            return self.names[".".join(parts[:-1])], True  # torch.nn.LSTM.forward
        if path.startswith(("torch._C.", "torch._VF.")) and parts[-1] in self.operators:
            return self.operators[parts[-1]], True
        return None


class _Text(NamedTuple):
    """A string known before the run; plain if one need not compute to know it."""

    value: str
    plain: bool


@dataclass
class _Scope:
    """The names that one function, class or module binds."""

    parent: _Scope | None
    is_class: bool = False
    own: dict[str, int] = field(default_factory=dict)
    """Names bound to something of the file's own, with the last line that does so."""
    paths: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """Names bound to something of a library."""
    imported: set[str] = field(default_factory=set)
    values: dict[str, ast.expr] = field(default_factory=dict)
    """Names bound once, to an expression."""
    elsewhere: set[str] = field(default_factory=set)
    """Names that `global` and `nonlocal` lend."""

    def holder(self, name: str) -> _Scope | None:
        """Return the scope that a name belongs to, as Python looks it up."""
        scope: _Scope | None = self
        first = True
        while scope is not None:
            visible = first or not scope.is_class
            if (
                visible
                and name not in scope.elsewhere
                and (name in scope.own or name in scope.paths)
            ):
                return scope
            scope, first = scope.parent, False
        return None


class _Reader:
    """Reads one tree: first what every name is bound to, then what is used."""

    def __init__(self, source: str, rules: _Rules, limit: _Limit) -> None:
        self.lines = re.split(r"\r\n|\r|\n", source)
        self.rules = rules
        self.limit = limit
        self.scopes = [_Scope(None)]
        self.defaults: list[tuple[_Scope, ast.arg, ast.expr, _Scope]] = []
        self.stars: list[str] = []
        self.members: set[str] = set()
        """Methods and attributes that the file itself defines."""
        self.nodes: list[tuple[ast.AST, _Scope]] = []
        self.called: set[int] = set()
        self.uses: dict[tuple[int, str, str], Use] = {}

    def read(self, tree: ast.Module) -> list[Use]:
        """Return all uses in the order of lines."""
        self._collect(tree)
        for _ in range(3):  # f = torch; g = f.nn; h = g.functional
            before = self._n_paths()
            self._bind_values()
            if self._n_paths() == before:
                break
        for node, scope in self.nodes:
            if len(self.uses) < MAX_USES:
                self.limit.step()
                self._look_at(node, scope)
        named = {use.line for use in self.uses.values() if use.certain}
        told = (use for use in self.uses.values() if use.name or use.line not in named)
        return sorted(told, key=lambda use: (use.line, not use.certain, use.how))

    # --- who is bound to what -------------------------------------------------------------------

    def _collect(self, tree: ast.Module) -> None:
        """List every node that counts, with its scope, and bind the names without values."""
        todo: list[tuple[ast.AST, _Scope]] = [(tree, self.scopes[0])]
        while todo:
            self.limit.step()
            node, scope = todo.pop()
            self.nodes.append((node, scope))
            self._declare(node, scope)
            inner = scope
            if isinstance(node, _SCOPES):
                inner = _Scope(scope, isinstance(node, ast.ClassDef))
                self.scopes.append(inner)
            todo += _children(node, scope, inner)
            for argument, value in _defaults(node):
                inner.values[argument.arg] = value
                self.defaults.append((inner, argument, value, scope))

    def _declare(self, node: ast.AST, scope: _Scope) -> None:
        if isinstance(node, ast.Call):
            self.called.add(id(node.func))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            scope.own[node.name] = max(scope.own.get(node.name, 0), node.lineno)
            if scope.is_class:
                self.members.add(node.name)
        elif isinstance(node, ast.arg):
            scope.own[node.arg] = node.lineno
        elif isinstance(node, ast.Import):
            self._import(node, scope)
        elif isinstance(node, ast.ImportFrom):
            self._import_from(node, scope)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            scope.elsewhere.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            scope.own[node.id] = max(scope.own.get(node.id, 0), node.lineno)
            if scope.is_class:
                self.members.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            self.members.add(node.attr)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            scope.own[node.name] = node.lineno

    def _import(self, node: ast.Import, scope: _Scope) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            path = alias.name if alias.asname else name
            self._bind(scope, name, node.lineno, path)
            scope.imported.add(name)

    def _import_from(self, node: ast.ImportFrom, scope: _Scope) -> None:
        for alias in node.names:
            path = f"{'.' * node.level}{node.module or ''}"
            if alias.name == "*":
                self.stars.append(path)
            else:
                name = alias.asname or alias.name
                self._bind(scope, name, node.lineno, f"{path}.{alias.name}")
                scope.imported.add(name)

    def _bind(self, scope: _Scope, name: str, line: int, path: str) -> None:
        known = scope.paths.setdefault(name, [])
        if len(known) < 8 and all(path != other for _, other in known):
            known.append((line, path))

    def _n_paths(self) -> int:
        return sum(len(paths) for scope in self.scopes for paths in scope.paths.values())

    def _bind_values(self) -> None:
        """Bind the names that stand for a library's module or function through an assignment."""
        for node, scope in self.nodes:
            for target, value in _assignments(node):
                self.limit.step()
                owner = scope
                while target.id in owner.elsewhere and owner.parent is not None:
                    owner = owner.parent
                owner.values[target.id] = value
                for path in self._resolve(value, scope):
                    self._bind(owner, target.id, target.lineno, path)
        for inner, argument, value, scope in self.defaults:
            for path in self._resolve(value, scope):
                self._bind(inner, argument.arg, argument.lineno, path)

    # --- what an expression stands for ------------------------------------------------------------

    def _resolve(self, node: ast.expr, scope: _Scope, depth: int = 0) -> list[str]:
        """Return the dotted paths that an expression may stand for."""
        self.limit.step()
        if depth > MAX_DEPTH:
            return []
        if isinstance(node, ast.Name):
            return [path for path, _ in self._of_name(node.id, scope)]
        if isinstance(node, ast.Attribute):
            return [f"{base}.{node.attr}" for base in self._resolve(node.value, scope, depth + 1)]
        if isinstance(node, ast.NamedExpr | ast.Await | ast.Starred):
            return self._resolve(node.value, scope, depth + 1)
        if isinstance(node, ast.IfExp):
            both = (node.body, node.orelse)
            return [path for part in both for path in self._resolve(part, scope, depth + 1)][:8]
        if isinstance(node, ast.BoolOp):
            parts = node.values[:4]
            return [path for part in parts for path in self._resolve(part, scope, depth + 1)][:8]
        if isinstance(node, ast.Call):
            return [path for path, _ in self._looked_up(node, scope, depth)]
        if isinstance(node, ast.Subscript):
            return [path for path, _ in self._subscripted(node, scope, depth)]
        return []

    def _of_name(self, name: str, scope: _Scope) -> list[tuple[str, bool]]:
        """Return what a name may stand for; not certain where the file binds it otherwise too."""
        holder = scope.holder(name)
        if holder is None:
            return [(f"{star}.{name}", True) for star in self.stars]
        paths = holder.paths.get(name, [])
        rebound = holder.own.get(name, 0)
        from_values = {line for line, _ in paths}
        if rebound and rebound not in from_values:
            if not paths or rebound > max(from_values):
                return []
            return [(path, False) for _, path in paths]
        return [(path, True) for _, path in paths]

    def _looked_up(self, node: ast.Call, scope: _Scope, depth: int = 0) -> list[tuple[str, bool]]:
        """Return what `getattr(torch, "softmax")` and its kin give."""
        name = self._builtin(node.func, scope)
        if name == "getattr" and len(node.args) >= 2:
            text = self._fold(node.args[1], scope)
            bases = self._resolve(node.args[0], scope, depth + 1)
            return [(f"{base}.{text.value}", text.plain) for base in bases] if text else []
        functions = [] if name else self._resolve(node.func, scope, depth + 1)
        if node.args and (name == "__import__" or "importlib.import_module" in functions):
            text = self._fold(node.args[0], scope)
            if text is None:
                return []
            path = text.value.partition(".")[0] if name == "__import__" else text.value
            return [(path, text.plain)]
        inner = node.func
        if isinstance(inner, ast.Call) and inner.args and node.args:
            getters = self._resolve(inner.func, scope, depth + 1)
            text = self._fold(inner.args[0], scope) if "operator.attrgetter" in getters else None
            bases = self._resolve(node.args[0], scope, depth + 1) if text else []
            return [(f"{base}.{text.value}", text.plain) for base in bases if text]
        if name == "vars" and node.args:
            return [(path, True) for path in self._resolve(node.args[0], scope, depth + 1)]
        if (
            isinstance(inner, ast.Attribute)
            and inner.attr in ("get", "__getattribute__")
            and node.args
        ):
            text = self._fold(node.args[0], scope)
            is_table = inner.attr == "__getattribute__" or self._is_table(inner.value, scope)
            if text and is_table:
                bases = self._resolve(inner.value, scope, depth + 1)
                return [(f"{base}.{text.value}", text.plain) for base in bases]
        return []

    def _is_table(self, node: ast.expr, scope: _Scope) -> bool:
        """Whether an expression is a module's table of names."""
        if isinstance(node, ast.Attribute):
            return node.attr == "__dict__"
        return isinstance(node, ast.Call) and self._builtin(node.func, scope) == "vars"

    def _subscripted(
        self, node: ast.Subscript, scope: _Scope, depth: int
    ) -> list[tuple[str, bool]]:
        """Return what `vars(torch)["softmax"]`, `sys.modules["torch"]` and `(torch, 1)[0]` give."""
        base = node.value
        if isinstance(base, ast.Name):
            holder = scope.holder(base.id)
            base = holder.values.get(base.id, base) if holder else base
        if isinstance(base, ast.Tuple | ast.List) and isinstance(node.slice, ast.Constant):
            index = node.slice.value
            if type(index) is int and -len(base.elts) <= index < len(base.elts):
                return [(path, True) for path in self._resolve(base.elts[index], scope, depth + 1)]
        if isinstance(base, ast.Dict):
            wanted = self._fold(node.slice, scope)
            pairs = zip(base.keys, base.values, strict=True)
            chosen = [
                value
                for key, value in pairs
                if isinstance(key, ast.Constant) and wanted and key.value == wanted.value
            ]
            return [(p, True) for value in chosen for p in self._resolve(value, scope, depth + 1)]
        text = self._fold(node.slice, scope)
        if text is None:
            return []
        if isinstance(base, ast.Call) and self._builtin(base.func, scope) in ("globals", "locals"):
            return [(path, text.plain) for path, _ in self._of_name(text.value, scope)]
        if self._is_table(base, scope):
            paths = self._resolve(base, scope, depth + 1)
            return [(f"{path}.{text.value}", text.plain) for path in paths]
        if "sys.modules" in self._resolve(base, scope, depth + 1):
            return [(text.value, text.plain)]
        return []

    def _builtin(self, node: ast.expr, scope: _Scope) -> str:
        """Return a built-in function's name, however it is reached."""
        if isinstance(node, ast.Name):
            if scope.holder(node.id) is None:
                return node.id
            paths = [path for path, _ in self._of_name(node.id, scope)]
        elif isinstance(node, ast.Attribute):
            paths = self._resolve(node, scope, 1)
        else:
            return ""
        return next((p[9:] for p in paths if p.startswith("builtins.")), "")

    def _fold(self, node: ast.expr, scope: _Scope, depth: int = 0) -> _Text | None:
        """Return a string that the text already determines."""
        self.limit.step()
        if depth > MAX_DEPTH:
            return None
        if isinstance(node, ast.Constant):
            return _Text(node.value[:MAX_STRING], True) if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            holder = scope.holder(node.id)
            value = holder.values.get(node.id) if holder else None
            return self._fold(value, scope, depth + 8) if value is not None else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined((node.left, node.right), scope, depth)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values, scope, depth)
        if isinstance(node, ast.FormattedValue) and node.format_spec is None:
            return self._fold(node.value, scope, depth + 1)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return self._sliced(node, node.slice, scope, depth)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return self._worked(node, node.func, scope, depth)
        return None

    def _joined(
        self, parts: Iterable[ast.expr], scope: _Scope, depth: int, between: str = ""
    ) -> _Text | None:
        texts = []
        for part in parts:
            text = self._fold(part, scope, depth + 1)
            if text is None:
                return None
            texts.append(text)
        value = between.join(text.value for text in texts)[:MAX_STRING]
        return _Text(value, all(text.plain for text in texts))

    def _sliced(
        self, node: ast.Subscript, part: ast.Slice, scope: _Scope, depth: int
    ) -> _Text | None:
        text = self._fold(node.value, scope, depth + 1)
        if text is None:
            return None
        try:
            bounds = slice(_integer(part.lower), _integer(part.upper), _integer(part.step))
            return _Text(text.value[bounds], False)
        except ValueError:  # a bound that must be computed, or a step of zero
            return None

    def _worked(
        self, node: ast.Call, function: ast.Attribute, scope: _Scope, depth: int
    ) -> _Text | None:
        text = self._fold(function.value, scope, depth + 1)
        if text is None:
            return None
        if function.attr == "join" and len(node.args) == 1:
            parts = node.args[0]
            if isinstance(parts, ast.List | ast.Tuple):
                joined = self._joined(parts.elts, scope, depth, text.value)
                return _Text(joined.value, False) if joined else None
            if isinstance(parts, ast.Call) and self._builtin(parts.func, scope) == "reversed":
                inner = self._fold(parts.args[0], scope, depth + 1) if parts.args else None
                return _Text(text.value.join(reversed(inner.value)), False) if inner else None
            inner = self._fold(parts, scope, depth + 1)
            return _Text(text.value.join(inner.value)[:MAX_STRING], False) if inner else None
        if function.attr in ("lower", "strip", "casefold") and not node.args:
            return _Text(
                text.value.strip() if function.attr == "strip" else text.value.lower(), False
            )
        if function.attr == "replace" and len(node.args) == 2:
            old, new = (self._fold(arg, scope, depth + 1) for arg in node.args)
            if old and new:
                return _Text(text.value.replace(old.value, new.value)[:MAX_STRING], False)
        return None

    # --- what is used -----------------------------------------------------------------------------

    def _look_at(self, node: ast.AST, scope: _Scope) -> None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._look_at_name(node, scope)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            self._look_at_attribute(node, scope)
        elif isinstance(node, ast.Call):
            self._look_at_call(node, scope)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            found = self._subscripted(node, scope, 0)
            self._report_all(node, found)
            if not found and self._is_table(node.value, scope) and self._is_ours(node.value, scope):
                self._report(node, "", False)
        elif isinstance(node, ast.Match):
            self._look_at_match(node, scope)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._look_at_import(node)

    def _look_at_name(self, node: ast.Name, scope: _Scope) -> None:
        holder = scope.holder(node.id)
        if holder is None and node.id in _RUNNERS and self._is_opaque_runner(node):
            self._report(node, "", False)
        elif holder is None or node.id in holder.imported:
            # what an assignment binds is reported where it is assigned
            self._report_all(node, self._of_name(node.id, scope))

    def _is_opaque_runner(self, node: ast.Name) -> bool:
        return node.id != "__import__" or id(node) not in self.called

    def _look_at_attribute(self, node: ast.Attribute, scope: _Scope) -> None:
        paths = self._resolve(node, scope)
        if paths:
            certain = isinstance(node.value, ast.Attribute) or self._is_sure(node.value, scope)
            self._report_all(node, [(path, certain) for path in paths])
            return
        if node.attr in self.members or self._is_self(node.value):
            return
        if isinstance(node.value, ast.Name):
            holder = scope.holder(node.value.id)
            if holder is None and not self.stars:
                return
        if node.attr in self.rules.methods:
            self._report(node, self.rules.methods[node.attr], id(node) in self.called)
        elif node.attr in self.rules.maybe_methods and id(node) in self.called:
            self._report(node, self.rules.maybe_methods[node.attr], False)

    def _is_sure(self, node: ast.expr, scope: _Scope) -> bool:
        return not isinstance(node, ast.Name) or all(
            certain for _, certain in self._of_name(node.id, scope)
        )

    def _is_self(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in ("self", "cls")

    def _is_ours(self, node: ast.expr, scope: _Scope) -> bool:
        """Whether an expression stands for a library that something is forbidden of."""
        libraries = {public.partition(".")[0] for public in self.rules.names.values()}
        return any(path.partition(".")[0] in libraries for path in self._resolve(node, scope))

    def _look_at_call(self, node: ast.Call, scope: _Scope) -> None:
        found = self._looked_up(node, scope)
        self._report_all(node, found)
        name = self._builtin(node.func, scope)
        if name == "getattr" and len(node.args) >= 2 and not found:
            text = self._fold(node.args[1], scope)
            if text is not None and not self._is_self(node.args[0]):
                if text.value in self.rules.methods and text.value not in self.members:
                    self._report(node, self.rules.methods[text.value], text.plain)
            elif text is None and self._is_ours(node.args[0], scope):
                self._report(node, "", False)
        functions = self._resolve(node.func, scope)
        is_import = name == "__import__" or "importlib.import_module" in functions
        if is_import and not found:
            self._report(node, "", False)
        for function in ("operator.methodcaller", "operator.attrgetter"):
            if function in functions and node.args:
                text = self._fold(node.args[0], scope)
                if text is None:
                    self._report(node, "", False)
                    continue
                leaf = text.value.rsplit(".", 1)[-1]
                if leaf in self.rules.methods:
                    self._report(node, self.rules.methods[leaf], text.plain)
                elif leaf in self.rules.leaves:
                    self._report(node, self.rules.leaves[leaf], False)

    def _look_at_match(self, node: ast.Match, scope: _Scope) -> None:
        """Look at `match torch: case object(softmax=f)`."""
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                self.limit.step()
                if isinstance(pattern, ast.MatchClass):
                    for name in pattern.kwd_attrs:
                        for path in self._resolve(node.subject, scope):
                            self._report_all(pattern, [(f"{path}.{name}", True)])

    def _look_at_import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Report the roads whose end cannot be read, where they are first entered."""
        whole = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{name}" for name in whole] if not node.level else []
        for path in whole:
            if _is_opaque(path) and not path.startswith("importlib"):
                self._report(node, "", False)

    def _report_all(self, node: ast.AST, found: Iterable[tuple[str, bool]]) -> None:
        for path, certain in found:
            forbidden = self.rules.of_path(path)
            if forbidden is not None:
                self._report(node, forbidden[0], certain and forbidden[1])
            elif _is_opaque(path) and isinstance(node, ast.Attribute):
                self._report(node, "", False)

    def _report(self, node: ast.AST, name: str, certain: bool) -> None:
        line = getattr(node, "lineno", 1)
        use = Use(line, name, self._written(node), certain)
        if not name and any(at == line for at, _, _ in self.uses):
            return
        key = (line, name, "")
        known = self.uses.get(key)
        if known is None or (certain and not known.certain):
            self.uses[key] = use

    def _written(self, node: ast.AST) -> str:
        """Return the node's text, or its beginning, as one printable line."""
        line, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        if not 0 < line <= len(self.lines):
            return ""
        data = self.lines[line - 1].encode("utf-8", "replace")
        stop = node.end_col_offset if end == line else len(data)  # type: ignore[attr-defined]
        start = getattr(node, "col_offset", 0)
        text = data[start : min(stop, start + 4 * WIDTH)].decode("utf-8", "replace")
        flat = "".join(c if c.isprintable() else " " for c in text).strip()
        return flat if len(flat) <= WIDTH else flat[: WIDTH - 1] + "…"


def _is_opaque(path: str) -> bool:
    return any(path == road or path.startswith(f"{road}.") for road in _OPAQUE)


def _integer(node: ast.expr | None) -> int | None:
    """Return the integer that a slice's bound is, or None where there is no bound."""
    if node is None:
        return None
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return sign * node.value
    raise ValueError("not an integer as written")


def _assignments(node: ast.AST) -> Iterator[tuple[ast.Name, ast.expr]]:
    """Pair names with the expressions that they are bound to."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        pairs = [(node.target, node.value)]
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        pairs = [(node.optional_vars, node.context_expr)]
    elif isinstance(node, ast.For | ast.comprehension) and isinstance(
        node.iter, ast.Tuple | ast.List
    ):
        pairs = [(node.target, item) for item in node.iter.elts[:8]]
    while pairs:
        target, value = pairs.pop()
        if isinstance(target, ast.Name):
            yield target, value
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            pairs += zip(target.elts, value.elts, strict=False)


def _children(node: ast.AST, outer: _Scope, inner: _Scope) -> Iterator[tuple[ast.AST, _Scope]]:
    """Give each child its scope; leave out annotations and the classes of a type test."""
    if _tests_type(node):
        yield node.args[0], outer
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        defaults = (*node.args.defaults, *node.args.kw_defaults)
        yield from ((default, outer) for default in defaults if default is not None)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from ((decorator, outer) for decorator in node.decorator_list)
    if isinstance(node, ast.ClassDef):
        yield from ((base, outer) for base in (*node.bases, *node.keywords))
        yield from ((statement, inner) for statement in node.body)
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_comment"):
            continue
        if isinstance(node, ast.arguments) and name in ("defaults", "kw_defaults"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child, inner


def _tests_type(node: ast.AST) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("isinstance", "issubclass")
        and len(node.args) == 2
    )


def _defaults(node: ast.AST) -> Iterator[tuple[ast.arg, ast.expr]]:
    """Pair parameters with what they are when the caller leaves them out."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        yield from zip(reversed(positional), reversed(arguments.defaults), strict=False)
        for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if value is not None:
                yield argument, value
