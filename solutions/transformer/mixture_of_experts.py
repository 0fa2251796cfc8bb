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

import torch
from jaxtyping import Float
from torch import Tensor, nn


# given
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
        super().__init__()
        if not 1 <= top_k <= n_experts:
            raise ValueError(f"{top_k=} must lie between 1 and {n_experts=}")
        # ✗ pass — A token cannot be sent to no expert, or to more than there are: check it in the
        #   constructor.
        self.top_k, self.renormalize, self.capacity = top_k, renormalize, capacity
        self.router = nn.Linear(d_model, n_experts, bias=False)
        # ✗ self.router = nn.Linear(d_model, n_experts) — There is a bias too many: the router has none.
        self.experts = nn.ModuleList(Expert(d_model, d_ff) for _ in range(n_experts))
        # ✗ self.experts = [Expert(d_model, d_ff) for _ in range(n_experts)] — A plain list hides the experts
        #   from the optimiser and from `state_dict`: use nn.ModuleList.
        # ✗ self.experts = nn.ModuleList([Expert(d_model, d_ff)] * n_experts) — All experts are one and the
        #   same: build each on its own.

    def forward(
        self, x: Float[Tensor, "*B d_model"]
    ) -> tuple[Float[Tensor, "*B d_model"], Float[Tensor, ""]]:
        """Return the mixture for every token, and the load-balancing loss."""
        tokens = x.reshape(-1, x.shape[-1])  # N d_model
        # ✗ tokens = x.mT.reshape(-1, x.shape[-1]) — Features of different tokens get mixed: only the leading
        #   axes are joined.
        logits = self.router(tokens)
        # ✗ logits = self.router(tokens.detach()) — The gradient through the router does not reach the input:
        #   leave it attached.
        p = logits.to(torch.promote_types(x.dtype, torch.float32)).softmax(dim=-1)  # N n_experts
        # ✗ p = logits.softmax(dim=-1) — Probabilities and balance are worked out in half precision: turn the
        #   logits to float32 first.
        # ✗ p = logits.float().softmax(dim=-1) — Inputs in double precision deserve probabilities in double
        #   precision: take the wider of the two.
        # ✗ p = logits.to(torch.promote_types(x.dtype, torch.float32)).softmax(dim=0) — The tokens compete for an
        #   expert: each token has probabilities over the experts.
        # ✗ p = logits.to(torch.promote_types(x.dtype, torch.float32)).sigmoid() — These are no probabilities
        #   over the experts: take the softmax.
        gates, chosen = p.topk(self.top_k, dim=-1)  # N top_k
        # ✗ gates, chosen = p.topk(self.top_k, dim=-1, largest=False) — The least probable experts are
        #   chosen: take the most probable ones.
        # ✗ gates, chosen = p.topk(self.top_k, dim=-1); gates = gates.softmax(-1) — A second softmax levels the
        #   gates: they are probabilities already.
        # ✗ gates, chosen = p.topk(self.top_k, dim=-1); gates = p.log().gather(-1, chosen).softmax(-1) — A
        #   softmax over the chosen logits always renormalises: take the probabilities among all experts.
        # ✗ gates, chosen = p.topk(self.top_k, dim=-1); gates = gates.detach() — The router learns nothing from
        #   what the experts return: leave the gates attached.
        # ✗ gates, chosen = p.topk(self.top_k, dim=-1); gates = torch.ones_like(gates) / self.top_k — The
        #   experts are averaged: weigh each by its gate.
        # ✗ gates, chosen = p.topk(1, dim=-1) — Each token gets one expert: top_k of them are asked for.
        if self.renormalize:
            # ✗ if not self.renormalize: — The argument `renormalize` is read the wrong way round.
            gates = gates / gates.sum(dim=-1, keepdim=True)
            # ✗ pass — The gates of a token do not sum to one: divide them by their sum.
            # ✗ gates = gates / gates.sum() — The gates of all tokens together sum to one: divide by each token's
            #   own sum.
            # ✗ gates = gates / gates.sum(dim=-1, keepdim=True).detach() — The sum is taken for a constant: the
            #   gradient flows through it too.
            # ✗ gates = gates / gates.norm(dim=-1, keepdim=True) — The gates' squares sum to one: their sum has
            #   to.
        y = torch.zeros_like(tokens)
        # ✗ y = torch.zeros(tokens.shape, device=x.device) — The output is in single precision, whatever the
        #   input: keep its dtype.
        # ✗ y = torch.zeros(tokens.shape, dtype=x.dtype) — The output is made on the CPU, wherever the input is:
        #   make it on its device.
        # ✗ y = tokens.clone() — The input is part of the output: the residual connection is outside.
        for e, expert in enumerate(self.experts):
            rank, token = (chosen.T == e).nonzero(as_tuple=True)  # by rank, then by token
            # ✗ token, rank = (chosen == e).nonzero(as_tuple=True) — A full expert drops by token: first
            #   choices of all tokens come before second choices.
            # ✗ rank, token = (chosen.T == e).nonzero().flip(0).unbind(1) — A full expert keeps the last
            #   tokens: the first ones have precedence.
            # ✗ rank, token = (chosen[:, :1].T == e).nonzero(as_tuple=True) — Only first choices are sent: a
            #   token goes to all its experts.
            rank, token = rank[: self.capacity], token[: self.capacity]
            # ✗ rank, token = rank[: self.capacity or None], token[: self.capacity or None] — A capacity of zero
            #   counts as none: ask whether there is one, not whether it is true.
            # ✗ rank, token = (rank[: self.capacity], token[: self.capacity]) if self.training else (rank, token) —
            #   In evaluation nothing is dropped: the capacity holds in both modes.
            # ✗ pass — The capacity has no effect: an expert accepts that many tokens and no more.
            # ✗ keep = gates[token, rank].argsort(descending=True)[: self.capacity]; rank, token = rank[keep],
            #   token[keep] — A full expert keeps the tokens with the largest gates: it keeps those that come first.
            # ✗ keep = torch.cat([(rank == r).nonzero()[: self.capacity, 0] for r in range(self.top_k)]);
            #   rank, token = rank[keep], token[keep] — Each rank gets the whole capacity anew: an expert has one
            #   for all ranks.
            # ✗ keep = token < (self.capacity or len(tokens)); rank, token = rank[keep], token[keep] — The capacity
            #   cuts off the sequence: it counts what the expert has accepted.
            outputs = expert(tokens[token])
            # ✗ outputs = expert(tokens)[token] — Every expert runs on every token, as in a dense network: pick
            #   its tokens first.
            # ✗ rank, token = (chosen.T == e).nonzero(as_tuple=True); outputs = expert(tokens[token])[: self.capacity];
            #   rank, token = rank[: self.capacity], token[: self.capacity] — The expert runs on dropped tokens too,
            #   and its work is thrown away: drop first, then run.
            # ✗ outputs = expert(nn.functional.pad(tokens[token], (0, 0, 0, max(self.capacity or 0, len(token)) - len(token))))[: len(token)] —
            #   Every expert works through as many rows as its capacity, empty or not: run it on what it accepted.
            # ✗ outputs = expert(tokens[token].detach()) — No gradient reaches the input through the experts:
            #   leave it attached.
            weighed = gates[token, rank, None].to(x.dtype) * outputs
            # ✗ weighed = gates[token, 0, None].to(x.dtype) * outputs — The gate of the first choice weighs all:
            #   each choice has its own.
            # ✗ weighed = expert(gates[token, rank, None].to(x.dtype) * tokens[token]) — The gate scales what
            #   goes into the expert, which is not linear: weigh what comes out.
            # ✗ weighed = outputs — The outputs are only added up: weigh each by its gate.
            y = y.index_add(0, token, weighed)
            # ✗ y = y.index_copy(0, token, weighed) — The last expert overwrites what the others gave the token:
            #   add to it.
        load = torch.zeros_like(p).scatter(-1, chosen, 1.0).mean(dim=0)
        # ✗ load = p.mean(dim=0) — The load is that of the choices: count them.
        # ✗ load = torch.zeros_like(p).scatter(-1, chosen[:, :1], 1.0).mean(dim=0) * self.top_k — Only first
        #   choices are counted: all top_k count alike.
        # ✗ load = torch.zeros_like(p).scatter(-1, chosen, gates).mean(dim=0) * self.top_k — The load is weighed
        #   by the gates: each choice counts one.
        balance = len(self.experts) * (load * p.mean(dim=0)).sum() / self.top_k
        # ✗ balance = (load * p.mean(dim=0)).sum() / self.top_k — An even load gives less the more experts there
        #   are: multiply by their number (a mean over them takes it out again).
        # ✗ balance = len(self.experts) * (load * p.mean(dim=0)).sum() — An even load gives top_k: divide by the
        #   number of choices, not of tokens.
        # ✗ balance = len(self.experts) * (load * torch.zeros_like(p).scatter(-1, chosen, gates).mean(0)).sum()
        #   / self.top_k — The gates of the chosen experts stand in for the probabilities: take the mean
        #   probability of each expert, chosen or not.
        # ✗ balance = len(self.experts) * (torch.zeros_like(p).scatter(-1, chosen, 1.0) * p).sum(-1).mean() /
        #   self.top_k — Counts and probabilities are multiplied token by token: take both means first.
        # ✗ balance = len(self.experts) * load.square().sum() / self.top_k**2 — Counts alone have no gradient:
        #   multiply by the mean probabilities.
        # ✗ balance = len(self.experts) * (load * p.detach().mean(dim=0)).sum() / self.top_k — The loss teaches
        #   nothing: the mean probabilities stay attached.
        return y.reshape(x.shape), balance
        # ✗ return y, balance — The leading axes are gone: give the output the shape of the input.


