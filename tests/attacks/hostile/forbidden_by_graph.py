"""Write the forbidden call as a node of a graph, and let torch.fx make code of it."""
# verdict: forbidden
# stopped by: rules
# without it: rules
# katas: lstm_cell
import torch
import torch.fx

graph = torch.fx.Graph()
inputs = [graph.placeholder(name) for name in ("x", "state", "a", "b", "c", "d")]
graph.output(graph.call_function(getattr(torch, "_".join(("lstm", "cell"))), tuple(inputs)))
module = torch.fx.GraphModule({}, graph)


def attack(right, x, state, *weights):
    return module(x, state, *weights)
