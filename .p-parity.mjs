// src/compiler/diagnostics/catalogue.ts
var error = (message) => ({ severity: "error", message });
var warning = (message) => ({ severity: "warning", message });
var near = (a) => a.near.length > 0 ? `; did you mean ${a.near.join(" or ")}?${a.accepted ? ` It takes ${a.accepted.join(", ")}` : ""}` : a.accepted && a.accepted.length > 0 ? `. It takes ${a.accepted.join(", ")}` : "";
var catalogue = {
  // text
  "unexpected-token": error((a) => `expected ${a.expected}, found ${a.found}`),
  "unknown-keyword": error((a) => `'${a.name}' is not a declaration${near(a)}`),
  unclosed: error((a) => `this ${a.bracket} is never closed`),
  "bad-string": error((_) => "a string ends on its line"),
  "bad-character": error((a) => `${a.found} has no meaning here`),
  "pattern-syntax": error((a) => a.problem),
  // names
  "unknown-name": error((a) => `nothing here is called ${a.name}${near(a)}`),
  "unknown-module": error((a) => `${a.file} has no module or model called ${a.name}${near(a)}`),
  "unknown-op": error((a) => `no op or module called ${a.name}${near(a)}`),
  "unknown-attribute": error((a) => `${a.callee} has no ${a.name}${near(a)}`),
  "unknown-preset": error((a) => `${a.model} has no preset ${a.name}${near(a)}`),
  "missing-attribute": error((a) => `${a.callee} needs ${a.name}`),
  "duplicate-name": error((a) => `${a.name} is already ${a.what}`),
  "unknown-dim": error((a) => `${a.name} is not a dimension here${near(a)}`),
  "import-missing": error((a) => `cannot read ${a.path}: ${a.reason}`),
  "import-cycle": error((a) => `${a.chain.join(", which imports ")}`),
  "used-before-defined": error((a) => `${a.name} is used before it is defined`),
  "module-cycle": error((a) => `${a.name} calls itself`),
  "too-deep": error((a) => `more than ${a.limit} levels are nested here`),
  // values
  "attribute-type": error((a) => `${a.name} takes ${a.takes}, not ${a.given}`),
  "attribute-value": error((a) => `${a.name} is ${a.accepted}; not ${a.given}`),
  "not-static": error((a) => `${a.name} must be known when compiling; it depends on ${a.on}`),
  "not-a-tensor": error((a) => `${a.what} takes a tensor, not ${a.given}`),
  "repeat-count": error((a) => `repeat takes a count from 0 to 10000; ${a.written} is ${a.value}`),
  "static-value": error((a) => a.problem),
  // shapes
  arity: error((a) => `${a.callee} takes ${a.takes} and is given ${a.given}`),
  "rank-mismatch": error((a) => `${a.callee} takes ${a.takes}; ${a.name} is ${a.given}`),
  "shape-mismatch": error((a) => a.problem),
  "shape-unknown": error((a) => `cannot show that ${a.claim}`),
  "not-divisible": error((a) => `${a.size} does not divide by ${a.by}${a.where}`),
  broadcast: error((a) => `${a.operator} cannot pair ${a.left} with ${a.right} at ${a.axis}`),
  "concat-axes": error((a) => `concat joins axis ${a.axis}; axis ${a.other} differs: ${a.left} against ${a.right}`),
  "pattern-mismatch": error((a) => a.problem),
  "window-too-large": error((a) => a.problem),
  "output-mismatch": error((a) => `${a.name} is declared ${a.declared} and returned as ${a.returned}`),
  "dtype-mismatch": error((a) => `${a.callee} needs ${a.takes}; ${a.name} is ${a.given}`),
  "mixed-pipeline": error((a) => `${a.written} could be ${a.readings.join(" or ")}; write the one you mean`),
  "return-missing": error((a) => `${a.name} has no return`),
  // slots and variants
  "slot-contract": error((a) => `the filler of ${a.slot} ${a.problem}`),
  "unknown-path": error((a) => `${a.owner} has no ${a.kind} ${a.name}${near(a)}`),
  "not-a-slot": error((a) => `${a.name} is ${a.what}; only slots can be replaced. Slots: ${a.slots.join(", ")}`),
  "edit-conflict": error((a) => `${a.first} and ${a.second} both change ${a.path}`),
  "variant-no-effect": error((a) => `this variant equals ${a.base}: neither graph nor train nor evaluate changes`),
  "variant-of-variant": error((_) => "a variant names a model; apply two variants together with --variant"),
  "lambda-arity": error((a) => `${a.slot} has ${a.takes} inputs; the lambda names ${a.names}`),
  "lambda-place": error((_) => "a lambda stands only as the filler of a slot or as its replacement"),
  // training and evaluation
  "unknown-field": error((a) => `${a.record} has no ${a.name}${near(a)}`),
  "missing-field": error((a) => `${a.record} needs ${a.name}`),
  "unbound-dim": error((a) => `${a.record} does not say how large ${a.dim} is`),
  "out-of-range": error((a) => `${a.name} is in ${a.range}; ${a.given} is outside`),
  "loss-shape": error((a) => `${a.callee} compares ${a.left} with ${a.right}`),
  "role-shape": error((a) => `${a.role} are ${a.takes}; ${a.name} is ${a.given}`),
  "role-unknown": error((a) => `there is no role ${a.name}${near(a)}`),
  "role-missing": error((a) => `${a.model} has no ${a.role}`),
  "role-count": error((a) => `a model has ${a.problem}; ${a.model} has another number`),
  "scale-range": error((a) => a.problem),
  "only-in-models": error((a) => `${a.what} stands only in a model; ${a.name} is a module`),
  "no-model": error((a) => `${a.file} declares no model`),
  // lints
  "unused-let": warning((a) => `${a.name} is never used`),
  "unused-module": warning((a) => `module ${a.name} is never used`),
  "unused-input": warning((a) => `the input ${a.name} is never used`),
  "unused-import": warning((a) => `the import ${a.name} is never used`),
  "dead-slot": warning((a) => `${a.name} has no path to ${a.outputs}`)
};
function diagnostic(code, args, span, context = {}) {
  const entry = catalogue[code];
  return {
    code,
    severity: entry.severity,
    message: entry.message(args),
    primary: { span, label: context.label ?? "" },
    related: context.related ?? [],
    notes: context.notes ?? [],
    ...context.help !== void 0 && { help: context.help },
    fixes: context.fixes ?? []
  };
}
var Reported = class extends Error {
  constructor(diagnostic2) {
    super(diagnostic2.message);
    this.diagnostic = diagnostic2;
  }
  diagnostic;
};
function fail(code, args, span, context = {}) {
  throw new Reported(diagnostic(code, args, span, context));
}

// src/compiler/diagnostics/suggest.ts
function nearest(name, candidates) {
  const others = [...new Set(candidates)].filter((candidate) => candidate !== name).sort();
  const distances = new Map(others.map((candidate) => [candidate, distance(name, candidate)]));
  const least = Math.min(Math.floor(0.4 * name.length) + 1, ...distances.values());
  const near2 = others.filter((candidate) => distances.get(candidate) === least);
  const finished = others.filter((candidate) => name.length >= 3 && candidate.startsWith(name) && !near2.includes(candidate));
  return [...near2, ...finished];
}
function distance(a, b) {
  const lowerA = a.toLowerCase();
  const lowerB = b.toLowerCase();
  const caseless = editDistance(lowerA, lowerB);
  if (caseless >= Math.max(a.length, b.length)) return Infinity;
  return Math.min(editDistance(a, b), caseless + 1);
}
function editDistance(a, b) {
  let before = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2] + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[b.length];
}

// src/compiler/ir/graph.ts
function producers(graph) {
  const map = /* @__PURE__ */ new Map();
  for (const node of graph.nodes) for (const result of node.results) map.set(result, node);
  return map;
}
function subgraph(graph, inputs, outputs) {
  const made = producers(graph);
  const given = new Set(inputs.map((input) => input.value));
  const needed = /* @__PURE__ */ new Set();
  const visit = (value) => {
    if (given.has(value)) return;
    const node = made.get(value);
    if (!node) {
      const name = graph.inputs.find((input) => input.value === value)?.name ?? `value ${value}`;
      throw new Error(`the part of the graph needs ${name}, which is not given`);
    }
    if (needed.has(node)) return;
    needed.add(node);
    node.inputs.forEach(visit);
  };
  outputs.forEach((output) => visit(output.value));
  const nodes = graph.nodes.filter((node) => needed.has(node));
  const paths = new Set(nodes.flatMap((node) => node.weights));
  const kept = /* @__PURE__ */ new Set([...given, ...nodes.flatMap((node) => node.results)]);
  return {
    inputs,
    weights: graph.weights.filter((weight) => paths.has(weight.path)),
    nodes,
    values: graph.values,
    outputs,
    lets: new Map([...graph.lets].filter(([, value]) => kept.has(value)))
  };
}

// src/compiler/ops/op.ts
var isTensor = (value) => typeof value === "object" && value !== null && value.kind === "tensor";
var f32 = (shape2) => ({ shape: shape2, dtype: "f32" });
var i32 = (shape2) => ({ shape: shape2, dtype: "i32" });
var typed = (shape2, dtype) => ({ shape: shape2, dtype });
var axisOf = (axis, rank) => axis < 0 ? axis + rank : axis;

// src/compiler/shapes/polynomial.ts
var plainName = /^[\p{L}_][\p{L}\p{N}_.]*$/u;
var nameKey = (name) => plainName.test(name) ? name : JSON.stringify(name);
var symbolAtom = (name) => ({ kind: "symbol", name, depth: 0, key: nameKey(name) });
var floorAtom = (of, by) => ({
  kind: "floor",
  of,
  by,
  depth: depthOf(of) + 1,
  key: `floor(${of.key}/${by})`
});
function extremeAtom(kind, a, b) {
  const [left, right] = a.key <= b.key ? [a, b] : [b, a];
  return { kind, left, right, depth: Math.max(depthOf(left), depthOf(right)) + 1, key: `${kind}(${left.key},${right.key})` };
}
function depthOf(size) {
  let depth = 0;
  for (const term of size.terms) for (const atom of term.atoms) depth = Math.max(depth, atom.depth);
  return depth;
}
function compareAtoms(a, b) {
  if (a.depth !== b.depth) return a.depth - b.depth;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
function compareMonomials(a, b) {
  if (a.length !== b.length) return b.length - a.length;
  for (const [i, atom] of a.entries()) {
    const order = compareAtoms(atom, b[i]);
    if (order !== 0) return order;
  }
  return 0;
}
function makeTerm(coefficient, atoms) {
  return { coefficient, atoms, key: atoms.map((atom) => atom.key).join("*") };
}
function multiplyTerms(a, b) {
  if (a.atoms.length === 0) return { ...b, coefficient: a.coefficient * b.coefficient };
  if (b.atoms.length === 0) return { ...a, coefficient: a.coefficient * b.coefficient };
  return makeTerm(a.coefficient * b.coefficient, [...a.atoms, ...b.atoms].sort(compareAtoms));
}
function collect(terms) {
  const byKey = /* @__PURE__ */ new Map();
  for (const term of terms) {
    const same = byKey.get(term.key);
    byKey.set(term.key, same ? { ...term, coefficient: same.coefficient + term.coefficient } : term);
  }
  return [...byKey.values()].filter((term) => term.coefficient !== 0).sort((a, b) => compareMonomials(a.atoms, b.atoms));
}
function fromTerms(terms) {
  const collected = collect(terms);
  for (const { coefficient } of collected) {
    if (!Number.isSafeInteger(coefficient))
      throw new RangeError(`a size has the coefficient ${coefficient}, which is not an exact integer`);
  }
  return { terms: collected, key: collected.map(termKey).join("+") || "0" };
}
function termKey({ coefficient, key: key2 }) {
  if (key2 === "") return String(coefficient);
  return coefficient === 1 ? key2 : `${coefficient}*${key2}`;
}
var fromAtom = (atom) => fromTerms([makeTerm(1, [atom])]);
var symbol = (name) => fromAtom(symbolAtom(name));
var constant = (n) => fromTerms([makeTerm(n, [])]);
function asInteger(size) {
  if (size.terms.length === 0) return 0;
  const [only] = size.terms;
  return size.terms.length === 1 && only.atoms.length === 0 ? only.coefficient : void 0;
}
function constantPart(size) {
  const last = size.terms.at(-1);
  return last && last.atoms.length === 0 ? last.coefficient : 0;
}
var add = (a, b) => fromTerms([...a.terms, ...b.terms]);
var scale = (size, by) => fromTerms(size.terms.map((term) => ({ ...term, coefficient: term.coefficient * by })));
var sub = (a, b) => add(a, scale(b, -1));
function mul(a, b) {
  return fromTerms(a.terms.flatMap((left) => b.terms.map((right) => multiplyTerms(left, right))));
}
function gcd(a, b) {
  while (b !== 0) [a, b] = [b, a % b];
  return Math.abs(a);
}
function commonFactor(size, n) {
  return size.terms.reduce((common, term) => term.atoms.length === 0 ? common : gcd(common, term.coefficient), n);
}
function floorDiv(size, n) {
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`a size is divided by a positive integer, not by ${n}`);
  if (n === 1) return size;
  const outside2 = [];
  const inside = [];
  for (const term of size.terms) {
    const quotient2 = Math.floor(term.coefficient / n);
    const remainder = term.coefficient - quotient2 * n;
    if (quotient2 !== 0) outside2.push({ ...term, coefficient: quotient2 });
    if (remainder !== 0) inside.push({ ...term, coefficient: remainder });
  }
  const rest = fromTerms(inside);
  if (asInteger(rest) !== void 0) return fromTerms(outside2);
  return add(fromTerms(outside2), floorOfRemainders(rest, n));
}
function floorOfRemainders(rest, n) {
  const common = commonFactor(rest, n);
  if (common > 1) {
    const cancelled = rest.terms.map((term) => ({ ...term, coefficient: Math.floor(term.coefficient / common) }));
    return floorDiv(fromTerms(cancelled), n / common);
  }
  for (const term of rest.terms) {
    const [inner] = term.atoms;
    if (term.coefficient !== 1 || term.atoms.length !== 1 || inner.kind !== "floor") continue;
    const others = sub(rest, fromAtom(inner));
    return floorDiv(add(inner.of, scale(others, inner.by)), inner.by * n);
  }
  return fromAtom(floorAtom(rest, n));
}

// src/compiler/shapes/bounds.ts
var mostExtremes = 4;
var known = /* @__PURE__ */ new WeakMap();
function bounds(size) {
  const before = known.get(size);
  if (before) return before;
  const value = asInteger(size);
  const found = value === void 0 ? { min: lowerBound(size), max: 0 - lowerBound(scale(size, -1)) } : { min: value, max: value };
  known.set(size, found);
  return found;
}
function lowerBound(size) {
  const least = Math.max(termByTerm(size).min, Math.ceil(relaxed({ terms: size.terms, denominator: 1 }, mostExtremes)));
  return least + 0;
}
function termByTerm(size) {
  let sum = { min: 0, max: 0 };
  for (const term of size.terms) {
    let product2 = { min: term.coefficient, max: term.coefficient };
    for (const atom of term.atoms) product2 = multiplyBounds(product2, atomBounds(atom));
    sum = { min: sum.min + product2.min, max: sum.max + product2.max };
  }
  return sum;
}
function multiplyBounds(a, b) {
  const corners2 = [times(a.min, b.min), times(a.min, b.max), times(a.max, b.min), times(a.max, b.max)];
  return { min: Math.min(...corners2), max: Math.max(...corners2) };
}
var times = (a, b) => a === 0 || b === 0 ? 0 : a * b;
function atomBounds(atom) {
  switch (atom.kind) {
    case "symbol":
    case "quotient":
      return { min: 1, max: Infinity };
    case "floor": {
      const inner = bounds(atom.of);
      return { min: Math.floor(inner.min / atom.by), max: Math.floor(inner.max / atom.by) };
    }
    case "min":
    case "max": {
      const left = bounds(atom.left);
      const right = bounds(atom.right);
      return { min: Math[atom.kind](left.min, right.min), max: Math[atom.kind](left.max, right.max) };
    }
  }
}
function relaxed(sum, extremes) {
  if (!Number.isSafeInteger(sum.denominator) || sum.terms.some((term) => !Number.isSafeInteger(term.coefficient)))
    return -Infinity;
  const deepest2 = sum.terms.flatMap((term) => term.atoms).reduce((a, b) => a && a.depth >= b.depth ? a : b, void 0);
  if (!deepest2) return (sum.terms[0]?.coefficient ?? 0) / sum.denominator;
  switch (deepest2.kind) {
    case "symbol":
    case "quotient":
      return aboveOne(sum);
    case "floor": {
      const less = [...deepest2.of.terms, makeTerm(1 - deepest2.by, [])];
      const replaced = replaceOnce(
        sum,
        deepest2,
        { terms: less, denominator: deepest2.by },
        { terms: deepest2.of.terms, denominator: deepest2.by }
      );
      return replaced ? relaxed(replaced, extremes) : -Infinity;
    }
    case "min":
    case "max": {
      if (extremes === 0) return -Infinity;
      const candidates = [deepest2.left, deepest2.right].map(
        (choice) => replaceAll(sum, deepest2, { terms: choice.terms, denominator: 1 })
      );
      const results = candidates.map((candidate) => relaxed(candidate, extremes - 1));
      const helpful = deepest2.kind === "min" ? -1 : 1;
      const eitherWill = sum.terms.every((term) => powerOf(term, deepest2) === 0 || hasSign(term, deepest2, helpful));
      return eitherWill ? Math.max(...results) : Math.min(...results);
    }
  }
}
var powerOf = (term, atom) => term.atoms.filter((other) => other.key === atom.key).length;
function without(term, atom) {
  const at = term.atoms.findIndex((other) => other.key === atom.key);
  return term.atoms.toSpliced(at, 1);
}
var neverNegative = (atoms) => atoms.every((atom) => atomBounds(atom).min >= 0);
function hasSign(term, atom, sign2) {
  return powerOf(term, atom) === 1 && Math.sign(term.coefficient) === sign2 && neverNegative(without(term, atom));
}
function replaceOnce(sum, atom, least, most) {
  const terms = [];
  for (const term of sum.terms) {
    if (powerOf(term, atom) === 0) {
      terms.push({ ...term, coefficient: term.coefficient * least.denominator });
      continue;
    }
    const others = without(term, atom);
    if (!neverNegative(others)) return void 0;
    const factor = makeTerm(term.coefficient, others);
    for (const replacement of (term.coefficient > 0 ? least : most).terms) terms.push(multiplyTerms(factor, replacement));
  }
  return { terms: collect(terms), denominator: sum.denominator * least.denominator };
}
function replaceAll(sum, atom, by) {
  const terms = sum.terms.flatMap((term) => {
    let products = [
      makeTerm(
        term.coefficient,
        term.atoms.filter((other) => other.key !== atom.key)
      )
    ];
    for (let power = powerOf(term, atom); power > 0; power--) {
      products = products.flatMap((product2) => by.terms.map((factor) => multiplyTerms(product2, factor)));
    }
    return products;
  });
  return { terms: collect(terms), denominator: sum.denominator };
}
function aboveOne(sum) {
  const shifted = collect(
    sum.terms.flatMap(
      (term) => term.atoms.reduce(
        (products, atom) => products.flatMap((product2) => [product2, multiplyTerms(product2, makeTerm(1, [atom]))]),
        [makeTerm(term.coefficient, [])]
      )
    )
  );
  if (shifted.some((term) => term.atoms.length > 0 && term.coefficient < 0)) return -Infinity;
  const last = shifted.at(-1);
  return (last && last.atoms.length === 0 ? last.coefficient : 0) / sum.denominator;
}
function minimum(a, b) {
  const { min, max } = bounds(sub(a, b));
  return max <= 0 ? a : min >= 0 ? b : fromAtom(extremeAtom("min", a, b));
}
function maximum(a, b) {
  const { min, max } = bounds(sub(a, b));
  return min >= 0 ? a : max <= 0 ? b : fromAtom(extremeAtom("max", a, b));
}

// src/compiler/shapes/size-format.ts
function format(size) {
  if (size.terms.length === 0) return "0";
  const positive2 = size.terms.filter((term) => term.coefficient > 0);
  const negative = size.terms.filter((term) => term.coefficient < 0);
  return [...positive2, ...negative].map((term, i) => {
    const text = formatTerm({ ...term, coefficient: Math.abs(term.coefficient) });
    if (term.coefficient > 0) return i === 0 ? text : ` + ${text}`;
    return i === 0 ? `-${text}` : ` - ${text}`;
  }).join("");
}
function formatTerm(term) {
  let coefficient = term.coefficient;
  const factors = term.atoms.map((atom) => {
    if (atom.kind !== "quotient" || coefficient % atom.by !== 0) return formatAtom(atom);
    coefficient /= atom.by;
    return atom.name;
  });
  if (coefficient !== 1 || factors.length === 0) factors.unshift(String(coefficient));
  return factors.join(" * ");
}
function formatAtom(atom) {
  switch (atom.kind) {
    case "symbol":
      return atom.name;
    case "quotient":
      return `(${atom.name} / ${atom.by})`;
    case "floor": {
      const offset = constantPart(atom.of);
      return offset === atom.by - 1 ? formatFraction("ceil", sub(atom.of, constant(offset)), atom.by) : formatFraction("floor", atom.of, atom.by);
    }
    case "min":
    case "max":
      return `${atom.kind}(${format(atom.left)}, ${format(atom.right)})`;
  }
}
function formatFraction(rounding, numerator, denominator) {
  const text = format(numerator);
  const grouped = numerator.terms.length > 1 ? `(${text})` : text;
  return `${rounding}(${grouped} / ${denominator})`;
}

// src/compiler/shapes/size.ts
var ceilDiv = (size, n) => floorDiv(add(size, constant(n - 1)), n);
var mod = (size, n) => sub(size, scale(floorDiv(size, n), n));
function divide(size, by) {
  const lead = by.terms[0];
  if (!lead) return void 0;
  const quotients = [];
  let rest = size.terms;
  for (let term = rest[0]; term; term = rest[0]) {
    const next = divideTerm(term, lead);
    if (!next) return void 0;
    quotients.push(next);
    const less = { ...next, coefficient: -next.coefficient };
    rest = collect([...rest, ...by.terms.map((factor) => multiplyTerms(factor, less))]);
  }
  return fromTerms(quotients);
}
function divideTerm(term, by) {
  if (term.coefficient % by.coefficient !== 0) return void 0;
  const atoms = [...term.atoms];
  for (const atom of by.atoms) {
    const at = atoms.findIndex((other) => other.key === atom.key);
    if (at < 0) return void 0;
    atoms.splice(at, 1);
  }
  return makeTerm(term.coefficient / by.coefficient, atoms);
}
function divisible(size, n) {
  const common = commonFactor(size, n);
  if (constantPart(size) % common !== 0) return "no";
  return common === n ? "yes" : "unknown";
}
function compare(a, b) {
  if (a.key === b.key) return "equal";
  const difference2 = sub(a, b);
  if (difference2.terms.length === 0) return "equal";
  if (constantPart(difference2) % commonFactor(difference2, 0) !== 0) return "different";
  const { min, max } = bounds(difference2);
  return min > 0 || max < 0 ? "different" : "unknown";
}
function atLeast(size, n) {
  const { min, max } = bounds(size);
  return min >= n ? "always" : max < n ? "never" : "sometimes";
}
function symbols(size) {
  return [...namesIn(size)].sort();
}
var names = /* @__PURE__ */ new WeakMap();
function namesIn(size) {
  const before = names.get(size);
  if (before) return before;
  const found = new Set(size.terms.flatMap((term) => term.atoms.flatMap(namesInAtom)));
  names.set(size, found);
  return found;
}
function namesInAtom(atom) {
  switch (atom.kind) {
    case "symbol":
    case "quotient":
      return [atom.name];
    case "floor":
      return [...namesIn(atom.of)];
    case "min":
    case "max":
      return [...namesIn(atom.left), ...namesIn(atom.right)];
  }
}
var key = (size) => size.key;

// src/compiler/syntax/tree.ts
var isRecord = (value) => "fields" in value;
var pathText = (path2) => path2.map((name) => name.text).join(".");

// src/compiler/ops/source.ts
var counting = {
  name: "range",
  constant: true,
  results: ({ sizes }) => [i32(sizes["n"])],
  compute: (tf, _inputs, _weights, { sizes }) => [tf.range(0, sizes["n"][0], 1, "int32")]
};
var range = {
  name: "range",
  summary: "0, 1, .. n - 1.",
  takes: [],
  gives: "i32[n]",
  attributes: {},
  build: (call) => call.emit(counting, [], { sizes: { n: [call.size("n")] } })[0],
  example: { inputs: { x: [4] }, code: "x * range(4)" }
};
var filled = {
  name: "fill",
  constant: true,
  results: ({ sizes }) => [f32(sizes["shape"])],
  compute: (tf, _inputs, _weights, { attributes: attributes2, sizes }) => [tf.fill([...sizes["shape"]], attributes2["value"])]
};
var ownWeight = {
  name: "weight",
  results: ({ weights }) => [f32(weights[0].shape.map(constant))],
  compute: (tf, _inputs, [weight]) => [tf.clone(weight)]
};

