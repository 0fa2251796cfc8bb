"""A sparse mixture of experts: each token is sent to its top_k experts out of n_experts.

Tokens are routed each on its own; the N tokens are counted along all axes but the last, the last
of these fastest. From the router's logits come probabilities p = softmax(W_router x) over all
experts. The top_k most probable experts are the token's choices, the most probable first, and

    y = Σ_e gate_e · expert_e(x)    over the choices,

where gate_e is p_e, divided by the sum of p over the token's choices if `renormalize` is true. No
two probabilities of a token are equal. Experts run on the tokens that they accept, and on no
others: the work is counted. A call of `expert(tokens)` costs by the number of rows, which may be
zero; padding all experts up to the busiest one is forgiven, padding them to `capacity` is not.

With a `capacity`, which may be zero, each expert accepts at most so many tokens per call. All first choices come
before all second choices, those before the third, and so on; within a rank, earlier tokens come
first. A choice that finds its expert full is dropped: it adds nothing to y, and the other gates
of the token stay what they were. A token without any expert left gets zeros.

The second result is the load-balancing loss, a scalar:

    balance = n_experts · Σ_e f_e · P_e

f_e is the fraction of all N · top_k choices that fall on expert e, dropped ones included, and P_e
the mean of p_e over all tokens. The balance is 1 if the load is even. No gradient flows through
f.

Probabilities and balance are worked out in float32 at least (the router multiplies in the dtype
of `x`, and its logits are then converted), and gates become the dtype of `x` in the end. The
output has the shape and dtype of `x`, the balance the dtype of the probabilities. Every tensor
that you make belongs on the device of `x`. There is at least one token. Training and evaluation
are alike.

>>> layer = MixtureOfExperts(d_model=8, d_ff=16, n_experts=4, top_k=2)
>>> y, balance = layer(torch.randn(3, 5, 8))
>>> y.shape, balance.shape
(torch.Size([3, 5, 8]), torch.Size([]))
"""

# Not allowed, since it would be the whole exercise: torch.nn.Transformer, and what does the same.

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Expert(nn.Module):
    """A feed-forward network with one hidden layer of d_ff units."""

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)

    def forward(self, x: Float[Tensor, "*N d_model"]) -> Float[Tensor, "*N d_model"]:
        """Return what the expert makes of each token."""
        return self.down(torch.relu(self.up(x)))


class MixtureOfExperts(nn.Module):
    """A linear layer `router` without bias, d_model to n_experts, and an nn.ModuleList `experts`.

    Raise ValueError unless 1 ≤ top_k ≤ n_experts.
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        n_experts: int,
        top_k: int,
        renormalize: bool = True,
        capacity: int | None = None,  # how many tokens an expert accepts per call
    ) -> None:
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "*B d_model"]
    ) -> tuple[Float[Tensor, "*B d_model"], Float[Tensor, ""]]:
        """Return the mixture for every token, and the load-balancing loss."""
        raise NotImplementedError
