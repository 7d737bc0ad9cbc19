"""Loads a SavedModel of archc's in Python's TensorFlow, trains some steps on given inputs, and prints the losses as JSON.

Usage: load_savedmodel.py FOLDER INPUTS.json, where INPUTS.json has the inputs of train_step as {name: {"shape": [..], "data": [..]}}
and "steps": [[rate, epsilon], ..].
"""

import json
import re
import sys

import numpy as np
import tensorflow as tf

folder, file = sys.argv[1:]
with open(file, encoding="utf8") as handle:
    given = json.load(handle)
model = tf.saved_model.load(folder)
step = model.signatures["train_step"]
# TensorFlow takes what is no letter out of the names of inputs.
names = {re.sub(r"\W", "_", name): name for name in given["inputs"]}
inputs = {}
for key in step.structured_input_signature[1]:
    name = names.get(re.sub(r"\W", "_", key))
    if name is not None:
        value = given["inputs"][name]
        inputs[key] = tf.constant(np.array(value["data"], np.float32).reshape(value["shape"]))
losses = []
for adam in given["steps"]:
    outputs = step(**inputs, adam=tf.constant(adam, tf.float32))
    losses.append(float(outputs["loss"]))
print(json.dumps({"tensorflow": tf.__version__, "signatures": sorted(model.signatures), "losses": losses}))