// src/compiler/elaborate/builder.ts
var Builder = class {
  #values = [];
  #nodes = [];
  #inputs = [];
  #weights = /* @__PURE__ */ new Map();
  #known = /* @__PURE__ */ new Map();
  #fills = /* @__PURE__ */ new Map();
  lets = /* @__PURE__ */ new Map();
  checks = [];
  input(name, type) {
    const value = this.#value(type);
    this.#inputs.push({ name, value: value.id });
    return value;
  }
  weight(weight) {
    const known3 = this.#weights.get(weight.path);
    if (known3 && known3.shape.join() !== weight.shape.join()) throw new Error(`two weights are called ${weight.path}`);
    if (!known3) this.#weights.set(weight.path, weight);
    return weight.path;
  }
  fill(value, shape2, path2, span) {
    const [result] = this.emit(filled, [], { attributes: { value }, sizes: { shape: shape2 } }, path2, span);
    this.#fills.set(result.id, value);
    return result;
  }
  /** The number that a value is everywhere, if it is one. */
  constantOf(value) {
    return this.#fills.get(value.id);
  }
  emit(primitive, inputs, emission, path2, span) {
    const { attributes: attributes2 = {}, sizes = {}, weights = [] } = emission;
    const folded2 = this.#fold(primitive, inputs, emission, path2, span);
    if (folded2) return [folded2];
    const identity = primitive.random ? "" : callKey(primitive.name, inputs, attributes2, sizes, weights);
    const known3 = identity ? this.#known.get(identity) : void 0;
    if (known3) return [...known3];
    const types = primitive.results({ inputs, weights: weights.map((name) => this.#weights.get(name)), attributes: attributes2, sizes });
    const results = types.map((type) => this.#value(type));
    this.#nodes.push({
      op: primitive.name,
      inputs: inputs.map((input) => input.id),
      weights,
      attributes: attributes2,
      sizes,
      results: results.map((result) => result.id),
      path: path2,
      span
    });
    if (identity) this.#known.set(identity, results);
    return results;
  }
  graph() {
    return { inputs: [...this.#inputs], weights: [...this.#weights.values()], nodes: [...this.#nodes], values: [...this.#values], outputs: [], lets: new Map(this.lets) };
  }
  #value(type) {
    this.#values.push({ shape: type.shape, dtype: type.dtype });
    return { kind: "tensor", id: this.#values.length - 1, shape: type.shape, dtype: type.dtype };
  }
  #fold(primitive, inputs, emission, path2, span) {
    const { attributes: attributes2 = {} } = emission;
    const [a, b] = inputs;
    const left = a && this.constantOf(a);
    const right = b && this.constantOf(b);
    const result = () => primitive.results({ inputs, weights: [], attributes: attributes2, sizes: emission.sizes ?? {} })[0].shape;
    const sameShape = (x) => {
      const shape2 = result();
      return shape2.length === x.shape.length && shape2.every((size, at) => compare(size, x.shape[at]) === "equal");
    };
    if (primitive.name === "add" && b) {
      if (left === 0 && sameShape(b)) return b;
      if (right === 0 && sameShape(a)) return a;
    }
    if (primitive.name === "subtract" && b && right === 0 && sameShape(a)) return a;
    if (primitive.name === "multiply") {
      if (left === 0 || right === 0 || attributes2["left"] === 0 || attributes2["right"] === 0) return this.fill(0, result(), path2, span);
      if ((attributes2["left"] === 1 || attributes2["right"] === 1) && !b) return a;
      if (b && left === 1 && sameShape(b)) return b;
      if (b && right === 1 && sameShape(a)) return a;
    }
    if ((primitive.name === "add" || primitive.name === "subtract") && !b && attributes2["right"] === 0) return a;
    if (primitive.name === "add" && !b && attributes2["left"] === 0) return a;
    if (primitive.name === "rearrange" && left !== void 0) return this.fill(left, result(), path2, span);
    if ((primitive.name === "reduce_sum" || primitive.name === "reduce_mean" || primitive.name === "reduce_max") && left === 0)
      return this.fill(0, result(), path2, span);
    return void 0;
  }
};
var callKey = (name, inputs, attributes2, sizes, weights) => {
  const written2 = Object.entries(sizes).map(([label, list]) => `${label}=${list.map(key).join(",")}`);
  return `${name}(${inputs.map((input) => input.id).join(",")})${JSON.stringify(attributes2)}{${written2.join(";")}}[${weights.join(",")}]`;
};
var initialiserText = (initialiser) => "std" in initialiser ? `${initialiser.kind}(std: ${initialiser.std})` : "bound" in initialiser ? `uniform(bound: ${initialiser.bound})` : "value" in initialiser ? String(initialiser.value) : initialiser.kind;

// src/compiler/elaborate/values.ts
var gcd2 = (a, b) => b === 0 ? Math.abs(a) : gcd2(b, a % b);
function fraction(numerator, denominator) {
  const divisor = gcd2(numerator, denominator) * Math.sign(denominator) || 1;
  const n = numerator / divisor;
  const d = denominator / divisor;
  return Number.isSafeInteger(n) && Number.isSafeInteger(d) ? { kind: "number", value: n / d, exact: [n, d] } : { kind: "number", value: numerator / denominator };
}
var real = (value) => Number.isSafeInteger(value) ? { kind: "number", value, exact: [value, 1] } : { kind: "number", value };
function written(text) {
  const [mantissa, exponent = "0"] = text.toLowerCase().split("e");
  const [whole, decimals = ""] = mantissa.split(".");
  const shift = Number(exponent) - decimals.length;
  const digits = Number(whole + decimals);
  if (!Number.isSafeInteger(digits) || Math.abs(shift) > 15) return { kind: "number", value: Number(text) };
  return shift >= 0 ? fraction(digits * 10 ** shift, 1) : fraction(digits, 10 ** -shift);
}
var isInteger = (value) => value.kind === "number" && Number.isSafeInteger(value.value);
function sizeValue(size) {
  const known3 = asInteger(size);
  return known3 === void 0 ? { kind: "size", size } : real(known3);
}
var shapeText = (value) => `${value.dtype === "i32" ? "i32" : ""}[${value.shape.map(format).join(", ")}]`;
function show(value) {
  switch (value.kind) {
    case "tensor":
      return shapeText(value);
    case "number":
      return String(value.value);
    case "size":
      return format(value.size);
    case "boolean":
      return String(value.value);
    case "list":
      return `[${value.items.map(show).join(", ")}]`;
    case "text":
      return JSON.stringify(value.text);
    case "initialiser":
      return initialiserText(value.initialiser);
    case "several":
      return `(${value.items.map((item) => (item.name ? `${item.name}: ` : "") + shapeText(item.value)).join(", ")})`;
  }
}
function kindOf(value) {
  const names2 = {
    tensor: "a tensor",
    number: "a number",
    size: "a size",
    boolean: "true or false",
    list: "a list",
    text: "a string",
    initialiser: "an initialiser",
    several: "several results"
  };
  return names2[value.kind];
}

// src/compiler/elaborate/static.ts
var isScalar = (value) => value.kind === "number" || value.kind === "size";
var asSize = (value) => value.kind === "size" ? value.size : Number.isSafeInteger(value.value) ? constant(value.value) : void 0;
function staticBinary(operator, left, right, span) {
  if (left.kind === "number" && right.kind === "number") return numbers(operator, left, right, span);
  const a = asSize(left);
  const b = asSize(right);
  if (!a || !b) fail("static-value", { problem: `${show(a ? right : left)} is not an integer and can't be part of a size` }, span);
  switch (operator) {
    case "+":
      return sizeValue(add(a, b));
    case "-":
      return sizeValue(sub(a, b));
    case "*":
      return sizeValue(mul(a, b));
    case "/": {
      const quotient2 = divide(a, b);
      if (!quotient2) fail("not-divisible", { size: format(a), by: format(b), where: "" }, span, { help: "floor(a / b) or ceil(a / b) says what is meant" });
      return sizeValue(quotient2);
    }
    case "%":
      return sizeValue(mod(a, positive(right, span)));
  }
}
function positive(value, span) {
  if (!isInteger(value) || value.value < 1)
    fail("static-value", { problem: `a size divides by a positive constant only, not by ${show(value)}` }, span);
  return value.value;
}
function numbers(operator, left, right, span) {
  if ((operator === "/" || operator === "%") && right.value === 0) fail("static-value", { problem: "this divides by zero" }, span);
  const [a, b] = [left.value, right.value];
  if (left.exact && right.exact) {
    const [n, d] = left.exact;
    const [m2, e] = right.exact;
    switch (operator) {
      case "+":
        return fraction(n * e + m2 * d, d * e);
      case "-":
        return fraction(n * e - m2 * d, d * e);
      case "*":
        return fraction(n * m2, d * e);
      case "/":
        return fraction(n * e, d * m2);
      case "%":
        return real(a - b * Math.floor(a / b));
    }
  }
  switch (operator) {
    case "+":
      return real(a + b);
    case "-":
      return real(a - b);
    case "*":
      return real(a * b);
    case "/":
      return real(a / b);
    case "%":
      return real(a - b * Math.floor(a / b));
  }
}
function divideSize(rounding, left, right, span) {
  if (left.kind === "number" && right.kind === "number") return real(Math[rounding](numbers("/", left, right, span).value));
  const a = asSize(left);
  if (!a) fail("static-value", { problem: `${show(left)} is not an integer` }, span);
  return sizeValue((rounding === "floor" ? floorDiv : ceilDiv)(a, positive(right, span)));
}
var oneArgument = {
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  log2: Math.log2,
  exp: Math.exp,
  abs: Math.abs
};
var staticFunctions = [...Object.keys(oneArgument), "min", "max", "pow", "sum", "product", "length"];
function staticCall(name, values, span) {
  const takes = (count) => {
    if (values.length !== count) fail("arity", { callee: name, takes: `${count} ${count === 1 ? "value" : "values"}`, given: values.length }, span);
  };
  const number = (value) => value.kind === "number" ? value.value : fail("not-static", { name: `the argument of ${name}`, on: value.kind === "size" ? show(value) : kindOf(value) }, span);
  if (name === "sum" || name === "product" || name === "length") {
    takes(1);
    const [list] = values;
    if (list?.kind !== "list") fail("attribute-type", { name, takes: "a list", given: kindOf(list) }, span);
    if (name === "length") return real(list.items.length);
    const operator = name === "sum" ? "+" : "*";
    return list.items.reduce(
      (total, item) => isScalar(item) && isScalar(total) ? staticBinary(operator, total, item, span) : fail("attribute-type", { name, takes: "a list of numbers", given: show(item) }, span),
      real(name === "sum" ? 0 : 1)
    );
  }
  if (name === "min" || name === "max") {
    if (values.length < 2) fail("arity", { callee: name, takes: "two values", given: values.length }, span);
    return values.reduce((a, b) => {
      if (a.kind === "number" && b.kind === "number") return name === "min" === a.value <= b.value ? a : b;
      const [left, right] = [isScalar(a) ? asSize(a) : void 0, isScalar(b) ? asSize(b) : void 0];
      if (!left || !right) fail("attribute-type", { name, takes: "numbers or sizes", given: show(left ? b : a) }, span);
      return sizeValue((name === "min" ? minimum : maximum)(left, right));
    });
  }
  if (name === "pow") {
    takes(2);
    return real(number(values[0]) ** number(values[1]));
  }
  takes(1);
  return real(oneArgument[name](number(values[0])));
}

// src/compiler/elaborate/attributes.ts
var initialisers = {
  default: {},
  zeros: {},
  ones: {},
  normal: { attribute: "std" },
  truncated_normal: { attribute: "std" },
  uniform: { attribute: "bound" }
};
var initialiserNames = Object.keys(initialisers);
function readInitialiser(name, expression, evaluate2) {
  const bad = (given) => fail("attribute-value", { name, accepted: initialiserNames.join(", "), given }, expression.span);
  if (expression.kind === "name" && expression.name in initialisers) {
    if (initialisers[expression.name].attribute) bad(`${expression.name} without ${initialisers[expression.name].attribute}`);
    return { kind: expression.name };
  }
  if (expression.kind === "call" && expression.callee.text in initialisers) return initialiserCall(expression, evaluate2);
  if (expression.kind === "call") bad(expression.callee.text);
  const value = evaluate2(expression);
  return value.kind === "initialiser" ? value.initialiser : bad(show(value));
}
function initialiserCall(call, evaluate2) {
  const kind = call.callee.text;
  const { attribute } = initialisers[kind];
  if (!attribute) {
    if (call.arguments.length > 0) fail("arity", { callee: kind, takes: "nothing", given: call.arguments.length }, call.span);
    return { kind };
  }
  const [argument] = call.arguments;
  if (!argument || call.arguments.length !== 1) fail("missing-attribute", { callee: kind, name: attribute }, call.span);
  if (argument.name && argument.name.text !== attribute)
    fail("unknown-attribute", { callee: kind, name: argument.name.text, near: nearest(argument.name.text, [attribute]), accepted: [attribute] }, argument.name.span);
  if (!argument.name) fail("missing-attribute", { callee: kind, name: `${attribute}: before its value` }, argument.span);
  const value = evaluate2(argument.value);
  if (value.kind !== "number" || value.value < 0)
    fail("attribute-type", { name: attribute, takes: "a number of at least 0", given: show(value) }, argument.value.span);
  return { kind, [attribute]: value.value };
}
var typeNames = {
  int: "an int",
  real: "a number",
  bool: "true or false",
  pair: "an int or a pair",
  ints: "an int or a list of ints",
  init: "an initialiser",
  size: "an int or a size",
  sizes: "a list of sizes",
  word: "a word",
  padding: "same, reflect, an int or a pair"
};
function readAttribute(name, spec, expression, evaluate2) {
  if (expression.kind === "lambda") fail("lambda-place", {}, expression.span);
  if (spec.type === "init") return readInitialiser(name, expression, evaluate2);
  const accepted = spec.words ?? [];
  if (expression.kind === "name" && accepted.includes(expression.name)) return expression.name;
  if (spec.type === "word") {
    const given = expression.kind === "name" ? expression.name : show(evaluate2(expression));
    return fail("attribute-value", { name, accepted: accepted.join(" or "), given }, expression.span);
  }
  if (spec.type === "padding" && expression.kind === "name" && nearest(expression.name, accepted).length > 0 && expression.name !== name)
    fail("attribute-value", { name, accepted: typeNames["padding"], given: expression.name }, expression.span);
  const value = evaluate2(expression);
  return convert(name, spec, value, expression.span);
}
function convert(name, spec, value, span) {
  const wrong = (given = show(value)) => {
    if (value.kind === "size" || value.kind === "list" && value.items.some((item) => item.kind === "size"))
      fail("not-static", { name, on: value.kind === "size" ? `${show(value)}, an input's size` : "an input's size" }, span);
    return fail("attribute-type", { name, takes: typeNames[spec.type], given }, span);
  };
  const integer = (item) => {
    if (!isInteger(item)) return wrong(show(item));
    if (spec.least !== void 0 && item.value < spec.least)
      fail("attribute-value", { name, accepted: `at least ${spec.least}`, given: String(item.value) }, span);
    return item.value;
  };
  switch (spec.type) {
    case "int":
      return integer(value);
    case "real":
      if (value.kind !== "number") return wrong();
      if (spec.least !== void 0 && value.value < spec.least)
        fail("attribute-value", { name, accepted: `at least ${spec.least}`, given: String(value.value) }, span);
      return value.value;
    case "bool":
      return value.kind === "boolean" ? value.value : wrong();
    case "padding":
    case "pair": {
      if (value.kind !== "list") return [integer(value), integer(value)];
      return value.items.length === 2 ? value.items.map(integer) : wrong();
    }
    case "ints":
      return value.kind === "list" ? value.items.map(integer) : [integer(value)];
    case "size": {
      const size = isScalar(value) ? asSize(value) : void 0;
      return size ?? wrong();
    }
    case "sizes": {
      if (value.kind !== "list") return wrong();
      return value.items.map((item) => (isScalar(item) ? asSize(item) : void 0) ?? wrong(show(item)));
    }
    case "init":
    case "word":
      throw new Error(`${spec.type} attributes are read from the expression`);
  }
}
function readParameter(name, type, list, expression, evaluate2) {
  const bad = (takes, value2) => fail("attribute-type", { name, takes, given: show(value2) }, expression.span);
  if (type === "init" && !list) return { kind: "initialiser", initialiser: readInitialiser(name, expression, evaluate2) };
  const value = evaluate2(expression);
  const check = (item) => {
    switch (type) {
      case "int":
        return isInteger(item) ? item : item.kind === "size" ? fail("not-static", { name, on: `${show(item)}, an input's size` }, expression.span) : bad("an int", item);
      case "real":
        return item.kind === "number" ? item : bad("a number", item);
      case "bool":
        return item.kind === "boolean" ? item : bad("true or false", item);
      case "pair":
        if (isInteger(item)) return { kind: "list", items: [item, item] };
        return item.kind === "list" && item.items.length === 2 && item.items.every(isInteger) ? item : bad("an int or a pair", item);
      default:
        throw new Error(`no parameter type ${type}`);
    }
  };
  if (!list) return check(value);
  if (value.kind !== "list") return bad(`a list such as [1, 2]`, value);
  return { kind: "list", items: value.items.map(check) };
}
var parameterTypes = ["int", "real", "bool", "pair", "init"];

// src/compiler/ops/tfjs-tools.ts
var untaped = (tf, compute) => tf.customGrad((anchor) => ({
  value: compute(),
  gradFunc: () => tf.zerosLike(anchor)
}))(tf.scalar(0));
function withGradient(tf, inputs, forward, backward) {
  return tf.customGrad((...parts) => {
    const save = parts.at(-1);
    const { value, keep } = forward(parts.slice(0, -1));
    save(keep);
    return { value, gradFunc: (dy, kept) => backward(dy, kept) };
  })(...inputs);
}
function gatherRows(tf, table, index) {
  const flat = index.reshape([-1]);
  const [rows, width] = table.shape;
  const picked = withGradient(
    tf,
    [table],
    ([values]) => ({ value: tf.gather(values, flat, 0), keep: [flat] }),
    (dy, [kept]) => [tf.unsortedSegmentSum(dy, kept, rows)]
  );
  return picked.reshape([...index.shape, width]);
}
var batchMatMul = (tf, a, b, transposeB = false) => tf.matMul(a, b, false, transposeB);
function sliceAxis(tf, x, axis, from, count) {
  const begin = x.shape.map((_, at) => at === axis ? from : 0);
  const size = x.shape.map((length, at) => at === axis ? count : length);
  return tf.slice(x, begin, size);
}
function reflectAxis(tf, x, axis, before, after) {
  if (before === 0 && after === 0) return x;
  const length = x.shape[axis];
  const parts = [x];
  if (before > 0) parts.unshift(tf.reverse(sliceAxis(tf, x, axis, 1, before), axis));
  if (after > 0) parts.push(tf.reverse(sliceAxis(tf, x, axis, length - 1 - after, after), axis));
  return tf.concat(parts, axis);
}
var zeroPad = (tf, x, top, bottom, left, right, value = 0) => top === 0 && bottom === 0 && left === 0 && right === 0 ? x : tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]], value);

// src/compiler/ops/convolution.ts
var windowed = (length, kernel, stride, pad2, dilation = 1) => add(floorDiv(add(length, constant(2 * pad2 - dilation * (kernel - 1) - 1)), stride), constant(1));
var pair = (value) => value;
var convolution = {
  name: "conv",
  results({ inputs, attributes: attributes2, weights }) {
    const [batch, height, width] = inputs[0].shape;
    const [rows, columns] = pair(attributes2["kernel"]);
    const [padY, padX] = pair(attributes2["pad"]);
    const stride = attributes2["stride"];
    const dilation = attributes2["dilation"];
    const out = weights[0].shape[3];
    return [
      f32([
        batch,
        windowed(height, rows, stride, padY, dilation),
        windowed(width, columns, stride, padX, dilation),
        constant(out)
      ])
    ];
  },
  multiplyAdds(call) {
    const [batch, height, width] = this.results(call)[0].shape;
    const [rows, columns, perGroup, out] = call.weights[0].shape;
    return mul(mul(batch, mul(height, width)), constant(rows * columns * perGroup * out));
  },
  compute(tf, [x], [kernel, bias], { attributes: attributes2 }) {
    const [padY, padX] = pair(attributes2["pad"]);
    const stride = attributes2["stride"];
    const dilation = attributes2["dilation"];
    const groups = attributes2["groups"];
    const [rows, columns] = pair(attributes2["kernel"]);
    const same = attributes2["mode"] === "zero" && stride === 1 && 2 * padY === dilation * (rows - 1) && 2 * padX === dilation * (columns - 1);
    const padded = same ? x : attributes2["mode"] === "reflect" ? reflectAxis(tf, reflectAxis(tf, x, 1, padY, padY), 2, padX, padX) : zeroPad(tf, x, padY, padY, padX, padX);
    const convolve = (part2, weights) => tf.conv2d(part2, weights, stride, same ? "same" : "valid", "NHWC", dilation);
    const y = groups === 1 ? convolve(padded, kernel) : tf.concat(
      tf.split(padded, groups, 3).map((part2, at) => convolve(part2, tf.split(kernel, groups, 3)[at])),
      3
    );
    return [bias ? tf.add(y, bias) : y];
  }
};
var conv = {
  name: "conv",
  summary: "Convolution over the two picture axes.",
  takes: ["x: [B, h, w, c]"],
  gives: "[B, floor((h + 2 pad - dilation (kernel - 1) - 1) / stride) + 1, .., out]",
  ownsWeights: true,
  attributes: {
    out: { type: "int", least: 1, about: "channels of the result" },
    kernel: { type: "pair", least: 1, about: "rows and columns of the window" },
    stride: { type: "int", standard: 1, least: 1, about: "step of the window" },
    pad: {
      type: "padding",
      words: ["same", "reflect"],
      standard: "same",
      about: "same (stride 1, odd kernel), reflect (as same, by mirror), or zeros on each side"
    },
    dilation: { type: "int", standard: 1, least: 1, about: "distance between the rows and columns that are read" },
    groups: { type: "int", standard: 1, least: 1, about: "channel groups that are convolved apart" },
    bias: { type: "bool", standard: true, about: "whether a constant is added to each channel" },
    init: { type: "init", standard: { kind: "default" }, about: "how the kernel starts" },
    bias_init: { type: "init", standard: { kind: "default" }, about: "how the bias starts" }
  },
  build(call) {
    const x = call.requireRank(0, 4, "[B, h, w, c]");
    call.requireFloat(0);
    const [rows, columns] = call.ints("kernel");
    const stride = call.int("stride");
    const dilation = call.int("dilation");
    const { pad: pad2, mode } = padding(call, rows, columns, stride, dilation);
    const channels = call.static(x.shape[3], "the channels of its input");
    const groups = call.int("groups");
    const out = call.int("out");
    if (channels % groups !== 0 || out % groups !== 0)
      call.fail("not-divisible", {
        size: channels % groups !== 0 ? `c = ${channels}` : `out = ${out}`,
        by: `groups = ${groups}`,
        where: ""
      });
    const fits = (length, kernel, p, axis) => {
      const span = dilation * (kernel - 1) + 1;
      if (mode === "reflect")
        call.requireAtLeast(length, p + 1, `reflect pad of ${p} needs ${axis} of at least ${p + 1}`);
      else call.requireAtLeast(length, span - 2 * p, `a kernel of ${kernel} with pad ${p} needs ${axis} of at least ${span - 2 * p}`);
    };
    fits(x.shape[1], rows, pad2[0], "its height");
    fits(x.shape[2], columns, pad2[1], "its width");
    const fanIn = rows * columns * channels / groups;
    const weights = [call.weight("kernel", [rows, columns, channels / groups, out], call.initialiser("init"), { fanIn })];
    if (call.bool("bias")) weights.push(call.weight("bias", [out], call.initialiser("bias_init"), { fanIn }));
    return call.emit(convolution, [x], {
      attributes: { kernel: [rows, columns], stride, pad: pad2, mode, dilation, groups },
      weights
    })[0];
  },
  example: { inputs: { x: [1, 5, 6, 3] }, code: "conv(x, out: 4, kernel: 3)" }
};
function padding(call, rows, columns, stride, dilation) {
  const given = call.attribute("pad");
  if (given !== "same" && given !== "reflect") {
    const [y, x] = call.ints("pad");
    return { pad: [y, x], mode: "zero" };
  }
  if (rows % 2 === 0 || columns % 2 === 0 || stride !== 1)
    call.fail(
      "attribute-value",
      { name: "pad", accepted: "a number of zeros on each side where the kernel is even or the stride is not 1", given },
      call.has("pad") ? call.spanOf("pad") : call.span
    );
  const pad2 = [dilation * (rows - 1) / 2, dilation * (columns - 1) / 2];
  return { pad: pad2, mode: given === "same" ? "zero" : "reflect" };
}
var pixel_shuffle = {
  name: "pixel_shuffle",
  summary: "Channels become pixels: by * by channels make a square (PyTorch\u2019s channel order).",
  takes: ["x: [B, h, w, c * by * by]"],
  gives: "[B, by * h, by * w, c]",
  attributes: { by: { type: "int", least: 1, about: "factor along both picture axes" } },
  build(call) {
    const x = call.requireRank(0, 4, "[B, h, w, c]");
    const by = call.int("by");
    const [batch, height, width, channels] = x.shape;
    const count = call.static(channels, "the channels of its input");
    if (count % (by * by) !== 0)
      call.fail("not-divisible", { size: `c = ${count}`, by: `by * by = ${by * by}`, where: "" }, call.inputSpans[0]);
    const split2 = [batch, height, width, constant(count / (by * by)), constant(by), constant(by)];
    return call.emit(rearrangement, [x], {
      attributes: { permute: [0, 1, 4, 2, 5, 3] },
      sizes: { split: split2, merge: [batch, mul(height, constant(by)), mul(width, constant(by)), constant(count / (by * by))] }
    })[0];
  },
  example: { inputs: { x: [1, 2, 3, 8] }, code: "pixel_shuffle(x, by: 2)" }
};
var rearrangement = {
  name: "rearrange",
  results: ({ inputs, sizes }) => [{ shape: sizes["merge"], dtype: inputs[0].dtype }],
  compute(_tf, [x], _weights, { attributes: attributes2, sizes }) {
    const permute = attributes2["permute"];
    const apart = x.reshape([...sizes["split"]]);
    const moved = permute.every((axis, at) => axis === at) ? apart : apart.transpose([...permute]);
    return [moved.reshape([...sizes["merge"]])];
  }
};
var isOne = (size) => asInteger(size) === 1;

// src/compiler/ops/arithmetic.ts
function broadcast(left, right) {
  const rank = Math.max(left.length, right.length);
  const shape2 = [];
  for (let axis = 0; axis < rank; axis += 1) {
    const a = left[axis - rank + left.length];
    const b = right[axis - rank + right.length];
    if (a === void 0 || b === void 0) shape2.push(a ?? b);
    else if (isOne(a)) shape2.push(b);
    else if (isOne(b)) shape2.push(a);
    else {
      const verdict = compare(a, b);
      if (verdict !== "equal") return { axis, unknown: verdict === "unknown" };
      shape2.push(a);
    }
  }
  return { shape: shape2 };
}
var formulas = {
  add: { written: "+", formula: (tf, a, b) => tf.add(a, b) },
  subtract: { written: "-", formula: (tf, a, b) => tf.sub(a, b) },
  multiply: { written: "*", formula: (tf, a, b) => tf.mul(a, b) },
  divide: { written: "/", formula: (tf, a, b) => tf.div(a, b) },
  floor_divide: { written: "floor(a / b)", formula: (tf, a, b) => tf.floorDiv(a, b) },
  remainder: { written: "%", formula: (tf, a, b) => tf.sub(a, tf.mul(tf.floorDiv(a, b), b)) },
  minimum: { written: "min", formula: (tf, a, b) => tf.minimum(a, b) },
  maximum: { written: "max", formula: (tf, a, b) => tf.maximum(a, b) }
};
function scalar(call, side) {
  return call.attributes[side] ?? call.sizes[`${side}Size`]?.[0];
}
var arithmetic = Object.entries(formulas).map(([name, { formula }]) => ({
  name,
  results({ inputs }) {
    const [a, b] = inputs;
    if (!b) return [a];
    const joined = broadcast(a.shape, b.shape);
    if (!("shape" in joined)) throw new Error(`${name}: shapes do not pair`);
    return [typed(joined.shape, a.dtype)];
  },
  compute(tf, inputs, _weights, call) {
    const dtype = inputs[0].dtype;
    const left = scalar(call, "left");
    const right = scalar(call, "right");
    const a = left === void 0 ? inputs[0] : tf.scalar(left, dtype);
    const b = right === void 0 ? inputs.at(-1) : tf.scalar(right, dtype);
    return [formula(tf, a, b)];
  }
}));
var arithmeticNamed = (name) => arithmetic.find((primitive) => primitive.name === name);
var operatorNames = { "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder", min: "minimum", max: "maximum" };
var writtenAs = (name) => formulas[name].written;
var cast = {
  name: "to_f32",
  results: ({ inputs }) => [typed(inputs[0].shape, "f32")],
  compute: (tf, [x]) => [tf.cast(x, "float32")]
};

