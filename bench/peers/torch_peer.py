"""Answers, one a line, what bench/compare.ts asks of PyTorch: `torch_peer.py (released | algebra) (eager | compile)`."""

import json
import os
import re
import resource
import sys
import time

import torch

import tensor_file
from iste import Algebra, Released, centres


class Peer:
    def __init__(self, form, mode):
        self.form = {"released": Released, "algebra": Algebra}[form]
        self.compiled = torch.compile if mode == "compile" else lambda function, **_: function

    def open(self, weights, rate, **_):
        tensors = tensor_file.read(weights)
        self.model = self.form(**architecture(tensors))
        self.model.load_state_dict(tensors)
        fused = {"fused": True} if self.form is Algebra else {}
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=rate, **fused)
        self.loss = self.compiled(self.model.loss, dynamic=False)
        self.parts = {name: self.compiled(getattr(self.model, name)) for name in self.model.compiled}
        return {"version": torch.__version__, "threads": torch.get_num_threads()}

    def batch(self, file, **_):
        given = tensor_file.read(file)
        self.given = given["lr"].permute(0, 3, 1, 2).contiguous(), given["coord"], given["cell"], given["target"], given.get("draws")
        return {}

    def gradients(self, file, **_):
        self.optimizer.zero_grad()
        loss = self.loss(*self.given)
        loss.backward()
        tensor_file.write(file, {name: weight.grad for name, weight in self.model.named_parameters()})
        return {"loss": loss.item()}

    def step(self, **_):
        began = time.perf_counter()
        self.optimizer.zero_grad()
        loss = self.loss(*self.given)
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.item(), "milliseconds": 1000 * (time.perf_counter() - began)}

    def predict(self, picture, side, chunk, file=None, **_):
        """Enlarges to side x side pixels, `chunk` at a time, the whole at once where it is 0."""
        lr = tensor_file.read(picture)["lr"].permute(0, 3, 1, 2).contiguous()
        began = time.perf_counter()
        with torch.no_grad():
            coord = torch.stack(torch.meshgrid(centres(side), centres(side), indexing="ij"), -1).reshape(1, -1, 2)
            cell = torch.full_like(coord, 2 / side)
            found = self.model.picture(lr, coord, cell, chunk or side * side, **self.parts) * 0.5 + 0.5
        taken = 1000 * (time.perf_counter() - began)
        if file:
            tensor_file.write(file, {"rgb": found})
        return {"milliseconds": taken}


def architecture(weights):
    """The sizes of the network, read off the shapes of its weights."""
    prefix = "encoder.layers."
    blocks = {tuple(map(int, re.findall(r"\d+", name)[:2])) for name in weights if name.startswith(prefix) and ".blocks." in name}
    dim, width = weights["coef.weight"].shape[:2]
    return {
        "width": width,
        "dim": dim,
        "embed": weights["encoder.conv_first.weight"].shape[0],
        "depths": [sum(stage == at for stage, _ in blocks) for at in range(1 + max(stage for stage, _ in blocks))],
        "heads": weights[prefix + "0.residual_group.blocks.0.attn.relative_position_bias_table"].shape[1],
    }


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    peer = Peer(sys.argv[1], sys.argv[2])
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = getattr(peer, asked.pop("do"))(**asked)
            answer["peakBytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        except Exception as error:
            answer = {"problem": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
