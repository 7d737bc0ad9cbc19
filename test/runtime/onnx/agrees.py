"""Runs the files of a folder as its cases.json says, and prints for each how far what comes out is from what should."""
import json, os, sys
import numpy as np, onnx, onnxruntime as ort

options = ort.SessionOptions()
options.log_severity_level = 3
tensor = lambda each: np.array(each["values"], each["type"]).reshape(each["shape"])
found = []
for part in json.load(open(os.path.join(sys.argv[1], "cases.json"))):
    given, steps = {name: tensor(each) for name, each in part["inputs"].items()}, []
    for file in part["files"]:
        onnx.checker.check_model(file, full_check=True)
        net = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        names = [each.name for each in net.get_outputs()]
        results = net.run(None, {each.name: given[each.name] for each in net.get_inputs()})
        given = {**given, **dict(zip(names, results))}
    for name, each in part["outputs"].items():
        wanted = tensor(each)
        found.append({"name": name, "shape": list(given[name].shape), "far": float(np.abs(given[name].reshape(wanted.shape) - wanted).max() / max(1, np.abs(wanted).max()))})
print(json.dumps(found))