// src/compiler/ops/activation.ts
var gelu = (tf, x) => withGradient(
  tf,
  [x],
  ([input]) => {
    const below = tf.mul(tf.add(tf.erf(tf.mul(input, Math.SQRT1_2)), 1), 0.5);
    return { value: tf.mul(input, below), keep: [input, below] };
  },
  (dy, [input, below]) => {
    const density = tf.mul(tf.exp(tf.mul(tf.square(input), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [tf.mul(dy, tf.add(below, tf.mul(input, density)))];
  }
);
var abs = (tf, x) => x.dtype === "int32" ? tf.abs(x) : withGradient(
  tf,
  [x],
  ([input]) => ({ value: tf.abs(input), keep: [input] }),
  (dy, [input]) => [tf.mul(dy, tf.sign(input))]
);
var elementwise = {
  relu: { summary: "max(x, 0)", formula: (tf, x) => tf.relu(x) },
  gelu: { summary: "x times the normal distribution function of x (exact, by erf).", formula: gelu },
  leaky_relu: {
    summary: "x where it is positive, slope * x elsewhere.",
    attributes: { slope: { type: "real", about: "the factor below zero" } },
    formula: (tf, x, { slope }) => tf.leakyRelu(x, slope),
    example: "leaky_relu(x, slope: 0.1)"
  },
  sigmoid: { summary: "1 / (1 + exp(-x))", formula: (tf, x) => tf.sigmoid(x) },
  tanh: { summary: "Hyperbolic tangent.", formula: (tf, x) => tf.tanh(x) },
  sin: { summary: "Sine, x in radians.", formula: (tf, x) => tf.sin(x) },
  cos: { summary: "Cosine, x in radians.", formula: (tf, x) => tf.cos(x) },
  exp: { summary: "e to the power of x.", formula: (tf, x) => tf.exp(x) },
  log: { summary: "Natural logarithm.", formula: (tf, x) => tf.log(x), example: "log(exp(x) + 1)" },
  sqrt: { summary: "Square root.", formula: (tf, x) => tf.sqrt(x), example: "sqrt(exp(x) + 1)" },
  abs: { summary: "Absolute value; its gradient at 0 is 0.", formula: abs, integer: true },
  floor: { summary: "Largest integer not above x; no gradient.", formula: (tf, x) => untaped(tf, () => tf.floor(x)) },
  negate: { summary: "The opposite.", formula: (tf, x) => tf.neg(x), integer: true },
  detach: { summary: "x, through which no gradient flows.", formula: (tf, x) => untaped(tf, () => tf.clone(x)), integer: true },
  clamp: {
    summary: "x, not below min and not above max.",
    attributes: { min: { type: "real", about: "lower bound" }, max: { type: "real", about: "upper bound" } },
    formula: (tf, x, { min, max }) => x.dtype === "int32" ? tf.minimum(tf.maximum(x, tf.scalar(min, "int32")), tf.scalar(max, "int32")) : tf.clipByValue(x, min, max),
    integer: true,
    example: "clamp(x, min: -0.5, max: 0.5)"
  }
};
var elementwisePrimitives = Object.entries(elementwise).map(([name, { formula }]) => ({
  name,
  results: ({ inputs }) => [inputs[0]],
  compute: (tf, [x], _weights, { attributes: attributes2 }) => [formula(tf, x, attributes2)]
}));
var negation = elementwisePrimitives.find((primitive) => primitive.name === "negate");
var elementwiseOps = Object.entries(elementwise).filter(([name]) => name !== "negate").map(([name, { summary, attributes: attributes2 = {}, integer, example }]) => ({
  name,
  summary,
  takes: ["x: [..]"],
  gives: "[..]",
  attributes: attributes2,
  build(call) {
    const x = integer ? call.inputs[0] : call.requireFloat(0);
    const values = Object.fromEntries(Object.keys(attributes2).map((key2) => [key2, call.real(key2)]));
    return call.emit(elementwisePrimitives.find((primitive) => primitive.name === name), [x], { attributes: values })[0];
  },
  example: { inputs: { x: [2, 3, 4] }, code: example ?? `${name}(x)` }
}));
var sharedSlope = {
  name: "prelu",
  results: ({ inputs }) => [inputs[0]],
  compute: (tf, [x], [slope]) => [tf.add(tf.relu(x), tf.mul(slope, tf.neg(tf.relu(tf.neg(x)))))]
};
var prelu = {
  name: "prelu",
  summary: "x where it is positive, a learned slope times x elsewhere; one slope for all channels, starting at 0.25.",
  takes: ["x: [..]"],
  gives: "[..]",
  ownsWeights: true,
  attributes: {},
  build: (call) => call.emit(sharedSlope, [call.requireFloat(0)], {
    weights: [call.weight("slope", [1], { kind: "constant", value: 0.25 })]
  })[0],
  example: { inputs: { x: [2, 3, 4] }, code: "prelu(x)" }
};
var normalExponential = {
  name: "softmax",
  results: ({ inputs }) => [inputs[0]],
  compute(tf, [x], _weights, { attributes: attributes2 }) {
    const axis = attributes2["axis"];
    const rank = x.shape.length;
    if (axis === rank - 1) return [tf.softmax(x)];
    const order = [...x.shape.keys()].filter((at) => at !== axis).concat(axis);
    const back = order.map((_, at) => order.indexOf(at));
    return [tf.softmax(x.transpose(order)).transpose(back)];
  }
};
var softmax = {
  name: "softmax",
  summary: "Exponentials along an axis, divided by their sum.",
  takes: ["x: [..]"],
  gives: "[..]",
  attributes: { axis: { type: "int", least: -8, about: "the axis that sums to 1; -1 is the last" } },
  build(call) {
    const x = call.requireFloat(0);
    const axis = axisOf(call.int("axis"), x.shape.length);
    if (axis < 0 || axis >= x.shape.length)
      call.fail("attribute-value", { name: "axis", accepted: `an axis of ${x.shape.length}`, given: String(call.int("axis")) }, call.spanOf("axis"));
    return call.emit(normalExponential, [x], { attributes: { axis } })[0];
  },
  example: { inputs: { x: [2, 3, 4] }, code: "softmax(x, axis: -1)" }
};
var stochasticDepth = {
  name: "drop_path",
  random: true,
  results: ({ inputs }) => [inputs[0]],
  compute(tf, [x], _weights, { attributes: attributes2, training, draw }) {
    const rate = attributes2["rate"];
    if (!training || rate === 0) return [tf.clone(x)];
    const keep = draw(x.shape[0]).map((u) => u < 1 - rate ? 1 / (1 - rate) : 0);
    return [tf.mul(x, tf.tensor(keep, [keep.length, ...x.shape.slice(1).map(() => 1)]))];
  }
};
var drop_path = {
  name: "drop_path",
  summary: "Stochastic depth: in training, each sample is dropped with probability rate, the others scaled by 1 / (1 - rate).",
  takes: ["x: [B, ..]"],
  gives: "[B, ..]",
  attributes: { rate: { type: "real", least: 0, about: "probability, below 1" } },
  build(call) {
    const x = call.requireFloat(0);
    const rate = call.real("rate");
    if (rate >= 1) call.fail("attribute-value", { name: "rate", accepted: "from 0 to below 1", given: String(rate) }, call.spanOf("rate"));
    if (rate === 0 || asInteger(x.shape[0]) === 0) return x;
    return call.emit(stochasticDepth, [x], { attributes: { rate } })[0];
  },
  example: { inputs: { x: [2, 3] }, code: "drop_path(x, rate: 0.1)" }
};

// src/compiler/ops/reduce.ts
var formulas2 = {
  mean: { about: "Mean", formula: (tf, x, axes, keep) => tf.mean(x, axes, keep) },
  sum: { about: "Sum", formula: (tf, x, axes, keep) => tf.sum(x, axes, keep) },
  max: { about: "Largest value", formula: (tf, x, axes, keep) => tf.max(x, axes, keep) }
};
var reductions = Object.entries(formulas2).map(([name, { formula }]) => ({
  name: `reduce_${name}`,
  results({ inputs, attributes: attributes2 }) {
    const axes = attributes2["axes"];
    const shape2 = attributes2["keep"] ? inputs[0].shape.map((size, at) => axes.includes(at) ? constant(1) : size) : inputs[0].shape.filter((_, at) => !axes.includes(at));
    return [typed(shape2, inputs[0].dtype)];
  },
  compute: (tf, [x], _weights, { attributes: attributes2 }) => [formula(tf, x, [...attributes2["axes"]], attributes2["keep"])]
}));
var reductionNamed = (name) => reductions.find((primitive) => primitive.name === `reduce_${name}`);
var reductionOps = Object.entries(formulas2).map(([name, { about }]) => ({
  name,
  summary: `${about} over one axis or several.`,
  takes: ["x: [..]"],
  gives: "[..] without the axes",
  attributes: {
    axis: { type: "ints", least: -8, about: "the axis, or a list of axes" },
    keep: { type: "bool", standard: false, about: "whether the axes stay, with size 1" }
  },
  build(call) {
    const x = call.requireFloat(0);
    const axes = call.ints("axis").map((axis) => axisOf(axis, x.shape.length));
    const outside2 = axes.find((axis) => axis < 0 || axis >= x.shape.length);
    if (outside2 !== void 0)
      call.fail("attribute-value", { name: "axis", accepted: `from ${-x.shape.length} to ${x.shape.length - 1}`, given: String(outside2) }, call.spanOf("axis"));
    return call.emit(reductionNamed(name), [x], { attributes: { axes, keep: call.bool("keep") } })[0];
  },
  example: { inputs: { x: [2, 3, 4] }, code: `${name}(x, axis: 1)` }
}));

// src/compiler/ops/implicit.ts
var tieBreak = 1e-6;
var column = (x, at) => x.slice([0, 0, at], [-1, -1, 1]).squeeze([2]);
function axisCorners(tf, query, extended, shifts) {
  const sides = shifts.map((shift) => {
    const moved = tf.clipByValue(tf.add(query, Math.fround(shift / extended + tieBreak)), -1 + tieBreak, 1 - tieBreak);
    const row = tf.clipByValue(tf.round(tf.div(tf.sub(tf.mul(tf.add(moved, 1), extended), 1), 2)), 0, extended - 1);
    const centre = tf.add(tf.mul(row, Math.fround(2 / extended)), Math.fround(-1 + 1 / extended));
    return { row, offset: tf.mul(tf.sub(query, centre), extended) };
  });
  if (sides.length === 1) return { sides, weights: [tf.onesLike(query)] };
  const [first, second] = sides.map((side) => tf.abs(side.offset));
  const total = tf.add(first, second);
  const share = tf.where(tf.greater(total, 0), tf.div(second, tf.maximum(total, 1e-30)), tf.onesLike(total).mul(0.5));
  return { sides, weights: [share, tf.sub(1, share)] };
}
var ensembleCorners = {
  name: "corners",
  constant: true,
  results({ inputs, attributes: attributes2 }) {
    const [batch, queries] = inputs[0].shape;
    const count = constant(attributes2["count"]);
    return [
      i32([batch, queries, count]),
      f32([batch, queries, count, constant(2)]),
      f32([batch, queries, count, constant(2)]),
      f32([batch, queries, count])
    ];
  },
  compute(tf, [coord, cell], _weights, { attributes: attributes2, sizes }) {
    const [height, width] = sizes["picture"];
    const [extendedHeight, extendedWidth] = sizes["map"];
    const shifts = attributes2["count"] === 4 ? [-1, 1] : [0];
    return tf.tidy(() => {
      const framed = (at, length, extended) => {
        const query = column(coord, at);
        return length === extended ? query : tf.sub(tf.mul(tf.add(query, 1), length / extended), 1);
      };
      const y = axisCorners(tf, framed(0, height, extendedHeight), extendedHeight, shifts);
      const x = axisCorners(tf, framed(1, width, extendedWidth), extendedWidth, shifts);
      const pairs = y.sides.flatMap((_, row) => x.sides.map((_side, at) => [row, at]));
      const index = pairs.map(([row, at]) => tf.add(tf.mul(y.sides[row].row, extendedWidth), x.sides[at].row));
      const offset = pairs.map(([row, at]) => tf.stack([y.sides[row].offset, x.sides[at].offset], 2));
      const weight = pairs.map(([row, at]) => tf.mul(y.weights[row], x.weights[at]));
      const scaled = tf.mul(cell, tf.tensor([height, width]));
      return [
        tf.cast(tf.stack(index, 2), "int32"),
        tf.stack(offset, 2),
        tf.stack(pairs.map(() => scaled), 2),
        tf.stack(weight, 2)
      ];
    });
  }
};
function cornersOp(name, count, summary) {
  return {
    name,
    summary,
    takes: ["coord: [B, q, 2]", "cell: [B, q, 2]", "lr: [B, h, w, c]", "f: [B, H, W, d]"],
    gives: `(index: i32[B, q, ${count}], offset: [B, q, ${count}, 2], cell: [B, q, ${count}, 2], weight: [B, q, ${count}])`,
    attributes: {},
    build(call) {
      const coord = call.requireRank(0, 3, "[B, q, 2]");
      const cell = call.requireRank(1, 3, "[B, q, 2]");
      const lr = call.requireRank(2, 4, "[B, h, w, c]");
      const f2 = call.requireRank(3, 4, "[B, H, W, d]");
      for (const [at, value] of [[0, coord], [1, cell]])
        call.requireEqual(value.shape[2], constant(2), () => `${name} takes (row, column) pairs; this has ${format(value.shape[2])}`, call.inputSpans[at]);
      call.requireEqual(coord.shape[1], cell.shape[1], () => `coord has ${format(coord.shape[1])} queries and cell has ${format(cell.shape[1])}`, call.inputSpans[1]);
      const [index, offset, scaled, weight] = call.emit(ensembleCorners, [coord, cell], {
        attributes: { count },
        sizes: { picture: [lr.shape[1], lr.shape[2]], map: [f2.shape[1], f2.shape[2]] }
      });
      return { index, offset, cell: scaled, weight };
    },
    example: { inputs: { x: [1, 4, 5, 2] }, code: `${name}(range(1) * rearrange(mean(x, axis: [1, 2]), "B n -> B 1 n"), rearrange(mean(x, axis: [1, 2]), "B n -> B 1 n"), x, x)` }
  };
}
var corners = cornersOp("corners", 4, "The four cells around each query, with offsets in cells, the cell in cells, and mixing weights.");
var nearest2 = cornersOp("nearest", 1, "The cell nearest to each query: corners with an axis of 1.");
var taking = {
  name: "take",
  results: ({ inputs }) => [f32([...inputs[1].shape, inputs[0].shape[3]])],
  compute(tf, [x, index]) {
    const [batch, height, width, channels] = x.shape;
    const flat = x.reshape([batch * height * width, channels]);
    if (batch === 1) return [gatherRows(tf, flat, index)];
    const start = tf.range(0, batch, 1, "int32").mul(tf.scalar(height * width, "int32")).reshape([batch, ...index.shape.slice(1).map(() => 1)]);
    return [gatherRows(tf, flat, tf.add(index, start))];
  }
};
var requireIndex = (call, at) => {
  const index = call.inputs[at];
  if (index.dtype !== "i32") call.fail("dtype-mismatch", { callee: call.callee, takes: "an i32 index", name: "the index", given: "f32" }, call.inputSpans[at]);
  return index;
};
var take = {
  name: "take",
  summary: "The vectors of a map at positions that `corners` or `nearest` gave.",
  takes: ["x: [B, H, W, c]", "index: i32[B, ..]"],
  gives: "[B, .., c]",
  attributes: {},
  build(call) {
    const x = call.requireRank(0, 4, "[B, H, W, c]");
    call.requireFloat(0);
    const index = requireIndex(call, 1);
    call.requireEqual(x.shape[0], index.shape[0], () => `the map has ${format(x.shape[0])} samples and the index ${format(index.shape[0])}`, call.inputSpans[1]);
    return call.emit(taking, [x, index])[0];
  },
  example: { inputs: { x: [1, 4, 5, 2] }, code: 'take(x, rearrange(range(6), "q -> 1 q"))' }
};
var takingAlong = {
  name: "take_along",
  results: ({ inputs }) => [f32([...inputs[1].shape, inputs[0].shape.at(-1)])],
  compute(tf, [x, index]) {
    const width = x.shape.at(-1);
    const [batch, rows] = x.shape;
    const inner = x.shape.slice(2, -1).reduce((product2, size) => product2 * size, 1);
    const flatIndex = index.reshape([batch, index.shape[1], inner]);
    const start = tf.range(0, batch, 1, "int32").mul(tf.scalar(rows * inner, "int32")).reshape([batch, 1, 1]);
    const lane = tf.range(0, inner, 1, "int32").reshape([1, 1, inner]);
    const position = tf.add(tf.add(tf.mul(flatIndex, tf.scalar(inner, "int32")), start), lane);
    return [gatherRows(tf, x.reshape([batch * rows * inner, width]), position).reshape([...index.shape, width])];
  }
};
var take_along = {
  name: "take_along",
  summary: "Along one axis, the vector that the index names, for each position of the others.",
  takes: ["x: [B, k, .., d]", "index: i32[B, q, ..]"],
  gives: "[B, q, .., d]",
  attributes: { axis: { type: "int", standard: 1, least: 1, about: "the axis that the index counts; 1" } },
  build(call) {
    const x = call.requireFloat(0);
    const index = requireIndex(call, 1);
    if (call.int("axis") !== 1) call.fail("attribute-value", { name: "axis", accepted: "1", given: String(call.int("axis")) }, call.spanOf("axis"));
    if (x.shape.length < 3 || index.shape.length !== x.shape.length - 1)
      call.fail("rank-mismatch", { callee: "take_along", takes: "x [B, k, .., d] and index [B, q, ..]", name: "the index", given: shown(index.shape) }, call.inputSpans[1]);
    index.shape.forEach((size, at) => {
      if (at !== 1) call.requireEqual(size, x.shape[at], () => `axis ${at} of the index is ${format(size)}, of x ${format(x.shape[at])}`, call.inputSpans[1]);
    });
    return call.emit(takingAlong, [x, index])[0];
  },
  example: { inputs: { x: [1, 4, 3] }, code: 'take_along(x, rearrange(range(4) % 3, "q -> 1 q"), axis: 1)' }
};
var shown = (shape2) => `[${shape2.map(format).join(", ")}]`;
var ensemble = {
  name: "ensemble",
  summary: "Mixes the corners by their weights.",
  takes: ["x: [B, q, t, c]", "weight: [B, q, t]"],
  gives: "[B, q, c]",
  attributes: {},
  build(call) {
    const x = call.requireRank(0, 4, "[B, q, t, c]");
    const weight = call.requireRank(1, 3, "[B, q, t]");
    weight.shape.forEach(
      (size, at) => call.requireEqual(size, x.shape[at], () => `axis ${at} of the weights is ${format(size)}, of x ${format(x.shape[at])}`, call.inputSpans[1])
    );
    const shape2 = [...weight.shape, constant(1)];
    const spread = call.emit(rearrangement, [weight], { attributes: { permute: [0, 1, 2, 3] }, sizes: { split: shape2, merge: shape2 } })[0];
    const weighted = call.emit(arithmeticNamed("multiply"), [x, spread])[0];
    return call.emit(reductionNamed("sum"), [weighted], { attributes: { axes: [2], keep: false } })[0];
  },
  example: { inputs: { x: [1, 3, 4, 2] }, code: "ensemble(x, mean(x, axis: 3))" }
};

// src/compiler/shapes/pattern.ts
function* tokenize(pattern) {
  for (const match of pattern.matchAll(/->|[\p{L}_][\p{L}\p{N}_]*|\p{N}+|\.+|\S/gu)) {
    const [text] = match;
    const place = { text, start: match.index, end: match.index + text.length };
    if (text === "(" || text === ")" || text === "," || text === "->") yield { kind: text, ...place };
    else yield { kind: /^[\p{L}_]/u.test(text) ? "name" : /^\p{N}/u.test(text) ? "number" : "other", ...place };
  }
}
var syntaxError = (message, { start, end }) => ({ kind: "pattern-syntax", message, start, end });
var isError = (result) => "message" in result;
function parsePattern(pattern) {
  const inputs = [[]];
  let output;
  let open;
  for (const token of tokenize(pattern)) {
    const side = output ?? inputs.at(-1);
    const { start, end, text } = token;
    if (open && (token.kind === "->" || token.kind === ",")) return syntaxError("( is never closed", open);
    switch (token.kind) {
      case "name":
        if (open) open.axes.push({ name: text, start, end });
        else side.push({ kind: "axis", axes: [{ name: text, start, end }], start, end });
        break;
      case "number":
        if (text !== "1")
          return syntaxError(`a size is not written in the pattern: name the axis and give it as an attribute, n: ${text}`, token);
        if (open) return syntaxError("an axis of 1 stands outside parentheses", token);
        side.push({ kind: "one", axes: [], start, end });
        break;
      case "(":
        if (open) return syntaxError("parentheses do not nest", token);
        open = { axes: [], start, end };
        break;
      case ")":
        if (!open) return syntaxError(") closes nothing", token);
        if (open.axes.length === 0) return syntaxError("( ) is empty; an axis of 1 is written 1", { start: open.start, end });
        side.push({ kind: "composite", axes: open.axes, start: open.start, end });
        open = void 0;
        break;
      case ",":
        if (output) return syntaxError("only one tensor comes out", token);
        inputs.push([]);
        break;
      case "->":
        if (output) return syntaxError("a pattern has one ->", token);
        output = [];
        break;
      case "other":
        if (/^\.\.+$/.test(text)) return syntaxError(`${text} is not part of a pattern; every axis has a name`, token);
        return syntaxError(`${text} is not part of a pattern; it has names, 1, ( ) and ->`, token);
    }
  }
  if (open) return syntaxError("( is never closed", open);
  if (!output) return syntaxError("-> is missing", { start: pattern.length, end: pattern.length });
  return { inputs, output };
}
function parseRearrange(pattern) {
  const parsed = parsePattern(pattern);
  if (isError(parsed) || parsed.inputs.length === 1) return parsed;
  const comma = pattern.indexOf(",");
  return syntaxError("rearrange takes one tensor; axes are separated by spaces", { start: comma, end: comma + 1 });
}
function parseEinsum(pattern) {
  const parsed = parsePattern(pattern);
  if (isError(parsed)) return parsed;
  const odd = [...parsed.inputs, parsed.output].flat().find((group) => group.kind !== "axis");
  if (odd) return syntaxError("einsum has names only; rearrange splits, joins and adds axes", odd);
  if (parsed.inputs.length === 2) return parsed;
  const count = parsed.inputs.length;
  return syntaxError(`einsum takes 2 tensors and the pattern has ${count}`, { start: 0, end: pattern.indexOf("->") });
}
var axesOf = (groups) => groups.flatMap((group) => group.axes);
function placeOf(groups) {
  return { start: groups[0]?.start ?? 0, end: groups.at(-1)?.end ?? 0 };
}
var mismatch = (message, { start, end }) => ({ kind: "pattern-mismatch", message, start, end });
function repeated(axes, where) {
  const again = axes.find((axis, i) => axes.findIndex((other) => other.name === axis.name) < i);
  return again && mismatch(`axis ${again.name} stands twice ${where}`, again);
}
var without2 = (axes, others) => axes.find((axis) => others.every((other) => other.name !== axis.name));
var plural = (count) => count === 1 ? "1 axis" : `${count} axes`;
var rankMismatch = (groups, operand, rank) => groups.length === rank ? void 0 : mismatch(`the pattern has ${plural(groups.length)} and ${operand} has ${rank}`, placeOf(groups));
var product = (sizes) => sizes.reduce(mul, constant(1));
function planRearrange(pattern, shape2, given, operand = "x") {
  const parsed = parseRearrange(pattern);
  if (isError(parsed)) return parsed;
  const input = parsed.inputs[0];
  const wrong = rankMismatch(input, operand, shape2.length) ?? checkNames(pattern, input, parsed.output, given);
  if (wrong) return wrong;
  const axes = new Map(Object.entries(given));
  for (const [i, group] of input.entries()) {
    const problem = solveGroup(group, shape2[i], i, axes);
    if (problem) return problem;
  }
  const order = axesOf(input).map((axis) => axis.name);
  return {
    split: order.map((name) => axes.get(name)),
    permute: axesOf(parsed.output).map((axis) => order.indexOf(axis.name)),
    merge: parsed.output.map((group) => product(group.axes.map((axis) => axes.get(axis.name)))),
    axes
  };
}
function checkNames(pattern, input, output, given) {
  const left = axesOf(input);
  const right = axesOf(output);
  const twice = repeated(left, "on the left") ?? repeated(right, "on the right");
  if (twice) return twice;
  const lost = without2(left, right);
  if (lost) return mismatch(`axis ${lost.name} is on the left only`, lost);
  const found = without2(right, left);
  if (found) return mismatch(`axis ${found.name} is on the right only`, found);
  for (const [name, size] of Object.entries(given)) {
    const axis = left.find((candidate) => candidate.name === name);
    if (!axis) return mismatch(`${name} is given and is not in the pattern`, { start: 0, end: pattern.length });
    if (atLeast(size, 1) === "never") return mismatch(`${name} is ${format(size)}; an axis has at least 1`, axis);
  }
  return void 0;
}
function solveGroup(group, size, position, axes) {
  const { start, end } = group;
  const unknown = group.axes.filter((axis) => !axes.has(axis.name));
  if (unknown.length > 1) {
    const names2 = unknown.map((axis) => axis.name);
    return mismatch(`the sizes of ${names2.slice(0, -1).join(", ")} and ${names2.at(-1)} are not given; one of them must be`, group);
  }
  const by = product(group.axes.flatMap((axis) => axes.get(axis.name) ?? []));
  const [missing] = unknown;
  if (!missing) return checkEqual(group, size, by, position, axes);
  const quotient2 = divide(size, by);
  if (quotient2) {
    axes.set(missing.name, quotient2);
    return void 0;
  }
  const divisor = asInteger(by);
  if (divisor !== void 0 && divisible(size, divisor) === "no") {
    const factors = group.axes.filter((axis) => axis !== missing).map((axis) => axis.name);
    const message = `${format(size)} does not divide by ${factors.join(" * ")} = ${format(by)}`;
    return { kind: "not-divisible", message, axis: missing.name, size, by, start, end };
  }
  return cannotShow(group, missing.name, size, by, axes);
}
function checkEqual(group, size, expected, position, axes) {
  const { start, end } = group;
  const verdict = compare(size, expected);
  if (verdict === "equal") return void 0;
  const axis = group.axes.map((one3) => one3.name).join(" ") || "1";
  if (verdict === "unknown") return cannotShow(group, axis, size, expected, axes);
  const message = `axis ${position} is ${format(size)} and the pattern makes it ${format(expected)}`;
  return { kind: "shape-mismatch", message, axis, sizes: [size, expected], start, end };
}
function cannotShow({ axes: names2, start, end }, axis, size, by, axes) {
  const factors = names2.map(({ name }) => {
    const known3 = axes.get(name);
    if (!known3) return name;
    return known3.terms.length > 1 ? `(${format(known3)})` : format(known3);
  });
  const message = `cannot show that ${factors.join(" * ") || "1"} = ${format(size)}`;
  return { kind: "shape-unknown", message, axis, sizes: [size, by], start, end };
}
function planEinsum(pattern, shapes, operands = ["a", "b"]) {
  const parsed = parseEinsum(pattern);
  if (isError(parsed)) return parsed;
  const sizes = /* @__PURE__ */ new Map();
  for (const [i, groups] of parsed.inputs.entries()) {
    const operand = operands[i] ?? `tensor ${i + 1}`;
    const shape2 = shapes[i] ?? [];
    const wrong2 = rankMismatch(groups, operand, shape2.length) ?? repeated(axesOf(groups), `in ${operand}`) ?? bind(groups, shape2, sizes, operands);
    if (wrong2) return wrong2;
  }
  const output = axesOf(parsed.output);
  const unbound = without2(output, parsed.inputs.flatMap(axesOf));
  const wrong = repeated(output, "on the right") ?? (unbound && mismatch(`axis ${unbound.name} is on the right only`, unbound));
  if (wrong) return wrong;
  const names2 = parsed.inputs.map((groups) => axesOf(groups).map((axis) => axis.name));
  const [first, second] = [names2[0], names2[1]];
  const kept = output.map((axis) => axis.name);
  const only = (own, other) => ({
    free: kept.filter((name) => own.includes(name) && !other.includes(name)),
    summed: own.filter((name) => !kept.includes(name) && !other.includes(name))
  });
  const [left, right] = [only(first, second), only(second, first)];
  return {
    batch: kept.filter((name) => first.includes(name) && second.includes(name)),
    free: [left.free, right.free],
    contracted: first.filter((name) => second.includes(name) && !kept.includes(name)),
    summed: [left.summed, right.summed],
    operands: names2,
    output: kept,
    sizes
  };
}
function bind(groups, shape2, sizes, operands) {
  for (const [i, { name, start, end }] of axesOf(groups).entries()) {
    const size = shape2[i];
    const before = sizes.get(name) ?? size;
    sizes.set(name, before);
    const verdict = compare(before, size);
    if (verdict === "equal") continue;
    const details = { axis: name, sizes: [before, size], start, end };
    if (verdict === "unknown") {
      return { kind: "shape-unknown", message: `cannot show that ${format(before)} = ${format(size)} (axis ${name})`, ...details };
    }
    const message = `axis ${name} is ${format(before)} in ${operands[0] ?? "tensor 1"} and ${format(size)} in ${operands[1] ?? "tensor 2"}`;
    return { kind: "shape-mismatch", message, ...details };
  }
  return void 0;
}

// src/compiler/ops/layout.ts
var one = constant(1);
function patternProblem(call, problem) {
  const { span } = call.pattern;
  const inside = problem.start === void 0 ? span : { file: span.file, start: span.start + 1 + problem.start, end: span.start + 1 + (problem.end ?? problem.start + 1) };
  if (problem.kind === "pattern-syntax") call.fail("pattern-syntax", { problem: problem.message }, inside);
  if (problem.kind === "shape-unknown") call.fail("shape-unknown", { claim: problem.message.replace(/^cannot show that /, "") }, inside);
  if (problem.kind === "shape-mismatch") call.fail("shape-mismatch", { problem: problem.message }, inside);
  if (problem.kind === "not-divisible") {
    const { size, by } = problem;
    call.fail("not-divisible", { size: format(size), by: format(by), where: ` in the pattern` }, inside);
  }
  call.fail("pattern-mismatch", { problem: problem.message }, inside);
}
var rearrange = {
  name: "rearrange",
  summary: "Changes the layout by an einops pattern: every axis is accounted for.",
  takes: ["x: [..]"],
  gives: "as the right side of the pattern says",
  attributes: {},
  pattern: true,
  build(call) {
    const x = call.inputs[0];
    const plan = planRearrange(call.pattern.text, x.shape, call.given);
    if ("kind" in plan) patternProblem(call, plan);
    return call.emit(rearrangement, [x], {
      attributes: { permute: plan.permute },
      sizes: { split: plan.split, merge: plan.merge }
    })[0];
  },
  example: { inputs: { x: [2, 6, 4] }, code: 'rearrange(x, "B (n d) c -> B d (c n)", n: 3)' }
};
var contraction = {
  name: "einsum",
  results: ({ sizes }) => [f32(sizes["output"])],
  multiplyAdds: ({ sizes }) => [...sizes["batch"], ...sizes["left"], ...sizes["right"], ...sizes["inner"]].reduce(mul, one),
  compute(tf, [a, b], _weights, { attributes: attributes2, sizes }) {
    const product2 = (list) => list.reduce((total, size) => total * size, 1);
    const { batch, left, right, inner } = sizes;
    const bring = (x, order, summed, shape2) => {
      const total = summed === 0 ? x : tf.sum(x.transpose([...order]), Array.from({ length: summed }, (_, at) => order.length - 1 - at));
      return (summed === 0 ? total.transpose([...order]) : total).reshape(shape2);
    };
    const first = bring(a, attributes2["leftOrder"], attributes2["leftSummed"], [product2(batch), product2(left), product2(inner)]);
    const second = bring(b, attributes2["rightOrder"], attributes2["rightSummed"], [product2(batch), product2(right), product2(inner)]);
    const y = batchMatMul(tf, first, second, true).reshape([...batch, ...left, ...right]);
    return [y.transpose([...attributes2["outputOrder"]])];
  }
};
var einsum = {
  name: "einsum",
  summary: "Sum of products over the axes that the right side of the pattern leaves out.",
  takes: ["a: [..]", "b: [..]"],
  gives: "as the right side of the pattern says",
  attributes: {},
  pattern: true,
  build(call) {
    const a = call.requireFloat(0);
    const b = call.requireFloat(1);
    const plan = planEinsum(call.pattern.text, [a.shape, b.shape]);
    if ("kind" in plan) patternProblem(call, plan);
    const [leftAxes, rightAxes] = plan.operands;
    const sizesOf = (names2) => names2.map((name) => plan.sizes.get(name));
    const order = (axes, free, summed) => [...plan.batch, ...free, ...plan.contracted, ...summed].map((name) => axes.indexOf(name));
    const made = [...plan.batch, ...plan.free[0], ...plan.free[1]];
    return call.emit(contraction, [a, b], {
      attributes: {
        leftOrder: order(leftAxes, plan.free[0], plan.summed[0]),
        leftSummed: plan.summed[0].length,
        rightOrder: order(rightAxes, plan.free[1], plan.summed[1]),
        rightSummed: plan.summed[1].length,
        outputOrder: plan.output.map((name) => made.indexOf(name))
      },
      sizes: {
        batch: sizesOf(plan.batch),
        left: sizesOf(plan.free[0]),
        right: sizesOf(plan.free[1]),
        inner: sizesOf(plan.contracted),
        output: sizesOf(plan.output)
      }
    })[0];
  },
  example: { inputs: { x: [2, 3, 4] }, code: 'einsum(x, x, "B n d, B k d -> B n k")' }
};
var joining = {
  name: "concat",
  results({ inputs, attributes: attributes2 }) {
    const axis = attributes2["axis"];
    const total = inputs.map((input) => input.shape[axis]).reduce(add);
    return [typed(inputs[0].shape.map((size, at) => at === axis ? total : size), inputs[0].dtype)];
  },
  compute: (tf, inputs, _weights, { attributes: attributes2 }) => [tf.concat([...inputs], attributes2["axis"])]
};
function readAxis(call, rank) {
  const written2 = call.int("axis");
  const axis = axisOf(written2, rank);
  if (axis < 0 || axis >= rank)
    call.fail("attribute-value", { name: "axis", accepted: `from ${-rank} to ${rank - 1}`, given: String(written2) }, call.spanOf("axis"));
  return axis;
}
var concat = {
  name: "concat",
  summary: "Joins tensors along an axis.",
  takes: ["..x: [..]"],
  gives: "[..]",
  attributes: { axis: { type: "int", least: -8, about: "the axis that grows; -1 is the last" } },
  build(call) {
    const [first, ...others] = call.inputs;
    const axis = readAxis(call, first.shape.length);
    others.forEach((other, index) => {
      const span = call.inputSpans[index + 1];
      if (other.shape.length !== first.shape.length)
        call.fail("rank-mismatch", { callee: "concat", takes: `tensors of ${first.shape.length} axes`, name: `tensor ${index + 2}`, given: shown2(other) }, span);
      if (other.dtype !== first.dtype)
        call.fail("dtype-mismatch", { callee: "concat", takes: "one dtype", name: `tensor ${index + 2}`, given: other.dtype }, span);
      first.shape.forEach((size, at) => {
        if (at === axis) return;
        call.requireEqual(size, other.shape[at], () => `concat joins axis ${axis}; axis ${at} differs: ${format(size)} against ${format(other.shape[at])}`, span);
      });
    });
    return others.length === 0 ? first : call.emit(joining, call.inputs, { attributes: { axis } })[0];
  },
  example: { inputs: { x: [2, 3] }, code: "concat(x, 2 * x, axis: -1)" }
};
var shown2 = (value) => `[${value.shape.map(format).join(", ")}]`;
var slicing = {
  name: "slice",
  results: ({ inputs, attributes: attributes2, sizes }) => [
    typed(inputs[0].shape.map((size, at) => at === attributes2["axis"] ? sizes["count"][0] : size), inputs[0].dtype)
  ],
  compute: (tf, [x], _weights, { attributes: attributes2, sizes }) => [
    sliceAxis(tf, x, attributes2["axis"], sizes["from"][0], sizes["count"][0])
  ]
};
var slice = (call, x, axis, from, count) => call.emit(slicing, [x], { attributes: { axis }, sizes: { from: [from], count: [count] } })[0];
var split = {
  name: "split",
  summary: "Cuts an axis in pieces.",
  takes: ["x: [..]"],
  gives: "one tensor a piece",
  attributes: {
    sizes: { type: "sizes", about: "lengths of the pieces; together the whole axis" },
    axis: { type: "int", least: -8, about: "the axis that is cut; -1 is the last" }
  },
  build(call) {
    const x = call.inputs[0];
    const axis = readAxis(call, x.shape.length);
    const pieces = call.sizes("sizes");
    const total = pieces.reduce(add);
    call.requireEqual(total, x.shape[axis], () => `the pieces make ${format(total)} and axis ${axis} has ${format(x.shape[axis])}`, call.spanOf("sizes"));
    let from = constant(0);
    return pieces.map((count) => {
      const piece = slice(call, x, axis, from, count);
      from = add(from, count);
      return piece;
    });
  },
  example: { inputs: { x: [2, 5] }, code: "split(x, sizes: [2, 3], axis: -1)" }
};
var withoutAxis = (call, x, axis) => {
  const shape2 = x.shape.filter((_, at) => at !== axis);
  return call.emit(rearrangement, [x], { attributes: { permute: shape2.map((_, at) => at) }, sizes: { split: shape2, merge: shape2 } })[0];
};
var unstack = {
  name: "unstack",
  summary: "Takes an axis apart: one tensor for each of its positions.",
  takes: ["x: [..]"],
  gives: "one tensor a position, without the axis",
  attributes: { axis: { type: "int", least: -8, about: "the axis that is taken apart" } },
  build(call) {
    const x = call.inputs[0];
    const axis = readAxis(call, x.shape.length);
    const count = call.static(x.shape[axis], `axis ${axis} of its input`);
    return Array.from({ length: count }, (_, at) => withoutAxis(call, slice(call, x, axis, constant(at), one), axis));
  },
  example: { inputs: { x: [2, 3] }, code: "unstack(x, axis: 0)" }
};
var bordering = {
  name: "pad",
  results({ inputs, sizes }) {
    const [batch, height, width, channels] = inputs[0].shape;
    const [top, bottom, left, right] = sizes["border"];
    return [typed([batch, add(height, add(top, bottom)), add(width, add(left, right)), channels], inputs[0].dtype)];
  },
  compute(tf, [x], _weights, { attributes: attributes2, sizes }) {
    const [top, bottom, left, right] = sizes["border"];
    if (attributes2["mode"] === "zero") return [tf.clone(zeroPad(tf, x, top, bottom, left, right))];
    return [tf.clone(reflectAxis(tf, reflectAxis(tf, x, 1, top, bottom), 2, left, right))];
  }
};
var modes = ["zero", "reflect"];
function border(call, x, sides) {
  if (sides.every((side) => asInteger(side) === 0)) return x;
  return call.emit(bordering, [x], { attributes: { mode: call.word("mode") }, sizes: { border: sides } })[0];
}
var pad = {
  name: "pad",
  summary: "Adds rows and columns around a picture.",
  takes: ["x: [B, h, w, c]"],
  gives: "[B, h + top + bottom, w + left + right, c]",
  attributes: {
    top: { type: "int", standard: 0, least: 0, about: "rows above" },
    bottom: { type: "int", standard: 0, least: 0, about: "rows below" },
    left: { type: "int", standard: 0, least: 0, about: "columns before" },
    right: { type: "int", standard: 0, least: 0, about: "columns behind" },
    mode: { type: "word", words: modes, standard: "zero", about: "what stands there: zeros, or the picture mirrored without its edge" }
  },
  build(call) {
    const x = call.requireRank(0, 4, "[B, h, w, c]");
    const sides = ["top", "bottom", "left", "right"].map((side) => call.int(side));
    if (call.word("mode") === "reflect") {
      const most = [Math.max(sides[0], sides[1]), Math.max(sides[2], sides[3])];
      most.forEach((p, at) => p > 0 && call.requireAtLeast(x.shape[at + 1], p + 1, `reflect pad of ${p} needs ${at === 0 ? "its height" : "its width"} of at least ${p + 1}`));
    }
    return border(call, x, sides.map(constant));
  },
  example: { inputs: { x: [1, 4, 5, 2] }, code: "pad(x, top: 1, left: 2, mode: reflect)" }
};
var pad_to = {
  name: "pad_to",
  summary: "Extends a picture at the bottom and right to the next multiple.",
  takes: ["x: [B, h, w, c]"],
  gives: "[B, multiple * ceil(h / multiple), multiple * ceil(w / multiple), c]",
  attributes: {
    multiple: { type: "int", least: 1, about: "what height and width become a multiple of" },
    mode: { type: "word", words: modes, standard: "zero", about: "zeros, or the picture mirrored without its edge" }
  },
  build(call) {
    const x = call.requireRank(0, 4, "[B, h, w, c]");
    const multiple = call.int("multiple");
    const added = [x.shape[1], x.shape[2]].map((length, at) => {
      const missing = sub(mul(constant(multiple), ceilDiv(length, multiple)), length);
      if (call.word("mode") === "reflect" && asInteger(missing) !== 0) {
        call.requireAtLeast(sub(length, missing), 1, `reflect pad to a multiple of ${multiple} needs ${at === 0 ? "a height" : "a width"} larger than what is added`);
      }
      return missing;
    });
    return border(call, x, [constant(0), added[0], constant(0), added[1]]);
  },
  example: { inputs: { x: [1, 5, 6, 2] }, code: "pad_to(x, multiple: 4, mode: reflect)" }
};
var crop = {
  name: "crop",
  summary: "The top left part of a picture.",
  takes: ["x: [B, H, W, c]"],
  gives: "[B, to[0], to[1], c]",
  attributes: { to: { type: "sizes", about: "height and width that stay" } },
  build(call) {
    let x = call.requireRank(0, 4, "[B, H, W, c]");
    const to = call.sizes("to");
    if (to.length !== 2) call.fail("attribute-value", { name: "to", accepted: "a height and a width", given: `${to.length} sizes` }, call.spanOf("to"));
    to.forEach((length, at) => {
      const axis = at + 1;
      call.requireAtLeast(sub(x.shape[axis], length), 0, `crop to ${format(length)} needs axis ${axis} of at least that`);
      x = slice(call, x, axis, constant(0), length);
    });
    return x;
  },
  example: { inputs: { x: [1, 5, 6, 2] }, code: "crop(x, to: [3, 4])" }
};
var rolling = {
  name: "roll",
  results: ({ inputs }) => [inputs[0]],
  compute(tf, [x], _weights, { attributes: attributes2 }) {
    const by = attributes2["by"];
    const axes = attributes2["axes"];
    let y = x;
    axes.forEach((axis, at) => {
      const length = y.shape[axis];
      const shift = (by[at] % length + length) % length;
      if (shift !== 0) y = tf.concat([sliceAxis(tf, y, axis, length - shift, shift), sliceAxis(tf, y, axis, 0, length - shift)], axis);
    });
    return [y === x ? tf.clone(y) : y];
  }
};
var roll = {
  name: "roll",
  summary: "Moves positions along axes; what leaves at one end comes back at the other.",
  takes: ["x: [..]"],
  gives: "[..]",
  attributes: {
    by: { type: "ints", about: "how far, one number an axis" },
    axes: { type: "ints", least: 0, about: "the axes" }
  },
  build(call) {
    const x = call.inputs[0];
    const by = call.ints("by");
    const axes = call.ints("axes");
    if (by.length !== axes.length) call.fail("attribute-value", { name: "by", accepted: `one number for each of ${axes.length} axes`, given: `${by.length} numbers` }, call.spanOf("by"));
    const outside2 = axes.find((axis) => axis >= x.shape.length);
    if (outside2 !== void 0) call.fail("attribute-value", { name: "axes", accepted: `from 0 to ${x.shape.length - 1}`, given: String(outside2) }, call.spanOf("axes"));
    return by.every((shift) => shift === 0) ? x : call.emit(rolling, [x], { attributes: { by, axes } })[0];
  },
  example: { inputs: { x: [1, 5, 6, 2] }, code: "roll(x, by: [-2, 1], axes: [1, 2])" }
};
var neighbourhoods = {
  name: "unfold",
  results({ inputs, attributes: attributes2 }) {
    const kernel = attributes2["kernel"];
    const [batch, height, width, channels] = inputs[0].shape;
    return [f32([batch, height, width, constant(kernel * kernel), channels])];
  },
  compute(tf, [x], _weights, { attributes: attributes2 }) {
    const kernel = attributes2["kernel"];
    const p = (kernel - 1) / 2;
    const padded = attributes2["pad"] === "reflect" ? reflectAxis(tf, reflectAxis(tf, x, 1, p, p), 2, p, p) : zeroPad(tf, x, p, p, p, p);
    const [batch, height, width, channels] = x.shape;
    const windows = [];
    for (let row = 0; row < kernel; row += 1)
      for (let column2 = 0; column2 < kernel; column2 += 1) windows.push(tf.slice(padded, [0, row, column2, 0], [batch, height, width, channels]));
    return [tf.stack(windows, 3)];
  }
};
var unfold = {
  name: "unfold",
  summary: "The window around each position, in raster order, as an axis of its own.",
  takes: ["x: [B, h, w, c]"],
  gives: "[B, h, w, kernel * kernel, c]",
  attributes: {
    kernel: { type: "int", least: 1, about: "rows and columns of the window, odd" },
    pad: { type: "word", words: modes, standard: "zero", about: "what stands outside of the picture" }
  },
  build(call) {
    const x = call.requireRank(0, 4, "[B, h, w, c]");
    call.requireFloat(0);
    const kernel = call.int("kernel");
    if (kernel % 2 === 0) call.fail("attribute-value", { name: "kernel", accepted: "odd", given: String(kernel) }, call.spanOf("kernel"));
    const p = (kernel - 1) / 2;
    if (call.word("pad") === "reflect" && p > 0)
      [1, 2].forEach((axis) => call.requireAtLeast(x.shape[axis], p + 1, `reflect pad of ${p} needs ${axis === 1 ? "its height" : "its width"} of at least ${p + 1}`));
    return call.emit(neighbourhoods, [x], { attributes: { kernel, pad: call.word("pad") } })[0];
  },
  example: { inputs: { x: [1, 4, 5, 2] }, code: "unfold(x, kernel: 3, pad: reflect)" }
};

// src/compiler/ops/linear.ts
var one2 = constant(1);
var dense = {
  name: "linear",
  results: ({ inputs, weights }) => [f32([...inputs[0].shape.slice(0, -1), constant(weights[0].shape[1])])],
  multiplyAdds: ({ inputs, weights }) => mul(inputs[0].shape.slice(0, -1).reduce(mul, one2), constant(weights[0].shape[0] * weights[0].shape[1])),
  compute(tf, [x], [kernel, bias]) {
    const [width, out] = kernel.shape;
    const y = tf.matMul(x.reshape([-1, width]), kernel);
    return [(bias ? tf.add(y, bias) : y).reshape([...x.shape.slice(0, -1), out])];
  }
};
var linear = {
  name: "linear",
  summary: "A linear map of the last axis.",
  takes: ["x: [.., c]"],
  gives: "[.., out]",
  ownsWeights: true,
  attributes: {
    out: { type: "int", least: 1, about: "size of the last axis of the result" },
    bias: { type: "bool", standard: true, about: "whether a constant is added" },
    init: { type: "init", standard: { kind: "default" }, about: "how the matrix starts" },
    bias_init: { type: "init", standard: { kind: "default" }, about: "how the bias starts" }
  },
  build(call) {
    const x = call.requireFloat(0);
    if (x.shape.length === 0) call.requireRank(0, 1, "[.., c]");
    const channels = call.static(x.shape.at(-1), "the last axis of its input");
    const weights = [call.weight("kernel", [channels, call.int("out")], call.initialiser("init"), { fanIn: channels })];
    if (call.bool("bias"))
      weights.push(call.weight("bias", [call.int("out")], call.initialiser("bias_init"), { fanIn: channels }));
    return call.emit(dense, [x], { weights })[0];
  },
  example: { inputs: { x: [2, 3, 5] }, code: "linear(x, out: 4)" }
};
var normalisation = {
  name: "layer_norm",
  results: ({ inputs }) => [inputs[0]],
  compute(tf, [x], [scale2, shift], { attributes: attributes2 }) {
    const epsilon = attributes2["epsilon"];
    const width = scale2.shape[0];
    const flat = x.reshape([-1, width]);
    const y = withGradient(
      tf,
      [flat, scale2, shift],
      ([input, gain, offset]) => {
        const centred = tf.sub(input, tf.mean(input, 1, true));
        const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon));
        const normal = tf.mul(centred, inverse);
        return { value: tf.add(tf.mul(normal, gain), offset), keep: [normal, inverse, gain] };
      },
      (dy, [normal, inverse, gain]) => {
        const weighted = tf.mul(dy, gain);
        const along = tf.mul(normal, tf.mean(tf.mul(weighted, normal), 1, true));
        const dx = tf.mul(inverse, tf.sub(tf.sub(weighted, tf.mean(weighted, 1, true)), along));
        return [dx, tf.sum(tf.mul(dy, normal), 0), tf.sum(dy, 0)];
      }
    );
    return [y.reshape(x.shape)];
  }
};
var layer_norm = {
  name: "layer_norm",
  summary: "Normalises the last axis to mean 0 and variance 1, then scales and shifts it.",
  takes: ["x: [.., c]"],
  gives: "[.., c]",
  ownsWeights: true,
  attributes: { epsilon: { type: "real", standard: 1e-5, least: 0, about: "added to the variance" } },
  build(call) {
    const x = call.requireFloat(0);
    const channels = call.static(x.shape.at(-1), "the last axis of its input");
    const weights = [call.weight("scale", [channels], { kind: "ones" }), call.weight("shift", [channels], { kind: "zeros" })];
    return call.emit(normalisation, [x], { attributes: { epsilon: call.real("epsilon") }, weights })[0];
  },
  example: { inputs: { x: [2, 3, 6] }, code: "layer_norm(x)" }
};
var storedNormalisation = {
  name: "batch_norm",
  results: ({ inputs }) => [inputs[0]],
  compute(tf, [x], [scale2, shift, mean, variance], { attributes: attributes2 }) {
    const factor = tf.mul(scale2, tf.rsqrt(tf.add(variance, attributes2["epsilon"])));
    return [tf.add(tf.mul(tf.sub(x, mean), factor), shift)];
  }
};
var batch_norm = {
  name: "batch_norm",
  summary: "Normalises each channel by stored statistics, which are saved and loaded but neither trained nor counted.",
  takes: ["x: [.., c]"],
  gives: "[.., c]",
  ownsWeights: true,
  attributes: { epsilon: { type: "real", standard: 1e-5, least: 0, about: "added to the variance" } },
  build(call) {
    const x = call.requireFloat(0);
    const channels = call.static(x.shape.at(-1), "the last axis of its input");
    const weights = [
      call.weight("scale", [channels], { kind: "ones" }),
      call.weight("shift", [channels], { kind: "zeros" }),
      call.weight("mean", [channels], { kind: "zeros" }, { trainable: false }),
      call.weight("variance", [channels], { kind: "ones" }, { trainable: false })
    ];
    return call.emit(storedNormalisation, [x], { attributes: { epsilon: call.real("epsilon") }, weights })[0];
  },
  example: { inputs: { x: [2, 3, 6] }, code: "batch_norm(x)" }
};
var tableLookup = {
  name: "lookup",
  results: ({ inputs }) => [f32([...inputs[1].shape, inputs[0].shape[1]])],
  compute: (tf, [table, index]) => [gatherRows(tf, table, index)]
};
var lookup = {
  name: "lookup",
  summary: "Rows of a table.",
  takes: ["table: [n, c]", "index: i32[..]"],
  gives: "[.., c]",
  attributes: {},
  build(call) {
    const table = call.requireRank(0, 2, "[n, c]");
    const index = call.inputs[1];
    if (index.dtype !== "i32") call.fail("dtype-mismatch", { callee: "lookup", takes: "an i32 index", name: "its second tensor", given: "f32" }, call.inputSpans[1]);
    return call.emit(tableLookup, [table, index])[0];
  },
  example: { inputs: { x: [4, 3] }, code: "lookup(x, range(4) % 3)" }
};

// src/compiler/ops/loss.ts
var difference = (tf, inputs, right) => tf.sub(inputs[0], right ?? inputs[1]);
var meanAbsolute = {
  name: "l1",
  results: () => [f32([])],
  compute: (tf, inputs, _weights, { attributes: attributes2 }) => [
    withGradient(
      tf,
      [difference(tf, inputs, attributes2["right"])],
      ([delta]) => ({ value: tf.mean(tf.abs(delta)), keep: [delta] }),
      (dy, [delta]) => [tf.mul(tf.sign(delta), tf.div(dy, delta.size))]
    )
  ]
};
var meanSquare = {
  name: "mse",
  results: () => [f32([])],
  compute: (tf, inputs, _weights, { attributes: attributes2 }) => [
    tf.mean(tf.square(difference(tf, inputs, attributes2["right"])))
  ]
};
var loss = (primitive, summary) => ({
  name: primitive.name,
  summary,
  takes: ["a: [..]", "b: [..] or a number"],
  gives: "a number",
  attributes: { right: { type: "real", optional: true, about: "a number instead of b, as in mse(a, 1)" } },
  build(call) {
    const [a, b] = call.inputs;
    call.requireFloat(0);
    if (b) {
      call.requireFloat(1);
      const alike = a.shape.length === b.shape.length && a.shape.every((size, at) => compare(size, b.shape[at]) === "equal");
      if (!alike)
        call.fail("loss-shape", { callee: primitive.name, left: `[${a.shape.map(format).join(", ")}]`, right: `[${b.shape.map(format).join(", ")}]` });
    }
    return call.emit(primitive, call.inputs, b ? {} : { attributes: { right: call.real("right") } })[0];
  },
  example: { inputs: { x: [2, 3] }, code: `${primitive.name}(x, 2 * x)` }
});
var l1 = loss(meanAbsolute, "Mean absolute difference.");
var mse = loss(meanSquare, "Mean squared difference.");

// src/compiler/ops/match.ts
var keyBlock = 1024;
var queryBlock = 4096;
var lanesFirst = (x) => {
  const [batch, rows, lanes, width] = x.shape;
  return lanes === 1 ? x.reshape([batch, rows, width]) : x.transpose([0, 2, 1, 3]).reshape([batch * lanes, rows, width]);
};
var unit = (tf, x) => {
  const length = tf.sqrt(tf.sum(tf.square(x), -1, true));
  return tf.div(x, tf.maximum(length, 1e-12));
};
function bestRows(tf, a, b) {
  const queries = a.shape[1];
  const keys = b.shape[1];
  const scores = [];
  const indices = [];
  for (let from = 0; from < queries; from += queryBlock) {
    const [score, index] = tf.tidy(() => {
      const part2 = sliceAxis(tf, a, 1, from, Math.min(queryBlock, queries - from));
      let best;
      let at;
      for (let key2 = 0; key2 < keys; key2 += keyBlock) {
        const alike = batchMatMul(tf, part2, sliceAxis(tf, b, 1, key2, Math.min(keyBlock, keys - key2)), true);
        const value = tf.max(alike, 2);
        const position = tf.add(tf.argMax(alike, 2), tf.scalar(key2, "int32"));
        alike.dispose();
        if (!best || !at) [best, at] = [value, position];
        else {
          const better = tf.greater(value, best);
          [best, at] = [tf.where(better, value, best), tf.where(better, position, at)];
        }
      }
      return [best, at];
    });
    scores.push(score);
    indices.push(index);
  }
  return scores.length === 1 ? { score: scores[0], index: indices[0] } : { score: tf.concat(scores, 1), index: tf.concat(indices, 1) };
}
var matching = {
  name: "best_match",
  results({ inputs }) {
    const shape2 = inputs[0].shape.slice(0, -1);
    return [f32(shape2), i32(shape2)];
  },
  multiplyAdds({ inputs }) {
    return mul(inputs[0].shape.reduce(mul, constant(1)), inputs[1].shape[1]);
  },
  compute(tf, [a, b]) {
    const [batch, queries] = a.shape;
    const lanes = a.shape.slice(2, -1).reduce((product2, size) => product2 * size, 1);
    const width = a.shape.at(-1);
    const keys = b.shape[1];
    const pixel = unit(tf, a.reshape([batch, queries, lanes, width]));
    const texture = unit(tf, b.reshape([batch, keys, lanes, width]));
    const index = untaped(tf, () => {
      const best = bestRows(tf, lanesFirst(pixel), lanesFirst(texture)).index;
      return best.reshape([batch, lanes, queries]).transpose([0, 2, 1]);
    });
    const start = tf.range(0, batch, 1, "int32").mul(tf.scalar(keys * lanes, "int32")).reshape([batch, 1, 1]);
    const lane = tf.range(0, lanes, 1, "int32").reshape([1, 1, lanes]);
    const position = tf.add(tf.add(tf.mul(index, tf.scalar(lanes, "int32")), start), lane);
    const chosen = gatherRows(tf, texture.reshape([batch * keys * lanes, width]), position);
    const shape2 = a.shape.slice(0, -1);
    return [tf.sum(tf.mul(pixel, chosen), -1).reshape(shape2), index.reshape(shape2)];
  }
};
var best_match = {
  name: "best_match",
  summary: "For each row of a the row of b that is most like it along an axis: score and index. Streams; ties go to the lowest index.",
  takes: ["a: [B, q, .., d]", "b: [B, k, .., d]"],
  gives: "(score: [B, q, ..], index: i32[B, q, ..])",
  attributes: {
    over: { type: "int", least: 1, about: "the axis of b that is searched; 1" },
    by: { type: "word", words: ["cosine"], standard: "cosine", about: "what is compared" }
  },
  build(call) {
    const a = call.requireFloat(0);
    const b = call.requireFloat(1);
    if (call.int("over") !== 1) call.fail("attribute-value", { name: "over", accepted: "1", given: String(call.int("over")) }, call.spanOf("over"));
    if (a.shape.length < 3 || a.shape.length !== b.shape.length)
      call.fail("rank-mismatch", { callee: "best_match", takes: "a [B, q, .., d] and b [B, k, .., d]", name: "b", given: `[${b.shape.map(format).join(", ")}]` }, call.inputSpans[1]);
    a.shape.forEach((size, at) => {
      const other = b.shape[at];
      if (at !== 1 && compare(size, other) !== "equal")
        call.requireEqual(size, other, () => `best_match compares rows of ${format(size)} with rows of ${format(other)} at axis ${at}`, call.inputSpans[1]);
    });
    const [score, index] = call.emit(matching, [a, b]);
    return { score, index };
  },
  example: { inputs: { x: [1, 5, 2, 3] }, code: "best_match(x, roll(x, by: [1], axes: [3]), over: 1, by: cosine).score" }
};

// src/compiler/ops/pooling.ts
var attributes = {
  kernel: { type: "int", least: 1, about: "rows and columns of the window" },
  stride: { type: "int", least: 1, about: "step of the window" },
  pad: { type: "int", standard: 0, least: 0, about: "positions added on each side" }
};
var shapeRule = ({ inputs, attributes: given }) => {
  const [batch, height, width, channels] = inputs[0].shape;
  const { kernel, stride, pad: pad2 } = given;
  return [f32([batch, windowed(height, kernel, stride, pad2), windowed(width, kernel, stride, pad2), channels])];
};
var averaging = {
  name: "avg_pool",
  results: shapeRule,
  compute(tf, [x], _weights, { attributes: given }) {
    const { kernel, stride, pad: pad2 } = given;
    const pool = (picture) => tf.avgPool(zeroPad(tf, picture, pad2, pad2, pad2, pad2), kernel, stride, "valid");
    const mean = pool(x);
    if (given["count_pad"] || pad2 === 0) return [mean];
    const [, height, width] = x.shape;
    return [tf.div(mean, pool(tf.ones([1, height, width, 1])))];
  }
};
var maximising = {
  name: "max_pool",
  results: shapeRule,
  compute(tf, [x], _weights, { attributes: given }) {
    const { kernel, stride, pad: pad2 } = given;
    return [tf.maxPool(zeroPad(tf, x, pad2, pad2, pad2, pad2, -34e37), kernel, stride, "valid")];
  }
};
var pooling = (primitive, summary, extra) => ({
  name: primitive.name,
  summary,
  takes: ["x: [B, h, w, c]"],
  gives: "[B, floor((h + 2 pad - kernel) / stride) + 1, .., c]",
  attributes: { ...attributes, ...extra },
  build(call) {
    const x = call.requireRank(0, 4, "[B, h, w, c]");
    call.requireFloat(0);
    const given = Object.fromEntries(["kernel", "stride", "pad"].map((name) => [name, call.int(name)]));
    const need = given["kernel"] - 2 * given["pad"];
    [1, 2].forEach(
      (axis) => call.requireAtLeast(x.shape[axis], need, `a window of ${given["kernel"]} needs ${axis === 1 ? "its height" : "its width"} of at least ${need}`)
    );
    return call.emit(primitive, [x], { attributes: { ...given, ..."count_pad" in extra && { count_pad: call.bool("count_pad") } } })[0];
  },
  example: { inputs: { x: [1, 5, 6, 2] }, code: `${primitive.name}(x, kernel: 3, stride: 2, pad: 1)` }
});
var avg_pool = pooling(averaging, "Mean over a window.", {
  count_pad: { type: "bool", standard: true, about: "whether padding counts as zeros in the mean" }
});
var max_pool = pooling(maximising, "Largest value in a window.", {});

// src/compiler/ops/resample.ts
var cubic = (t) => t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
function taps(position, length, kernel) {
  const clamp = (index) => Math.min(Math.max(index, 0), length - 1);
  if (kernel === "nearest") return [{ index: clamp(Math.floor(position + 0.5)), weight: 1 }];
  const base = Math.floor(position);
  const t = position - base;
  if (kernel === "bilinear") return [0, 1].map((k) => ({ index: clamp(base + k), weight: k === 0 ? 1 - t : t }));
  return [-1, 0, 1, 2].map((k) => ({ index: clamp(base + k), weight: cubic(Math.abs(t - k)) }));
}
function resampling(from, to, kernel, align) {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i += 1) {
    const position = align === "corners" ? to === 1 ? 0 : i * (from - 1) / (to - 1) : (i + 0.5) * from / to - 0.5;
    for (const { index, weight } of taps(position, from, kernel)) matrix[i * from + index] += weight;
  }
  return matrix;
}
var interpolation = {
  name: "interpolate",
  results: ({ inputs, sizes }) => [f32([inputs[0].shape[0], ...sizes["to"], inputs[0].shape[3]])],
  compute(tf, [x], _weights, { attributes: attributes2, sizes }) {
    const kernel = attributes2["kernel"];
    const align = attributes2["align"];
    const [batch, height, width, channels] = x.shape;
    const [toHeight, toWidth] = sizes["to"];
    const rows = tf.tensor2d(resampling(height, toHeight, kernel, align), [toHeight, height]);
    const columns = tf.tensor2d(resampling(width, toWidth, kernel, align), [toWidth, width]);
    const tall = tf.matMul(rows, x.transpose([1, 0, 2, 3]).reshape([height, batch * width * channels]));
    const turned = tall.reshape([toHeight, batch, width, channels]).transpose([2, 1, 0, 3]).reshape([width, batch * toHeight * channels]);
    const wide = tf.matMul(columns, turned);
    return [wide.reshape([toWidth, batch, toHeight, channels]).transpose([1, 2, 0, 3])];
  }
};
var kernels = ["bilinear", "bicubic", "nearest"];
var interpolate = {
  name: "interpolate",
  summary: "A picture at another size; bicubic with a = -0.5, border replicated, no antialiasing.",
  takes: ["x: [B, h, w, c]"],
  gives: "[B, by * h, by * w, c] or [B, to[0], to[1], c]",
  attributes: {
    by: { type: "int", least: 1, optional: true, about: "factor along both axes; or" },
    to: { type: "sizes", optional: true, about: "height and width" },
    kernel: { type: "word", words: kernels, about: "how values between positions are made" },
    align: { type: "word", words: ["centres", "corners"], standard: "centres", about: "what of the first and last pixels stays in place" }
  },
  build(call) {
    const x = call.requireRank(0, 4, "[B, h, w, c]");
    call.requireFloat(0);
    if (call.has("by") === call.has("to")) call.fail("missing-attribute", { callee: "interpolate", name: "by or to, one of them" });
    const to = call.has("by") ? [1, 2].map((axis) => mul(constant(call.int("by")), x.shape[axis])) : call.sizes("to");
    if (to.length !== 2) call.fail("attribute-value", { name: "to", accepted: "a height and a width", given: `${to.length} sizes` }, call.spanOf("to"));
    return call.emit(interpolation, [x], { attributes: { kernel: call.word("kernel"), align: call.word("align") }, sizes: { to } })[0];
  },
  example: { inputs: { x: [1, 3, 4, 2] }, code: "interpolate(x, by: 2, kernel: bicubic)" }
};
function sampleAxis(tf, coordinate, length, kernel) {
  const position = tf.div(tf.sub(tf.mul(tf.add(coordinate, 1), length), 1), 2);
  const clamp = (index) => tf.cast(tf.clipByValue(index, 0, length - 1), "int32");
  if (kernel === "nearest") return [{ index: clamp(tf.round(position)), weight: tf.onesLike(position) }];
  const base = tf.floor(position);
  const t = tf.sub(position, base);
  if (kernel === "bilinear")
    return [
      { index: clamp(base), weight: tf.sub(1, t) },
      { index: clamp(tf.add(base, 1)), weight: t }
    ];
  const weight = (k) => {
    const d = tf.abs(tf.sub(t, k));
    return k === 0 || k === 1 ? tf.add(tf.mul(tf.sub(tf.mul(d, 1.5), 2.5), tf.square(d)), 1) : tf.add(tf.mul(tf.sub(tf.mul(tf.add(tf.mul(d, -0.5), 2.5), d), 4), d), 2);
  };
  return [-1, 0, 1, 2].map((k) => ({ index: clamp(tf.add(base, k)), weight: weight(k) }));
}
var sampling = {
  name: "sample",
  results: ({ inputs }) => [f32([inputs[1].shape[0], inputs[1].shape[1], inputs[0].shape[3]])],
  compute(tf, [x, coord], _weights, { attributes: attributes2 }) {
    const kernel = attributes2["kernel"];
    const [batch, height, width, channels] = x.shape;
    const queries = coord.shape[1];
    const at = (axis) => coord.slice([0, 0, axis], [-1, -1, 1]).squeeze([2]);
    const rows = sampleAxis(tf, at(0), height, kernel);
    const columns = sampleAxis(tf, at(1), width, kernel);
    const start = tf.range(0, batch, 1, "int32").mul(tf.scalar(height * width, "int32")).reshape([batch, 1]);
    const flat = x.reshape([batch * height * width, channels]);
    const pairs = rows.flatMap((row) => columns.map((column2) => ({ row, column: column2 })));
    const index = pairs.map(({ row, column: column2 }) => tf.add(tf.add(tf.mul(row.index, tf.scalar(width, "int32")), column2.index), start));
    const weight = pairs.map(({ row, column: column2 }) => tf.mul(row.weight, column2.weight));
    const picked = gatherRows(tf, flat, tf.stack(index, 2));
    const mixed = tf.sum(tf.mul(picked, tf.stack(weight, 2).expandDims(3)), 2);
    return [mixed.reshape([batch, queries, channels])];
  }
};
var sample = {
  name: "sample",
  summary: "Values of a picture between its pixels, at coordinates in [-1, 1]; border replicated, bicubic with a = -0.5.",
  takes: ["x: [B, h, w, c]", "coord: [B, q, 2]"],
  gives: "[B, q, c]",
  attributes: { kernel: { type: "word", words: kernels, about: "how values between pixels are made" } },
  build(call) {
    const x = call.requireRank(0, 4, "[B, h, w, c]");
    const coord = call.requireRank(1, 3, "[B, q, 2]");
    if (asInteger(coord.shape[2]) !== 2)
      call.fail("shape-mismatch", { problem: `sample takes (row, column) pairs; this has ${format(coord.shape[2])}` }, call.inputSpans[1]);
    return call.emit(sampling, [x, coord], { attributes: { kernel: call.word("kernel") } })[0];
  },
  example: { inputs: { x: [1, 3, 4, 2] }, code: 'sample(x, rearrange(range(4) * 0.2 - 0.3, "(q a) -> 1 q a", a: 2), kernel: bicubic)' }
};

