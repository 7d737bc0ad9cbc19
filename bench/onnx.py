"""Milliseconds that ONNX Runtime takes for a file with random numbers of the given shapes, the least and the median of several."""
import json, sys, time
import numpy as np, onnxruntime as ort

file, shapes, count = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
options = ort.SessionOptions()
options.log_severity_level = 3
net = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
random = np.random.default_rng(1)
given = {each.name: random.random(shapes[each.name], np.float32) for each in net.get_inputs()}
net.run(None, given)
times = []
for _ in range(count):
    start = time.perf_counter()
    net.run(None, given)
    times.append(1000 * (time.perf_counter() - start))
print(json.dumps(times))
