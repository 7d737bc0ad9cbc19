"""Safetensors of float32: eight bytes that say how long the header is, the header as JSON, then the numbers."""

import json
import struct

import torch


def read(file):
    with open(file, "rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(length))
        data = bytearray(stream.read())
    header.pop("__metadata__", None)
    whole = torch.frombuffer(data, dtype=torch.float32) if data else torch.empty(0)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise ValueError(f"{name} is {entry['dtype']}, not F32")
        start, end = (offset // 4 for offset in entry["data_offsets"])
        tensors[name] = whole[start:end].reshape(entry["shape"]).clone()
    return tensors


def write(file, tensors):
    header, at, parts = {}, 0, []
    for name in sorted(tensors):
        data = tensors[name].detach().to(torch.float32).contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        stream.writelines(parts)
