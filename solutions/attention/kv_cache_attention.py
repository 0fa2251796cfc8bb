"""Causal self-attention with a key–value cache: prefill and decode.

A decoder writes one token after another. Keys and values of the tokens before a new one stay what
they were, so they are computed once and kept in a cache. `layer(x, cache)` gets the next T tokens
of each sequence of the batch, at least one: the whole prompt (prefill), a single token (decode), or
any number in between, behind an empty cache or a filled one. With n tokens in the cache, the new
ones stand at the positions n … n + T − 1. The call

1. projects the new tokens, and only them, to queries, keys and values,
2. turns queries and keys, not values, with `rotate` by their positions,
3. lets each new token attend to all cached tokens and to the new ones up to and including itself,

    head = softmax(Q Kᵀ / √d_head) V,    d_head = d_model / n_heads (even),

4. joins the heads and projects back. The cache then holds the new tokens as well.

However a sequence is cut into calls, its outputs are those of one call for all of it. Each head
works on d_head neighbouring features of every projection, head 0 on the first ones; the heads are
joined in the same order.

- A cache belongs to one batch of sequences and to one layer, and it alone remembers them: many
  caches may be in use in turn, and `copy.deepcopy` of one goes on by itself, as beams do in a
  beam search. Without a cache a call starts at position 0 and leaves nothing behind. `state_dict`
  holds the weights only.
- What an earlier call has cached is a constant: no gradient flows into that call, and its graph
  is not kept alive. The keys and values of the new tokens are part of the graph as ever.
- The work of a call is counted. Decoding a token costs its own projections, one row of scores and
  one row of the mask; cached keys may be turned once or anew with every call. Nothing limits the
  number of tokens. `torch.nn.functional.scaled_dot_product_attention` may be used.
- Outputs, keys and values have the dtype and device of `x`, half precision included. There is no
  dropout and no padding.
- If the batch size of `x` is not that of the cache, raise ValueError and leave the cache as it
  was.

>>> layer, cache = CachedAttention(d_model=8, n_heads=2), KVCache()
>>> x = torch.randn(3, 5, 8)
>>> prefilled, decoded = layer(x[:, :4], cache), layer(x[:, 4:], cache)
>>> torch.allclose(torch.cat([prefilled, decoded], dim=1), layer(x), atol=1e-6)
True
>>> len(cache)
5
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


# given
def rotate(
    x: Float[Tensor, "B n_heads T d_head"], positions: Int[Tensor, "T"]
) -> Float[Tensor, "B n_heads T d_head"]:
    """Return queries or keys, each turned by the angles of its position (rotary embedding)."""
    d_head = x.shape[-1]
    dtype = torch.promote_types(x.dtype, torch.float32)
    even = torch.arange(0, d_head, 2, dtype=dtype, device=x.device)
    angles = positions[:, None] * 10_000.0 ** (-even / d_head)
    cos, sin = angles.cos(), angles.sin()
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1).to(x.dtype)


class KVCache:
    """Keys and values of the tokens so far, none at first; how they are kept is up to you."""

    def __init__(self) -> None:
        self.k: Tensor | None = None  # B n_heads len(self) d_head
        self.v: Tensor | None = None

    def __len__(self) -> int:
        """Return the number of tokens that each sequence has in the cache."""
        return 0 if self.k is None else self.k.shape[2]
        # ✗ return 0 if self.k is None else self.k.shape[1] — This is the number of heads: the tokens lie on
        #   another axis.
        # ✗ return 0 if self.k is None else self.k.shape[0] * self.k.shape[2] — Tokens of all sequences are
        #   added up: each sequence has this many of them.

    def _extend(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if self.k is not None:
            # ✗ if self.k is not None and k.shape[2] == 1: — A second prompt replaces the first: whatever the
            #   number of new tokens, they come behind the old ones.
            if len(k) != len(self.k):
                raise ValueError(f"the cache holds {len(self.k)} sequences, and x {len(k)}")
            # ✗ pass — Another number of sequences is not refused as it should be: compare it with the
            #   cache's.
            k, v = torch.cat([self.k, k], dim=2), torch.cat([self.v, v], dim=2)
            # ✗ k, v = torch.cat([k, self.k], dim=2), torch.cat([v, self.v], dim=2) — New tokens are put in
            #   front of the old ones: they come behind.
        self.k, self.v = k.detach(), v.detach()
        # ✗ self.k, self.v = k, v — The cache keeps the graph of each call alive, and gradients flow into
        #   earlier calls: detach what is kept.
        # ✗ k, v = k.detach(), v.detach(); self.k, self.v = k, v — The new tokens' keys and values lose their
        #   gradient too: detach what is kept, not what this call attends to.
        # ✗ self.k, self.v = k.detach().float(), v.detach().float() — The cache is kept in single precision,
        #   whatever the model's: keep the dtype.
        # ✗ self.k, self.v = k.detach()[:, :, -16:], v.detach()[:, :, -16:] — The cache forgets what is far
        #   back: every token before is attended to.
        return k, v


class CachedAttention(nn.Module):
    """Linear layers `q_proj`, `k_proj`, `v_proj`, `out_proj`: d_model to d_model, without bias.

    Raise ValueError if d_model is not divisible by n_heads.
    """

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"{d_model=} is not divisible by {n_heads=}")
        # ✗ pass — The heads cannot share out a width that is not a multiple of their number: check it in the
        #   constructor.
        self.n_heads, self.d_head = n_heads, d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_model, bias=False)
        self.v_proj = nn.Linear(d_model, d_model, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)
        # ✗ self.out_proj = nn.Linear(d_model, d_model) — There is a bias too many: no layer has one.

    def forward(
        self, x: Float[Tensor, "B T d_model"], cache: KVCache | None = None
    ) -> Float[Tensor, "B T d_model"]:
        """Return what each new token gathers, and append the new tokens to the cache."""
        if cache is None:
            cache = KVCache()
        # ✗ cache = cache or KVCache() — Nothing stays in the cache that was handed in: put keys and values into it, and
        #   mind that an empty one has length 0, which counts as false.
        # ✗ if cache is None: cache = self.__dict__.setdefault("own", KVCache()) — Calls without a cache share
        #   one, and a sequence sees those before it: begin each with an empty one.
        # ✗ cache = self.__dict__.setdefault("own", KVCache()) if cache is not None else KVCache() — The layer
        #   keeps one cache for all sequences: each has its own, which is handed in.
        n, T = len(cache), x.shape[1]
        q, k, v = (self._split(proj(x)) for proj in (self.q_proj, self.k_proj, self.v_proj))
        positions = torch.arange(n, n + T, device=x.device)
        # ✗ positions = torch.arange(T, device=x.device) — Every call begins at position 0: new tokens stand
        #   behind those of the cache.
        # ✗ positions = torch.arange(n, n + T) — Positions or mask are made on the CPU, wherever the tokens
        #   are: make them on their device.
        # ✗ positions = torch.arange(n, n + T, device=x.device) + (n > 0) — Behind a filled cache the count is
        #   off by one: the first new position is the number of tokens before it.
        # ✗ positions = torch.full((T,), n, device=x.device) — All new tokens get the position of the first:
        #   count on.
        q, k = rotate(q, positions), rotate(k, positions)
        # ✗ q, k = rotate(q, positions - n), rotate(k, positions - n) — Queries and keys are turned as if every call
        #   began at position 0: new tokens stand behind those of the cache.
        # ✗ k = rotate(k, positions) — The queries are not rotated: a score depends on the distance only if
        #   both are.
        # ✗ q = rotate(q, positions) — The keys are not rotated: a score depends on the distance only if both
        #   are.
        # ✗ q, k, v = rotate(q, positions), rotate(k, positions), rotate(v, positions) — Positions belong in
        #   the scores: leave the values as they are.
        # ✗ q, k = rotate(q, torch.arange(T, device=x.device)), rotate(k, positions) — The queries count from
        #   zero in each call: they stand where their own keys do.
        k, v = cache._extend(k, v)
        # ✗ cache._extend(k, v) — New tokens attend to the new ones only: use all keys and values.
        # ✗ k, v = cache._extend(k.clone(), k)[0], v — The values of the tokens before are lost: cache them
        #   as well as the keys.
        scores = q @ k.mT / math.sqrt(self.d_head)  # B n_heads T n+T
        # ✗ scores = q @ k.mT — Unscaled scores saturate the softmax: divide by √d_head.
        # ✗ scores = q @ k.mT / math.sqrt(x.shape[-1]) — Each dot product runs over one head's features: scale
        #   by the root of d_head, not of d_model.
        future = torch.arange(n + T, device=x.device) > positions[:, None]
        # ✗ future = torch.arange(n + T, device=x.device) > torch.arange(T, device=x.device)[:, None] — The mask
        #   counts the new queries from zero and hides the cache from them: they stand behind it.
        # ✗ future = torch.ones(n + T, n + T, dtype=torch.bool, device=x.device).triu(1)[n:] — A mask for all
        #   pairs of tokens is made with every call, and all but its last rows thrown away: make those alone.
        # ✗ future = torch.zeros(T, n + T, dtype=torch.bool, device=x.device) — New tokens look at those that
        #   come after them: hide the future.
        # ✗ future = torch.arange(n + T, device=x.device) >= positions[:, None] — A token is hidden from itself:
        #   let its own position through.
        # ✗ future = (torch.arange(n + T, device=x.device) > positions[:, None] - n) & (T > 1) — Several tokens
        #   behind a cache are taken for a prompt, which may not see the cache: hide by absolute positions.
        # ✗ future = (torch.arange(n + T, device=x.device) > positions[:, None]) & (n == 0) — Only the first call
        #   is causal: several tokens behind a cache must not see each other's future either.
        weights = scores.masked_fill(future, -math.inf).softmax(dim=-1)
        # ✗ weights = scores.masked_fill(future, -1e4).softmax(dim=-1) — Beside real scores that are lower still,
        #   −10⁴ is not low: use −∞.
        # ✗ weights = scores.masked_fill(future, -1e9).softmax(dim=-1) — float16 ends at −65504 and cannot
        #   hold −10⁹: use −∞, which every dtype has.
        # ✗ weights = scores.softmax(dim=-1).masked_fill(future, 0.0) — Masking after the softmax leaves weights
        #   that no longer sum to one: set the scores to −∞ before it.
        return self.out_proj((weights @ v).transpose(1, 2).reshape(x.shape))
        # ✗ return self.out_proj((weights @ v).reshape(x.shape)) — Flattened in this order the result mixes
        #   heads with tokens: bring the token axis back before the head axis.
        # ✗ return (weights @ v).transpose(1, 2).reshape(x.shape) — The heads are only laid side by side: mix
        #   them with the output projection.

    def _split(self, x: Float[Tensor, "B T d_model"]) -> Float[Tensor, "B n_heads T d_head"]:
        return x.unflatten(-1, (self.n_heads, self.d_head)).transpose(1, 2)
        # ✗ return x.reshape(x.shape[0], self.n_heads, x.shape[1], self.d_head) — Reshaping straight to this
        #   shape cuts tokens across heads: split the features, then swap the axes.
        # ✗ return x.unflatten(-1, (self.d_head, self.n_heads)).permute(0, 3, 1, 2) — The features are dealt
        #   out to the heads in turn: give each head a block of neighbours.


# ✗ CachedAttention.forward — The keys go into the cache before they are turned and are never turned after:
#   cache them as they are attended to.
def _(self, x, cache=None):
    cache = KVCache() if cache is None else cache
    n, T = len(cache), x.shape[1]
    q, k, v = (self._split(proj(x)) for proj in (self.q_proj, self.k_proj, self.v_proj))
    positions = torch.arange(n, n + T, device=x.device)
    k, v = cache._extend(k, v)
    q, k = rotate(q, positions), torch.cat([k[:, :, :n], rotate(k[:, :, n:], positions)], dim=2)
    future = torch.arange(n + T, device=x.device) > positions[:, None]
    weights = (q @ k.mT / math.sqrt(self.d_head)).masked_fill(future, -math.inf).softmax(dim=-1)
    return self.out_proj((weights @ v).transpose(1, 2).reshape(x.shape))


# ✗ CachedAttention.forward — The keys are turned again with every call, on top of what they were turned
#   before: turn each key once, before it goes into the cache.
def _(self, x, cache=None):
    cache = KVCache() if cache is None else cache
    n, T = len(cache), x.shape[1]
    q, k, v = (self._split(proj(x)) for proj in (self.q_proj, self.k_proj, self.v_proj))
    k, v = cache._extend(k, v)
    k = rotate(k, torch.arange(n + T, device=x.device))
    cache.k = k.detach()
    q = rotate(q, torch.arange(n, n + T, device=x.device))
    future = torch.arange(n + T, device=x.device) > torch.arange(n, n + T, device=x.device)[:, None]
    weights = (q @ k.mT / math.sqrt(self.d_head)).masked_fill(future, -math.inf).softmax(dim=-1)
    return self.out_proj((weights @ v).transpose(1, 2).reshape(x.shape))


# ✗ CachedAttention.forward — The tokens themselves are kept, and all their keys, values and queries computed again
#   with every call: keep what they were projected to.
def _(self, x, cache=None):
    cache = KVCache() if cache is None else cache
    n, T = len(cache), x.shape[1]
    if cache.k is not None:
        if len(x) != len(cache.k):
            raise ValueError(x.shape)
        x = torch.cat([cache.k[:, 0], x], dim=1)
    cache.k = x.detach()[:, None]
    q, k, v = (self._split(proj(x)) for proj in (self.q_proj, self.k_proj, self.v_proj))
    k, v = (torch.cat([y[:, :, :n].detach(), y[:, :, n:]], dim=2) for y in (k, v))
    positions = torch.arange(n + T, device=x.device)
    q, k = rotate(q, positions), rotate(k, positions)
    scores = (q @ k.mT / math.sqrt(self.d_head)).masked_fill(
        positions > positions[:, None], -math.inf
    )
    return self.out_proj((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(x.shape)[:, n:])


# ✗ CachedAttention.forward — The work of the tokens before is done again with every call, be it projections or
#   rows of scores: only the new tokens are projected, and only they ask.
def _(self, x, cache=None):
    cache = KVCache() if cache is None else cache
    n, T = len(cache), x.shape[1]
    if cache.k is not None and len(x) != len(cache.k):
        raise ValueError(x.shape)
    before = x[:, :0] if cache.k is None else cache.k[:, 0]
    k, v = (torch.cat([p(before).detach(), p(x)], dim=1) for p in (self.k_proj, self.v_proj))
    cache.k = torch.cat([before, x.detach()], dim=1)[:, None]
    positions = torch.arange(n + T, device=x.device)
    q, k = rotate(self._split(self.q_proj(x)), positions[n:]), rotate(self._split(k), positions)
    scores = (q @ k.mT / math.sqrt(self.d_head)).masked_fill(
        positions > positions[n:, None], -math.inf
    )
    heads = scores.softmax(dim=-1) @ self._split(v)
    return self.out_proj(heads.transpose(1, 2).reshape(x.shape))
