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

# Not allowed, since it would be the whole exercise: torch.nn.MultiheadAttention,
# torch.nn.functional.multi_head_attention_forward, and what does the same.

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


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
        raise NotImplementedError

    def __len__(self) -> int:
        """Return the number of tokens that each sequence has in the cache."""
        raise NotImplementedError


class CachedAttention(nn.Module):
    """Linear layers `q_proj`, `k_proj`, `v_proj`, `out_proj`: d_model to d_model, without bias.

    Raise ValueError if d_model is not divisible by n_heads.
    """

    def __init__(self, d_model: int, n_heads: int) -> None:
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "B T d_model"], cache: KVCache | None = None
    ) -> Float[Tensor, "B T d_model"]:
        """Return what each new token gathers, and append the new tokens to the cache."""
        raise NotImplementedError
