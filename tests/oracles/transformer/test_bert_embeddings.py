"""BertEmbeddings agrees with the class of the same name in transformers."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertEmbeddings


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize(("B", "T", "V", "d"), [(2, 5, 9, 6), (1, 1, 3, 4), (3, 8, 4, 2)])
def test_output_and_gradients(
    solution: ModuleType, B: int, T: int, V: int, d: int, given: bool
) -> None:
    """Output and every gradient are those of transformers, with and without segments."""
    torch.manual_seed(T)
    ours = solution.BertEmbeddings(V, d, 8, n_segments=3).double().eval()
    config = BertConfig(
        vocab_size=V, hidden_size=d, max_position_embeddings=8, type_vocab_size=3, pad_token_id=None
    )
    theirs = BertEmbeddings(config).double().eval()
    state = {name.replace("norm", "LayerNorm"): x for name, x in ours.state_dict().items()}
    theirs.load_state_dict(state)
    ids = torch.randint(V, (B, T))
    types = torch.randint(3, (B, T)) if given else None
    got, expected = ours(ids, types), theirs(ids, types)
    torch.testing.assert_close(got, expected)
    cotangent = torch.randn_like(got)
    got.backward(cotangent)
    expected.backward(cotangent)
    gradients = {name.replace("norm", "LayerNorm"): p.grad for name, p in ours.named_parameters()}
    torch.testing.assert_close(gradients, {name: p.grad for name, p in theirs.named_parameters()})


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