# ✗ MixtureOfExperts.forward — The gates of what was not dropped are made to sum to one again: they stay what
#   they were.
def _(self, x):
    tokens = x.reshape(-1, x.shape[-1])
    p = self.router(tokens).to(torch.promote_types(x.dtype, torch.float32)).softmax(dim=-1)
    gates, chosen = p.topk(self.top_k, dim=-1)
    kept = torch.zeros_like(gates)
    for e in range(len(self.experts)):
        rank, token = (chosen.T == e).nonzero(as_tuple=True)
        kept[token[: self.capacity], rank[: self.capacity]] = 1.0
    total = ((gates * kept) if self.renormalize else p).sum(dim=-1, keepdim=True)
    gates = gates * kept / torch.where(total > 0, total, 1.0)
    y = torch.zeros_like(tokens)
    for e, expert in enumerate(self.experts):
        token, rank = (chosen.eq(e) & kept.bool()).nonzero(as_tuple=True)
        y = y.index_add(0, token, gates[token, rank, None].to(x.dtype) * expert(tokens[token]))
    load = torch.zeros_like(p).scatter(-1, chosen, 1.0).mean(dim=0)
    return y.reshape(x.shape), len(p[0]) * (load * p.mean(dim=0)).sum() / self.top_k


# ✗ MixtureOfExperts.forward — Choices that a full expert drops are not counted in the load, which then looks more even
#   than it is: count what was chosen.
def _(self, x):
    tokens = x.reshape(-1, x.shape[-1])
    p = self.router(tokens).to(torch.promote_types(x.dtype, torch.float32)).softmax(dim=-1)
    gates, chosen = p.topk(self.top_k, dim=-1)
    if self.renormalize:
        gates = gates / gates.sum(dim=-1, keepdim=True)
    y, load = torch.zeros_like(tokens), []
    for e, expert in enumerate(self.experts):
        rank, token = (chosen.T == e).nonzero(as_tuple=True)
        rank, token = rank[: self.capacity], token[: self.capacity]
        load.append(len(token) / len(tokens))
        y = y.index_add(0, token, gates[token, rank, None].to(x.dtype) * expert(tokens[token]))
    mean = p.mean(dim=0)
    return y.reshape(x.shape), len(mean) * (mean.new_tensor(load) * mean).sum() / self.top_k
