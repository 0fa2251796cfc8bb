"""SwiGLU agrees with the LLaMA network of transformers."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaMLP


@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("shape", [(2, 5, 6), (1, 1, 3), (4,)])
def test_output_and_gradients(solution: ModuleType, shape: tuple[int, ...], scale: float) -> None:
    """Output and every gradient are those of LlamaMLP, whose parameters have the same names."""
    torch.manual_seed(0)
    layer = solution.SwiGLU(shape[-1], 9).double()
    config = LlamaConfig(hidden_size=shape[-1], intermediate_size=9, num_attention_heads=1)
    llama = LlamaMLP(config).double()
    llama.load_state_dict(layer.state_dict())
    x = (scale * torch.randn(shape, dtype=torch.float64)).requires_grad_()
    got, expected, cotangent = layer(x), llama(x), torch.randn_like(x)
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(
        torch.autograd.grad(got, (x, *layer.parameters()), cotangent),
        torch.autograd.grad(expected, (x, *llama.parameters()), cotangent),
    )


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