// src/compiler/ops/registry.ts
var ops = new Map(
  [
    conv,
    pixel_shuffle,
    linear,
    layer_norm,
    batch_norm,
    lookup,
    prelu,
    softmax,
    drop_path,
    ...elementwiseOps,
    ...reductionOps,
    rearrange,
    einsum,
    concat,
    split,
    unstack,
    pad,
    pad_to,
    crop,
    roll,
    unfold,
    avg_pool,
    max_pool,
    interpolate,
    sample,
    corners,
    nearest2,
    take,
    take_along,
    ensemble,
    best_match,
    range,
    l1,
    mse
  ].map((op) => [op.name, op])
  // prettier-ignore
);
var primitives = new Map(
  [
    convolution,
    rearrangement,
    dense,
    normalisation,
    storedNormalisation,
    tableLookup,
    sharedSlope,
    normalExponential,
    stochasticDepth,
    ...elementwisePrimitives,
    ...reductions,
    ...arithmetic,
    cast,
    contraction,
    joining,
    slicing,
    bordering,
    rolling,
    neighbourhoods,
    averaging,
    maximising,
    interpolation,
    sampling,
    ensembleCorners,
    taking,
    takingAlong,
    matching,
    counting,
    filled,
    ownWeight,
    meanAbsolute,
    meanSquare
  ].map((primitive) => [primitive.name, primitive])
  // prettier-ignore
);

