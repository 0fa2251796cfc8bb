"""Cached attention agrees with one pass of torch's causal attention over the whole sequence."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

SIZES = [(2, 3, 12), (1, 1, 8), (3, 4, 16), (4, 2, 20)]
CUTS = [(9,), (4, 1, 1, 1, 1, 1), (1,) * 9, (3, 4, 2), (1, 7, 1)]


def _whole(layer: nn.Module, x: Tensor, n_heads: int) -> Tensor:
    """Attend in one call, with the rotation of transformers and the attention of torch."""
    B, T, d_model = x.shape
    q, k, v = (
        nn.functional.linear(x, layer.get_parameter(f"{name}_proj.weight"))
        .view(B, T, n_heads, -1)
        .transpose(1, 2)
        for name in "qkv"
    )
    config = LlamaConfig(hidden_size=d_model, num_attention_heads=n_heads)
    cos, sin = LlamaRotaryEmbedding(config)(x.float(), torch.arange(T)[None])
    q, k = apply_rotary_pos_emb(q, k, cos, sin)
    heads = scaled_dot_product_attention(q, k, v, is_causal=True)
    weight = layer.get_parameter("out_proj.weight")
    return nn.functional.linear(heads.transpose(1, 2).reshape(B, T, d_model), weight)


@pytest.mark.parametrize("cuts", CUTS, ids=str)
@pytest.mark.parametrize(("B", "n_heads", "d_model"), SIZES)
def test_output_however_it_is_cut(
    solution: ModuleType, B: int, n_heads: int, d_model: int, cuts: tuple[int, ...]
) -> None:
    """The calls' outputs, joined, are those of one pass over all tokens."""
    torch.manual_seed(B)
    layer, cache = solution.CachedAttention(d_model, n_heads), solution.KVCache()
    x = torch.randn(B, 9, d_model)
    got = torch.cat([layer(piece, cache) for piece in x.split(cuts, dim=1)], dim=1)

    torch.testing.assert_close(got, _whole(layer, x, n_heads))
    torch.testing.assert_close(layer(x), _whole(layer, x, n_heads))
    assert 9 == len(cache)


def test_gradient_of_the_last_call(solution: ModuleType) -> None:
    """Gradients are those of one pass in which the earlier tokens' keys and values are constant."""
    torch.manual_seed(0)
    layer, cache = solution.CachedAttention(12, 3), solution.KVCache()
    x = torch.randn(2, 7, 12)
    before, new = x[:, :4], x[:, 4:].clone().requires_grad_()
    layer(before.requires_grad_(), cache)
    cotangent = torch.randn(2, 3, 12)
    layer(new, cache).backward(cotangent)

    # In one pass earlier tokens act through keys and values only: let another layer make them.
    frozen = solution.CachedAttention(12, 3).requires_grad_(False)
    frozen.load_state_dict(layer.state_dict())
    found = {name: p.grad.clone() for name, p in layer.named_parameters()}
    layer.zero_grad()
    same = x[:, 4:].detach().clone().requires_grad_()
    parameters = {name: p.detach().clone().requires_grad_() for name, p in layer.named_parameters()}
    expected = _last(parameters, frozen, before.detach(), same)
    expected.backward(cotangent)
    torch.testing.assert_close(new.grad, same.grad)
    assert before.grad is None
    torch.testing.assert_close(found, {name: p.grad for name, p in parameters.items()})


def _last(parameters: dict[str, Tensor], frozen: nn.Module, before: Tensor, new: Tensor) -> Tensor:
    """Return the rows of the new tokens, projecting each part with weights of its own."""
    old = {name: nn.functional.linear(before, p) for name, p in frozen.named_parameters()}
    now = {name: nn.functional.linear(new, p) for name, p in parameters.items()}
    joined = [torch.cat([old[n], now[n]], dim=1) for n in ("k_proj.weight", "v_proj.weight")]
    q, k, v = (
        y.view(len(y), -1, 3, 4).transpose(1, 2)
        for y in (torch.cat([0 * before, now["q_proj.weight"]], dim=1), *joined)
    )
    config = LlamaConfig(hidden_size=12, num_attention_heads=3)
    cos, sin = LlamaRotaryEmbedding(config)(new, torch.arange(k.shape[2])[None])
    q, k = apply_rotary_pos_emb(q, k, cos, sin)
    heads = scaled_dot_product_attention(q, k, v, is_causal=True)[:, :, before.shape[1] :]
    return nn.functional.linear(heads.transpose(1, 2).flatten(2), parameters["out_proj.weight"])


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
