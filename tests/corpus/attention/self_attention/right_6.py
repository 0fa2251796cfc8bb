import torch
import torch.nn.functional as F
from torch.nn import Linear, Module


class SelfAttention(Module):
    def __init__(self, d_model: int, n_heads: int):
        if d_model % n_heads:
            raise ValueError(f"{n_heads} heads cannot share {d_model} features")
        super().__init__()
        for name in "q_proj", "k_proj", "v_proj", "out_proj":
            setattr(self, name, Linear(d_model, d_model))
        self.heads = n_heads

    def forward(self, x, padding=None):
        triple = (self.q_proj, self.k_proj, self.v_proj)
        weight = torch.cat([p.weight for p in triple])
        bias = torch.cat([p.bias for p in triple])
        Q, K, V = F.linear(x, weight, bias).chunk(3, dim=-1)
        width = x.shape[-1] // self.heads
        result = self.out_proj.bias
        for h in range(self.heads):
            cut = slice(h * width, (h + 1) * width)
            scores = torch.baddbmm(torch.zeros((), dtype=x.dtype, device=x.device), Q[..., cut], K[..., cut].mT, alpha=width**-0.5)
            if padding is not None:
                hidden = padding.unsqueeze(1)
                scores = torch.where(hidden, torch.finfo(x.dtype).min, scores)
            weights = F.softmax(scores, -1)
            if padding is not None:
                weights = weights * hidden.logical_not()
            result = result + weights @ V[..., cut] @ self.out_proj.weight[:, cut].T
        return result
