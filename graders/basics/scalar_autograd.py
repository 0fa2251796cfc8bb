"""What Value must do."""

from dojo import Kata, case

kata = Kata(
    minutes=40,
    level="hard",
    asked="Write a scalar autograd engine: a Value class with operators and backward().",
    asked_zh="手写一个标量自动求导引擎：带运算符重载和 backward() 的 Value 类。",
    hints=(
        "What must the result of an operation remember so that, given its own gradient, it can "
        "pass the right share on to each operand?",
        "A Value that is used twice gets gradient from both uses, and may pass on only after both "
        "have come. Which order of the Values guarantees that?",
        "Order everything so that operands come before results, without recursion; clear all "
        "gradients; set the last one to 1; walk the order backwards and add. Subtraction, "
        "negation and division follow from operations that you already have.",
    ),
    follow_ups={
        "Why reverse mode for training networks?": (
            "One backward pass gives the gradient of one output in all inputs, for a small "
            "multiple of the forward cost. Forward mode needs a pass per input, so it suits few "
            "inputs and many outputs."
        ),
        "How much memory does it take?": (
            "Every intermediate that a slope needs is kept until backward, so memory grows with "
            "the number of operations. Checkpointing keeps some and computes the others again."
        ),
        "Why does PyTorch accumulate into grad instead of setting it?": (
            "So that several backward passes, of micro-batches or of several losses, add up "
            "without extra code. The price is that zero_grad must be called between steps."
        ),
        "How would you extend it to tensors?": (
            "Replace slopes by functions that map an upstream gradient to operand gradients "
            "(vector–Jacobian products), and sum gradients over axes that were broadcast."
        ),
        "How would you get second derivatives?": (
            "Let backward work on Values instead of floats, so that the gradient is itself a "
            "graph, and call backward on it."
        ),
    },
    source="Baydin et al. 2018, JMLR 18(153), arXiv:1502.05767, §3.2",
    only=("numpy",),
)


def values(kata, draw, n, low=0.5, high=2.0):
    """Make Values of drawn numbers that no operation amplifies."""
    return [kata.Value(number) for number in draw.numpy.uniform(n, low=low, high=high).tolist()]


def seen(result, *inputs):
    """Go backward and report what there is to see."""
    result.backward()
    found = [float(v.grad) for v in (result, *inputs)]
    return {"data": float(result.data), "gradients": found}


@case()
def operations(kata, draw):
    """knows value and slope of every operation between Values, and of a Value as it is"""
    a, b = values(kata, draw, 2)
    results = [a, a + b, a - b, a * b, a / b, -a, a**3, b**-2, a**0.5, (a - 1).exp(), b.tanh()]
    return [seen(result, a, b) for result in results]


@case()
def plain_numbers(kata, draw):
    """takes plain numbers on either side, whole ones too"""
    (a,), c = values(kata, draw, 1), float(draw.numpy.uniform(low=1.0, high=3.0))
    results = [a + c, a - c, a * c, a / c, c + a, c - a, c * a, c / a]
    results += [2 - a, 3 / a, a / 2, 1 + a * 3 - 4]
    return [seen(result, a) for result in results]


@case(n=5)
def sums(kata, draw, n):
    """works with Python's sum and with +=, which changes no operand"""
    given = values(kata, draw, n)
    total = first = given[0]
    for v in given[1:]:
        total += v * first
    return [seen(sum(v * v for v in given), *given), seen(total, *given), float(first.data)]


@case()
def used_twice(kata, draw):
    """adds up the gradients of every use, within one operation and across several"""
    a, b = values(kata, draw, 2)
    c = a * b
    results = [a + a, a * a, a / a + a, c * c + c, (a + b) * (a - b) / (c + a), c.exp() * a - c]
    return [seen(result, a, b) for result in results]


@case(number=1.5)
def equal_numbers(kata, draw, number):
    """tells Values apart that hold the same number"""
    a, b, (c,) = kata.Value(number), kata.Value(number), values(kata, draw, 1)
    d, e = a * c, b * c
    return seen(d * c + e * a, a, b, c, d, e)


@case()
def in_between(kata, draw):
    """gives gradients to the Values in between, whose uses lie at different depths"""
    a, b = values(kata, draw, 2)
    c = a * b
    d = (c + 1) * a
    e, f, g = d.tanh() * c, 0 + c, c * 1
    return seen(e * d + c + f * a - g * b, a, b, c, d, e, f, g)


@case(numbers=(-2.0, -0.5, 0.0, 0.7, 3.0))
def relu(kata, draw, numbers):
    """has slope one above zero, and none below or at it"""
    scale = float(draw.numpy.uniform(low=1.0, high=2.0))
    given = [kata.Value(scale * number) for number in numbers]
    return [seen(a.relu() * factor, a) for a in given for factor in (scale, -scale)]


@case(numbers=(-1000.0, 1000.0, 0.0))
def far_out(kata, draw, numbers):
    """has a finite tanh everywhere, and x ** 0 is constant at zero too"""
    given, b = [kata.Value(number) for number in numbers], values(kata, draw, 1)[0]
    return [[seen(a.tanh() + b, a), seen(a**0 * b * b, a, b), seen(a**1 * b, a)] for a in given]


@case()
def again(kata, draw):
    """gives the same gradients again, whatever was there before"""
    a, b = values(kata, draw, 2)
    c = a * b
    d = c.tanh() + a
    first, second = seen(d, a, b, c), seen(d, a, b, c)
    return [first, second, seen(c * 3, a, b), float(d.grad), seen(c, a, b), float(d.grad)]


@case()
def untouched(kata, draw):
    """starts at zero; no operation changes it, nor a result that does not depend on it"""
    a, b, c = values(kata, draw, 3)
    result, other = a * b, b * c
    before = [float(v.grad) for v in (a, b, c, result, other)]
    result.backward()
    _ = [a + b, a * c, -a, a - 1, 2 / b, a**2, b.exp(), c.tanh(), a.relu(), sum([a, b])]
    data = [float(v.data) for v in (a, b, c, other)]
    return [before, data, [float(v.grad) for v in (a, b, c, result, other)]]


@case(steps=4000)
def deep(kata, draw, steps):
    """goes thousands of operations deep, one step each, whatever the number of paths"""
    a, c = values(kata, draw, 1)[0], values(kata, draw, 1, low=-1e-3, high=1e-3)[0]
    result = a
    for _ in range(steps):
        result = result + result * c  # two paths through every step
    return seen(result, a, c)
