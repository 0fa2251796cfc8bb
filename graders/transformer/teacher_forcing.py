"""What shift_right and teacher_forcing_loss must do."""

import torch
from torch import nn

from dojo import Kata, case

kata = Kata(
    minutes=20,
    level="core",
    asked="Write teacher forcing for a decoder: the shifted input and the masked loss.",
    asked_zh="手写解码器的 teacher forcing：输入右移，并对填充位置做损失掩码。",
    hints=(
        "Write a target of three tokens under the input that predicts it. What stands first, and "
        "which label is never read?",
        "Two masks look alike: where the input is padding and where there is no label. Which one "
        "belongs to the loss? And −100 is not a row of any embedding.",
        "Put the start token before all labels but the last, replace the marks, run the decoder "
        "once, pick each label's log-probability, and average over real labels. Beware of none.",
    ),
    follow_ups={
        "What is exposure bias?": (
            "In training the decoder only ever reads true prefixes, in generation its own. An "
            "early mistake leads to prefixes it never saw. Scheduled sampling, sequence-level "
            "losses and reinforcement learning address it; large models with much data suffer "
            "little."
        ),
        "Why can training run in parallel and generation not?": (
            "All inputs are known beforehand, so a causal mask lets one pass compute every "
            "position. In generation each input is the output of the step before."
        ),
        "Why must the end mark be a label, and is it ever an input?": (
            "Without that label the model never learns to stop. As the last label it is read by "
            "nobody; in a padded row it is read, but no label depends on it."
        ),
        "How do you average over several devices or micro-batches?": (
            "Add up losses and label counts everywhere and divide once. A mean of means weighs the "
            "tokens of batches with few labels more."
        ),
        "Should gradients flow through the model's own predictions in scheduled sampling?": (
            "Sampled tokens are discrete, so no gradient passes through them; they are treated as "
            "data. Relaxations such as Gumbel-softmax or straight-through let one pass, with bias."
        ),
    },
    source=(
        "Williams and Zipser 1989, doi:10.1162/neco.1989.1.2.270; shift: Vaswani et al. 2017, "
        "arXiv:1706.03762, §3.1"
    ),
)


def a_decoder(draw, V, d):
    """Return a causal decoder, its layers, and a list of the shapes that it is called with."""
    layers, calls = nn.ModuleList([nn.Embedding(V, d), nn.Linear(d, V)]), []
    embedding, head = draw.weights(layers)

    def decoder(tokens):
        calls.append(tuple(tokens.shape))
        return head(embedding(tokens).cumsum(1))

    return decoder, layers, calls


def marked(draw, B, T, V):
    """Return labels that are padded on the right, on the left, in between or not at all."""
    labels = draw.integers(T, B, high=V).T
    row, place = torch.arange(B)[:, None], torch.arange(T)
    hidden = draw.booleans(B, T, p=0.3) | (row == B - 1) & (place == T - 1)
    return torch.where(hidden & (row > 0), -100, labels)


@case(B=3, T=5, start_id=7, pad_id=3)
@case(B=4, T=6, start_id=0, pad_id=9)
@case(B=1, T=1, start_id=4, pad_id=2)
def shifted(kata, draw, B, T, start_id, pad_id):
    """reads the start token, then all labels but the last, with padding where there is none"""
    labels = marked(draw, B, T, 6)
    return {"shifted": kata.shift_right(labels, start_id, pad_id), "labels": labels}


@case(B=4, T=5, V=9, d=3, start_id=7, pad_id=1)
@case(B=3, T=7, V=4, d=6, start_id=0, pad_id=2)  # few tokens: the padding one is a label, too
@case(B=1, T=1, V=3, d=2, start_id=1, pad_id=0)
def loss(kata, draw, B, T, V, d, start_id, pad_id):
    """averages over the real labels, in one pass, with the right gradients"""
    decoder, layers, calls = a_decoder(draw, V, d)
    labels = marked(draw, B, T, V)
    found = kata.teacher_forcing_loss(decoder, labels, start_id, pad_id)
    draw.backward(found)
    return {"loss": found, **draw.gradients(layers), "calls": calls, "labels": labels}


@case(B=2, T=3, V=5)
def nothing(kata, draw, B, T, V):
    """gives zero, and gradients of zero, when there is no label"""
    logits = draw.normal(B, T, V).requires_grad_()
    labels = torch.full((B, T), -100)
    found = kata.teacher_forcing_loss(lambda tokens: logits, labels, 1, 0)
    draw.backward(found)
    return {"loss": found, "logits": logits.grad}


@case(B=3, T=4, V=6)
def sure(kata, draw, B, T, V):
    """stays finite when the decoder is sure, and keeps double precision, of a view too"""
    logits = draw.normal(T, B, V, scale=2e3, dtype="float64").requires_grad_()
    found = kata.teacher_forcing_loss(
        lambda tokens: logits.transpose(0, 1), marked(draw, B, T, V), 1, 0
    )
    draw.backward(found)
    return {"loss": found, "logits": logits.grad}


@case(B=2, T=3, V=5)
def devices(kata, draw, B, T, V):
    """stays on the device of the labels"""
    labels, logits = draw.meta.integers(B, T, high=V), draw.meta.normal(B, T, V)
    input_ids = kata.shift_right(labels, 1, 0)
    return [input_ids, str(kata.teacher_forcing_loss(lambda tokens: logits, labels, 1, 0).device)]