// src/compiler/elaborate/owners.ts
function callsIn(expression) {
  const found = [];
  const stage = (item) => {
    if (item.kind === "repeat") {
      visit(item.over);
      item.body.forEach(stage);
    } else visit(item);
  };
  const visit = (item) => {
    switch (item.kind) {
      case "call":
        found.push(item);
        return item.arguments.forEach((argument) => visit(argument.value));
      case "pipeline":
        visit(item.head);
        item.stages.forEach(stage);
        return;
      case "binary":
        visit(item.left);
        visit(item.right);
        return;
      case "negate":
        return visit(item.operand);
      case "group":
        return visit(item.inner);
      case "member":
        return visit(item.object);
      case "element":
        visit(item.list);
        return visit(item.at);
      case "first":
        visit(item.list);
        return visit(item.count);
      case "list":
        return item.items.forEach(visit);
      case "lambda":
        return visit(item.body);
      default:
    }
  };
  visit(expression);
  return found;
}
function ownsWeights(callee, file, slots, visiting = /* @__PURE__ */ new Set()) {
  if (slots.has(callee)) return false;
  const module = file.modules.get(callee);
  return module ? moduleOwnsWeights(module, visiting) : ops.get(callee)?.ownsWeights === true;
}
var known2 = /* @__PURE__ */ new WeakMap();
function moduleOwnsWeights({ declaration, file }, visiting) {
  const before = known2.get(declaration);
  if (before !== void 0) return before;
  if (visiting.has(declaration)) return false;
  const inside = /* @__PURE__ */ new Set([...visiting, declaration]);
  const owns = declaration.body.some((statement) => {
    if (statement.kind === "weight") return true;
    const values = statement.kind === "let" ? [statement.value] : statement.kind === "return" ? statement.values : [];
    return values.some((value) => callsIn(value).some((call) => ownsWeights(call.callee.text, file, /* @__PURE__ */ new Set(), inside)));
  });
  known2.set(declaration, owns);
  return owns;
}
function ownerLabels(expressions, isLet, file, slots) {
  const owners = expressions.flatMap(callsIn).filter((call) => ownsWeights(call.callee.text, file, slots));
  const seen = /* @__PURE__ */ new Map();
  return new Map(
    owners.map((call) => {
      if (isLet && owners.length === 1) return [call, ""];
      const count = (seen.get(call.callee.text) ?? 0) + 1;
      seen.set(call.callee.text, count);
      return [call, count === 1 ? call.callee.text : `${call.callee.text}${count}`];
    })
  );
}

// src/compiler/elaborate/scope.ts
var join = (...parts) => parts.filter((part2) => part2 !== "").join(".");
var childScope = (parent, names2) => ({
  ...parent,
  names: new Map([...parent.names, ...names2])
});

// src/compiler/elaborate/call-module.ts
function bindParameters(owner, parameters, given, span, file, e) {
  const values = /* @__PURE__ */ new Map();
  const accepted = parameters.map((parameter) => parameter.name.text);
  for (const [name, { nameSpan }] of given)
    if (!accepted.includes(name)) fail("unknown-attribute", { callee: owner, name, near: nearest(name, accepted), accepted }, nameSpan);
  for (const parameter of parameters) {
    const name = parameter.name.text;
    if (!parameterTypes.includes(parameter.type.text))
      fail("unknown-name", { name: parameter.type.text, near: nearest(parameter.type.text, parameterTypes), accepted: parameterTypes }, parameter.type.span);
    if (values.has(name)) fail("duplicate-name", { name, what: "a parameter" }, parameter.name.span);
    const argument = given.get(name);
    const scope = { file, names: values, sizes: /* @__PURE__ */ new Map(), later: /* @__PURE__ */ new Set() };
    const place = { scope: "", name: "", labels: /* @__PURE__ */ new Map() };
    const expression = argument?.expression ?? parameter.standard;
    if (!expression) fail("missing-attribute", { callee: owner, name }, span);
    const read = argument?.evaluate ?? ((x) => evaluate(x, scope, place, e));
    values.set(name, readParameter(name, parameter.type.text, parameter.list, expression, read));
  }
  return values;
}
function callModule(unit2, inputs, named, scope, place, call, e) {
  const given = new Map(
    named.map((argument) => [
      argument.name.text,
      { expression: argument.value, evaluate: (x) => evaluate(x, scope, place, e), nameSpan: argument.name.span }
    ])
  );
  return enter(unit2, inputs, given, place.path, call.span, e);
}
function enter(unit2, inputs, given, path2, span, e) {
  const { declaration, file } = unit2;
  const name = declaration.name.text;
  if (e.calls.some((call) => call.name === name && call.span.file === span.file && call.span.start === span.start)) fail("module-cycle", { name }, span);
  e.calls.push({ name, span });
  try {
    const parameters = bindParameters(name, declaration.parameters, given, span, file, e);
    return elaborateBody(unit2, parameters, inputs, path2, span, e);
  } catch (error2) {
    if (error2 instanceof Reported) throw outside(error2, name, span);
    throw error2;
  } finally {
    e.calls.pop();
  }
}
function outside(error2, name, span) {
  const { diagnostic: inner } = error2;
  if (inner.primary.span.file === span.file && inner.primary.span.start >= span.start && inner.primary.span.end <= span.end) return error2;
  const already = inner.related.some((related) => related.label.startsWith("called from here"));
  if (already) return error2;
  return new Reported({ ...inner, related: [...inner.related, { span, label: `called from here: ${name}` }] });
}
function elaborateBody({ declaration, file }, parameters, inputs, path2, span, e) {
  const name = declaration.name.text;
  const scope = { file, names: new Map(parameters), sizes: /* @__PURE__ */ new Map(), later: laterNames(declaration.body) };
  const statements = declaration.body;
  const declared = statements.filter((statement) => statement.kind === "input");
  if (declared.length !== inputs.length)
    fail("arity", { callee: name, takes: `${declared.length} ${declared.length === 1 ? "tensor" : "tensors"}`, given: inputs.length }, inputs[declared.length]?.span ?? span);
  declared.forEach((statement, at) => {
    const { value, span: givenAt } = inputs[at];
    bindInput(statement.name.text, statement.type, asTensor(value, name, givenAt), name, givenAt, scope, e);
    scope.later.delete(statement.name.text);
  });
  declared.forEach((statement) => statement.where.forEach((condition) => checkCondition(condition, name, scope, span, e)));
  const outputs = statements.filter((statement) => statement.kind === "output");
  for (const statement of statements) {
    if (statement.kind === "slot" || statement.kind === "scale")
      fail("only-in-models", { what: `a ${statement.kind}`, name }, statement.span);
    if (statement.kind === "return") return returned(statement, outputs, name, path2, scope, e);
    elaborateStatement(statement, path2, scope, e);
  }
  return fail("return-missing", { name }, declaration.name.span);
}
var laterNames = (body) => new Set(
  body.flatMap(
    (statement) => statement.kind === "let" ? statement.names.map((name) => name.text) : statement.kind === "weight" || statement.kind === "input" ? [statement.name.text] : []
  )
);
function elaborateStatement(statement, path2, scope, e) {
  const define = (name, value) => {
    if (scope.names.has(name.text) || scope.sizes.has(name.text))
      fail("duplicate-name", { name: name.text, what: scope.sizes.has(name.text) ? "a size" : "defined here" }, name.span);
    scope.names.set(name.text, value);
    scope.later.delete(name.text);
    if (value.kind === "tensor") e.builder.lets.set(join(path2, name.text), value.id);
    if (value.kind === "several")
      value.items.forEach((item) => item.name && e.builder.lets.set(join(path2, name.text, item.name), item.value.id));
  };
  if (statement.kind === "weight") {
    const shape2 = axesOf2(statement.type, scope, e).map((axis) => axis.size);
    const sizes = shape2.map((size) => {
      const value = size ? sizeValue(size) : void 0;
      if (!value || !isInteger(value)) fail("not-static", { name: `the shape of ${statement.name.text}`, on: size ? format(size) : "an open axis" }, statement.type.span);
      return value.value;
    });
    const place = { scope: path2, name: "", labels: /* @__PURE__ */ new Map() };
    const initialiser = readInitialiser(statement.name.text, statement.initialiser, (x) => evaluate(x, scope, place, e));
    const weight = e.builder.weight({ path: join(path2, statement.name.text), shape: sizes, initialiser, fanIn: sizes[0] ?? 1, trainable: true, op: "weight" });
    define(statement.name, e.builder.emit(ownWeight, [], { weights: [weight] }, join(path2, statement.name.text), statement.span)[0]);
  }
  if (statement.kind === "let") {
    const labels = ownerLabels([statement.value], true, scope.file, scope.slots?.names ?? /* @__PURE__ */ new Set());
    const place = { scope: path2, name: statement.names.map((name) => name.text).join("_"), labels };
    const value = evaluate(statement.value, scope, place, e);
    if (!statement.tuple) define(statement.names[0], value);
    else {
      const items = value.kind === "several" ? value.items : [];
      if (items.length !== statement.names.length)
        fail("arity", { callee: `let (${statement.names.map((name) => name.text).join(", ")})`, takes: `${statement.names.length} results`, given: value.kind === "several" ? items.length : 1 }, statement.value.span);
      statement.names.forEach((name, at) => define(name, items[at].value));
    }
  }
}
function returned(statement, outputs, owner, path2, scope, e) {
  if (statement.values.length !== outputs.length)
    fail("arity", { callee: `return of ${owner}`, takes: `${outputs.length} ${outputs.length === 1 ? "output" : "outputs"}`, given: statement.values.length }, statement.span);
  const labels = ownerLabels(statement.values, false, scope.file, scope.slots?.names ?? /* @__PURE__ */ new Set());
  const items = statement.values.map((expression, at) => {
    const output = outputs[at];
    const value = asTensor(evaluate(expression, scope, { scope: path2, name: "", labels }, e), "return", expression.span);
    checkOutput(output, value, owner, expression.span, scope, e);
    return { ...output.name && { name: output.name.text }, value };
  });
  return items.length === 1 ? items[0].value : { kind: "several", items };
}
function checkOutput(output, value, owner, span, scope, e) {
  const name = output.name?.text ?? `the output of ${owner}`;
  const axes = axesOf2(output.type, scope, e);
  const context = { label: `gives ${shapeText(value)}`, related: [{ span: output.type.span, label: `declared here` }] };
  const mismatch2 = (note) => fail("output-mismatch", { name, declared: axesText(output.type, axes), returned: shapeText(value) }, span, { ...context, notes: [note] });
  if ((output.type.dtype?.text ?? "f32") !== value.dtype) mismatch2(`${value.dtype} is not ${output.type.dtype?.text ?? "f32"}`);
  if (axes.length !== value.shape.length) mismatch2(`${value.shape.length} axes, not ${axes.length}`);
  axes.forEach(({ size, open }, at) => {
    const actual = value.shape[at];
    if (!size) {
      if (open) scope.sizes.set(open, actual);
      return;
    }
    const verdict = compare(size, actual);
    if (verdict === "different") mismatch2(`axis ${at}: ${format(actual)} is not ${format(size)}`);
    if (verdict === "unknown") fail("shape-unknown", { claim: `${format(actual)} = ${format(size)}` }, span, context);
  });
}
function axesOf2(type, scope, e) {
  return type.axes.flatMap((axis) => {
    if (axis.kind === "leading") return (scope.leading ?? fail("unknown-dim", { name: "..", near: [] }, axis.span)).map((size) => ({ size }));
    if (axis.kind === "open") return [axis.name ? { open: axis.name.text } : {}];
    return [{ size: sizeOf(axis.size, scope, e) }];
  });
}
function axesText(type, axes) {
  return `${type.dtype ? type.dtype.text : ""}[${axes.map(({ size, open }) => size ? format(size) : `?${open ?? ""}`).join(", ")}]`;
}
function sizeOf(expression, scope, e) {
  if (expression.kind === "name" && !scope.names.has(expression.name) && !scope.sizes.has(expression.name) && scope.perItem !== expression.name) {
    const known3 = [...scope.sizes.keys(), ...scope.names.keys()];
    fail("unknown-dim", { name: expression.name, near: nearest(expression.name, known3), accepted: [...scope.sizes.keys()] }, expression.span);
  }
  const value = evaluate(expression, scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, e);
  const size = isScalar(value) ? asSize(value) : void 0;
  return size ?? fail("attribute-type", { name: "an axis", takes: "an int or a size", given: show(value) }, expression.span);
}
function bindInput(name, type, value, owner, span, scope, e) {
  const expected = type.dtype?.text ?? "f32";
  if (value.dtype !== expected)
    fail("dtype-mismatch", { callee: owner, takes: `${expected} for ${name}`, name: "this", given: shapeText(value) }, span, { related: [{ span: type.span, label: "declared here" }] });
  const leadingAt = type.axes.findIndex((axis) => axis.kind === "leading");
  const fixed = type.axes.length - (leadingAt >= 0 ? 1 : 0);
  const rankFits = leadingAt >= 0 ? value.shape.length >= fixed : value.shape.length === fixed;
  const declared = `[${type.axes.map(axisText).join(", ")}]`;
  if (!rankFits)
    fail("rank-mismatch", { callee: owner, takes: declared, name: "this", given: shapeText(value) }, span, { related: [{ span: type.span, label: "declared here" }] });
  const leadingCount = value.shape.length - fixed;
  let at = 0;
  for (const axis of type.axes) {
    if (axis.kind === "leading") {
      bindLeading(value.shape.slice(at, at + leadingCount), scope, owner, span);
      at += leadingCount;
      continue;
    }
    const actual = value.shape[at];
    if (axis.kind === "size" && axis.size.kind === "name" && !scope.names.has(axis.size.name) && !scope.sizes.has(axis.size.name)) scope.sizes.set(axis.size.name, actual);
    else if (axis.kind === "size") {
      const wanted = sizeOf(axis.size, scope, e);
      const verdict = compare(wanted, actual);
      const context = {
        label: `gives ${shapeText(value)}`,
        related: [{ span: axis.span, label: `${owner} takes ${declared} for ${name}` }],
        notes: [`axis ${at}: ${format(actual)} ${verdict === "different" ? "is not" : "against"} ${format(wanted)}`]
      };
      if (verdict === "different") fail("shape-mismatch", { problem: `${owner} takes ${format(wanted)} at axis ${at} of ${name} and is given ${format(actual)}` }, span, context);
      if (verdict === "unknown") fail("shape-unknown", { claim: `${format(actual)} = ${format(wanted)}` }, span, context);
    }
    at += 1;
  }
  scope.names.set(name, value);
}
function bindLeading(sizes, scope, owner, span) {
  if (!scope.leading) {
    scope.leading = sizes;
    return;
  }
  const same = sizes.length === scope.leading.length && sizes.every((size, at) => compare(size, scope.leading[at]) === "equal");
  if (!same)
    fail("shape-mismatch", { problem: `the leading axes of ${owner}'s inputs differ: [${sizes.map(format).join(", ")}] against [${scope.leading.map(format).join(", ")}]` }, span);
}
var axisText = (axis) => axis.kind === "leading" ? ".." : axis.kind === "open" ? `?${axis.name?.text ?? ""}` : axis.size.kind === "name" ? axis.size.name : axis.size.kind === "number" ? axis.size.text : "size";
function checkCondition(condition, owner, scope, span, e) {
  const { left, operator, right } = condition;
  const related = [{ span: condition.span, label: `${owner} asks for this` }];
  const bound = evaluate(right, scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, e);
  if (operator === "==") {
    if (left.kind !== "binary" || left.operator !== "%" || !isInteger(bound) || bound.value !== 0)
      fail("static-value", { problem: "where takes only a % n == 0 and a >= n" }, condition.span);
    const size = sizeOf(left.left, scope, e);
    const by = evaluate(left.right, scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, e);
    if (!isInteger(by) || by.value < 1) fail("static-value", { problem: `${show(by)} is no positive integer` }, left.right.span);
    const verdict2 = divisible(size, by.value);
    const written2 = `${sourceName(left.left)} = ${format(size)}`;
    if (verdict2 === "no") fail("not-divisible", { size: written2, by: `${sourceName(left.right)} = ${by.value}`, where: ` (${owner})` }, span, { related });
    if (verdict2 === "unknown") fail("shape-unknown", { claim: `${format(size)} divides by ${by.value}` }, span, { related });
    return;
  }
  const least = isScalar(bound) ? asSize(bound) : void 0;
  if (!least) fail("static-value", { problem: `${show(bound)} is no size` }, right.span);
  const rest = sub(sizeOf(left, scope, e), least);
  const verdict = atLeast(rest, 0);
  const problem = `${owner} needs ${sourceName(left)} of at least ${show(bound)}`;
  if (verdict === "never") fail("window-too-large", { problem }, span, { related });
  if (verdict === "sometimes") e.builder.checks.push({ size: rest, least: 0, problem, span: condition.span });
}
var sourceName = (expression) => expression.kind === "name" ? expression.name : expression.kind === "number" ? expression.text : "it";

// src/compiler/elaborate/evaluate.ts
var mostTurns = 1e4;
var deepestCalls = 64;
function evaluate(expression, scope, place, e) {
  switch (expression.kind) {
    case "number":
      return written(expression.text);
    case "string":
      return { kind: "text", text: expression.text };
    case "name":
      return lookUp(expression.name, expression.span, scope);
    case "group":
      return evaluate(expression.inner, scope, place, e);
    case "list":
      return { kind: "list", items: expression.items.map((item) => evaluate(item, scope, place, e)) };
    case "lambda":
      return fail("lambda-place", {}, expression.span);
    case "negate": {
      const value = evaluate(expression.operand, scope, place, e);
      if (value.kind === "tensor") return e.builder.emit(negation, [value], {}, pathOf(place), expression.span)[0];
      if (isScalar(value)) return staticBinary("-", real(0), value, expression.span);
      return fail("attribute-type", { name: "-", takes: "a number or a tensor", given: show(value) }, expression.operand.span);
    }
    case "binary": {
      const left = evaluate(expression.left, scope, place, e);
      const right = evaluate(expression.right, scope, place, e);
      return binary(operatorNames[expression.operator], expression.operator, left, right, expression, place, e);
    }
    case "member":
      return member(evaluate(expression.object, scope, place, e), expression.member.text, expression.member.span);
    case "element":
    case "first":
      return part(expression, scope, place, e);
    case "call":
      return applyCall(expression, void 0, scope, place, e);
    case "pipeline":
      return pipeline(expression, scope, place, e);
  }
}
function asTensor(value, what, span) {
  if (value.kind === "several" && value.items.length === 1) return value.items[0].value;
  if (value.kind === "tensor") return value;
  const help = value.kind === "several" ? `name one of them: ${value.items.map((item, at) => item.name ?? `let (.., ${at + 1}) = ..`).join(", ")}` : void 0;
  return fail("not-a-tensor", { what, given: `${kindOf(value)} ${value.kind === "several" ? show(value) : `(${show(value)})`}` }, span, help ? { help } : {});
}
var pathOf = (place) => join(place.scope, place.name);
function lookUp(name, span, scope) {
  const value = scope.names.get(name);
  if (value) return value;
  const size = scope.sizes.get(name);
  if (size) return sizeValue(size);
  if (name === "pi") return { kind: "number", value: Math.PI };
  if (name === "true" || name === "false") return { kind: "boolean", value: name === "true" };
  if (scope.perItem === name) fail("not-static", { name: "this", on: `${name}, which is drawn per item` }, span, { help: "a static scale (scale m = 2) may stand in shapes and attributes" });
  if (scope.later.has(name)) fail("used-before-defined", { name }, span);
  if (initialiserNames.includes(name)) return { kind: "initialiser", initialiser: { kind: name } };
  const known3 = [...scope.names.keys(), ...scope.sizes.keys()].filter((candidate) => candidate !== "_");
  return fail("unknown-name", { name, near: nearest(name, known3) }, span, ops.has(name) ? { help: `${name} is an op: it is called, ${name}(..), or stands behind ->` } : {});
}
function member(value, name, span) {
  if (value.kind !== "several") return fail("attribute-type", { name: `.${name}`, takes: "several named results", given: kindOf(value) }, span);
  const names2 = value.items.flatMap((item) => item.name ? [item.name] : []);
  const found = value.items.find((item) => item.name === name);
  return found?.value ?? fail("unknown-name", { name, near: nearest(name, names2), accepted: names2 }, span);
}
function part(expression, scope, place, e) {
  const list = evaluate(expression.list, scope, place, e);
  if (list.kind !== "list") return fail("attribute-type", { name: "[..]", takes: "a list", given: kindOf(list) }, expression.list.span, list.kind === "tensor" ? { help: "a tensor is taken apart by split or unstack" } : {});
  const where = expression.kind === "element" ? expression.at : expression.count;
  const at = evaluate(where, scope, place, e);
  const most = expression.kind === "element" ? list.items.length - 1 : list.items.length;
  if (!isInteger(at) || at.value < 0 || at.value > most) return fail("static-value", { problem: `the list has ${list.items.length} items; ${show(at)} is outside` }, where.span);
  return expression.kind === "element" ? list.items[at.value] : { kind: "list", items: list.items.slice(0, at.value) };
}
function binary(name, operator, leftValue, rightValue, at, place, e) {
  const sign2 = operator === "floor_divide" ? "floor(a / b)" : operator;
  const single = (value) => value.kind === "several" && value.items.length === 1 ? value.items[0].value : value;
  const left = single(leftValue);
  const right = single(rightValue);
  if (isScalar(left) && isScalar(right) && operator !== "min" && operator !== "max" && operator !== "floor_divide")
    return staticBinary(operator, left, right, at.span);
  const usable = (value) => value.kind === "tensor" || isScalar(value);
  if (!usable(left) || !usable(right)) {
    const wrong = usable(left) ? right : left;
    fail("attribute-type", { name: sign2, takes: "numbers and tensors", given: `${kindOf(wrong)} ${show(wrong)}` }, (usable(left) ? at.right : at.left)?.span ?? at.span);
  }
  const path2 = pathOf(place);
  const toFloat = (value) => value.dtype === "f32" ? value : e.builder.emit(cast, [value], {}, path2, at.span)[0];
  const integral = (value) => value.kind === "tensor" ? value.dtype === "i32" : value.kind === "size" || value.kind === "number" && Number.isSafeInteger(value.value);
  const integer = integral(left) && integral(right) && operator !== "/";
  const primitive = arithmeticNamed(operator === "floor_divide" && !integer ? fail("dtype-mismatch", { callee: "floor(a / b)", takes: "integers", name: "a or b", given: "f32" }, at.span) : name);
  const tensors = [];
  const attributes2 = {};
  const sizes = {};
  for (const [side, value] of [["left", left], ["right", right]]) {
    if (isTensor(value)) tensors.push(integer ? value : toFloat(value));
    else if (value.kind === "number") attributes2[side] = value.value;
    else if (value.kind === "size") sizes[`${side}Size`] = [value.size];
  }
  if (tensors.length === 2) {
    const joined = broadcast(tensors[0].shape, tensors[1].shape);
    if (!("shape" in joined)) {
      const [a, b] = tensors;
      const rank = Math.max(a.shape.length, b.shape.length);
      const sizeAt = (x) => {
        const size = x.shape[joined.axis - rank + x.shape.length];
        return size ? format(size) : "(none)";
      };
      const context = {
        related: [
          ...at.left ? [{ span: at.left.span, label: `gives ${shapeText(a)}` }] : [],
          ...at.right ? [{ span: at.right.span, label: `gives ${shapeText(b)}` }] : []
        ],
        notes: [`axis ${joined.axis}: ${sizeAt(a)} against ${sizeAt(b)}`],
        help: "only an axis written as 1 is stretched; axes are added at the left"
      };
      if (joined.unknown) fail("shape-unknown", { claim: `${sizeAt(a)} = ${sizeAt(b)}` }, at.operatorSpan ?? at.span, context);
      fail("broadcast", { operator: writtenAs(name), left: shapeText(a), right: shapeText(b), axis: `axis ${joined.axis}` }, at.operatorSpan ?? at.span, context);
    }
  }
  return e.builder.emit(primitive, tensors, { attributes: attributes2, sizes }, path2, at.span)[0];
}
function pipeline(expression, scope, place, e) {
  if (expression.head.kind === "binary" || expression.head.kind === "negate") {
    const first = expression.stages[0];
    fail("mixed-pipeline", { written: "a + b -> f", readings: ["(a + b) -> f", "a + (b -> f)"] }, expression.head.span, {
      label: "an operator beside -> without parentheses",
      related: [{ span: first.span, label: "the pipeline" }],
      fixes: [
        {
          title: "put the sum in parentheses",
          edits: [
            { span: { ...expression.head.span, end: expression.head.span.start }, text: "(" },
            { span: { ...expression.head.span, start: expression.head.span.end }, text: ")" }
          ]
        }
      ]
    });
  }
  let value = evaluate(expression.head, scope, place, e);
  let from = expression.head.span;
  for (const stage of expression.stages) {
    value = applyStage(stage, value, from, scope, place, e);
    from = stage.span;
  }
  return value;
}
function applyStage(stage, input, from, scope, place, e) {
  return stage.kind === "repeat" ? repeat(stage, input, from, scope, place, e) : applyCall(stage, { value: input, span: from }, scope, place, e);
}
function repeat(stage, input, from, scope, place, e) {
  if (/\]$/.test(place.name) || place.name === "repeat") fail("static-value", { problem: "one statement has at most one repeat" }, stage.span, { help: "give the inner one a module of its own" });
  const over = evaluate(stage.over, scope, place, e);
  let turns;
  if (stage.element) {
    if (over.kind !== "list") return fail("attribute-type", { name: "repeat .. in", takes: "a list", given: `${kindOf(over)} ${show(over)}` }, stage.over.span);
    turns = over.items;
  } else {
    if (!isInteger(over) || over.value < 0 || over.value > mostTurns)
      return fail("repeat-count", { written: stage.over.kind === "name" ? stage.over.name : "the count", value: show(over) }, stage.over.span);
    turns = Array.from({ length: over.value }, () => void 0);
  }
  let value = input;
  let at = from;
  turns.forEach((element, turn) => {
    const inner = childScope(scope, [
      ...stage.element && element ? [[stage.element.text, element]] : [],
      ...stage.turn ? [[stage.turn.text, real(turn)]] : []
    ]);
    const turnPlace = { ...place, name: `${place.name || "repeat"}[${turn}]` };
    for (const step of stage.body) {
      value = applyStage(step, value, at, inner, turnPlace, e);
      at = step.span;
    }
  });
  return value;
}
function applyCall(call, piped, scope, place, e) {
  const name = call.callee.text;
  const slot = scope.slots?.names.has(name) ? scope.slots : void 0;
  const module = slot ? void 0 : scope.file.modules.get(name);
  const op = ops.get(name);
  const positional = call.arguments.filter((argument) => !argument.name);
  const named = call.arguments.filter((argument) => argument.name !== void 0);
  if (slot) {
    if (named[0]) fail("unknown-attribute", { callee: `the slot ${name}`, name: named[0].name.text, near: [] }, named[0].name.span, { help: `its filler's parameters are set where the slot is declared` });
    return slot.call(name, tensorsOf(positional, piped, scope, place, e), place, call.span);
  }
  if (module) {
    if (e.calls.length >= deepestCalls) fail("too-deep", { limit: deepestCalls }, call.span);
    const label2 = place.labels.get(call) ?? name;
    const inputs = tensorsOf(positional, piped, scope, place, e);
    return callModule(module, inputs, named, scope, { ...place, path: join(place.scope, place.name, label2) }, call, e);
  }
  const isFloorOfQuotient = (name === "floor" || name === "ceil") && positional.length === 1 && !piped;
  if (isFloorOfQuotient) {
    const quotient2 = ungroup(positional[0].value);
    if (quotient2.kind === "binary" && quotient2.operator === "/") return roundedQuotient(name, quotient2, call, scope, place, e);
  }
  if (staticFunctions.includes(name) && !(op && named.length > 0)) {
    const values = [...piped ? [piped.value] : [], ...positional.map((argument) => evaluate(argument.value, scope, place, e))];
    if (values.every((value) => value.kind !== "tensor" && value.kind !== "several")) {
      if (named[0]) fail("unknown-attribute", { callee: name, name: named[0].name.text, near: [] }, named[0].name.span);
      return staticCall(name, values, call.span);
    }
    if ((name === "min" || name === "max") && values.length === 2) {
      const at = { span: call.span, left: positional.at(-2)?.value, right: positional.at(-1)?.value };
      return binary(operatorNames[name], name, values[0], values[1], at, place, e);
    }
  }
  if (!op) {
    if (initialiserNames.includes(name)) return fail("attribute-type", { name, takes: "its place where an initialiser is asked for", given: "a value" }, call.span);
    const known3 = [...scope.file.modules.keys(), ...scope.slots?.names ?? [], ...ops.keys(), ...staticFunctions];
    return fail("unknown-op", { name, near: nearest(name, known3) }, call.callee.span, scope.names.has(name) ? { help: `${name} is a value here; only modules, slots and ops are called` } : {});
  }
  const label = place.labels.get(call) ?? name;
  const path2 = join(place.scope, place.name, op.ownsWeights ? label : "");
  return callOp(op, call, positional, named, piped, { scope, place, e, path: path2, evaluate: (expression) => evaluate(expression, scope, place, e) });
}
var ungroup = (expression) => expression.kind === "group" ? ungroup(expression.inner) : expression;
function roundedQuotient(name, quotient2, call, scope, place, e) {
  const left = evaluate(quotient2.left, scope, place, e);
  const right = evaluate(quotient2.right, scope, place, e);
  if (isScalar(left) && isScalar(right)) return divideSize(name, left, right, quotient2.span);
  const integral = (value2) => isScalar(value2) || value2.kind === "tensor" && value2.dtype === "i32";
  if (name === "floor" && integral(left) && integral(right)) return binary("floor_divide", "floor_divide", left, right, { ...quotient2, span: call.span }, place, e);
  const value = binary("divide", "/", left, right, quotient2, place, e);
  if (name === "ceil") return fail("unknown-op", { name: "ceil of a tensor", near: ["floor"] }, call.callee.span);
  return callOp(ops.get("floor"), call, [], [], { value, span: quotient2.span }, { scope, place, e, path: pathOf(place), evaluate: (x) => evaluate(x, scope, place, e) });
}
function tensorsOf(positional, piped, scope, place, e) {
  return [...piped ? [piped] : [], ...positional.map((argument) => ({ value: evaluate(argument.value, scope, place, e), span: argument.span }))];
}

