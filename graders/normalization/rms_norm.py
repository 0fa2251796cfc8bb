"""What RMSNorm must do."""

import torch

from dojo import Kata, case

kata = Kata(
    minutes=10,
    level="warmup",
    asked="Write RMSNorm in PyTorch, safe in half precision.",
    asked_zh="用 PyTorch 手写 RMSNorm，保证半精度下数值稳定。",
    hints=(
        "Which of layer norm's steps are left out, and what is divided by when the mean stays in?",
        "What is the largest float16, and what is the square of 300? In which dtype should the "
        "average be taken?",
        "Widen half precision, average the squares over the last axis and keep that axis, add "
        "eps, divide by the root, go back to the input's dtype and scale.",
    ),
    follow_ups={
        "Why can the mean be left out?": (
            "The authors' ablation says that what helps training is invariance to the scale of "
            "inputs and weights, not to a shift. Leaving out the mean saves a reduction and the "
            "bias, at about equal quality."
        ),
        "When are RMSNorm and LayerNorm the same?": (
            "When the mean of every vector is zero, up to the bias. One can make it so by "
            "subtracting the mean from the rows that write into the residual stream, so a trained "
            "pre-norm model can be converted."
        ),
        "Does it matter whether you cast back before or after the weight?": (
            "It differs by one rounding. LLaMA's code casts before, so the product is in half "
            "precision; T5 and Gemma differ again. To reproduce a model's logits, follow its code."
        ),
        "Where does eps matter?": (
            "Where the mean square is about eps or less, such as padding vectors of zero. "
            "It bounds the gain at 1/√eps. 10⁻⁶ cannot be told from zero in float16 (its smallest "
            "normal number is 6·10⁻⁵), one more reason for float32."
        ),
    },
    source="Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4",
    needs=("normalization/layer_norm",),
    forbids=("torch.nn.functional.normalize",),
)


@case(outer=(2, 5), d_model=12, eps=0.1)
@case(outer=(4, 2, 3), d_model=7, eps=0.01)
@case(outer=(1, 1), d_model=1, eps=0.3)
@case(outer=(), d_model=9, eps=1e-6)
def output(kata, draw, outer, d_model, eps):
    """matches the equation, with any axes in front"""
    layer = draw.weights(kata.RMSNorm(d_model, eps))
    return layer(draw.normal(*outer, d_model) + 0.5)


@case(B=3, d_model=8)
def new(kata, draw, B, d_model):
    """starts with scale one and eps 10⁻⁶, and saves the scale only"""
    layer = kata.RMSNorm(d_model)
    return {"y": layer(draw.normal(B, d_model, scale=1e-3)), **layer.state_dict()}


@case(B=3, T=4, d_model=6, eps=0.2)
def gradients(kata, draw, B, T, d_model, eps):
    """passes the right gradients to the input and the scale, at zero too"""
    layer = draw.weights(kata.RMSNorm(d_model, eps))
    x = draw.normal(B, T, d_model) * torch.arange(T)[:, None]  # the first token is zero
    x.requires_grad_()
    draw.backward(layer(x))
    return {"x": x.grad, **draw.gradients(layer)}


@case(d_model=40, dtype="float16", scale=400.0, eps=1e-9)
@case(d_model=40, dtype="float16", scale=1e-4, eps=1e-9)
@case(d_model=20, dtype="float16", scale=2e-6, eps=1e-13)
@case(d_model=30, dtype="bfloat16", scale=3.0, eps=1e-9)
def half(kata, draw, d_model, dtype, scale, eps):
    """works in float32 on half precision and returns what came in"""
    layer = draw.weights(kata.RMSNorm(d_model, eps), dtype=dtype)
    return layer(draw.normal(3, 2, d_model, scale=scale, dtype=dtype))


@case(B=20, d_model=256, dtype="float16")
@case(B=20, d_model=256, dtype="bfloat16")
def rounded_once(kata, draw, B, d_model, dtype):
    """divides before it rounds: half precision gives what float32 gives, rounded"""
    x, half = draw.normal(B, d_model, dtype=dtype), getattr(torch, dtype)
    found = kata.RMSNorm(d_model).to(half)(x)
    wanted = kata.RMSNorm(d_model)(x.float()).to(half)
    return {"share that agrees": round((found == wanted).float().mean().item(), 1)}


@case(B=2, T=3, d_model=5)
def float64(kata, draw, B, T, d_model):
    """keeps double precision, also of an input that is a view"""
    layer = draw.weights(kata.RMSNorm(d_model, eps=0.1), dtype="float64")
    return layer(draw.normal(d_model, T, B, dtype="float64").permute(2, 1, 0))


@case(B=2, T=3, d_model=8)
def devices(kata, draw, B, T, d_model):
    """stays on the device of its input"""
    return draw.meta.weights(kata.RMSNorm(d_model))(draw.meta.normal(B, T, d_model))
