
import numpy as np


def mlp_backward(x, target, w1, b1, w2, b2):
    """With bias folded into the weights, column vectors."""
    n = len(target)
    A = np.vstack([x.T, np.ones(n)])
    W, V = np.column_stack([w1, b1]), np.column_stack([w2, b2])
    Z = W @ A
    H = np.vstack([(abs(Z) + Z) / 2, np.ones(n)])
    S = V @ H
    L = np.logaddexp.reduce(S, axis=0)
    loss = (L - S[target, range(n)]).sum() / n
    P = np.exp(S - L)
    P[target, range(n)] -= 1
    dV = P @ H.T / n
    dZ = (V.T @ P)[:-1]
    dZ[Z <= 0] = 0
    dW = dZ @ A.T / n
    return loss, {"b2": dV[:, -1], "w2": dV[:, :-1], "b1": dW[:, -1], "w1": dW[:, :-1]}