// src/compiler/elaborate/call-op.ts
function callOp(op, call, positional, named, piped, around) {
  const { pattern, rest } = takePattern(op, call, positional);
  const inputs = [];
  const spans = [];
  const scalars = [];
  const given = [...piped ? [piped] : [], ...rest.map((argument) => ({ value: around.evaluate(argument.value), span: argument.value.span }))];
  given.forEach((argument, at) => {
    const { value, span } = argument;
    if (value.kind === "number" && "right" in op.attributes && at === op.takes.length - 1) scalars.push({ value: value.value, span });
    else if (op.name === "range" && isScalar(value)) scalars.push({ value: 0, span });
    else {
      inputs.push(asTensor(value, op.name, span));
      spans.push(span);
    }
  });
  const rangeSize = op.name === "range" && given[0] && isScalar(given[0].value) ? asSize(given[0].value) : void 0;
  checkArity(op, inputs.length + scalars.length, call, spans);
  const attributes2 = readAttributes(op, call, named, around, pattern !== void 0);
  for (const scalar2 of scalars) if ("right" in op.attributes) attributes2.set("right", { value: scalar2.value, span: scalar2.span });
  if (rangeSize) attributes2.set("n", { value: rangeSize, span: given[0].span });
  return asValue(op.build(opCall(op, call, inputs, spans, attributes2, pattern, around)));
}
function takePattern(op, call, positional) {
  if (!op.pattern) return { rest: positional };
  const last = positional.at(-1);
  if (last?.value.kind !== "string") return fail("missing-attribute", { callee: op.name, name: 'a pattern such as "B h w c -> B (h w) c"' }, call.span);
  return { pattern: { text: last.value.text, span: last.value.span }, rest: positional.slice(0, -1) };
}
function checkArity(op, given, call, spans) {
  if (op.name === "range") {
    if (given !== 1) fail("arity", { callee: "range", takes: "one size", given }, call.span);
    return;
  }
  const any = op.takes[0]?.startsWith("..") ?? false;
  if (any ? given >= 1 : given === op.takes.length) return;
  const count = op.takes.length;
  fail("arity", { callee: op.name, takes: any ? "at least 1 tensor" : `${count} ${count === 1 ? "tensor" : "tensors"}`, given }, spans[count] ?? call.span, {
    help: `${op.name}(${op.takes.join(", ")})`
  });
}
function readAttributes(op, call, named, around, hasPattern) {
  const attributes2 = /* @__PURE__ */ new Map();
  const accepted = Object.keys(op.attributes);
  for (const argument of named) {
    const name = argument.name.text;
    if (attributes2.has(name)) fail("duplicate-name", { name, what: "given" }, argument.name.span);
    if (hasPattern) {
      const value = around.evaluate(argument.value);
      const size = isScalar(value) ? asSize(value) : void 0;
      if (!size) fail("attribute-type", { name, takes: "an int or a size", given: show(value) }, argument.value.span);
      attributes2.set(name, { value: size, span: argument.span });
      continue;
    }
    const spec = op.attributes[name];
    if (!spec) fail("unknown-attribute", { callee: op.name, name, near: nearest(name, accepted), accepted }, argument.name.span);
    attributes2.set(name, { value: readAttribute(name, spec, argument.value, (x) => around.evaluate(x)), span: argument.span });
  }
  for (const [name, spec] of Object.entries(op.attributes))
    if (!attributes2.has(name) && spec.standard === void 0 && !spec.optional) fail("missing-attribute", { callee: op.name, name }, call.span, { help: spec.about });
  return attributes2;
}
function asValue(result) {
  if (isTensor(result)) return result;
  if (Array.isArray(result)) return { kind: "several", items: result.map((value) => ({ value })) };
  return { kind: "several", items: Object.entries(result).map(([name, value]) => ({ name, value })) };
}
function opCall(op, call, inputs, inputSpans, attributes2, pattern, { e, path: path2 }) {
  const valueOf = (name) => attributes2.get(name)?.value ?? op.attributes[name]?.standard;
  const failAt = (code, args, span = call.span, context = {}) => fail(code, args, span, inputs.length > 0 && !context.related ? { ...context, related: inputLabels(inputs, inputSpans, span) } : context);
  return {
    callee: op.name,
    span: call.span,
    inputs,
    inputSpans,
    ...pattern && { pattern },
    given: Object.fromEntries([...attributes2].filter(() => op.pattern).map(([name, { value }]) => [name, value])),
    has: (name) => attributes2.has(name),
    int: (name) => valueOf(name),
    real: (name) => valueOf(name),
    bool: (name) => valueOf(name),
    word: (name) => valueOf(name),
    ints: (name) => valueOf(name),
    size: (name) => valueOf(name),
    sizes: (name) => valueOf(name),
    initialiser: (name) => valueOf(name),
    attribute: valueOf,
    spanOf: (name) => attributes2.get(name)?.span ?? call.span,
    emit: (primitive, values, emission = {}) => e.builder.emit(primitive, values, emission, path2, call.span),
    weight: (name, shape2, initialiser, { fanIn = 1, trainable = true } = {}) => e.builder.weight({ path: `${path2}.${name}`, shape: shape2, initialiser, fanIn, trainable, op: op.name }),
    static(size, what) {
      const known3 = asInteger(size);
      return known3 ?? failAt("not-static", { name: what, on: `${format(size)}, a size that each picture gives` }, inputSpans[0] ?? call.span);
    },
    requireRank(index, rank, takes) {
      const value = inputs[index];
      if (value.shape.length !== rank)
        fail("rank-mismatch", { callee: op.name, takes, name: op.takes[index].split(":")[0].replace("..", ""), given: shapeText(value) }, call.span, {
          related: inputLabels(inputs, inputSpans, call.span)
        });
      return value;
    },
    requireFloat(index) {
      const value = inputs[index];
      if (value.dtype !== "f32") failAt("dtype-mismatch", { callee: op.name, takes: "f32", name: "its input", given: shapeText(value) }, inputSpans[index]);
      return value;
    },
    requireEqual(left, right, problem, span = call.span) {
      const verdict = compare(left, right);
      if (verdict === "unknown") failAt("shape-unknown", { claim: `${format(left)} = ${format(right)}` }, span);
      if (verdict === "different") failAt("shape-mismatch", { problem: problem() }, span);
    },
    requireAtLeast(size, least, problem) {
      const verdict = atLeast(size, least);
      if (verdict === "never") failAt("window-too-large", { problem }, call.span);
      if (verdict === "sometimes") e.builder.checks.push({ size, least, problem, span: call.span });
    },
    fail: failAt
  };
}
function inputLabels(inputs, spans, primary) {
  return inputs.map((value, at) => ({ span: spans[at], label: `gives ${shapeText(value)}` })).filter(({ span }) => span && !(span.file === primary.file && span.start === primary.start && span.end === primary.end));
}

