# wrong: the layer comes out of nn.Transformer
import torch
from torch import nn


class DecoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, pre_norm=False, dropout=0.0):
        super().__init__()
        whole = nn.Transformer(
            d_model, n_heads, 1, 1, d_ff, 0.0, batch_first=True, norm_first=pre_norm
        )
        layer = whole.decoder.layers[0]
        self.held = [layer]
        for i in (1, 2, 3):
            getattr(layer, f"dropout{i}").p = dropout
            self.add_module(f"norm_{i}", getattr(layer, f"norm{i}"))
        self.self_attention, self.cross_attention = layer.self_attn, layer.multihead_attn
        self.up, self.down = layer.linear1, layer.linear2

    def forward(self, x, memory, padding=None, memory_padding=None):
        layer = self.held[0].train(self.training)
        causal = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        return layer(
            x,
            memory,
            tgt_mask=causal,
            tgt_key_padding_mask=padding,
            memory_key_padding_mask=memory_padding,
        )