// src/compiler/elaborate/records.ts
var FieldReader = class {
  constructor(record, fields, scope, e, span) {
    this.record = record;
    this.fields = fields;
    this.scope = scope;
    this.e = e;
    this.span = span;
  }
  record;
  fields;
  scope;
  e;
  span;
  has(name) {
    return this.fields.has(name);
  }
  expression(name) {
    const field = this.fields.get(name);
    if (!field) fail("missing-field", { record: this.record, name }, this.span);
    if (isRecord(field.value)) fail("attribute-type", { name, takes: "a value", given: "a record" }, field.span);
    return field.value;
  }
  static(expression) {
    return evaluate(expression, this.scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, this.e);
  }
  int(name, standard, least = 1) {
    if (standard !== void 0 && !this.has(name)) return standard;
    const expression = this.expression(name);
    const value = this.static(expression);
    if (!isInteger(value)) fail("attribute-type", { name, takes: "an int", given: show(value) }, expression.span);
    if (value.value < least) fail("attribute-value", { name, accepted: `at least ${least}`, given: String(value.value) }, expression.span);
    return value.value;
  }
  number(expression, name) {
    const value = this.static(expression);
    return value.kind === "number" ? value.value : fail("attribute-type", { name, takes: "a number", given: `${kindOf(value)} ${show(value)}` }, expression.span);
  }
  /** Items of a list, or the one that stands alone. */
  items(name) {
    const expression = this.expression(name);
    return expression.kind === "list" ? expression.items : [expression];
  }
  words(name, accepted, standard) {
    if (!this.has(name)) return standard;
    return this.items(name).map((item) => {
      const word2 = item.kind === "name" ? item.name : "";
      if (!accepted.includes(word2)) fail("attribute-value", { name, accepted: `a list of ${accepted.join(", ")}`, given: textOf(item) }, item.span);
      return word2;
    });
  }
  /** `uniform(1, 4)`, `(m - 1) / 2`. */
  perItem(expression, variables) {
    switch (expression.kind) {
      case "group":
        return this.perItem(expression.inner, variables);
      case "name": {
        if (variables.includes(expression.name)) return { kind: "variable", name: expression.name };
        return { kind: "number", value: this.number(expression, expression.name) };
      }
      case "negate":
        return folded("negate", [this.perItem(expression.operand, variables)]);
      case "binary": {
        const names2 = { "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder" };
        return folded(names2[expression.operator], [this.perItem(expression.left, variables), this.perItem(expression.right, variables)]);
      }
      case "list":
        return { kind: "choice", items: expression.items.map((item) => this.perItem(item, variables)) };
      case "call":
        return this.perItemCall(expression, variables);
      default:
        return { kind: "number", value: this.number(expression, "this") };
    }
  }
  perItemCall(call, variables) {
    const name = call.callee.text;
    const signatures = { uniform: ["a", "b"], normal: ["mean", "std"] };
    const known3 = ["min", "max", "pow", "sqrt", "log2", "exp", "floor", "ceil", "round", "abs"];
    const signature = signatures[name];
    if (!signature && !known3.includes(name)) fail("unknown-op", { name, near: nearest(name, [...Object.keys(signatures), ...known3]) }, call.callee.span);
    const values = call.arguments.map((argument, at) => {
      if (argument.name && argument.name.text !== signature?.[at])
        fail("unknown-attribute", { callee: name, name: argument.name.text, near: nearest(argument.name.text, signature ?? []), accepted: signature ?? [] }, argument.name.span);
      return this.perItem(argument.value, variables);
    });
    const count = signature?.length ?? (name === "min" || name === "max" || name === "pow" ? 2 : 1);
    if (values.length !== count) fail("arity", { callee: name, takes: `${count} values`, given: values.length }, call.span);
    return signature ? { kind: "call", name, arguments: values } : folded(name, values);
  }
  operations(expressions, accepted, variables) {
    return expressions.map((expression) => {
      const name = expression.kind === "call" ? expression.callee.text : expression.kind === "name" ? expression.name : "";
      if (!accepted.includes(name)) {
        const near2 = nearest(name, accepted);
        fail("unknown-op", { name: name || textOf(expression), near: near2, accepted: near2.length ? void 0 : accepted }, expression.span);
      }
      const given = expression.kind === "call" ? expression.arguments : [];
      const takes = { blur: ["sigma"], resize: ["kernel"] };
      const wanted = takes[name] ?? [];
      for (const argument of given)
        if (!argument.name || !wanted.includes(argument.name.text))
          fail("unknown-attribute", { callee: name, name: argument.name?.text ?? "an unnamed value", near: [], accepted: wanted }, argument.span);
      const missing = wanted.find((attribute) => !given.some((argument) => argument.name?.text === attribute));
      if (missing) fail("missing-attribute", { callee: name, name: missing }, expression.span);
      const value = given[0]?.value;
      if (name === "blur") return { op: "blur", sigma: this.perItem(value, variables) };
      if (name === "resize") {
        const kernels2 = ["bicubic", "bilinear", "nearest"];
        const kernel = value.kind === "name" ? value.name : "";
        if (!kernels2.includes(kernel)) fail("attribute-value", { name: "kernel", accepted: kernels2.join(" or "), given: textOf(value) }, value.span);
        return { op: "resize", kernel };
      }
      return { op: name };
    });
  }
  optimizer() {
    const expression = this.expression("optimizer");
    if (expression.kind !== "call" || expression.callee.text !== "adam")
      fail("attribute-value", { name: "optimizer", accepted: "adam(lr: ..)", given: textOf(expression) }, expression.span);
    const values = this.named(expression, { lr: void 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    return values;
  }
  schedule() {
    if (!this.has("schedule")) return { kind: "constant" };
    const expression = this.expression("schedule");
    const name = expression.kind === "call" ? expression.callee.text : expression.kind === "name" ? expression.name : "";
    if (name === "constant") return { kind: "constant" };
    if (expression.kind === "call" && name === "cosine") return { kind: "cosine", to: this.named(expression, { to: void 0 })["to"] };
    if (expression.kind === "call" && name === "step") {
      const { at, factor } = this.named(expression, { at: void 0, factor: void 0 });
      return { kind: "step", at: Array.isArray(at) ? at : [at], factor };
    }
    return fail("attribute-value", { name: "schedule", accepted: "step(at:, factor:), cosine(to:) or constant", given: textOf(expression) }, expression.span);
  }
  /** Named numbers (or lists of them) of a call such as `adam(lr: 1e-4)`. */
  named(call, standard) {
    const accepted = Object.keys(standard);
    const given = {};
    for (const argument of call.arguments) {
      const name = argument.name?.text ?? "";
      if (!accepted.includes(name)) fail("unknown-attribute", { callee: call.callee.text, name: name || "an unnamed value", near: nearest(name, accepted), accepted }, argument.span);
      given[name] = argument.value.kind === "list" ? argument.value.items.map((item) => this.number(item, name)) : this.number(argument.value, name);
    }
    for (const name of accepted) {
      const value = given[name] ?? standard[name];
      if (value === void 0) fail("missing-attribute", { callee: call.callee.text, name }, call.span);
      given[name] = value;
    }
    return given;
  }
  candidateScope() {
    if (!this.has("scope")) return { kind: "lattice", count: 2304 };
    const expression = this.expression("scope");
    if (expression.kind === "name" && expression.name === "full") return { kind: "full" };
    const kinds = ["lattice", "raster", "tile"];
    if (expression.kind === "call") {
      const kind = kinds.find((name) => name === expression.callee.text);
      const [count] = expression.arguments;
      if (kind && count && expression.arguments.length === 1 && !count.name) {
        const value = this.static(count.value);
        if (!isInteger(value) || value.value < 1) fail("attribute-type", { name: kind, takes: "a positive int", given: show(value) }, count.span);
        return { kind, count: value.value };
      }
    }
    return fail("attribute-value", { name: "scope", accepted: "full, lattice(n), raster(n) or tile(n)", given: textOf(expression) }, expression.span);
  }
  evaluatePlan(degrade) {
    const m2 = this.items("m").map((item) => this.number(item, "m"));
    const clip = this.has("cell_clip") ? this.expression("cell_clip") : void 0;
    const cellClip = clip && !(clip.kind === "name" && clip.name === "none") ? this.number(clip, "cell_clip") : void 0;
    return {
      m: m2,
      metrics: this.words("metrics", ["psnr", "ssim", "ssim_gaussian", "fid"], ["psnr", "ssim"]),
      scope: this.candidateScope(),
      ...cellClip !== void 0 && { cellClip },
      tile: this.int("tile", 768),
      ...this.has("shave") && { shave: this.int("shave", void 0, 0) },
      degrade
    };
  }
};
function folded(name, values) {
  if (!values.every((value) => value.kind === "number")) return { kind: "call", name, arguments: values };
  return { kind: "number", value: computePerItem(name, values.map((value) => value.value)) };
}
function computePerItem(name, values) {
  const [a = 0, b = 0] = values;
  switch (name) {
    case "add":
      return a + b;
    case "subtract":
      return a - b;
    case "multiply":
      return a * b;
    case "divide":
      return a / b;
    case "remainder":
      return a - b * Math.floor(a / b);
    case "negate":
      return -a;
    case "min":
      return Math.min(a, b);
    case "max":
      return Math.max(a, b);
    case "pow":
      return a ** b;
    case "sqrt":
    case "log2":
    case "exp":
    case "floor":
    case "ceil":
    case "round":
    case "abs":
      return Math[name](a);
    default:
      throw new Error(`no per-item function ${name}`);
  }
}
var textOf = (expression) => expression.kind === "name" ? expression.name : expression.kind === "call" ? expression.callee.text : expression.kind === "number" || expression.kind === "string" ? expression.text : `a ${expression.kind}`;

// src/compiler/elaborate/model.ts
var trainFields = ["B", "h", "w", "H", "W", "q", "m", "degrade", "augment", "loss", "optimizer", "schedule", "epochs", "repeat"];
var evaluateFields = ["m", "metrics", "scope", "cell_clip", "tile", "shave"];
var objectiveFields = ["loss", "optimizer", "schedule", "every"];
var inputRoles = ["image", "enlarged", "coordinates", "cell"];
var outputRoles = ["samples", "image", "features", "inspect"];
function elaborateModel(unit2, application, report) {
  try {
    return new ModelElaboration(unit2, application, report).run();
  } catch (error2) {
    if (!(error2 instanceof Reported)) throw error2;
    report(error2.diagnostic);
    return void 0;
  }
}
var ModelElaboration = class {
  #unit;
  #application;
  #report;
  #e = { builder: new Builder(), calls: [] };
  #slots = /* @__PURE__ */ new Map();
  #fillers = /* @__PURE__ */ new Map();
  #overrides = /* @__PURE__ */ new Map();
  #values = [];
  #name;
  #scope;
  #parameterScope;
  #failed = false;
  constructor(unit2, application, report) {
    this.#unit = unit2;
    this.#application = application;
    this.#report = report;
    this.#name = unit2.declaration.name.text;
  }
  run() {
    const { declaration } = this.#unit;
    for (const statement of declaration.body)
      if (statement.kind === "slot") {
        if (this.#slots.has(statement.name.text)) fail("duplicate-name", { name: statement.name.text, what: "a slot" }, statement.name.span);
        this.#slots.set(statement.name.text, statement);
        this.#fillers.set(statement.name.text, { expression: statement.filler, file: this.#unit.file });
      }
    this.#checkPresets();
    this.#replace();
    this.#override();
    const parameters = this.#parameters();
    const { inputs, outputs, values, scale: scale2 } = this.#body(parameters);
    if (this.#failed) return void 0;
    const all = this.#e.builder.graph();
    const graph = subgraph(all, all.inputs, values);
    const train = this.#train(scale2, inputs, outputs, values, graph);
    const evaluatePlan = this.#evaluate(scale2, train);
    if (this.#failed) return void 0;
    return {
      name: this.#name,
      file: this.#unit.file.source.file,
      variants: this.#application.variants.map((variant) => variant.declaration.title),
      preset: this.#application.preset,
      scale: scale2,
      inputs,
      outputs,
      graph,
      ...train && { train },
      ...evaluatePlan && { evaluate: evaluatePlan },
      checks: this.#e.builder.checks.map(({ size, least, problem }) => ({ size, least, problem })),
      values: this.#values,
      text: ""
    };
  }
  /** Runs one statement; what it reports does not stop the next. */
  #attempt(run) {
    try {
      run();
    } catch (error2) {
      if (!(error2 instanceof Reported)) throw error2;
      this.#failed = true;
      this.#report(error2.diagnostic);
    }
  }
  // ---- paths ----------------------------------------------------------------------------------------------------
  /** Every path of every preset is checked against the base, used or not. */
  #checkPresets() {
    for (const { record } of this.#unit.presets.values())
      for (const field of record.fields) this.#attempt(() => this.#checkPath(field.path, this.#fillers));
  }
  #checkPath(path2, fillers) {
    const [first, second] = path2;
    const parameters = this.#unit.declaration.parameters;
    const unknown = (name, owner, kind, accepted2) => fail("unknown-path", { owner, kind, name: name.text, near: nearest(name.text, accepted2), accepted: accepted2 }, name.span);
    if (first.text === "train" || first.text === "evaluate") {
      const accepted2 = first.text === "train" ? [...trainFields, ...this.#slots.keys()] : evaluateFields;
      if (!second) unknown(first, this.#name, "value", accepted2.map((field) => `${first.text}.${field}`));
      else if (!accepted2.includes(second.text)) fail("unknown-field", { record: first.text, name: second.text, near: nearest(second.text, accepted2), accepted: accepted2 }, second.span);
      else if (this.#slots.has(second.text) && first.text === "train") {
        const third = path2[2];
        if (!third || !objectiveFields.includes(third.text)) unknown(third ?? second, `train.${second.text}`, "field", objectiveFields);
      }
      return;
    }
    if (path2.length === 1) {
      if (!parameters.some((parameter) => parameter.name.text === first.text))
        unknown(first, this.#name, "parameter", [...parameters.map((parameter) => parameter.name.text), ...[...this.#slots.keys()].map((slot) => `${slot}.`)]);
      return;
    }
    const filler = fillers.get(first.text);
    if (!filler) return unknown(first, this.#name, "slot", [...this.#slots.keys()]);
    const accepted = this.#fillerParameters(filler).map((parameter) => parameter.name.text);
    if (path2.length > 2) unknown(path2[2], pathText(path2.slice(0, 2)), "part", []);
    if (!accepted.includes(second.text)) unknown(second, `the filler of ${first.text}`, "parameter", accepted);
  }
  #fillerParameters(filler) {
    const callee = filler.expression.kind === "call" ? filler.expression.callee.text : filler.expression.kind === "name" ? filler.expression.name : "";
    return filler.file.modules.get(callee)?.declaration.parameters ?? [];
  }
  // ---- edits ----------------------------------------------------------------------------------------------------
  #replace() {
    const edited = /* @__PURE__ */ new Map();
    const claim = (variant, edit) => {
      const path2 = edit.kind === "replace" ? edit.slot.text : pathText(edit.path);
      for (const [other, { variant: first }] of edited)
        if (first !== variant.file.source.file && (other === path2 || other.startsWith(`${path2}.`) || path2.startsWith(`${other}.`)))
          fail("edit-conflict", { first, second: variant.file.source.file, path: other.length < path2.length ? other : path2 }, edit.span);
      edited.set(path2, { variant: variant.file.source.file, span: edit.span });
    };
    for (const variant of this.#application.variants)
      for (const edit of variant.edits)
        this.#attempt(() => {
          claim(variant, edit);
          if (edit.kind === "set") return;
          const slot = this.#slots.get(edit.slot.text);
          if (!slot) this.#notASlot(edit.slot);
          this.#fillers.set(edit.slot.text, {
            expression: edit.filler,
            file: variant.file,
            replaced: { span: edit.span, origin: `${variant.file.source.file}, replace` }
          });
          this.#values.push({ path: edit.slot.text, value: this.#source(edit.filler, variant.file), origin: `${variant.file.source.file}, replace` });
        });
  }
  #notASlot(name) {
    const slots = [...this.#slots.keys()].sort();
    const body = this.#unit.declaration.body;
    if (body.some((statement) => statement.kind === "let" && statement.names.some((candidate) => candidate.text === name.text)))
      fail("not-a-slot", { name: name.text, what: "a let", slots }, name.span);
    if (this.#unit.file.modules.has(name.text)) fail("not-a-slot", { name: name.text, what: "a module", slots }, name.span);
    fail("unknown-path", { owner: this.#name, kind: "slot", name: name.text, near: nearest(name.text, slots) }, name.span, {
      notes: [`slots of ${this.#name}: ${slots.join(", ")}`]
    });
  }
  #source(expression, file) {
    return expression.span.file === file.source.file ? file.source.text.slice(expression.span.start, expression.span.end) : "given";
  }
  #override() {
    const { preset, variants, sets: sets2 } = this.#application;
    const chosen = this.#unit.presets.get(preset);
    if (!chosen && preset !== "") {
      const accepted = [...this.#unit.presets.keys()];
      fail("unknown-preset", { model: this.#name, name: preset, near: nearest(preset, accepted), accepted }, this.#unit.declaration.name.span, {
        notes: [`presets of ${this.#name}: ${accepted.join(", ") || "(none)"}`]
      });
    }
    for (const field of chosen?.record.fields ?? []) {
      const slot = field.path.length > 1 ? this.#fillers.get(field.path[0].text) : void 0;
      if (slot?.replaced || isRecord(field.value)) continue;
      this.#overrides.set(pathText(field.path), { expression: field.value, file: this.#unit.file, span: field.span, origin: `preset ${preset}` });
    }
    for (const variant of variants)
      for (const edit of variant.edits)
        if (edit.kind === "set")
          this.#attempt(() => {
            this.#checkPath(edit.path, this.#fillers);
            this.#overrides.set(pathText(edit.path), { expression: edit.value, file: variant.file, span: edit.span, origin: `${variant.file.source.file}, set` });
          });
    for (const set of sets2)
      this.#attempt(() => {
        this.#checkPath(set.path, this.#fillers);
        this.#overrides.set(pathText(set.path), { expression: set.value, file: this.#unit.file, span: set.value.span, origin: set.origin });
      });
  }
  // ---- parameters -----------------------------------------------------------------------------------------------
  #given(parameters, prefix, scope) {
    const place = { scope: "", name: "", labels: /* @__PURE__ */ new Map() };
    return new Map(
      parameters.flatMap((parameter) => {
        const override = this.#overrides.get(join(prefix, parameter.name.text));
        if (!override) return [];
        const evaluateHere = (x) => evaluate(x, { ...scope(), file: override.file }, place, this.#e);
        return [[parameter.name.text, { expression: override.expression, evaluate: evaluateHere, nameSpan: override.span }]];
      })
    );
  }
  #parameters() {
    const { parameters } = this.#unit.declaration;
    const empty = { file: this.#unit.file, names: /* @__PURE__ */ new Map(), sizes: /* @__PURE__ */ new Map(), later: /* @__PURE__ */ new Set() };
    const bound = bindParameters(this.#name, parameters, this.#given(parameters, "", () => empty), this.#unit.declaration.name.span, this.#unit.file, this.#e);
    for (const [name, value] of bound) this.#values.push({ path: name, value: show(value), origin: this.#overrides.get(name)?.origin ?? "default" });
    return bound;
  }
  // ---- the body -------------------------------------------------------------------------------------------------
  #body(parameters) {
    const { declaration, file } = this.#unit;
    const scale2 = this.#scale(parameters);
    this.#parameterScope = { file, names: parameters, sizes: /* @__PURE__ */ new Map(), later: /* @__PURE__ */ new Set(), ...scale2.perItem && { perItem: scale2.perItem } };
    this.#scope = {
      ...this.#parameterScope,
      names: new Map(parameters),
      later: laterNames(declaration.body),
      slots: { names: new Set(this.#slots.keys()), call: (name, inputs2, _place, span) => this.#callSlot(name, inputs2, span) }
    };
    if (scale2.name && scale2.scale.kind === "fixed") {
      this.#scope.names.set(scale2.name, real(scale2.scale.value));
      this.#parameterScope.names.set(scale2.name, real(scale2.scale.value));
    }
    this.#parameterScope = { ...this.#parameterScope, sizes: this.#scope.sizes };
    const inputs = [];
    const outputs = [];
    let values = [];
    const declared = declaration.body.filter((statement) => statement.kind === "output");
    let returns = false;
    for (const statement of declaration.body) {
      if (statement.kind === "input") this.#attempt(() => inputs.push(this.#input(statement)));
      else if (statement.kind === "return") {
        returns = true;
        if (!this.#failed)
          this.#attempt(() => {
            const value = returned(statement, declared, this.#name, "", this.#scope, this.#e);
            const items = value.kind === "several" ? value.items.map((item) => item.value) : [value];
            values = items.map((item, at) => ({ name: declared[at]?.name?.text ?? "output", value: item.id }));
            declared.forEach((output, at) => outputs.push(this.#output(output, items[at])));
          });
      } else if (!this.#failed || statement.kind === "slot") this.#attempt(() => elaborateStatement(statement, "", this.#scope, this.#e));
    }
    if (!returns) fail("return-missing", { name: this.#name }, declaration.name.span);
    if (!this.#failed) this.#checkRoles(inputs, outputs);
    return { inputs, outputs, values, scale: scale2.scale };
  }
  #scale(parameters) {
    const statement = this.#unit.declaration.body.find((candidate) => candidate.kind === "scale");
    if (!statement) return { scale: { kind: "fixed", value: 1 } };
    const scope = { file: this.#unit.file, names: parameters, sizes: /* @__PURE__ */ new Map(), later: /* @__PURE__ */ new Set() };
    const number = (expression) => {
      const value = evaluate(expression, scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, this.#e);
      return value.kind === "number" ? value.value : fail("attribute-type", { name: "scale", takes: "a number", given: show(value) }, expression.span);
    };
    if (statement.fixed) {
      const value = number(statement.fixed);
      if (!(value >= 1)) fail("scale-range", { problem: `a scale is at least 1, not ${value}` }, statement.fixed.span);
      return { scale: { kind: "fixed", value }, name: statement.name.text };
    }
    const [from, to] = [number(statement.from), number(statement.to)];
    if (!(from >= 1 && to >= from)) fail("scale-range", { problem: `a scale goes from at least 1 upwards, not from ${from} to ${to}` }, statement.span);
    return { scale: { kind: "range", from, to }, name: statement.name.text, perItem: statement.name.text };
  }
  #input(statement) {
    const shape2 = statement.type.axes.map((axis) => {
      if (axis.kind !== "size") return fail("unknown-dim", { name: axis.kind === "leading" ? ".." : "?", near: [] }, axis.span);
      if (axis.size.kind === "name" && !this.#scope.names.has(axis.size.name)) {
        const known3 = this.#scope.sizes.get(axis.size.name);
        if (known3) return known3;
        const size = symbol(axis.size.name);
        this.#scope.sizes.set(axis.size.name, size);
        return size;
      }
      return sizeOf(axis.size, this.#scope, this.#e);
    });
    const role = statement.role;
    if (!role) return fail("role-missing", { model: this.#name, role: `role for ${statement.name.text}; write as ${inputRoles.join(", ")}` }, statement.name.span);
    const name = role.name.text;
    if (!inputRoles.includes(name)) fail("role-unknown", { name, near: nearest(name, inputRoles), accepted: inputRoles }, role.name.span);
    this.#roleShape(name, shape2, statement.name);
    const dtype = statement.type.dtype?.text ?? "f32";
    const value = this.#e.builder.input(statement.name.text, typed(shape2, dtype));
    if (this.#scope.names.has(statement.name.text)) fail("duplicate-name", { name: statement.name.text, what: "defined here" }, statement.name.span);
    this.#scope.names.set(statement.name.text, value);
    this.#scope.later.delete(statement.name.text);
    this.#e.builder.lets.set(statement.name.text, value.id);
    for (const condition of statement.where) this.#boundary(condition);
    const by = role.by ? this.#enlargement(role.by) : void 0;
    if (name === "enlarged" && !by) fail("missing-attribute", { callee: "enlarged", name: "by [..]" }, role.span);
    return { name: statement.name.text, role: name, shape: shape2, range: this.#range(role), ...by && { by } };
  }
  #enlargement(expression) {
    const reader = new FieldReader("enlarged", /* @__PURE__ */ new Map(), this.#parameterScope, this.#e, expression.span);
    const items = expression.kind === "list" ? expression.items : [expression];
    return reader.operations(items, ["resize", "blur"], ["m"]);
  }
  #range(role) {
    if (!role.range) return [-1, 1];
    const [from, to] = [role.range.from, role.range.to].map((expression) => {
      const value = evaluate(expression, this.#parameterScope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, this.#e);
      return value.kind === "number" ? value.value : fail("attribute-type", { name: "in", takes: "numbers", given: show(value) }, expression.span);
    });
    if (!(from < to)) fail("attribute-value", { name: "in", accepted: "a range that grows", given: `${from} .. ${to}` }, role.span);
    return [from, to];
  }
  #roleShape(role, shape2, name) {
    const rule = {
      image: { rank: 4, takes: "[B, h, w, c]" },
      enlarged: { rank: 4, takes: "[B, H, W, c]" },
      coordinates: { rank: 3, takes: "[B, q, 2]", last: 2 },
      cell: { rank: 3, takes: "[B, q, 2]", last: 2 },
      samples: { rank: 3, takes: "[B, q, c]" },
      features: { rank: 2, takes: "[B, n]" }
    };
    const expected = rule[role];
    if (!expected) return;
    const last = shape2.at(-1);
    const wrong = shape2.length !== expected.rank || expected.last !== void 0 && asInteger(last) !== expected.last;
    if (wrong) fail("role-shape", { role, takes: expected.takes, name: name.text, given: `[${shape2.map(format).join(", ")}]` }, name.span);
  }
  #boundary(condition) {
    const { left, operator, right } = condition;
    const place = { scope: "", name: "", labels: /* @__PURE__ */ new Map() };
    const problem = this.#unit.file.source.text.slice(condition.span.start, condition.span.end);
    if (operator === "==") {
      const by = left.kind === "binary" && left.operator === "%" ? evaluate(left.right, this.#scope, place, this.#e) : void 0;
      if (left.kind !== "binary" || by?.kind !== "number") return fail("static-value", { problem: "where takes only a % n == 0 and a >= n" }, condition.span);
      const rest = mod(sizeOf(left.left, this.#scope, this.#e), by.value);
      this.#e.builder.checks.push({ size: sub(constant(0), rest), least: 0, problem, span: condition.span });
    } else {
      const rest = sub(sizeOf(left, this.#scope, this.#e), sizeOf(right, this.#scope, this.#e));
      this.#e.builder.checks.push({ size: rest, least: 0, problem, span: condition.span });
    }
  }
  #output(statement, value) {
    const name = statement.name ?? fail("role-missing", { model: this.#name, role: "name for this output" }, statement.span);
    const role = statement.role?.name.text ?? "";
    if (!outputRoles.includes(role))
      fail("role-unknown", { name: role || "(none)", near: nearest(role, outputRoles), accepted: outputRoles }, statement.role?.name.span ?? name.span);
    this.#roleShape(role, value.shape, name);
    return { name: name.text, role, shape: value.shape, range: statement.role ? this.#range(statement.role) : [-1, 1] };
  }
  #checkRoles(inputs, outputs) {
    const { span } = this.#unit.declaration.name;
    const made = outputs.filter((output) => output.role === "samples" || output.role === "image").length;
    const features = outputs.filter((output) => output.role === "features").length;
    if (!(made === 1 && features === 0) && !(made === 0 && features > 0))
      fail("role-count", { model: this.#name, problem: "exactly one samples or image output, or one or more features" }, span);
    if (!inputs.some((input) => input.role === "image" || input.role === "enlarged")) fail("role-missing", { model: this.#name, role: "input as image or enlarged" }, span);
    if (outputs.some((output) => output.role === "samples") && !inputs.some((input) => input.role === "coordinates"))
      fail("role-missing", { model: this.#name, role: "input as coordinates, which samples need" }, span);
  }
  // ---- slots ----------------------------------------------------------------------------------------------------
  #callSlot(name, inputs, span) {
    const slot = this.#slots.get(name);
    const filler = this.#fillers.get(name);
    if (inputs.length !== slot.takes.length)
      fail("arity", { callee: name, takes: `${slot.takes.length} ${slot.takes.length === 1 ? "tensor" : "tensors"}`, given: inputs.length }, inputs[slot.takes.length]?.span ?? span);
    const tensors = inputs.map((input) => asTensor(input.value, name, input.span));
    slot.takes.forEach((type, at) => this.#contract(name, type, tensors[at], inputs[at].span, type.span, false));
    const result = this.#fill(slot, filler, tensors.map((value, at) => ({ value, span: inputs[at].span })), span);
    return this.#promised(slot, filler, result, span);
  }
  /** Arguments against what the slot takes. */
  #contract(slot, type, value, at, declared, isResult) {
    const axes = axesOf2(type, this.#scope, this.#e);
    const text = axesText(type, axes);
    const context = { label: `gives ${shapeText(value)}`, related: [{ span: declared, label: isResult ? `promised here: ${text}` : `${slot} takes ${text}` }] };
    const wrong = (note) => isResult ? fail("slot-contract", { slot, problem: `gives ${shapeText(value)} where ${text} is promised` }, at, { ...context, notes: [note] }) : fail("shape-mismatch", { problem: `${slot} takes ${text} and is given ${shapeText(value)}` }, at, { ...context, notes: [note] });
    const dtype = type.dtype?.text ?? "f32";
    if (dtype !== value.dtype) wrong(`${value.dtype} is not ${dtype}`);
    if (axes.length !== value.shape.length) wrong(`${value.shape.length} axes, not ${axes.length}`);
    axes.forEach(({ size, open }, axis) => {
      const actual = value.shape[axis];
      if (!size) {
        if (!open) return;
        const before = this.#scope.sizes.get(open);
        if (before && compare(before, actual) !== "equal") wrong(`axis ${axis}: ${open} is ${format(before)} already, not ${format(actual)}`);
        this.#scope.sizes.set(open, actual);
        return;
      }
      const verdict = compare(size, actual);
      if (verdict === "different") wrong(`axis ${axis}: ${format(actual)} is not ${format(size)}`);
      if (verdict === "unknown") fail("shape-unknown", { claim: `${format(actual)} = ${format(size)}` }, at, context);
    });
  }
  #fill(slot, filler, inputs, span) {
    const name = slot.name.text;
    const scope = { ...this.#parameterScope, file: filler.file, sizes: this.#scope.sizes };
    const at = filler.expression.span;
    const expression = filler.expression.kind === "group" ? filler.expression.inner : filler.expression;
    if (expression.kind === "lambda") {
      if (expression.parameters.length !== inputs.length)
        fail("lambda-arity", { slot: name, takes: inputs.length, names: expression.parameters.length }, at, { related: [{ span: slot.contractSpan, label: "declared here" }] });
      const bound = expression.parameters.flatMap((parameter, index) => parameter.text === "_" ? [] : [[parameter.text, inputs[index].value]]);
      const labels = ownerLabels([expression.body], false, filler.file, /* @__PURE__ */ new Set());
      return evaluate(expression.body, childScope(scope, bound), { scope: name, name: "", labels }, this.#e);
    }
    const callee = expression.kind === "call" ? expression.callee.text : expression.kind === "name" ? expression.name : "";
    const named = expression.kind === "call" ? expression.arguments : [];
    const module = filler.file.modules.get(callee);
    const op = ops.get(callee);
    if (!module && !op) {
      const known3 = [...filler.file.modules.keys(), ...ops.keys()];
      fail("unknown-op", { name: callee || "this", near: nearest(callee, known3) }, at, { help: "a slot is filled by a module call, an op call, or a lambda such as (x) => x" });
    }
    const place = { scope: "", name: "", labels: /* @__PURE__ */ new Map() };
    const evaluateHere = (x) => evaluate(x, scope, place, this.#e);
    const unnamed = named.find((argument) => !argument.name);
    if (unnamed && !(op && !module && op.pattern)) fail("arity", { callee, takes: "the slot\u2019s inputs and named values", given: 1 + inputs.length }, unnamed.span);
    if (module) {
      const given = new Map(named.map((argument) => [argument.name.text, { expression: argument.value, evaluate: evaluateHere, nameSpan: argument.name.span }]));
      for (const [parameter, override] of this.#given(module.declaration.parameters, name, () => ({ ...scope, names: this.#parameterScope.names }))) given.set(parameter, override);
      for (const parameter of module.declaration.parameters) {
        const origin = this.#overrides.get(`${name}.${parameter.name.text}`)?.origin;
        const written2 = given.get(parameter.name.text)?.expression ?? parameter.standard;
        if (written2) this.#values.push({ path: `${name}.${parameter.name.text}`, value: this.#writtenText(written2), origin: origin ?? (given.has(parameter.name.text) ? "filler" : "default") });
      }
      return enter(module, inputs, given, name, at, this.#e);
    }
    const call = expression.kind === "call" ? expression : { kind: "call", callee: { text: callee, span: at }, arguments: [], parenthesised: false, span: at };
    const extra = named.filter((argument) => argument.name !== void 0);
    const pattern = named.filter((argument) => !argument.name);
    const positional = inputs.map((_, index) => ({ value: { kind: "name", name: `#${index}`, span: at }, span: at }));
    const inner = childScope(scope, inputs.map((input, index) => [`#${index}`, input.value]));
    return callOp(op, call, [...positional, ...pattern], extra, void 0, {
      scope: inner,
      place,
      e: this.#e,
      path: name,
      evaluate: (x) => evaluate(x, inner, place, this.#e)
    });
  }
  #writtenText(expression) {
    const unit2 = [this.#unit.file, ...this.#application.variants.map((variant) => variant.file), ...[...this.#unit.file.modules.values()].map((module) => module.file)].find(
      (candidate) => candidate.source.file === expression.span.file
    );
    return unit2 ? unit2.source.text.slice(expression.span.start, expression.span.end) : "given";
  }
  /** A filler's result against what the slot promises; a number is spread over the promised shape. */
  #promised(slot, filler, result, span) {
    const name = slot.name.text;
    const at = filler.expression.span;
    if (slot.gives.length === 1 && !slot.gives[0].name) {
      const [{ type }] = slot.gives;
      if (result.kind === "number") {
        const axes = axesOf2(type, this.#scope, this.#e);
        const shape2 = axes.map(({ size }) => size ?? fail("slot-contract", { slot: name, problem: `is a number; its shape ${axesText(type, axes)} is not known` }, at));
        return this.#e.builder.fill(result.value, shape2, name, at);
      }
      const value = asTensor(result, name, at);
      this.#contract(name, type, value, at, type.span, true);
      return value;
    }
    const items = result.kind === "several" ? result.items : [];
    return {
      kind: "several",
      items: slot.gives.map(({ name: wanted, type }) => {
        const item = items.find((candidate) => candidate.name === wanted?.text);
        if (!item) fail("slot-contract", { slot: name, problem: `gives no ${wanted?.text}` }, at, { related: [{ span: slot.contractSpan, label: "promised here" }] });
        this.#contract(name, type, item.value, at, type.span, true);
        return { name: wanted.text, value: item.value };
      })
    };
  }
  // ---- train and evaluate ---------------------------------------------------------------------------------------
  #fields(record) {
    const declared = this.#unit[record];
    if (!declared) return void 0;
    const accepted = record === "train" ? [...trainFields, ...this.#slots.keys()] : evaluateFields;
    const fields = /* @__PURE__ */ new Map();
    for (const field of declared.record.fields) {
      const name = field.path[0];
      if (field.path.length > 1 || !accepted.includes(name.text)) fail("unknown-field", { record, name: pathText(field.path), near: nearest(name.text, accepted), accepted }, name.span);
      if (fields.has(name.text)) fail("duplicate-name", { name: name.text, what: "given" }, name.span);
      fields.set(name.text, { value: field.value, span: field.span, origin: "default" });
    }
    for (const [path2, override] of this.#overrides) {
      const [head, name, ...rest] = path2.split(".");
      if (head !== record || rest.length > 0) continue;
      fields.set(name, { value: override.expression, span: override.span, origin: override.origin });
    }
    for (const [name, field] of fields)
      if (!isRecord(field.value)) this.#values.push({ path: `${record}.${name}`, value: this.#writtenText(field.value), origin: field.origin });
    return { fields, span: declared.span };
  }
  #train(scale2, inputs, outputs, values, graph) {
    const declared = this.#fields("train");
    if (!declared) return void 0;
    const reader = new FieldReader("train", declared.fields, this.#parameterScope, this.#e, declared.span);
    const sizes = {};
    for (const input of inputs)
      for (const size of input.shape)
        for (const name of symbols(size)) {
          if (!reader.has(name)) fail("unbound-dim", { record: "train", dim: name }, declared.span);
          sizes[name] = reader.int(name);
        }
    const m2 = reader.has("m") ? reader.perItem(reader.expression("m"), ["epoch", "epochs"]) : this.#staticScale(scale2, declared.span);
    this.#checkDraw(m2, scale2, reader.has("m") ? reader.expression("m").span : declared.span);
    const main = this.#objective(reader, outputs, values, void 0);
    const objectives = [main];
    for (const slot of this.#slots.keys()) {
      const record = declared.fields.get(slot);
      if (!record) continue;
      if (!isRecord(record.value)) fail("attribute-type", { name: slot, takes: "a record { loss, optimizer, .. }", given: "a value" }, record.span);
      const inner = /* @__PURE__ */ new Map();
      for (const field of record.value.fields) {
        const name = pathText(field.path);
        if (!objectiveFields.includes(name)) fail("unknown-field", { record: `train.${slot}`, name, near: nearest(name, objectiveFields), accepted: objectiveFields }, field.span);
        const override = this.#overrides.get(`train.${slot}.${name}`);
        inner.set(name, { value: override?.expression ?? field.value, span: field.span, origin: "default" });
      }
      objectives.push(this.#objective(new FieldReader(`train.${slot}`, inner, this.#parameterScope, this.#e, record.span), outputs, values, slot));
    }
    const own = new Set(graph.weights.map((weight) => weight.path));
    const grouped = objectives.map((objective) => ({
      ...objective,
      graph: {
        ...objective.graph,
        weights: objective.graph.weights.map((weight) => own.has(weight.path) ? weight : { ...weight, group: weight.path.split(".")[0] })
      }
    }));
    return {
      sizes,
      m: m2,
      degrade: reader.has("degrade") ? reader.operations(reader.items("degrade"), ["blur", "resize"], ["m", "epoch", "epochs"]) : [{ op: "resize", kernel: "bicubic" }],
      augment: reader.has("augment") ? reader.operations(reader.items("augment"), ["flip_x", "flip_y", "transpose"], []) : [],
      objectives: grouped,
      epochs: reader.int("epochs", 1),
      repeat: reader.int("repeat", 1)
    };
  }
  #staticScale(scale2, span) {
    if (scale2.kind === "range") fail("missing-field", { record: "train", name: "m" }, span);
    return { kind: "number", value: scale2.value };
  }
  #checkDraw(m2, scale2, span) {
    const bounds2 = scale2.kind === "range" ? [scale2.from, scale2.to] : [scale2.value, scale2.value];
    const numbers2 = m2.kind === "number" ? [m2] : m2.kind === "choice" ? m2.items : m2.kind === "call" && m2.name === "uniform" ? m2.arguments : [];
    for (const item of numbers2)
      if (item.kind === "number" && (item.value < bounds2[0] || item.value > bounds2[1]))
        fail("out-of-range", { name: "m", range: `${bounds2[0]} .. ${bounds2[1]}`, given: String(item.value) }, span);
  }
  #objective(reader, outputs, values, group) {
    const expression = reader.expression("loss");
    const builder = this.#e.builder;
    const target = this.#target(outputs);
    const names2 = new Map([...this.#parameterScope.names]);
    const all = builder.graph();
    const tensor = (value) => ({ kind: "tensor", id: value, ...all.values[value] });
    for (const input of all.inputs) names2.set(input.name, tensor(input.value));
    for (const output of values) names2.set(output.name, tensor(output.value));
    names2.set("target", target);
    const scope = { ...this.#scope, names: names2, later: /* @__PURE__ */ new Set() };
    const place = { scope: "", name: "loss", labels: ownerLabels([expression], false, this.#unit.file, new Set(this.#slots.keys())) };
    const loss2 = asTensor(evaluate(expression, scope, place, this.#e), "loss", expression.span);
    if (loss2.shape.length !== 0) fail("loss-shape", { callee: "loss", left: shapeText(loss2), right: "a number" }, expression.span);
    const calls = callsIn(expression).filter((call) => call.callee.text === "l1" || call.callee.text === "mse");
    const terms = calls.map((call) => ({
      name: this.#writtenText(call),
      value: asTensor(evaluate(call, scope, place, this.#e), "loss", call.span).id
    }));
    const full = builder.graph();
    return {
      graph: subgraph(full, full.inputs, [{ name: "loss", value: loss2.id }, ...terms]),
      terms: terms.map((term) => term.name),
      ...group && { group },
      optimizer: reader.optimizer(),
      schedule: reader.schedule(),
      every: reader.int("every", 1)
    };
  }
  #targetValue;
  #target(outputs) {
    const output = outputs.find((candidate) => candidate.role === "samples" || candidate.role === "image");
    if (!output) return fail("role-missing", { model: this.#name, role: "samples or image output to train on" }, this.#unit.declaration.name.span);
    this.#targetValue ??= this.#e.builder.input("target", f32(output.shape));
    return this.#targetValue;
  }
  #evaluate(scale2, train) {
    const declared = this.#fields("evaluate");
    if (!declared) return void 0;
    const reader = new FieldReader("evaluate", declared.fields, this.#parameterScope, this.#e, declared.span);
    const plan = reader.evaluatePlan(train?.degrade ?? [{ op: "resize", kernel: "bicubic" }]);
    const bounds2 = scale2.kind === "range" ? [scale2.from, scale2.to] : [scale2.value, scale2.value];
    for (const m2 of plan.m)
      if (m2 < bounds2[0] || m2 > bounds2[1]) fail("out-of-range", { name: "m", range: `${bounds2[0]} .. ${bounds2[1]}`, given: String(m2) }, reader.expression("m").span);
    return plan;
  }
};

// src/compiler/ir/print.ts
var shape = (type) => `${type.dtype}[${type.shape.map(format).join(", ")}]`;
function printGraph(graph) {
  const number = /* @__PURE__ */ new Map();
  const name = (value) => {
    if (!number.has(value)) number.set(value, number.size);
    return `%${number.get(value)}`;
  };
  const lines = [];
  for (const input of graph.inputs) lines.push(`input ${input.name} ${name(input.value)}: ${shape(graph.values[input.value])}`);
  for (const weight of graph.weights)
    lines.push(`weight ${weight.path}: [${weight.shape.join(", ")}] ${JSON.stringify(weight.initialiser)}${weight.trainable ? "" : " stored"}${weight.group ? ` of ${weight.group}` : ""}`);
  for (const node of graph.nodes) lines.push(printNode(graph, node, name));
  for (const output of graph.outputs) lines.push(`output ${output.name}: ${name(output.value)}`);
  return lines.join("\n") + "\n";
}
function printNode(graph, node, name) {
  const inputs = node.inputs.map(name);
  const weights = node.weights.map((path2) => `@${path2}`);
  const attributes2 = Object.entries(node.attributes).map(([key2, value]) => `${key2}: ${JSON.stringify(value)}`);
  const sizes = Object.entries(node.sizes).map(([key2, list]) => `${key2}: [${list.map(format).join(", ")}]`);
  const results = node.results.map((result) => `${name(result)}: ${shape(graph.values[result])}`);
  return `${results.join(", ")} = ${node.op}(${[...inputs, ...weights, ...attributes2, ...sizes].join(", ")})  // ${node.path}`;
}

// grammar/parser.ts
import { EmbeddedActionsParser } from "chevrotain";

// grammar/tokens.ts
import { createToken, Lexer } from "chevrotain";
var Identifier = createToken({ name: "Identifier", pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: "a name" });
var word = (text) => createToken({ name: `'${text}'`, pattern: new RegExp(text), longer_alt: Identifier, categories: [Identifier], label: `'${text}'` });
var sign = (name, text) => createToken({ name, pattern: text, label: `'${text}'` });
var Import = word("import");
var From = word("from");
var Module = word("module");
var Model = word("model");
var Input = word("input");
var Output = word("output");
var Scale = word("scale");
var Slot = word("slot");
var Let = word("let");
var Weight = word("weight");
var Return = word("return");
var Preset = word("preset");
var Train = word("train");
var Evaluate = word("evaluate");
var Variant = word("variant");
var Of = word("of");
var Replace = word("replace");
var With = word("with");
var Set2 = word("set");
var Repeat = word("repeat");
var In = word("in");
var As = word("as");
var By = word("by");
var Where = word("where");
var Num = createToken({ name: "Number", pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, label: "a number" });
var Text = createToken({ name: "String", pattern: /"[^"\r\n]*"/, label: "a string" });
var FatArrow = sign("FatArrow", "=>");
var Arrow = sign("Arrow", "->");
var EqualEqual = sign("EqualEqual", "==");
var AtLeast = sign("AtLeast", ">=");
var Equals = sign("Equals", "=");
var DotDot = sign("DotDot", "..");
var Dot = sign("Dot", ".");
var Comma = sign("Comma", ",");
var Colon = sign("Colon", ":");
var Question = sign("Question", "?");
var Plus = sign("Plus", "+");
var Minus = sign("Minus", "-");
var Star = sign("Star", "*");
var Slash = sign("Slash", "/");
var Percent = sign("Percent", "%");
var OpenParen = sign("OpenParen", "(");
var CloseParen = sign("CloseParen", ")");
var OpenSquare = sign("OpenSquare", "[");
var CloseSquare = sign("CloseSquare", "]");
var OpenBrace = sign("OpenBrace", "{");
var CloseBrace = sign("CloseBrace", "}");
var Space = createToken({ name: "Space", pattern: /[ \t\r\n]+/, group: Lexer.SKIPPED, line_breaks: true });
var Documentation = createToken({ name: "Documentation", pattern: /\/\/\/[^\r\n]*/, group: "documentation" });
var Remark = createToken({ name: "Remark", pattern: /\/\/[^\r\n]*/, group: "remarks" });
var statementWords = [Input, Output, Scale, Slot, Let, Weight, Return];
var declarationWords = [Import, Module, Model, Preset, Train, Evaluate, Variant, Replace, Set2];
var keywords = [...declarationWords, ...statementWords, From, Of, With, Repeat, In, As, By, Where];
var allTokens = [
  Space,
  Documentation,
  Remark,
  ...keywords,
  Identifier,
  Num,
  Text,
  FatArrow,
  Arrow,
  EqualEqual,
  AtLeast,
  Equals,
  DotDot,
  Dot,
  Comma,
  Colon,
  Question,
  Plus,
  Minus,
  Star,
  Slash,
  Percent,
  OpenParen,
  CloseParen,
  OpenSquare,
  CloseSquare,
  OpenBrace,
  CloseBrace
];
var lexer = new Lexer(allTokens, { positionTracking: "onlyOffset", ensureOptimizations: true });

// grammar/parser.ts
var ArchParser = class extends EmbeddedActionsParser {
  #file = "";
  #documentation = [];
  constructor() {
    super(allTokens, { maxLookahead: 2, recoveryEnabled: false });
    this.performSelfAnalysis();
  }
  /** Parses all tokens of a file. */
  parseFile(file, tokens, documentation) {
    this.#file = file;
    this.#documentation = documentation;
    this.input = tokens;
    return this.file();
  }
  /** Parses one expression, as it stands behind `--set path=`. */
  parseExpression(file, tokens) {
    this.#file = file;
    this.input = tokens;
    return this.expression();
  }
  span(from, to) {
    const start = "span" in from ? from.span.start : from.startOffset;
    const end = "span" in to ? to.span.end : to.startOffset + to.image.length;
    return { file: this.#file, start, end };
  }
  nameOf(token) {
    return { text: token.image, span: this.span(token, token) };
  }
  /** The `///` lines that stand directly above `token`. */
  documentationAbove(token, previousEnd) {
    return this.#documentation.filter((line) => line.startOffset >= previousEnd && line.startOffset < token.startOffset).map((line) => line.image.slice(3).trim()).join("\n");
  }
  file = this.RULE("file", () => {
    const declarations = [];
    this.MANY(() => declarations.push(this.SUBRULE(this.declaration)));
    return declarations;
  });
  declaration = this.RULE("declaration", () => {
    const previousEnd = this.ACTION(() => {
      const last = this.LA(0);
      return Number.isFinite(last?.startOffset) && last.image ? last.startOffset + last.image.length : 0;
    });
    return this.OR([
      { ALT: () => this.SUBRULE(this.importDeclaration) },
      { ALT: () => this.SUBRULE(this.moduleDeclaration, { ARGS: [previousEnd] }) },
      { ALT: () => this.SUBRULE(this.presetDeclaration) },
      { ALT: () => this.SUBRULE(this.trainDeclaration) },
      { ALT: () => this.SUBRULE(this.variantDeclaration, { ARGS: [previousEnd] }) },
      { ALT: () => this.SUBRULE(this.replaceEdit) },
      { ALT: () => this.SUBRULE(this.setEdit) }
    ]);
  });
  importDeclaration = this.RULE("importDeclaration", () => {
    const first = this.CONSUME(Import);
    const name = this.CONSUME(Identifier);
    this.CONSUME(From);
    const from = this.CONSUME(Text);
    return this.ACTION(() => ({
      kind: "import",
      name: this.nameOf(name),
      from: from.image.slice(1, -1),
      fromSpan: this.span(from, from),
      span: this.span(first, from)
    }));
  });
  moduleDeclaration = this.RULE("moduleDeclaration", (previousEnd) => {
    const first = this.OR([{ ALT: () => this.CONSUME(Module) }, { ALT: () => this.CONSUME(Model) }]);
    const name = this.CONSUME(Identifier);
    const parameters = [];
    this.OPTION(() => {
      this.CONSUME(OpenParen);
      this.MANY_SEP({ SEP: Comma, DEF: () => parameters.push(this.SUBRULE(this.parameter)) });
      this.CONSUME(CloseParen);
    });
    this.CONSUME(OpenBrace);
    const body = [];
    this.MANY(() => body.push(this.SUBRULE(this.statement)));
    const last = this.CONSUME(CloseBrace);
    return this.ACTION(() => ({
      kind: first.image,
      name: this.nameOf(name),
      parameters,
      body,
      documentation: this.documentationAbove(first, previousEnd),
      span: this.span(first, last)
    }));
  });
  parameter = this.RULE("parameter", () => {
    const name = this.CONSUME(Identifier);
    this.CONSUME(Colon);
    let list = false;
    const type = this.OR([
      { ALT: () => this.CONSUME2(Identifier) },
      {
        ALT: () => {
          list = true;
          this.CONSUME(OpenSquare);
          const inner = this.CONSUME3(Identifier);
          this.CONSUME(CloseSquare);
          return inner;
        }
      }
    ]);
    const standard = this.OPTION(() => {
      this.CONSUME(Equals);
      return this.SUBRULE(this.expression);
    });
    return this.ACTION(() => ({
      name: this.nameOf(name),
      type: this.nameOf(type),
      list,
      ...standard && { standard },
      span: this.span(name, standard ?? type)
    }));
  });
  presetDeclaration = this.RULE("presetDeclaration", () => {
    const first = this.CONSUME(Preset);
    const name = this.CONSUME(Identifier);
    const record = this.SUBRULE(this.record);
    return this.ACTION(() => ({ kind: "preset", name: this.nameOf(name), record, span: this.span(first, record) }));
  });
  trainDeclaration = this.RULE("trainDeclaration", () => {
    const first = this.OR([{ ALT: () => this.CONSUME(Train) }, { ALT: () => this.CONSUME(Evaluate) }]);
    const record = this.SUBRULE(this.record);
    return this.ACTION(() => ({ kind: first.image, record, span: this.span(first, record) }));
  });
  record = this.RULE("record", () => {
    const first = this.CONSUME(OpenBrace);
    const fields = [];
    this.MANY(() => {
      fields.push(this.SUBRULE(this.field));
      this.OPTION(() => this.CONSUME(Comma));
    });
    const last = this.CONSUME(CloseBrace);
    return this.ACTION(() => ({ fields, span: this.span(first, last) }));
  });
  field = this.RULE("field", () => {
    const path2 = this.SUBRULE(this.path);
    const value = this.OR([
      {
        ALT: () => {
          this.CONSUME(Colon);
          return this.SUBRULE(this.expression);
        }
      },
      { ALT: () => this.SUBRULE(this.record) }
    ]);
    return this.ACTION(() => ({ path: path2, value, span: this.span(path2[0], value) }));
  });
  path = this.RULE("path", () => {
    const names2 = [];
    this.AT_LEAST_ONE_SEP({
      SEP: Dot,
      DEF: () => {
        const token = this.CONSUME(Identifier);
        this.ACTION(() => names2.push(this.nameOf(token)));
      }
    });
    return names2;
  });
  variantDeclaration = this.RULE("variantDeclaration", (previousEnd) => {
    const first = this.CONSUME(Variant);
    const title = this.CONSUME(Text);
    this.CONSUME(Of);
    const base = this.CONSUME(Identifier);
    this.CONSUME(From);
    const from = this.CONSUME2(Text);
    return this.ACTION(() => ({
      kind: "variant",
      title: title.image.slice(1, -1),
      base: this.nameOf(base),
      from: from.image.slice(1, -1),
      fromSpan: this.span(from, from),
      documentation: this.documentationAbove(first, previousEnd),
      span: this.span(first, from)
    }));
  });
  replaceEdit = this.RULE("replaceEdit", () => {
    const first = this.CONSUME(Replace);
    const slot = this.CONSUME(Identifier);
    this.CONSUME(With);
    const filler = this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: "replace", slot: this.nameOf(slot), filler, span: this.span(first, filler) }));
  });
  setEdit = this.RULE("setEdit", () => {
    const first = this.CONSUME(Set2);
    const path2 = this.SUBRULE(this.path);
    this.CONSUME(Equals);
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: "set", path: path2, value, span: this.span(first, value) }));
  });
  statement = this.RULE(
    "statement",
    () => this.OR([
      { ALT: () => this.SUBRULE(this.inputStatement) },
      { ALT: () => this.SUBRULE(this.outputStatement) },
      { ALT: () => this.SUBRULE(this.scaleStatement) },
      { ALT: () => this.SUBRULE(this.slotStatement) },
      { ALT: () => this.SUBRULE(this.letStatement) },
      { ALT: () => this.SUBRULE(this.weightStatement) },
      { ALT: () => this.SUBRULE(this.returnStatement) }
    ])
  );
  inputStatement = this.RULE("inputStatement", () => {
    const first = this.CONSUME(Input);
    const name = this.CONSUME(Identifier);
    this.CONSUME(Colon);
    const type = this.SUBRULE(this.tensorType);
    const role = this.OPTION(() => this.SUBRULE(this.role));
    const where = [];
    this.OPTION2(() => {
      this.CONSUME(Where);
      this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => where.push(this.SUBRULE(this.condition)) });
    });
    return this.ACTION(() => ({
      kind: "input",
      name: this.nameOf(name),
      type,
      ...role && { role },
      where,
      span: this.span(first, where.at(-1) ?? role ?? type)
    }));
  });
  condition = this.RULE("condition", () => {
    const left = this.SUBRULE(this.sum);
    const operator = this.OR([{ ALT: () => this.CONSUME(EqualEqual) }, { ALT: () => this.CONSUME(AtLeast) }]);
    const right = this.SUBRULE2(this.sum);
    return this.ACTION(() => ({ left, operator: operator.image, right, span: this.span(left, right) }));
  });
  outputStatement = this.RULE("outputStatement", () => {
    const first = this.CONSUME(Output);
    const name = this.OPTION({
      GATE: () => this.LA(2).tokenType === Colon,
      DEF: () => {
        const token = this.CONSUME(Identifier);
        this.CONSUME(Colon);
        return token;
      }
    });
    const type = this.SUBRULE(this.tensorType);
    const role = this.OPTION2(() => this.SUBRULE(this.role));
    return this.ACTION(() => ({
      kind: "output",
      ...name && { name: this.nameOf(name) },
      type,
      ...role && { role },
      span: this.span(first, role ?? type)
    }));
  });
  role = this.RULE("role", () => {
    const first = this.CONSUME(As);
    const name = this.CONSUME(Identifier);
    const range2 = this.OPTION(() => {
      this.CONSUME(In);
      const from = this.SUBRULE(this.sum);
      this.CONSUME(DotDot);
      return { from, to: this.SUBRULE2(this.sum) };
    });
    const by = this.OPTION2(() => {
      this.CONSUME(By);
      return this.SUBRULE(this.expression);
    });
    return this.ACTION(() => ({
      name: this.nameOf(name),
      ...range2 && { range: range2 },
      ...by && { by },
      span: this.span(first, by ?? range2?.to ?? name)
    }));
  });
  scaleStatement = this.RULE("scaleStatement", () => {
    const first = this.CONSUME(Scale);
    const name = this.CONSUME(Identifier);
    return this.OR([
      {
        ALT: () => {
          this.CONSUME(In);
          const from = this.SUBRULE(this.sum);
          this.CONSUME(DotDot);
          const to = this.SUBRULE2(this.sum);
          return this.ACTION(() => ({ kind: "scale", name: this.nameOf(name), from, to, span: this.span(first, to) }));
        }
      },
      {
        ALT: () => {
          this.CONSUME(Equals);
          const fixed = this.SUBRULE(this.expression);
          return this.ACTION(() => ({ kind: "scale", name: this.nameOf(name), fixed, span: this.span(first, fixed) }));
        }
      }
    ]);
  });
  slotStatement = this.RULE("slotStatement", () => {
    const first = this.CONSUME(Slot);
    const name = this.CONSUME(Identifier);
    this.CONSUME(Colon);
    const takes = [];
    const start = this.LA(1);
    this.OR([
      { ALT: () => takes.push(this.SUBRULE(this.tensorType)) },
      {
        ALT: () => {
          this.CONSUME(OpenParen);
          this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => takes.push(this.SUBRULE2(this.tensorType)) });
          this.CONSUME(CloseParen);
        }
      }
    ]);
    this.CONSUME(Arrow);
    const gives = [];
    this.OR2([
      {
        ALT: () => {
          const type = this.SUBRULE3(this.tensorType);
          gives.push(this.ACTION(() => ({ type, span: type.span })));
        }
      },
      {
        ALT: () => {
          this.CONSUME2(OpenParen);
          this.AT_LEAST_ONE_SEP2({ SEP: Comma, DEF: () => gives.push(this.SUBRULE(this.namedResult)) });
          this.CONSUME2(CloseParen);
        }
      }
    ]);
    const end = this.LA(0);
    this.CONSUME(Equals);
    const filler = this.SUBRULE(this.expression);
    return this.ACTION(() => ({
      kind: "slot",
      name: this.nameOf(name),
      takes,
      gives,
      contractSpan: this.span(start, end),
      filler,
      span: this.span(first, filler)
    }));
  });
  namedResult = this.RULE("namedResult", () => {
    const name = this.CONSUME(Identifier);
    this.CONSUME(Colon);
    const type = this.SUBRULE(this.tensorType);
    return this.ACTION(() => ({ name: this.nameOf(name), type, span: this.span(name, type) }));
  });
  letStatement = this.RULE("letStatement", () => {
    const first = this.CONSUME(Let);
    const names2 = [];
    let tuple = false;
    this.OR([
      { ALT: () => names2.push(this.CONSUME(Identifier)) },
      {
        ALT: () => {
          tuple = true;
          this.CONSUME(OpenParen);
          this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => names2.push(this.CONSUME2(Identifier)) });
          this.CONSUME(CloseParen);
        }
      }
    ]);
    this.CONSUME(Equals);
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => ({
      kind: "let",
      names: names2.map((token) => this.nameOf(token)),
      tuple,
      value,
      span: this.span(first, value)
    }));
  });
  weightStatement = this.RULE("weightStatement", () => {
    const first = this.CONSUME(Weight);
    const name = this.CONSUME(Identifier);
    this.CONSUME(Colon);
    const type = this.SUBRULE(this.tensorType);
    this.CONSUME(Equals);
    const initialiser = this.SUBRULE(this.expression);
    return this.ACTION(() => ({
      kind: "weight",
      name: this.nameOf(name),
      type,
      initialiser,
      span: this.span(first, initialiser)
    }));
  });
  returnStatement = this.RULE("returnStatement", () => {
    const first = this.CONSUME(Return);
    const values = [];
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => values.push(this.SUBRULE(this.expression)) });
    return this.ACTION(() => ({ kind: "return", values, span: this.span(first, values.at(-1)) }));
  });
  tensorType = this.RULE("tensorType", () => {
    const dtype = this.OPTION(() => this.CONSUME(Identifier));
    const open = this.CONSUME(OpenSquare);
    const axes = [];
    this.MANY_SEP({ SEP: Comma, DEF: () => axes.push(this.SUBRULE(this.axis)) });
    const close = this.CONSUME(CloseSquare);
    return this.ACTION(() => ({ ...dtype && { dtype: this.nameOf(dtype) }, axes, span: this.span(dtype ?? open, close) }));
  });
  axis = this.RULE(
    "axis",
    () => this.OR([
      {
        ALT: () => {
          const token = this.CONSUME(DotDot);
          return this.ACTION(() => ({ kind: "leading", span: this.span(token, token) }));
        }
      },
      {
        ALT: () => {
          const token = this.CONSUME(Question);
          const name = this.OPTION(() => this.CONSUME(Identifier));
          return this.ACTION(() => ({
            kind: "open",
            ...name && { name: this.nameOf(name) },
            span: this.span(token, name ?? token)
          }));
        }
      },
      {
        ALT: () => {
          const size = this.SUBRULE(this.sum);
          return this.ACTION(() => ({ kind: "size", size, span: size.span }));
        }
      }
    ])
  );
  expression = this.RULE(
    "expression",
    () => this.OR([
      { GATE: () => this.beginsLambda(), ALT: () => this.SUBRULE(this.lambda) },
      { ALT: () => this.SUBRULE(this.pipeline) }
    ])
  );
  /** `x => ..` or `(x, _) => ..`: looks ahead to the closing parenthesis. */
  beginsLambda() {
    if (this.LA(1).tokenType !== OpenParen) return this.LA(2).tokenType === FatArrow;
    for (let at = 2; ; at += 1) {
      const type = this.LA(at).tokenType;
      if (type === CloseParen) return this.LA(at + 1).tokenType === FatArrow;
      if (type !== Comma && type !== Identifier && !type.CATEGORIES?.includes(Identifier)) return false;
    }
  }
  lambda = this.RULE("lambda", () => {
    const parameters = [];
    const first = this.LA(1);
    this.OR([
      { ALT: () => parameters.push(this.CONSUME(Identifier)) },
      {
        ALT: () => {
          this.CONSUME(OpenParen);
          this.MANY_SEP({ SEP: Comma, DEF: () => parameters.push(this.CONSUME2(Identifier)) });
          this.CONSUME(CloseParen);
        }
      }
    ]);
    this.CONSUME(FatArrow);
    const body = this.SUBRULE(this.expression);
    return this.ACTION(() => ({
      kind: "lambda",
      parameters: parameters.map((token) => this.nameOf(token)),
      body,
      span: this.span(first, body)
    }));
  });
  pipeline = this.RULE("pipeline", () => {
    const head = this.SUBRULE(this.sum);
    const stages = [];
    this.MANY(() => {
      this.CONSUME(Arrow);
      stages.push(this.SUBRULE(this.stage));
    });
    return this.ACTION(
      () => stages.length === 0 ? head : { kind: "pipeline", head, stages, span: this.span(head, stages.at(-1)) }
    );
  });
  stage = this.RULE(
    "stage",
    () => this.OR([
      { ALT: () => this.SUBRULE(this.repetition), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE(this.application) }
    ])
  );
  application = this.RULE("application", () => {
    const callee = this.CONSUME(Identifier);
    const args = this.OPTION(() => this.SUBRULE(this.callArguments));
    return this.ACTION(() => ({
      kind: "call",
      callee: this.nameOf(callee),
      arguments: args?.items ?? [],
      parenthesised: args !== void 0,
      span: this.span(callee, args ?? callee)
    }));
  });
  callArguments = this.RULE("callArguments", () => {
    const open = this.CONSUME(OpenParen);
    const items = [];
    this.MANY_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.argument)) });
    const close = this.CONSUME(CloseParen);
    return this.ACTION(() => ({ items, span: this.span(open, close) }));
  });
  argument = this.RULE("argument", () => {
    const name = this.OPTION({
      GATE: () => this.LA(2).tokenType === Colon,
      DEF: () => {
        const token = this.CONSUME(Identifier);
        this.CONSUME(Colon);
        return token;
      }
    });
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => ({
      ...name && { name: this.nameOf(name) },
      value,
      span: this.span(name ?? value, value)
    }));
  });
  repetition = this.RULE("repetition", () => {
    const first = this.CONSUME(Repeat);
    const element = this.OPTION({
      GATE: () => this.LA(2).tokenType === In,
      DEF: () => {
        const token = this.CONSUME(Identifier);
        this.CONSUME(In);
        return token;
      }
    });
    const over = this.SUBRULE(this.sum);
    const turn = this.OPTION2(() => {
      this.CONSUME(As);
      return this.CONSUME2(Identifier);
    });
    this.CONSUME(OpenBrace);
    const body = [];
    this.AT_LEAST_ONE_SEP({ SEP: Arrow, DEF: () => body.push(this.SUBRULE(this.stage)) });
    const last = this.CONSUME(CloseBrace);
    return this.ACTION(() => ({
      kind: "repeat",
      over,
      ...element && { element: this.nameOf(element) },
      ...turn && { turn: this.nameOf(turn) },
      body,
      span: this.span(first, last)
    }));
  });
  sum = this.RULE("sum", () => {
    let left = this.SUBRULE(this.product);
    this.MANY(() => {
      const operator = this.OR([{ ALT: () => this.CONSUME(Plus) }, { ALT: () => this.CONSUME(Minus) }]);
      const right = this.SUBRULE2(this.product);
      left = this.ACTION(() => this.binary(left, operator, right));
    });
    return left;
  });
  product = this.RULE("product", () => {
    let left = this.SUBRULE(this.unary);
    this.MANY(() => {
      const operator = this.OR([
        { ALT: () => this.CONSUME(Star) },
        { ALT: () => this.CONSUME(Slash) },
        { ALT: () => this.CONSUME(Percent) }
      ]);
      const right = this.SUBRULE2(this.unary);
      left = this.ACTION(() => this.binary(left, operator, right));
    });
    return left;
  });
  binary(left, operator, right) {
    return {
      kind: "binary",
      operator: operator.image,
      operatorSpan: this.span(operator, operator),
      left,
      right,
      span: this.span(left, right)
    };
  }
  unary = this.RULE(
    "unary",
    () => this.OR([
      {
        ALT: () => {
          const sign2 = this.CONSUME(Minus);
          const operand = this.SUBRULE(this.unary);
          return this.ACTION(() => ({ kind: "negate", operand, span: this.span(sign2, operand) }));
        }
      },
      { ALT: () => this.SUBRULE(this.postfix) }
    ])
  );
  postfix = this.RULE("postfix", () => {
    let value = this.SUBRULE(this.primary);
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(Dot);
            const member2 = this.CONSUME(Identifier);
            value = this.ACTION(() => ({
              kind: "member",
              object: value,
              member: this.nameOf(member2),
              span: this.span(value, member2)
            }));
          }
        },
        {
          ALT: () => {
            this.CONSUME(OpenSquare);
            const first = this.OPTION(() => this.CONSUME(DotDot));
            const at = this.SUBRULE(this.sum);
            const close = this.CONSUME(CloseSquare);
            value = this.ACTION(
              () => first ? { kind: "first", list: value, count: at, span: this.span(value, close) } : { kind: "element", list: value, at, span: this.span(value, close) }
            );
          }
        }
      ]);
    });
    return value;
  });
  primary = this.RULE(
    "primary",
    () => this.OR([
      {
        ALT: () => {
          const token = this.CONSUME(Num);
          return this.ACTION(() => ({ kind: "number", text: token.image, span: this.span(token, token) }));
        }
      },
      {
        ALT: () => {
          const token = this.CONSUME(Text);
          return this.ACTION(() => ({ kind: "string", text: token.image.slice(1, -1), span: this.span(token, token) }));
        }
      },
      {
        ALT: () => {
          const call = this.SUBRULE(this.application);
          return this.ACTION(() => call.parenthesised ? call : { kind: "name", name: call.callee.text, span: call.span });
        }
      },
      {
        ALT: () => {
          const open = this.CONSUME(OpenParen);
          const inner = this.SUBRULE(this.expression);
          const close = this.CONSUME(CloseParen);
          return this.ACTION(() => ({ kind: "group", inner, span: this.span(open, close) }));
        }
      },
      {
        ALT: () => {
          const open = this.CONSUME(OpenSquare);
          const items = [];
          this.MANY_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE2(this.expression)) });
          const close = this.CONSUME(CloseSquare);
          return this.ACTION(() => ({ kind: "list", items, span: this.span(open, close) }));
        }
      }
    ])
  );
};

// src/compiler/syntax/parse.ts
var parser = new ArchParser();
var openers = /* @__PURE__ */ new Map([
  [OpenParen, CloseParen],
  [OpenSquare, CloseSquare],
  [OpenBrace, CloseBrace]
]);
var deepest = 200;
var mostErrors = 20;
function parse(file, text) {
  const lexed = lexer.tokenize(text);
  const documentation = lexed.groups["documentation"] ?? [];
  const diagnostics2 = lexed.errors.map((error2) => lexical(file, text, error2));
  const nesting = bracketProblem(file, lexed.tokens);
  if (nesting) return { source: { file, text, declarations: [] }, diagnostics: [...diagnostics2, nesting] };
  let tokens = lexed.tokens;
  while (diagnostics2.length < mostErrors) {
    const declarations = parser.parseFile(file, tokens, documentation);
    const error2 = parser.errors[0];
    if (!error2) return { source: { file, text, declarations }, diagnostics: diagnostics2 };
    const at = errorIndex(tokens, error2);
    diagnostics2.push(unexpected(file, text, tokens, at, error2));
    tokens = withoutStatement(text, tokens, at);
  }
  return { source: { file, text, declarations: [] }, diagnostics: diagnostics2 };
}
function parseExpression(file, text) {
  const lexed = lexer.tokenize(text);
  if (lexed.errors.length > 0) return { diagnostics: lexed.errors.map((error3) => lexical(file, text, error3)) };
  const nesting = bracketProblem(file, lexed.tokens);
  if (nesting) return { diagnostics: [nesting] };
  const expression = parser.parseExpression(file, lexed.tokens);
  const error2 = parser.errors[0];
  if (!error2) return { expression, diagnostics: [] };
  return { diagnostics: [unexpected(file, text, lexed.tokens, errorIndex(lexed.tokens, error2), error2)] };
}
var spanOf = (file, token) => ({
  file,
  start: token.startOffset,
  end: token.startOffset + token.image.length
});
function lexical(file, text, error2) {
  const span = { file, start: error2.offset, end: error2.offset + error2.length };
  if (text[error2.offset] === '"') return diagnostic("bad-string", {}, span);
  return diagnostic("bad-character", { found: JSON.stringify(text.slice(span.start, Math.min(span.end, span.start + 12))) }, span);
}
function bracketProblem(file, tokens) {
  const open = [];
  for (const token of tokens) {
    if (openers.has(token.tokenType)) {
      open.push(token);
      if (open.length > deepest) return diagnostic("too-deep", { limit: deepest }, spanOf(file, token));
    } else if ([...openers.values()].includes(token.tokenType)) {
      const opener2 = open.pop();
      if (!opener2) return void 0;
      if (openers.get(opener2.tokenType) !== token.tokenType)
        return diagnostic("unclosed", { bracket: opener2.image }, spanOf(file, opener2), {
          related: [{ span: spanOf(file, token), label: "noticed here" }]
        });
    }
  }
  const opener = open.at(-1);
  const last = tokens.at(-1);
  if (!opener || !last) return void 0;
  return diagnostic("unclosed", { bracket: opener.image }, spanOf(file, opener), {
    related: [{ span: spanOf(file, last), label: "noticed here, at the end of the file" }]
  });
}
function errorIndex(tokens, error2) {
  const index = tokens.indexOf(error2.token);
  return index >= 0 ? index : tokens.length;
}
function unexpected(file, text, tokens, at, error2) {
  const token = tokens[at];
  const previous = tokens[at - 1];
  const span = token ? spanOf(file, token) : previous ? { file, start: spanOf(file, previous).end, end: spanOf(file, previous).end } : { file, start: 0, end: 0 };
  const found = token ? `'${token.image}'` : "the end of the file";
  const suspect = token && beginsLine(text, token) && token.tokenType === Identifier ? token : void 0;
  if (suspect) {
    const words = error2.context.ruleStack.length > 1 ? statementWords : declarationWords;
    const names2 = words.map((word2) => word2.name.slice(1, -1));
    const close = nearest(suspect.image, names2);
    if (close.length > 0 || error2.context.ruleStack.length <= 1)
      return diagnostic("unknown-keyword", { name: suspect.image, near: close, accepted: close.length ? void 0 : names2 }, span);
  }
  return diagnostic("unexpected-token", { expected: expectation(error2), found }, span, {
    ...previous && token && { related: [{ span: spanOf(file, previous), label: `after this` }] }
  });
}
function expectation(error2) {
  const rule = error2.context.ruleStack.at(-1);
  const single = /Expecting token of type --> (\S+) <--/.exec(error2.message)?.[1];
  const labels = { Identifier: "a name", Number: "a number", String: "a string in quotes" };
  if (error2.message.startsWith("Redundant input")) return "a declaration (import, module, model, preset, train, evaluate, variant, replace, set)";
  if (single) {
    const token = allTokens.find((candidate) => candidate.name === single);
    return labels[single] ?? (typeof token?.LABEL === "string" ? token.LABEL : single);
  }
  if (/Expecting token of type --> '/.test(error2.message)) return /--> (.+?) <--/.exec(error2.message)?.[1] ?? "something else";
  const phrases = {
    primary: "a name, a number or a parenthesis",
    stage: "the name of a layer or 'repeat' after '->'",
    application: "the name of a layer after '->'",
    axis: "a size",
    statement: "a statement (input, output, scale, slot, let, weight, return)",
    declaration: "a declaration (import, module, model, preset, train, evaluate, variant, replace, set)",
    slotStatement: "a shape such as [B, h, w, c] or, with several, a parenthesis",
    field: "':' and a value",
    scaleStatement: "'in' and a range, or '=' and a value"
  };
  return phrases[rule ?? ""] ?? "something else";
}
function beginsLine(text, token) {
  const lineStart = text.lastIndexOf("\n", token.startOffset - 1) + 1;
  return text.slice(lineStart, token.startOffset).trim() === "";
}
function withoutStatement(text, tokens, at) {
  const depths = depthBefore(tokens);
  const words = [...statementWords, ...declarationWords];
  const starts = (index) => {
    const token = tokens[index];
    const top = depths[index] === 0;
    return beginsLine(text, token) && (top ? declarationWords.includes(token.tokenType) : depths[index] === 1 && words.includes(token.tokenType));
  };
  let from = Math.min(at, tokens.length - 1);
  const broken = tokens[from];
  const own = at < tokens.length && beginsLine(text, broken) && (depths[from] ?? 0) <= 1 && broken.tokenType === Identifier;
  if (!own) {
    if (at < tokens.length && starts(from)) from -= 1;
    while (from > 0 && !starts(from)) from -= 1;
  }
  const depth = depths[from] ?? 0;
  let to = Math.max(from + 1, at < tokens.length ? at + (own ? 1 : 0) : at);
  while (to < tokens.length && !((depths[to] ?? 0) <= depth && (starts(to) || tokens[to].tokenType === CloseBrace && depths[to] <= depth))) to += 1;
  if (depth === 0 && tokens[to]?.tokenType === CloseBrace) to += 1;
  return [...tokens.slice(0, Math.max(from, 0)), ...tokens.slice(Math.max(to, from + 1))];
}
function depthBefore(tokens) {
  let depth = 0;
  return tokens.map((token) => {
    if (token.tokenType === CloseBrace) depth = Math.max(0, depth - 1);
    const before = depth;
    if (token.tokenType === OpenBrace) depth += 1;
    return before;
  });
}

// src/compiler/names/program.ts
var Program = class {
  constructor(host) {
    this.host = host;
  }
  host;
  files = /* @__PURE__ */ new Map();
  diagnostics = [];
  /** The unit of `file`, read and parsed with everything that it imports; undefined where it cannot be read. */
  load(file, askedAt, chain = []) {
    const known3 = this.files.get(file);
    if (known3) return known3;
    const read = this.host.read(file);
    if ("problem" in read) {
      this.diagnostics.push(diagnostic("import-missing", { path: file, reason: read.problem }, askedAt ?? { file, start: 0, end: 0 }));
      return void 0;
    }
    const { source, diagnostics: diagnostics2 } = parse(file, read.text);
    this.diagnostics.push(...diagnostics2);
    const unit2 = { source, modules: /* @__PURE__ */ new Map(), models: /* @__PURE__ */ new Map() };
    this.files.set(file, unit2);
    this.#declare(unit2, [...chain, file]);
    return unit2;
  }
  #declare(unit2, chain) {
    const taken = /* @__PURE__ */ new Map();
    const claim = (name, what) => {
      const before = taken.get(name.text);
      if (before) this.diagnostics.push(diagnostic("duplicate-name", { name: name.text, what: before }, name.span));
      else taken.set(name.text, what);
      return !before;
    };
    for (const declaration of unit2.source.declarations)
      if (declaration.kind === "import" && claim(declaration.name, "an import")) this.#import(unit2, declaration, chain);
    let model;
    const edits = [];
    for (const declaration of unit2.source.declarations) {
      if (declaration.kind === "module" && claim(declaration.name, "a module")) unit2.modules.set(declaration.name.text, { declaration, file: unit2 });
      else if (declaration.kind === "model" && claim(declaration.name, "a model")) {
        model = { declaration, file: unit2, presets: /* @__PURE__ */ new Map() };
        unit2.models.set(declaration.name.text, model);
      } else if (declaration.kind === "preset" || declaration.kind === "train" || declaration.kind === "evaluate") {
        if (!model) this.diagnostics.push(diagnostic("no-model", { file: unit2.source.file }, declaration.span, { help: `${declaration.kind} stands below the model that it belongs to` }));
        else if (declaration.kind === "preset") {
          if (model.presets.has(declaration.name.text)) this.diagnostics.push(diagnostic("duplicate-name", { name: declaration.name.text, what: "a preset" }, declaration.name.span));
          else model.presets.set(declaration.name.text, { record: declaration.record, span: declaration.name.span });
        } else if (model[declaration.kind]) this.diagnostics.push(diagnostic("duplicate-name", { name: declaration.kind, what: "given" }, declaration.span));
        else model[declaration.kind] = { record: declaration.record, span: declaration.span };
      } else if (declaration.kind === "variant") {
        if (unit2.variant) this.diagnostics.push(diagnostic("duplicate-name", { name: "variant", what: "given" }, declaration.span));
        else unit2.variant = { declaration, file: unit2, edits };
      } else if (declaration.kind === "replace" || declaration.kind === "set") edits.push(declaration);
    }
    if (edits.length > 0 && !unit2.variant)
      this.diagnostics.push(diagnostic("unexpected-token", { expected: 'variant ".." of MODEL from ".." above the edits', found: edits[0].kind }, edits[0].span));
  }
  #import(unit2, declaration, chain) {
    const file = this.host.resolve(unit2.source.file, declaration.from);
    if (chain.includes(file)) {
      this.diagnostics.push(diagnostic("import-cycle", { chain: [...chain.slice(chain.indexOf(file)), file] }, declaration.fromSpan));
      return;
    }
    const broken = this.diagnostics.length;
    const imported = this.load(file, declaration.fromSpan, chain);
    if (!imported) return;
    const module = [...imported.modules.values()].find((candidate) => candidate.file === imported && candidate.declaration.name.text === declaration.name.text);
    if (module) unit2.modules.set(declaration.name.text, module);
    else if (this.diagnostics.length === broken) {
      const names2 = [...imported.modules.values()].filter((candidate) => candidate.file === imported).map((candidate) => candidate.declaration.name.text);
      this.diagnostics.push(
        diagnostic("unknown-module", { name: declaration.name.text, file: declaration.from, near: nearest(declaration.name.text, names2), accepted: names2 }, declaration.name.span)
      );
    }
  }
};

// src/compiler/index.ts
function compile(file, host, options = {}) {
  const session = new Session(host);
  const model = session.attempt(() => {
    const chosen = session.choose(file, options);
    return chosen && session.build(chosen.model, chosen.application);
  });
  return session.finish(model);
}
var Session = class {
  #program;
  #found = [];
  #extra = /* @__PURE__ */ new Map();
  constructor(host) {
    this.#program = new Program(host);
  }
  report(...diagnostics2) {
    this.#found.push(...diagnostics2);
  }
  attempt(run) {
    try {
      return run();
    } catch (error2) {
      if (!(error2 instanceof Reported)) throw error2;
      this.report(error2.diagnostic);
      return void 0;
    }
  }
  load(file) {
    return this.#program.load(file);
  }
  /** Whether this file or one that it reads has errors in its text or imports. */
  broken(unit2) {
    const reach = /* @__PURE__ */ new Set([unit2]);
    for (const file of reach) for (const module of file.modules.values()) reach.add(module.file);
    const names2 = new Set([...reach].map((file) => file.source.file));
    return this.#program.diagnostics.some((problem) => names2.has(problem.primary.span.file));
  }
  base(variant) {
    const { base, from, fromSpan } = variant.declaration;
    const file = this.#program.load(this.#program.host.resolve(variant.file.source.file, from), fromSpan);
    if (!file || this.broken(file)) return void 0;
    if (file.variant) fail("variant-of-variant", {}, fromSpan);
    const names2 = [...file.models.keys()];
    return file.models.get(base.text) ?? fail("unknown-module", { file: from, name: base.text, near: nearest(base.text, names2), accepted: names2 }, base.span);
  }
  choose(file, options) {
    const unit2 = this.load(file);
    if (!unit2 || this.broken(unit2)) return void 0;
    const start = { file, start: 0, end: 0 };
    const extra = (options.variants ?? []).flatMap((name) => {
      const variant = this.load(name);
      if (!variant || this.broken(variant)) return [];
      return [variant.variant ?? fail("unexpected-token", { expected: "a variant file", found: 'a file without variant ".." of' }, { file: name, start: 0, end: 0 })];
    });
    if (extra.length < (options.variants ?? []).length) return void 0;
    const variants = [...unit2.variant ? [unit2.variant] : [], ...extra];
    const bases = variants.map((variant) => this.base(variant));
    if (bases.some((base) => !base)) return void 0;
    const model = unit2.variant ? bases[0] : [...unit2.models.values()][0];
    if (!model) fail("no-model", { file }, start, { help: "a file of modules is checked with archc check; a model is what compiles" });
    for (const [at, base] of bases.entries())
      if (base !== model) fail("unknown-module", { file: variants[at].declaration.from, name: `${model.declaration.name.text}, the base of what is compiled`, near: [] }, variants[at].declaration.base.span);
    const sets2 = (options.sets ?? []).map((text) => this.#set(text));
    return { model, application: { preset: options.preset ?? "", variants, sets: sets2 } };
  }
  /** Reads `path=value` through the same parser as a `set` in a file. */
  #set(text) {
    const name = `--set ${text}`;
    this.#extra.set(name, text);
    const at = text.indexOf("=");
    const whole = { file: name, start: 0, end: text.length };
    if (at < 1) fail("unexpected-token", { expected: "path=value", found: `'${text}'` }, whole);
    const { source, diagnostics: diagnostics2 } = parse(name, `set ${text.slice(0, at)} = 0`);
    const edit = source.declarations[0];
    if (diagnostics2.length > 0 || edit?.kind !== "set") fail("unexpected-token", { expected: "a path such as encoder.embed", found: `'${text.slice(0, at)}'` }, { ...whole, end: at });
    const path2 = edit.path.map((part2) => ({ ...part2, span: { file: name, start: part2.span.start - 4, end: part2.span.end - 4 } }));
    const value = parseExpression(name, " ".repeat(at + 1) + text.slice(at + 1));
    const problem = value.diagnostics[0];
    if (problem || !value.expression) throw new Reported(problem ?? diagnostic("unexpected-token", { expected: "a value", found: "nothing" }, whole));
    return { path: path2, value: value.expression, origin: "--set" };
  }
  build(model, application) {
    const before = this.#found.length;
    const compiled = elaborateModel(model, application, (problem) => this.report(problem));
    if (!compiled) return void 0;
    if (application.variants.length > 0) {
      const base = elaborateModel(model, { ...application, variants: [], sets: application.sets }, () => void 0);
      if (base && meaning(base) === meaning(compiled)) {
        const { declaration } = application.variants[0];
        this.report(diagnostic("variant-no-effect", { base: model.declaration.name.text }, declaration.span));
        return void 0;
      }
    }
    return this.#found.length > before ? void 0 : { ...compiled, text: this.#text(model, application) };
  }
  /** All sources that took part, each under its name. */
  #text(model, application) {
    const reach = /* @__PURE__ */ new Set([model.file, ...application.variants.map((variant) => variant.file)]);
    for (const file of reach) for (const module of file.modules.values()) reach.add(module.file);
    const sets2 = application.sets.map((set) => `// ${set.origin} ${set.path.map((part2) => part2.text).join(".")}
`);
    return [`// preset ${application.preset || "(defaults)"}
`, ...sets2, ...[...reach].map((file) => `// ---- ${file.source.file}
${file.source.text}`)].join("\n");
  }
  finish(model) {
    const seen = /* @__PURE__ */ new Set();
    const diagnostics2 = [...this.#program.diagnostics, ...this.#found].filter((problem) => {
      const key2 = `${problem.code} ${problem.primary.span.file} ${problem.primary.span.start} ${problem.primary.span.end}`;
      if (seen.has(key2)) return false;
      seen.add(key2);
      return true;
    });
    const errors = diagnostics2.some((problem) => problem.severity === "error");
    return {
      ...model && !errors && { model },
      diagnostics: diagnostics2,
      sources: new Map([...[...this.#program.files].map(([name, unit2]) => [name, unit2.source.text]), ...this.#extra])
    };
  }
};
var meaning = (model) => JSON.stringify([
  printGraph(model.graph),
  model.train && { ...model.train, objectives: model.train.objectives.map((objective) => ({ ...objective, graph: printGraph(objective.graph) })) },
  model.evaluate,
  model.inputs.map(({ role, range: range2, by }) => ({ role, range: range2, by }))
]);

// src/runtime/host.ts
import { readFileSync } from "node:fs";
import path from "node:path";
var reasons = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "it may not be read"
};
var fileHost = {
  read(file) {
    try {
      return { text: readFileSync(file === "-" ? 0 : file, "utf8") };
    } catch (error2) {
      const { code, message } = error2;
      return { problem: reasons[code ?? ""] ?? message };
    }
  },
  resolve: (from, to) => path.join(path.dirname(from), to)
};

// ../../tmp/w.ts
var [, , f, ...sets] = process.argv;
var { model: m, diagnostics } = compile(f, fileHost, { sets });
console.log(diagnostics.filter((d) => d.severity === "error").map((d) => JSON.stringify(d)).join("\n"));
for (const w of m?.graph.weights ?? []) console.log(w.path, JSON.stringify(w.shape), w.group ?? "");
console.log([...m?.graph.lets ?? []].map(([k]) => k).join(" "));
console.log(m?.train?.objectives.map((o) => [o.group, o.terms, o.graph.inputs.map((i) => i.name), o.graph.outputs.map((i) => i.name), o.graph.weights.length]));
