var __defProp = Object.defineProperty;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res, err) => function __init() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};

// src/errors.ts
var UserError;
var init_errors = __esm({
  "src/errors.ts"() {
    "use strict";
    UserError = class extends Error {
      constructor(message, help, options) {
        super(message, options);
        this.help = help;
      }
      help;
      name = "UserError";
    };
  }
});

// src/root.ts
var archcRoot;
var init_root = __esm({
  "src/root.ts"() {
    "use strict";
    archcRoot = "/work/main";
  }
});

// src/runtime/engine/command.ts
import { spawn } from "node:child_process";
function commandLine(command) {
  return command.map((word2) => /^[\w@%+=:,./-]+$/.test(word2) ? word2 : `'${word2.replaceAll("'", `'\\''`)}'`).join(" ");
}
function runCommand(command, options) {
  const [file = "", ...args] = command;
  return new Promise((resolve2, reject) => {
    const child = spawn(file, args, { env: options.env, signal: options.signal, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take2 = (text) => {
      output += text;
      options.onOutput?.(text);
    };
    child.stdout.setEncoding("utf8").on("data", take2);
    child.stderr.setEncoding("utf8").on("data", take2);
    const fail2 = (how) => {
      const lines = output.trimEnd().split("\n").slice(-keptLines);
      const said = output.trim() === "" ? "(it printed nothing)" : lines.join("\n");
      const help = /No space left on device|Disk quota exceeded/.test(output) ? "make room, or set ARCHC_CACHE to a folder on a larger disk" : options.help;
      reject(new UserError(`${options.step} failed (${how}): ${commandLine(command)}
${indent(said)}`, help));
    };
    child.on("error", (error2) => options.signal?.aborted ? reject(error2) : fail2(error2.message));
    child.on("close", (code, signal) => code === 0 ? resolve2(output) : fail2(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}
async function firstThatRuns(candidates) {
  for (const command of candidates) {
    const answer = await runCommand([...command, "--version"], { step: "looking for it", help: "" }).catch(() => void 0);
    if (answer !== void 0) return { command, version: answer.split("\n", 1)[0].trim() };
  }
  return void 0;
}
function indent(text) {
  return text.replace(/^/gm, "    ");
}
var keptLines;
var init_command = __esm({
  "src/runtime/engine/command.ts"() {
    "use strict";
    init_errors();
    keptLines = 12;
  }
});

// src/runtime/engine/paths.ts
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
function cacheFolder(env = process.env, platform = process.platform, home = os.homedir()) {
  if (env.ARCHC_CACHE) return path.resolve(env.ARCHC_CACHE);
  if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME)) return path.join(env.XDG_CACHE_HOME, "archc");
  return platform === "darwin" ? path.join(home, "Library", "Caches", "archc") : path.join(home, ".cache", "archc");
}
function engineHome(cache = cacheFolder(), platform = process.platform, arch = process.arch) {
  return path.join(cache, "engine", `tensorflow-cpu-${tensorflowVersion}-${platform}-${arch}`);
}
function glibcVersion() {
  const report = process.report.getReport();
  return report.header?.glibcVersionRuntime;
}
function targetOf(platform = process.platform, arch = process.arch) {
  const target = targets.find((row) => row.platform === platform && row.arch === arch);
  if (!target) {
    throw new UserError(
      `there is no TensorFlow ${tensorflowVersion} wheel for ${platform}-${arch}`,
      "use --engine wasm (for inference) or --engine cpu, or a machine with Linux on x86-64 or aarch64"
    );
  }
  if (platform === "linux" && process.platform === "linux" && !glibcVersion()) {
    throw new UserError(
      "TensorFlow's wheels need glibc 2.27 or newer, and this system has another C library (musl?)",
      "use --engine wasm (for inference) or --engine cpu, or a Debian, Ubuntu, Fedora or similar image"
    );
  }
  return target;
}
var tensorflowVersion, archcRequire, linuxLibraries, macLibraries, targets;
var init_paths = __esm({
  "src/runtime/engine/paths.ts"() {
    "use strict";
    init_root();
    init_errors();
    tensorflowVersion = "2.21.0";
    archcRequire = createRequire(path.join(archcRoot, "package.json"));
    linuxLibraries = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
    macLibraries = ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"];
    targets = [
      {
        platform: "linux",
        arch: "x64",
        project: "tensorflow-cpu",
        wheelTag: "manylinux_2_27_x86_64",
        wheelTags: /-manylinux\w*_x86_64\.whl$/,
        libraries: linuxLibraries
      },
      {
        platform: "linux",
        arch: "arm64",
        project: "tensorflow",
        wheelTag: "manylinux_2_27_aarch64",
        wheelTags: /-manylinux\w*_aarch64\.whl$/,
        libraries: linuxLibraries
      },
      {
        platform: "darwin",
        arch: "arm64",
        project: "tensorflow",
        wheelTag: "macosx_12_0_arm64",
        wheelTags: /-macosx_\w+_arm64\.whl$/,
        libraries: macLibraries
      }
    ];
  }
});

// src/runtime/engine/addon.ts
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path2 from "node:path";
function tfjsNode() {
  return path2.dirname(archcRequire.resolve("@tensorflow/tfjs-node-gpu/package.json"));
}
function addonSources() {
  const binding = path2.join(tfjsNode(), "binding");
  const theirs = readdirSync(binding).sort();
  return [...theirs.map((name) => path2.join(binding, name)), path2.join(archcRoot, "src/runtime/engine/quiet.cc")];
}
function addonPath() {
  if (relativePath) return relativePath;
  const hash = createHash("sha256");
  for (const file of addonSources()) hash.update(path2.basename(file)).update(readFileSync(file));
  return relativePath = path2.join("lib", `tfjs_binding-${hash.digest("hex").slice(0, 8)}.node`);
}
async function findCompiler(env = process.env) {
  const named = env.CXX?.trim();
  const compiler = await firstThatRuns(named ? [named.split(/\s+/)] : [["g++"], ["c++"], ["clang++"]]);
  if (compiler) return compiler;
  throw new UserError(
    named ? `CXX names a C++ compiler that does not run: ${named}` : "TensorFlow's addon has to be compiled here, and there is no C++ compiler (g++, c++, clang++)",
    "install one (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install) and try again"
  );
}
async function compileAddon(folder, target, compiler, signal) {
  const sources = addonSources().filter((name) => name.endsWith(".cc"));
  const nodeHeaders = path2.join(path2.dirname(archcRequire.resolve("node-api-headers/package.json")), "include");
  const origin = target.platform === "darwin" ? "@loader_path" : "$ORIGIN";
  const link5 = target.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : [];
  const command = [
    ...compiler.command,
    ...["-O2", "-std=c++17", "-fPIC", "-shared", "-DNAPI_VERSION=8"],
    ...["-I", nodeHeaders, "-I", path2.join(folder, "include")],
    ...sources,
    ...target.libraries.map((name) => path2.join(folder, "lib", name)),
    ...[`-Wl,-rpath,${origin}`, ...link5, "-o", path2.join(folder, addonPath())]
  ];
  await runCommand(command, {
    step: "compiling TensorFlow's addon",
    help: "a C++17 compiler with its standard library is needed (g++ 8 or clang 7 and newer); CXX=... chooses another one",
    env: { ...process.env, TMPDIR: folder },
    signal
  });
}
async function probeAddon(folder, signal) {
  const script = "const m = { exports: {} }; process.dlopen(m, process.argv[1]); process.stdout.write(`version=${m.exports.TF_Version}\\n`)";
  const output = await runCommand([process.execPath, "-e", script, path2.join(folder, addonPath())], {
    step: "loading TensorFlow for the first time",
    help: "this system may be older than the wheel needs (glibc 2.27, libstdc++ of GCC 8), or the processor may lack AVX",
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2", NODE_OPTIONS: "" },
    signal
  });
  return /version=(\S+)/.exec(output)?.[1] ?? "none";
}
var relativePath;
var init_addon = __esm({
  "src/runtime/engine/addon.ts"() {
    "use strict";
    init_errors();
    init_root();
    init_command();
    init_paths();
  }
});

// src/runtime/engine/installed.ts
import { readFileSync as readFileSync2, statSync } from "node:fs";
import path3 from "node:path";
function readInstalled(home = engineHome()) {
  const installed = readLibraries(home);
  return installed && isWhole(installed, addonPath()) ? installed : void 0;
}
function readLibraries(home = engineHome()) {
  try {
    const installed = { ...JSON.parse(readFileSync2(path3.join(home, manifestName), "utf8")), home };
    return targetOf().libraries.every((name) => isWhole(installed, path3.join("lib", name))) ? installed : void 0;
  } catch (error2) {
    if (error2 instanceof SyntaxError || error2 instanceof UserError || error2.code) return void 0;
    throw error2;
  }
}
function isWhole({ home, files: files2 }, name) {
  return files2[name] !== void 0 && files2[name] === statSync(path3.join(home, name), { throwIfNoEntry: false })?.size;
}
function installedBytes(installed) {
  return Object.values(installed.files).reduce((sum, size) => sum + size, 0);
}
var manifestName;
var init_installed = __esm({
  "src/runtime/engine/installed.ts"() {
    "use strict";
    init_errors();
    init_addon();
    init_paths();
    manifestName = "engine.json";
  }
});

// src/runtime/engine/lock.ts
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import os2 from "node:os";
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error2) {
    return error2.code === "EPERM";
  }
}
async function lockHolder(file) {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(file, "utf8"), stat(file)]);
    const holder = JSON.parse(text);
    const dead = Date.now() - mtimeMs > staleAfter || holder.host === os2.hostname() && !isAlive(holder.pid);
    return dead ? void 0 : holder;
  } catch (error2) {
    if (error2 instanceof SyntaxError || error2.code === "ENOENT") return void 0;
    throw error2;
  }
}
async function takeLock(file, onWait, signal) {
  const mine = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  const text = JSON.stringify({ pid: process.pid, host: os2.hostname() });
  await writeFile(mine, text);
  try {
    for (let told = false; ; await sleep(poll, void 0, { signal })) {
      const taken = await link(mine, file).then(
        () => true,
        (error2) => {
          if (error2.code === "EEXIST") return false;
          throw error2;
        }
      );
      if (taken) break;
      const holder = await lockHolder(file);
      if (!holder) await takeAside(file);
      else if (!told) {
        told = true;
        onWait(holder.pid);
      }
    }
  } finally {
    await rm(mine, { force: true });
  }
  const timer = setInterval(() => void utimes(file, /* @__PURE__ */ new Date(), /* @__PURE__ */ new Date()).catch(() => void 0), heartbeat);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await rm(file, { force: true });
  };
}
async function takeAside(file) {
  const aside = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await rename(file, aside);
  } catch (error2) {
    if (error2.code === "ENOENT") return;
    throw error2;
  }
  if (await lockHolder(aside)) await link(aside, file).catch(() => void 0);
  await rm(aside, { force: true });
}
var staleAfter, heartbeat, poll;
var init_lock = __esm({
  "src/runtime/engine/lock.ts"() {
    "use strict";
    staleAfter = 6e4;
    heartbeat = 5e3;
    poll = 200;
  }
});

// src/runtime/engine/progress.ts
function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
function progressLine({ step, done, total }) {
  if (!total) return `${step}: ${megabytes(done)}`;
  const share = Math.min(100, Math.floor(100 * done / total));
  return `${step}: ${megabytes(done)} of ${megabytes(total)}, ${share} %`;
}
function showProgress(say, stream = process.stderr) {
  let last = Date.now();
  let step = "";
  let shown3 = 0;
  return {
    take(progress) {
      if (stream.isTTY) {
        if (shown3 && Date.now() - last < redrawEvery) return;
        last = Date.now();
        const line = progressLine(progress);
        stream.write(`\r${line.padEnd(shown3)}`);
        shown3 = line.length;
      } else if (progress.step !== step) {
        step = progress.step;
        last = Date.now();
      } else if (Date.now() - last >= lineEvery) {
        last = Date.now();
        say(progressLine(progress));
      }
    },
    end() {
      if (shown3) stream.write(`\r${" ".repeat(shown3)}\r`);
      shown3 = 0;
    }
  };
}
var lineEvery, redrawEvery;
var init_progress = __esm({
  "src/runtime/engine/progress.ts"() {
    "use strict";
    lineEvery = 5e3;
    redrawEvery = 80;
  }
});

// src/runtime/engine/pip.ts
import { createHash as createHash2 } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile as readFile2, readdir, rm as rm2, stat as stat2 } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import path4 from "node:path";
async function findPip() {
  const pip = await firstThatRuns([["python3", "-m", "pip"], ["pip3"], ["pip"], ["python", "-m", "pip"]]);
  if (pip) return pip;
  throw new UserError(
    "bringing TensorFlow needs pip, and neither python3 -m pip nor pip3 nor pip runs here",
    "install it (Debian, Ubuntu: apt-get install python3-pip; Fedora: dnf install python3-pip; macOS: brew install python), or fetch the wheel on another machine and give its folder: archc engine install --from DIR"
  );
}
async function downloadWheel(pip, target, folder, steps) {
  const requirement = `${target.project}==${tensorflowVersion}`;
  const choice = ["--no-deps", "--only-binary=:all:", "--platform", target.wheelTag, ...wheelPython];
  const cache = path4.join(folder, "pip-cache");
  const env = {
    ...process.env,
    TMPDIR: folder,
    PIP_CACHE_DIR: cache,
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_INPUT: "1",
    LC_ALL: "C"
  };
  const help = `look at \`pip config list\` (index-url, proxy, cert): the index must have this wheel and be reachable. Without a network: run \`${commandLine(["pip", "download", ...choice, requirement])}\` elsewhere, then archc engine install --from DIR`;
  steps.say(`asking pip's index for ${requirement} (${target.wheelTag})`);
  const stated = await statedHash([...pip], choice, requirement, folder, { env, help, signal: steps.signal });
  let total;
  const watch = setInterval(() => {
    void largestFile(folder).then((done) => steps.progress({ step: "downloading TensorFlow", done, total }));
  }, 300);
  const onOutput = (text) => {
    const size = /Downloading \S+\.whl \(([\d.]+) MB\)/.exec(text);
    if (size) total = Number(size[1]) * 1e6;
  };
  const options = { step: "downloading TensorFlow's wheel", env, help, signal: steps.signal, onOutput };
  const download = [...pip, "download", ...stated === void 0 ? ["-vv"] : [], ...choice, "--dest", folder, requirement];
  const log = await runCommand(download, options).finally(() => clearInterval(watch));
  await rm2(cache, { recursive: true, force: true });
  const name = (await readdir(folder)).find((entry) => entry.endsWith(".whl"));
  if (!name) throw new UserError(`pip left no wheel behind: ${commandLine(download)}`, help);
  const file = path4.join(folder, name);
  const expected = stated ?? hashInLog(log, name);
  const sha2563 = await sha256Of(file, steps);
  if (expected && expected !== sha2563) {
    throw new UserError(
      `the checksum of the downloaded ${name} is not the one that the index states: ${sha2563} instead of ${expected}`,
      "the file was damaged or changed on its way: try again, and if it stays so, ask who runs the index or the proxy"
    );
  }
  const checked = expected ? "the sha256 that the index states" : "no sha256 on the index to compare with";
  steps.say(`${name}: ${sha2563.slice(0, 12)}\u2026, checked: ${checked}`);
  return { file, sha256: sha2563, checked };
}
async function statedHash(pip, choice, requirement, folder, options) {
  const report = path4.join(folder, "report.json");
  const dryRun = [
    "install",
    "--dry-run",
    "--ignore-installed",
    "--quiet",
    "--report",
    report,
    "--target",
    path4.join(folder, "nowhere")
  ];
  try {
    await runCommand([...pip, ...dryRun, "--retries", "1", ...choice, requirement], {
      ...options,
      step: `finding ${requirement} on the index`
    });
  } catch (error2) {
    if (error2 instanceof UserError && /no such option: --(report|dry-run)/.test(error2.message)) return void 0;
    throw error2;
  }
  const { install } = JSON.parse(await readFile2(report, "utf8"));
  const archive = install?.[0]?.download_info?.archive_info;
  return archive?.hashes?.sha256 ?? /^sha256=(.+)$/.exec(archive?.hash ?? "")?.[1];
}
function hashInLog(log, name) {
  const at = log.indexOf(`${name}#sha256=`);
  return at < 0 ? void 0 : /^[0-9a-f]{64}/.exec(log.slice(at + name.length + "#sha256=".length))?.[0];
}
async function sha256Of(file, { progress, signal }) {
  const hash = createHash2("sha256");
  const total = (await stat2(file)).size;
  let done = 0;
  const stream = createReadStream(file, { highWaterMark: 1 << 20 });
  stream.on("data", (chunk) => {
    done += chunk.length;
    progress({ step: "checking the sha256", done, total });
  });
  await pipeline(stream, hash, { signal });
  return hash.digest("hex");
}
async function largestFile(folder) {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(
      (entry) => stat2(path4.join(folder, entry)).then(
        (found) => found.size,
        () => 0
        // it went while we looked
      )
    )
  );
  return Math.max(0, ...sizes);
}
var wheelPython;
var init_pip = __esm({
  "src/runtime/engine/pip.ts"() {
    "use strict";
    init_errors();
    init_command();
    init_paths();
    wheelPython = ["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312"];
  }
});

// src/runtime/engine/wheel.ts
import { createHash as createHash3 } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline as pipeline2 } from "node:stream/promises";
import { buffer } from "node:stream/consumers";
import path5 from "node:path";
import yauzl from "yauzl";
function isCHeader(relative) {
  return headers.test(relative);
}
function destination(member2, target) {
  const library = target.libraries.find((name) => member2 === `tensorflow/${name}`);
  if (library) return `lib/${library}`;
  const relative = /^tensorflow\/include\/(.+)$/.exec(member2)?.[1];
  return relative && isCHeader(relative) ? `include/${relative}` : void 0;
}
async function unpackWheel(wheel, target, folder, { progress, signal }) {
  const name = path5.basename(wheel);
  const broken = (what, cause) => new UserError(`${name} is not a whole TensorFlow wheel: ${what}`, "delete the file and fetch it again", { cause });
  const zip = await yauzl.openPromise(wheel, { autoClose: false, lazyEntries: true }).catch((error2) => {
    throw error2.code ? error2 : broken(error2.message, error2);
  });
  try {
    const wanted = [];
    let record;
    try {
      for await (const entry of zip.eachEntry()) {
        const to = destination(entry.fileName, target);
        if (to) wanted.push({ entry, to });
        if (/^[^/]+\.dist-info\/RECORD$/.test(entry.fileName)) record = entry;
      }
    } catch (error2) {
      throw broken(error2.message, error2);
    }
    for (const library of target.libraries) {
      if (!wanted.some(({ to }) => to === `lib/${library}`)) throw broken(`tensorflow/${library} is missing`);
    }
    if (!record) throw broken("its RECORD is missing");
    const sums = recordedSums((await buffer(await zip.openReadStreamPromise(record))).toString("utf8"));
    const total = wanted.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
    let done = 0;
    for (const { entry, to } of wanted) {
      const file = path5.join(folder, to);
      await mkdir(path5.dirname(file), { recursive: true });
      const hash = createHash3("sha256");
      const through = new Transform({
        transform(chunk, _encoding, next) {
          hash.update(chunk);
          done += chunk.length;
          progress({ step: "unpacking TensorFlow", done, total });
          next(null, chunk);
        }
      });
      try {
        await pipeline2(await zip.openReadStreamPromise(entry), through, createWriteStream(file), { signal });
      } catch (error2) {
        const { code, message } = error2;
        if (!code || code.startsWith("Z_")) throw broken(`${entry.fileName}: ${message}`, error2);
        throw error2;
      }
      if (hash.digest("base64url") !== sums.get(entry.fileName))
        throw broken(`${entry.fileName} does not have the sha256 of its RECORD`);
    }
  } finally {
    zip.close();
  }
}
function recordedSums(text) {
  const sums = /* @__PURE__ */ new Map();
  for (const line of text.split("\n")) {
    const row = /^([^",]+),sha256=([\w-]+),\d*\r?$/.exec(line);
    if (row) sums.set(row[1], row[2]);
  }
  return sums;
}
var headers;
var init_wheel = __esm({
  "src/runtime/engine/wheel.ts"() {
    "use strict";
    init_errors();
    headers = /^(?:(?:tensorflow\/c|xla\/tsl\/c)\/[\w/]+|(?:tensorflow\/core|tsl)\/platform\/ctstring\w*)\.h$/;
  }
});

// src/runtime/engine/sources.ts
import { constants } from "node:fs";
import { copyFile, cp, link as link2, mkdir as mkdir2, readdir as readdir2, rm as rm3, stat as stat3 } from "node:fs/promises";
import path6 from "node:path";
async function chooseSource(home, from, target) {
  const libraries = readLibraries(home);
  if (libraries) return ofOtherAddon(libraries);
  return from === "pypi" ? fromIndex(target) : fromFolder(from, target);
}
async function unpack(wheel, from, target, folder, steps) {
  await unpackWheel(wheel.file, target, folder, steps);
  return { from, sha256: wheel.sha256, checked: `${wheel.checked}; the sha256 of each file in the wheel's RECORD` };
}
function ofOtherAddon(installed) {
  return {
    bytes: 5e6,
    async fill(folder) {
      await cp(path6.join(installed.home, "include"), path6.join(folder, "include"), { recursive: true });
      await mkdir2(path6.join(folder, "lib"));
      for (const name of Object.keys(installed.files)) await link2(path6.join(installed.home, name), path6.join(folder, name));
      const { from, sha256: sha2563, checked } = installed;
      return { from, checked, ...sha2563 && { sha256: sha2563 } };
    }
  };
}
async function fromIndex(target) {
  const pip = await findPip();
  return {
    bytes: wheelBytes + unpackedBytes,
    async fill(folder, temporary, steps) {
      const wheel = await downloadWheel(pip.command, target, temporary, steps);
      const origin = await unpack(wheel, "pypi", target, folder, steps);
      await rm3(wheel.file);
      return origin;
    }
  };
}
async function fromFolder(from, target) {
  const directory = path6.resolve(from);
  const names2 = await readdir2(directory).catch((error2) => {
    throw new UserError(
      `--from ${from}: ${error2.message}`,
      "--from takes pypi, or a folder with the wheel or the unpacked libraries"
    );
  });
  const wheels = names2.filter((name) => /^tensorflow(_cpu)?-.*\.whl$/.test(name));
  const fitting = wheels.find((name) => name.includes(`-${tensorflowVersion}-`) && target.wheelTags.test(name));
  if (fitting) {
    const fill2 = async (folder, _temporary, steps) => {
      const file = path6.join(directory, fitting);
      const sha2563 = await sha256Of(file, steps);
      steps.say(`${fitting}: sha256 ${sha2563} (a given file, no index to ask)`);
      return unpack({ file, sha256: sha2563, checked: "a given file, no index to ask" }, directory, target, folder, steps);
    };
    return { bytes: unpackedBytes, fill: fill2 };
  }
  for (const libraries of [directory, path6.join(directory, "lib"), path6.join(directory, "tensorflow")]) {
    for (const include of [path6.join(directory, "include"), path6.join(libraries, "include")]) {
      const needed = [...target.libraries.map((name) => path6.join(libraries, name)), path6.join(include, "tensorflow/c/c_api.h")];
      const found = await Promise.all(needed.map((file) => stat3(file).catch(() => void 0)));
      if (!found.every(Boolean)) continue;
      return { bytes: unpackedBytes, fill: (folder) => copyUnpacked(libraries, include, directory, target, folder) };
    }
  }
  throw new UserError(
    `${directory} has no engine: ${wheels.length ? `${wheels.join(", ")} is not TensorFlow ${tensorflowVersion} for ${target.wheelTag}` : "no TensorFlow wheel"}, and no ${target.libraries.join(" with ")} and include/tensorflow/c`,
    `put ${target.project.replaceAll("-", "_")}-${tensorflowVersion}-\u2026-${target.wheelTag}.whl there`
  );
}
async function copyUnpacked(libraries, include, from, target, folder) {
  const headers2 = (await readdir2(include, { recursive: true })).filter(isCHeader);
  const pairs = [
    ...target.libraries.map((name) => [path6.join(libraries, name), path6.join(folder, "lib", name)]),
    ...headers2.map((name) => [path6.join(include, name), path6.join(folder, "include", name)])
  ];
  for (const [source2, destination2] of pairs) {
    await mkdir2(path6.dirname(destination2), { recursive: true });
    await copyFile(source2, destination2, constants.COPYFILE_FICLONE);
  }
  return { from, checked: "given libraries, nothing to compare them with" };
}
var wheelBytes, unpackedBytes;
var init_sources = __esm({
  "src/runtime/engine/sources.ts"() {
    "use strict";
    init_errors();
    init_installed();
    init_paths();
    init_pip();
    init_wheel();
    wheelBytes = 28e7;
    unpackedBytes = 86e7;
  }
});

// src/runtime/engine/install.ts
import { mkdir as mkdir3, readdir as readdir3, rename as rename2, rm as rm4, stat as stat4, statfs, writeFile as writeFile2 } from "node:fs/promises";
import { randomBytes as randomBytes2 } from "node:crypto";
import path7 from "node:path";
async function installEngine(options = {}) {
  const { from = "pypi", say = () => void 0, progress = () => void 0 } = options;
  const home = engineHome();
  const there = readInstalled(home);
  if (there) {
    say(`TensorFlow ${there.tensorflow} is in ${home} already (archc engine remove removes it)`);
    return there;
  }
  const target = targetOf();
  const compiler = await findCompiler();
  return interruptible(
    (signal) => diskErrors(home, async () => {
      const steps = { say, progress, signal };
      await mkdir3(path7.dirname(home), { recursive: true });
      const wait = (pid) => say(`another archc (process ${pid}) is installing TensorFlow: waiting for it`);
      const release = await takeLock(`${home}.lock`, wait, signal);
      try {
        const others = readInstalled(home);
        if (others) {
          say(`TensorFlow ${others.tensorflow} is there now`);
          return others;
        }
        await removeLeftovers(home);
        const source2 = await chooseSource(home, from, target);
        await checkSpace(path7.dirname(home), source2.bytes);
        const temporary = `${home}.tmp-${process.pid}-${randomBytes2(4).toString("hex")}`;
        try {
          const folder = path7.join(temporary, "engine");
          await mkdir3(folder, { recursive: true });
          const origin = await source2.fill(folder, temporary, steps);
          say(`compiling the addon with ${compiler.version}`);
          await compileAddon(folder, target, compiler, signal);
          const version2 = await probeAddon(folder, signal);
          if (version2 !== tensorflowVersion) {
            throw new UserError(
              `these libraries are TensorFlow ${version2}, and archc needs ${tensorflowVersion}`,
              "give the folder of that version"
            );
          }
          await writeManifest(folder, { ...origin, tensorflow: version2, compiler: compiler.version });
          await rename2(home, path7.join(temporary, "old")).catch((error2) => {
            if (error2.code !== "ENOENT") throw error2;
          });
          await rename2(folder, home);
        } finally {
          await rm4(temporary, { recursive: true, force: true });
        }
        const installed = readInstalled(home);
        if (!installed) throw new Error(`${home} is not whole right after its installation`);
        say(`TensorFlow ${installed.tensorflow} is in ${home} (${megabytes(installedBytes(installed))})`);
        return installed;
      } finally {
        await release();
      }
    })
  );
}
async function removeEngine() {
  const home = engineHome();
  const holder = await lockHolder(`${home}.lock`);
  if (holder)
    throw new UserError(
      `process ${holder.pid} on ${holder.host} is installing the engine`,
      "wait for it, or end it, and try again"
    );
  return diskErrors(home, async () => {
    const installed = readInstalled(home);
    await removeLeftovers(home);
    const there = await stat4(home).catch(() => void 0);
    if (!there) return void 0;
    const aside = `${home}.tmp-${process.pid}-${randomBytes2(4).toString("hex")}`;
    await rename2(home, aside);
    await rm4(aside, { recursive: true, force: true });
    return installed ? installedBytes(installed) : 0;
  });
}
async function writeManifest(folder, facts) {
  const files2 = {};
  for (const entry of await readdir3(path7.join(folder, "lib"))) {
    const name = path7.join("lib", entry);
    files2[name] = (await stat4(path7.join(folder, name))).size;
  }
  const manifest = { ...facts, date: (/* @__PURE__ */ new Date()).toISOString(), files: files2 };
  await writeFile2(path7.join(folder, manifestName), `${JSON.stringify(manifest, void 0, 2)}
`);
}
async function removeLeftovers(home) {
  const prefix = `${path7.basename(home)}.`;
  const names2 = await readdir3(path7.dirname(home)).catch(() => []);
  for (const name of names2) {
    const owner = name.startsWith(prefix) ? /^(?:tmp-|lock\.)(\d+)-[0-9a-f]+$/.exec(name.slice(prefix.length)) : void 0;
    if (!owner) continue;
    const file = path7.join(path7.dirname(home), name);
    const age = Date.now() - ((await stat4(file).catch(() => void 0))?.mtimeMs ?? 0);
    if (!isAlive(Number(owner[1])) || age > leftoverAfter) await rm4(file, { recursive: true, force: true });
  }
}
async function checkSpace(folder, needed) {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new UserError(
    `installing TensorFlow needs ${megabytes(needed)} of disk, and ${folder} has ${megabytes(free)} free`,
    "free some, or set ARCHC_CACHE to a folder on a larger disk"
  );
}
async function diskErrors(home, work) {
  try {
    return await work();
  } catch (error2) {
    const { code, message } = error2;
    if (error2 instanceof UserError || !/^E(NOSPC|DQUOT|ROFS|ACCES|PERM|IO|FBIG|NOTDIR|EXIST)$/.test(code ?? "")) throw error2;
    throw new UserError(
      `writing the engine to ${home} failed: ${message}`,
      "make room or set ARCHC_CACHE to a folder that you can write to",
      { cause: error2 }
    );
  }
}
async function interruptible(work) {
  const controller = new AbortController();
  const received = [];
  const onSignal = (name) => {
    received.push(name);
    controller.abort();
  };
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } catch (error2) {
    throw received.length ? new UserError("the installation was interrupted, and nothing is left of it", "run it again") : error2;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    if (received[0]) process.kill(process.pid, received[0]);
  }
}
var leftoverAfter;
var init_install = __esm({
  "src/runtime/engine/install.ts"() {
    "use strict";
    init_errors();
    init_addon();
    init_installed();
    init_lock();
    init_paths();
    init_progress();
    init_sources();
    leftoverAfter = 24 * 3600 * 1e3;
  }
});

// src/runtime/engine/load.ts
import Module from "node:module";
import os3 from "node:os";
import path8 from "node:path";
function tf() {
  return archcRequire("@tensorflow/tfjs");
}
async function loadEngine(options = {}) {
  const say = options.say ?? ((line) => void process.stderr.write(`${line}
`));
  if (options.name) return activate(options.name, say, options.install ?? true);
  if (loaded.active) return loaded.active;
  for (const name of ["tensorflow", "wasm"]) {
    try {
      return await activate(name, say, options.install ?? true);
    } catch (error2) {
      if (!(error2 instanceof UserError)) throw error2;
      say(`${name === "tensorflow" ? "TensorFlow" : "The wasm engine"} cannot be used: ${error2.message}`);
      if (error2.help) say(`  what to do: ${error2.help}`);
      say(
        name === "tensorflow" ? "going on with the wasm engine: slow, and it cannot train" : "going on with the cpu engine: very slow"
      );
    }
  }
  return activate("cpu", say, false);
}
function activeEngine() {
  return loaded.active;
}
async function activate(name, say, install) {
  let engine = loaded.engines.get(name);
  if (!engine) {
    engine = name === "tensorflow" ? loadTensorflow(say, install) : name === "wasm" ? loadWasm() : loadCpu();
    loaded.engines.set(name, engine);
    engine.catch(() => loaded.engines.delete(name));
  }
  const ready = await engine;
  if (tf().getBackend() !== name) await tf().setBackend(name);
  loaded.active = ready;
  return ready;
}
async function loadTensorflow(say, install) {
  const installed = readInstalled() ?? await firstUse(say, install);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  const addon = path8.join(installed.home, addonPath());
  try {
    requireTfjsNode(addon);
  } catch (error2) {
    if (error2.code !== "ERR_DLOPEN_FAILED") throw error2;
    throw new UserError(
      `TensorFlow in ${installed.home} does not load: ${error2.message}`,
      "install it anew: archc engine remove, then archc engine install",
      { cause: error2 }
    );
  }
  await tf().ready();
  const { isUsingGpuDevice } = tf().backend();
  const cores = os3.availableParallelism();
  const device = isUsingGpuDevice ? "GPU" : `CPU, ${cores} core${cores === 1 ? "" : "s"}`;
  const description = `TensorFlow ${installed.tensorflow} (${device}) through tfjs-node`;
  return { name: "tensorflow", version: installed.tensorflow, where: installed.home, description, trains: true };
}
async function firstUse(say, install) {
  if (!install) throw new UserError(`TensorFlow ${tensorflowVersion} is not installed`, "archc engine install");
  say(
    readLibraries() ? `TensorFlow ${tensorflowVersion} is here; its addon has to be compiled for this checkout` : `bringing TensorFlow ${tensorflowVersion}, once for this user (a download of about 274 MB)`
  );
  const shown3 = showProgress(say);
  const aloud = (line) => {
    shown3.end();
    say(line);
  };
  return installEngine({ from: "pypi", say: aloud, progress: shown3.take }).finally(shown3.end);
}
function requireTfjsNode(addon) {
  Object.assign(archcRequire("node:util"), {
    isNullOrUndefined: (value) => value === null || value === void 0
  });
  const entry = archcRequire.resolve("@tensorflow/tfjs-node-gpu");
  const finder = archcRequire.resolve("@mapbox/node-pre-gyp", { paths: [path8.dirname(entry)] });
  const { cache } = archcRequire;
  const before = cache[finder];
  cache[finder] = Object.assign(new Module(finder), { exports: { find: () => addon }, loaded: true });
  try {
    quietly(() => archcRequire(entry));
  } finally {
    if (before) cache[finder] = before;
    else Reflect.deleteProperty(cache, finder);
  }
}
async function loadWasm() {
  const entry = archcRequire.resolve("@tensorflow/tfjs-backend-wasm");
  const { version_wasm: version2 } = archcRequire(entry);
  if (!await tf().setBackend("wasm")) {
    throw new UserError("WebAssembly with SIMD does not start in this Node", "use --engine cpu, or Node 20 and newer");
  }
  const description = `tfjs WebAssembly ${version2} (CPU, one thread), for inference`;
  return { name: "wasm", version: version2, where: path8.dirname(entry), description, trains: false };
}
async function loadCpu() {
  const entry = archcRequire.resolve("@tensorflow/tfjs");
  const version2 = tf().version["tfjs-core"];
  await tf().setBackend("cpu");
  quietly(() => tf().scalar(0).dispose());
  const description = `tfjs ${version2} in plain JavaScript (CPU, one thread), very slow`;
  return { name: "cpu", version: version2, where: path8.dirname(entry), description, trains: true };
}
function quietly(work) {
  const env = tf().env();
  const before = env.getBool("IS_TEST");
  env.set("IS_TEST", true);
  try {
    work();
  } finally {
    env.set("IS_TEST", before);
  }
}
var engineNames, key, process_, loaded;
var init_load = __esm({
  "src/runtime/engine/load.ts"() {
    "use strict";
    init_errors();
    init_addon();
    init_install();
    init_installed();
    init_paths();
    init_progress();
    engineNames = ["tensorflow", "wasm", "cpu"];
    key = /* @__PURE__ */ Symbol.for("archc.engine");
    process_ = globalThis;
    loaded = process_[key] ??= { engines: /* @__PURE__ */ new Map() };
  }
});

// src/runtime/engine/measure.ts
import { performance as performance2 } from "node:perf_hooks";
function rate(flops, operation) {
  const { tidy: tidy3 } = tf();
  let best = Infinity;
  const end = performance2.now() + patience;
  for (let round = 0; round <= rounds && (round < 2 || performance2.now() < end); round++) {
    const start = performance2.now();
    tidy3(() => operation().flatten().slice(0, 1).dataSync());
    if (round > 0) best = Math.min(best, performance2.now() - start);
  }
  return flops / best / 1e6;
}
function measureRates(engine) {
  const { tidy: tidy3, randomNormal, matMul, conv2d } = tf();
  const size = engine.name === "cpu" ? 256 : 2048;
  const side = engine.name === "cpu" ? 8 : 64;
  const channels = 180;
  return tidy3(() => {
    const a = randomNormal([size, size]);
    const b = randomNormal([size, size]);
    const picture = randomNormal([1, side, side, channels]);
    const filter = randomNormal([3, 3, channels, channels]);
    return {
      matmul: { size, gflops: rate(2 * size ** 3, () => matMul(a, b)) },
      convolution: {
        channels,
        height: side,
        width: side,
        gflops: rate(2 * 9 * side * side * channels * channels, () => conv2d(picture, filter, 1, "same"))
      }
    };
  });
}
var rounds, patience;
var init_measure = __esm({
  "src/runtime/engine/measure.ts"() {
    "use strict";
    init_load();
    rounds = 7;
    patience = 3e3;
  }
});

// src/runtime/engine/status.ts
async function engineStatus(options = {}) {
  const installed = readInstalled();
  const notices = [];
  const engine = await loadEngine({ install: false, say: (line) => void notices.push(line) });
  return {
    tensorflow: {
      version: installed?.tensorflow ?? tensorflowVersion,
      where: engineHome(),
      bytes: installed ? installedBytes(installed) : 0,
      ...installed && { installed }
    },
    missing: installed ? [] : await missingForInstall(),
    engine,
    fallbacks: engineNames.slice(engineNames.indexOf(engine.name) + 1),
    notices,
    ...options.measure && { rates: measureRates(engine) }
  };
}
async function missingForInstall() {
  const checks = [async () => targetOf(), () => findCompiler(), () => findPip()];
  const missing = [];
  for (const check of checks) {
    await check().catch((error2) => {
      if (!(error2 instanceof UserError)) throw error2;
      missing.push({ what: error2.message, ...error2.help && { help: error2.help } });
    });
  }
  return missing;
}
var init_status = __esm({
  "src/runtime/engine/status.ts"() {
    "use strict";
    init_addon();
    init_installed();
    init_load();
    init_measure();
    init_paths();
    init_pip();
    init_errors();
  }
});

// src/runtime/engine/index.ts
var engine_exports = {};
__export(engine_exports, {
  activeEngine: () => activeEngine,
  cacheFolder: () => cacheFolder,
  engineHome: () => engineHome,
  engineNames: () => engineNames,
  engineStatus: () => engineStatus,
  installEngine: () => installEngine,
  loadEngine: () => loadEngine,
  measureRates: () => measureRates,
  removeEngine: () => removeEngine,
  showProgress: () => showProgress,
  tensorflowVersion: () => tensorflowVersion
});
var init_engine = __esm({
  "src/runtime/engine/index.ts"() {
    "use strict";
    init_load();
    init_install();
    init_status();
    init_measure();
    init_paths();
    init_progress();
  }
});

// src/compiler/diagnostics/catalogue.ts
function diagnostic(code, args, span, context2 = {}) {
  const entry = catalogue[code];
  return {
    code,
    severity: entry.severity,
    message: entry.message(args),
    primary: { span, label: context2.label ?? "" },
    related: context2.related ?? [],
    notes: context2.notes ?? [],
    ...context2.help !== void 0 && { help: context2.help },
    fixes: context2.fixes ?? []
  };
}
function fail(code, args, span, context2 = {}) {
  throw new Reported(diagnostic(code, args, span, context2));
}
var error, warning, near, catalogue, Reported;
var init_catalogue = __esm({
  "src/compiler/diagnostics/catalogue.ts"() {
    "use strict";
    error = (message) => ({ severity: "error", message });
    warning = (message) => ({ severity: "warning", message });
    near = (a) => a.near.length > 0 ? `; did you mean ${a.near.join(" or ")}?${a.accepted ? ` It takes ${a.accepted.join(", ")}` : ""}` : a.accepted && a.accepted.length > 0 ? `. It takes ${a.accepted.join(", ")}` : "";
    catalogue = {
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
      "attribute-value": error(
        (a) => `${a.name} is ${a.accepted}; not ${a.given}`
      ),
      "not-static": error((a) => `${a.name} must be known when compiling; it depends on ${a.on}`),
      "not-a-tensor": error((a) => `${a.what} takes a tensor, not ${a.given}`),
      "repeat-count": error(
        (a) => `repeat takes a count from 0 to 10000; ${a.written} is ${a.value}`
      ),
      "static-value": error((a) => a.problem),
      // shapes
      arity: error((a) => `${a.callee} takes ${a.takes} and is given ${a.given}`),
      "rank-mismatch": error(
        (a) => `${a.callee} takes ${a.takes}; ${a.name} is ${a.given}`
      ),
      "shape-mismatch": error((a) => a.problem),
      "shape-unknown": error((a) => `cannot show that ${a.claim}`),
      "not-divisible": error((a) => `${a.size} does not divide by ${a.by}${a.where}`),
      broadcast: error(
        (a) => `${a.operator} cannot pair ${a.left} with ${a.right} at ${a.axis}`
      ),
      "concat-axes": error(
        (a) => `concat joins axis ${a.axis}; axis ${a.other} differs: ${a.left} against ${a.right}`
      ),
      "pattern-mismatch": error((a) => a.problem),
      "window-too-large": error((a) => a.problem),
      "output-mismatch": error(
        (a) => `${a.name} is declared ${a.declared} and returned as ${a.returned}`
      ),
      "dtype-mismatch": error(
        (a) => `${a.callee} needs ${a.takes}; ${a.name} is ${a.given}`
      ),
      "mixed-pipeline": error(
        (a) => `${a.written} could be ${a.readings.join(" or ")}; write the one you mean`
      ),
      "return-missing": error((a) => `${a.name} has no return`),
      // slots and variants
      "slot-contract": error((a) => `the filler of ${a.slot} ${a.problem}`),
      "unknown-path": error((a) => `${a.owner} has no ${a.kind} ${a.name}${near(a)}`),
      "not-a-slot": error(
        (a) => `${a.name} is ${a.what}; only slots can be replaced. Slots: ${a.slots.join(", ")}`
      ),
      "edit-conflict": error(
        (a) => `${a.first} and ${a.second} both change ${a.path}`
      ),
      "variant-no-effect": error(
        (a) => `this variant equals ${a.base}: neither graph nor train nor evaluate changes`
      ),
      "variant-of-variant": error((_) => "a variant names a model; apply two variants together with --variant"),
      "lambda-arity": error(
        (a) => `${a.slot} has ${a.takes} inputs; the lambda names ${a.names}`
      ),
      "lambda-place": error((_) => "a lambda stands only as the filler of a slot or as its replacement"),
      // training and evaluation
      "unknown-field": error((a) => `${a.record} has no ${a.name}${near(a)}`),
      "missing-field": error((a) => `${a.record} needs ${a.name}`),
      "unbound-dim": error((a) => `${a.record} does not say how large ${a.dim} is`),
      "out-of-range": error(
        (a) => `${a.name} is in ${a.range}; ${a.given} is outside`
      ),
      "loss-shape": error((a) => `${a.callee} compares ${a.left} with ${a.right}`),
      "role-shape": error(
        (a) => `${a.role} are ${a.takes}; ${a.name} is ${a.given}`
      ),
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
    Reported = class extends Error {
      constructor(diagnostic2) {
        super(diagnostic2.message);
        this.diagnostic = diagnostic2;
      }
      diagnostic;
    };
  }
});

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
var init_suggest = __esm({
  "src/compiler/diagnostics/suggest.ts"() {
    "use strict";
  }
});

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
var init_graph = __esm({
  "src/compiler/ir/graph.ts"() {
    "use strict";
  }
});

// src/compiler/ops/op.ts
var isTensor, f32, i32, typed, axisOf;
var init_op = __esm({
  "src/compiler/ops/op.ts"() {
    "use strict";
    isTensor = (value) => typeof value === "object" && value !== null && value.kind === "tensor";
    f32 = (shape2) => ({ shape: shape2, dtype: "f32" });
    i32 = (shape2) => ({ shape: shape2, dtype: "i32" });
    typed = (shape2, dtype) => ({ shape: shape2, dtype });
    axisOf = (axis, rank) => axis < 0 ? axis + rank : axis;
  }
});

// src/compiler/shapes/polynomial.ts
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
function collect2(terms) {
  const byKey = /* @__PURE__ */ new Map();
  for (const term of terms) {
    const same = byKey.get(term.key);
    byKey.set(term.key, same ? { ...term, coefficient: same.coefficient + term.coefficient } : term);
  }
  return [...byKey.values()].filter((term) => term.coefficient !== 0).sort((a, b) => compareMonomials(a.atoms, b.atoms));
}
function fromTerms(terms) {
  const collected = collect2(terms);
  for (const { coefficient } of collected) {
    if (!Number.isSafeInteger(coefficient))
      throw new RangeError(`a size has the coefficient ${coefficient}, which is not an exact integer`);
  }
  return { terms: collected, key: collected.map(termKey).join("+") || "0" };
}
function termKey({ coefficient, key: key3 }) {
  if (key3 === "") return String(coefficient);
  return coefficient === 1 ? key3 : `${coefficient}*${key3}`;
}
function quotient(name, n) {
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`a size is divided by a positive integer, not by ${n}`);
  return n === 1 ? symbol(name) : fromAtom(quotientAtom(name, n));
}
function asInteger(size) {
  if (size.terms.length === 0) return 0;
  const [only] = size.terms;
  return size.terms.length === 1 && only.atoms.length === 0 ? only.coefficient : void 0;
}
function constantPart(size) {
  const last = size.terms.at(-1);
  return last && last.atoms.length === 0 ? last.coefficient : 0;
}
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
var plainName, nameKey, symbolAtom, quotientAtom, floorAtom, fromAtom, symbol, constant, add, scale, sub;
var init_polynomial = __esm({
  "src/compiler/shapes/polynomial.ts"() {
    "use strict";
    plainName = /^[\p{L}_][\p{L}\p{N}_.]*$/u;
    nameKey = (name) => plainName.test(name) ? name : JSON.stringify(name);
    symbolAtom = (name) => ({ kind: "symbol", name, depth: 0, key: nameKey(name) });
    quotientAtom = (name, by) => ({
      kind: "quotient",
      name,
      by,
      depth: 0,
      key: `${nameKey(name)}/${by}`
    });
    floorAtom = (of, by) => ({
      kind: "floor",
      of,
      by,
      depth: depthOf(of) + 1,
      key: `floor(${of.key}/${by})`
    });
    fromAtom = (atom) => fromTerms([makeTerm(1, [atom])]);
    symbol = (name) => fromAtom(symbolAtom(name));
    constant = (n) => fromTerms([makeTerm(n, [])]);
    add = (a, b) => fromTerms([...a.terms, ...b.terms]);
    scale = (size, by) => fromTerms(size.terms.map((term) => ({ ...term, coefficient: term.coefficient * by })));
    sub = (a, b) => add(a, scale(b, -1));
  }
});

// src/compiler/shapes/bounds.ts
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
    let product3 = { min: term.coefficient, max: term.coefficient };
    for (const atom of term.atoms) product3 = multiplyBounds(product3, atomBounds(atom));
    sum = { min: sum.min + product3.min, max: sum.max + product3.max };
  }
  return sum;
}
function multiplyBounds(a, b) {
  const corners2 = [times(a.min, b.min), times(a.min, b.max), times(a.max, b.min), times(a.max, b.max)];
  return { min: Math.min(...corners2), max: Math.max(...corners2) };
}
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
function without(term, atom) {
  const at = term.atoms.findIndex((other) => other.key === atom.key);
  return term.atoms.toSpliced(at, 1);
}
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
  return { terms: collect2(terms), denominator: sum.denominator * least.denominator };
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
      products = products.flatMap((product3) => by.terms.map((factor) => multiplyTerms(product3, factor)));
    }
    return products;
  });
  return { terms: collect2(terms), denominator: sum.denominator };
}
function aboveOne(sum) {
  const shifted = collect2(
    sum.terms.flatMap(
      (term) => term.atoms.reduce(
        (products, atom) => products.flatMap((product3) => [product3, multiplyTerms(product3, makeTerm(1, [atom]))]),
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
var mostExtremes, known, times, powerOf, neverNegative;
var init_bounds = __esm({
  "src/compiler/shapes/bounds.ts"() {
    "use strict";
    init_polynomial();
    mostExtremes = 4;
    known = /* @__PURE__ */ new WeakMap();
    times = (a, b) => a === 0 || b === 0 ? 0 : a * b;
    powerOf = (term, atom) => term.atoms.filter((other) => other.key === atom.key).length;
    neverNegative = (atoms) => atoms.every((atom) => atomBounds(atom).min >= 0);
  }
});

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
var init_size_format = __esm({
  "src/compiler/shapes/size-format.ts"() {
    "use strict";
    init_polynomial();
  }
});

// src/compiler/shapes/size-json.ts
function toJSON(size) {
  const value = asInteger(size);
  if (value !== void 0) return value;
  const [only] = size.terms;
  if (size.terms.length === 1 && only.coefficient === 1 && only.atoms.length === 1) return atomToJSON(only.atoms[0]);
  return ["+", ...size.terms.map((term) => [term.coefficient, ...term.atoms.map(atomToJSON)])];
}
function atomToJSON(atom) {
  switch (atom.kind) {
    case "symbol":
      return atom.name;
    case "quotient":
      return ["/", atom.name, atom.by];
    case "floor":
      return ["floor", toJSON(atom.of), atom.by];
    case "min":
    case "max":
      return [atom.kind, toJSON(atom.left), toJSON(atom.right)];
  }
}
function fromJSON(data) {
  if (typeof data === "number" && Number.isSafeInteger(data)) return constant(data);
  if (typeof data === "string") return symbol(data);
  if (Array.isArray(data)) {
    const [head, ...rest] = data;
    const [first, second] = rest;
    if (head === "+") return rest.map(termFromJSON).reduce(add, constant(0));
    if (rest.length === 2) {
      if (head === "/" && typeof first === "string" && isPositiveInteger(second)) return quotient(first, second);
      if (head === "floor" && isPositiveInteger(second)) return floorDiv(fromJSON(first), second);
      if (head === "min") return minimum(fromJSON(first), fromJSON(second));
      if (head === "max") return maximum(fromJSON(first), fromJSON(second));
    }
  }
  throw new TypeError(`not a size: ${JSON.stringify(data)}`);
}
function termFromJSON(data) {
  if (!Array.isArray(data) || !Number.isSafeInteger(data[0])) throw new TypeError(`not a term of a size: ${JSON.stringify(data)}`);
  const [coefficient, ...atoms] = data;
  return scale(atoms.map(fromJSON).reduce(mul, constant(1)), coefficient);
}
var isPositiveInteger;
var init_size_json = __esm({
  "src/compiler/shapes/size-json.ts"() {
    "use strict";
    init_bounds();
    init_polynomial();
    isPositiveInteger = (data) => Number.isSafeInteger(data) && Number(data) >= 1;
  }
});

// src/compiler/shapes/size.ts
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
    rest = collect2([...rest, ...by.terms.map((factor) => multiplyTerms(factor, less))]);
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
function evaluate(size, env) {
  return size.terms.reduce(
    (sum, term) => sum + term.atoms.reduce((product3, atom) => product3 * atomValue(atom, env), term.coefficient),
    0
  );
}
function atomValue(atom, env) {
  switch (atom.kind) {
    case "symbol":
    case "quotient": {
      const value = Object.hasOwn(env, atom.name) ? env[atom.name] : void 0;
      if (value === void 0) throw new RangeError(`the size ${atom.name} has no value`);
      return atom.kind === "symbol" ? value : value / atom.by;
    }
    case "floor":
      return Math.floor(evaluate(atom.of, env) / atom.by);
    case "min":
    case "max":
      return Math[atom.kind](evaluate(atom.left, env), evaluate(atom.right, env));
  }
}
function symbols(size) {
  return [...namesIn(size)].sort();
}
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
var ceilDiv, mod, names, key2;
var init_size = __esm({
  "src/compiler/shapes/size.ts"() {
    "use strict";
    init_bounds();
    init_polynomial();
    init_bounds();
    init_polynomial();
    init_size_format();
    init_size_json();
    ceilDiv = (size, n) => floorDiv(add(size, constant(n - 1)), n);
    mod = (size, n) => sub(size, scale(floorDiv(size, n), n));
    names = /* @__PURE__ */ new WeakMap();
    key2 = (size) => size.key;
  }
});

// src/compiler/syntax/tree.ts
var isRecord, pathText;
var init_tree = __esm({
  "src/compiler/syntax/tree.ts"() {
    "use strict";
    isRecord = (value) => "fields" in value;
    pathText = (path17) => path17.map((name) => name.text).join(".");
  }
});

// src/compiler/ops/source.ts
var counting, range, filled, ownWeight;
var init_source = __esm({
  "src/compiler/ops/source.ts"() {
    "use strict";
    init_size();
    init_op();
    counting = {
      name: "range",
      constant: true,
      results: ({ sizes }) => [i32(sizes["n"])],
      compute: (tf7, _inputs, _weights, { sizes }) => [tf7.range(0, sizes["n"][0], 1, "int32")]
    };
    range = {
      name: "range",
      summary: "0, 1, .. n - 1.",
      takes: [],
      gives: "i32[n]",
      attributes: {},
      build: (call) => call.emit(counting, [], { sizes: { n: [call.size("n")] } })[0],
      example: { inputs: { x: [4] }, code: "x * range(4)" }
    };
    filled = {
      name: "fill",
      constant: true,
      results: ({ sizes }) => [f32(sizes["shape"])],
      compute: (tf7, _inputs, _weights, { attributes: attributes2, sizes }) => [tf7.fill([...sizes["shape"]], attributes2["value"])]
    };
    ownWeight = {
      name: "weight",
      results: ({ weights }) => [f32(weights[0].shape.map(constant))],
      compute: (tf7, _inputs, [weight]) => [tf7.clone(weight)]
    };
  }
});

// src/compiler/elaborate/builder.ts
var Builder, callKey, initialiserText;
var init_builder = __esm({
  "src/compiler/elaborate/builder.ts"() {
    "use strict";
    init_source();
    init_size();
    Builder = class {
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
      fill(value, shape2, path17, span) {
        const [result] = this.emit(filled, [], { attributes: { value }, sizes: { shape: shape2 } }, path17, span);
        this.#fills.set(result.id, value);
        return result;
      }
      /** The number that a value is everywhere, if it is one. */
      constantOf(value) {
        return this.#fills.get(value.id);
      }
      emit(primitive, inputs, emission, path17, span) {
        const { attributes: attributes2 = {}, sizes = {}, weights = [] } = emission;
        const folded2 = this.#fold(primitive, inputs, emission, path17, span);
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
          path: path17,
          span
        });
        if (identity) this.#known.set(identity, results);
        return results;
      }
      graph() {
        return {
          inputs: [...this.#inputs],
          weights: [...this.#weights.values()],
          nodes: [...this.#nodes],
          values: [...this.#values],
          outputs: [],
          lets: new Map(this.lets)
        };
      }
      #value(type) {
        this.#values.push({ shape: type.shape, dtype: type.dtype });
        return { kind: "tensor", id: this.#values.length - 1, shape: type.shape, dtype: type.dtype };
      }
      #fold(primitive, inputs, emission, path17, span) {
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
          if (left === 0 || right === 0 || attributes2["left"] === 0 || attributes2["right"] === 0)
            return this.fill(0, result(), path17, span);
          if ((attributes2["left"] === 1 || attributes2["right"] === 1) && !b) return a;
          if (b && left === 1 && sameShape(b)) return b;
          if (b && right === 1 && sameShape(a)) return a;
        }
        if ((primitive.name === "add" || primitive.name === "subtract") && !b && attributes2["right"] === 0) return a;
        if (primitive.name === "add" && !b && attributes2["left"] === 0) return a;
        if (primitive.name === "rearrange" && left !== void 0) return this.fill(left, result(), path17, span);
        if ((primitive.name === "reduce_sum" || primitive.name === "reduce_mean" || primitive.name === "reduce_max") && left === 0)
          return this.fill(0, result(), path17, span);
        return void 0;
      }
    };
    callKey = (name, inputs, attributes2, sizes, weights) => {
      const written2 = Object.entries(sizes).map(([label, list]) => `${label}=${list.map(key2).join(",")}`);
      return `${name}(${inputs.map((input) => input.id).join(",")})${JSON.stringify(attributes2)}{${written2.join(";")}}[${weights.join(",")}]`;
    };
    initialiserText = (initialiser) => "std" in initialiser ? `${initialiser.kind}(std: ${initialiser.std})` : "bound" in initialiser ? `uniform(bound: ${initialiser.bound})` : "value" in initialiser ? String(initialiser.value) : initialiser.kind;
  }
});

// src/compiler/elaborate/values.ts
function fraction(numerator, denominator) {
  const divisor = gcd2(numerator, denominator) * Math.sign(denominator) || 1;
  const n = numerator / divisor;
  const d = denominator / divisor;
  return Number.isSafeInteger(n) && Number.isSafeInteger(d) ? { kind: "number", value: n / d, exact: [n, d] } : { kind: "number", value: numerator / denominator };
}
function written(text) {
  const [mantissa, exponent = "0"] = text.toLowerCase().split("e");
  const [whole, decimals = ""] = mantissa.split(".");
  const shift = Number(exponent) - decimals.length;
  const digits = Number(whole + decimals);
  if (!Number.isSafeInteger(digits) || Math.abs(shift) > 15) return { kind: "number", value: Number(text) };
  return shift >= 0 ? fraction(digits * 10 ** shift, 1) : fraction(digits, 10 ** -shift);
}
function sizeValue(size) {
  const known3 = asInteger(size);
  return known3 === void 0 ? { kind: "size", size } : real(known3);
}
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
var gcd2, real, isInteger, shapeText;
var init_values = __esm({
  "src/compiler/elaborate/values.ts"() {
    "use strict";
    init_builder();
    init_size();
    gcd2 = (a, b) => b === 0 ? Math.abs(a) : gcd2(b, a % b);
    real = (value) => Number.isSafeInteger(value) ? { kind: "number", value, exact: [value, 1] } : { kind: "number", value };
    isInteger = (value) => value.kind === "number" && Number.isSafeInteger(value.value);
    shapeText = (value) => `${value.dtype === "i32" ? "i32" : ""}[${value.shape.map(format).join(", ")}]`;
  }
});

// src/compiler/elaborate/static.ts
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
      if (!quotient2)
        fail("not-divisible", { size: format(a), by: format(b), where: "" }, span, {
          help: "floor(a / b) or ceil(a / b) says what is meant"
        });
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
    const [m, e] = right.exact;
    switch (operator) {
      case "+":
        return fraction(n * e + m * d, d * e);
      case "-":
        return fraction(n * e - m * d, d * e);
      case "*":
        return fraction(n * m, d * e);
      case "/":
        return fraction(n * e, d * m);
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
function staticCall(name, values, span) {
  const takes = (count2) => {
    if (values.length !== count2)
      fail("arity", { callee: name, takes: `${count2} ${count2 === 1 ? "value" : "values"}`, given: values.length }, span);
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
var isScalar, asSize, oneArgument, staticFunctions;
var init_static = __esm({
  "src/compiler/elaborate/static.ts"() {
    "use strict";
    init_catalogue();
    init_size();
    init_values();
    isScalar = (value) => value.kind === "number" || value.kind === "size";
    asSize = (value) => value.kind === "size" ? value.size : Number.isSafeInteger(value.value) ? constant(value.value) : void 0;
    oneArgument = {
      sqrt: Math.sqrt,
      floor: Math.floor,
      ceil: Math.ceil,
      round: Math.round,
      log2: Math.log2,
      exp: Math.exp,
      abs: Math.abs
    };
    staticFunctions = [...Object.keys(oneArgument), "min", "max", "pow", "sum", "product", "length"];
  }
});

// src/compiler/elaborate/attributes.ts
function readInitialiser(name, expression, evaluate3) {
  const bad = (given) => fail("attribute-value", { name, accepted: initialiserNames.join(", "), given }, expression.span);
  if (expression.kind === "name" && expression.name in initialisers) {
    if (initialisers[expression.name].attribute) bad(`${expression.name} without ${initialisers[expression.name].attribute}`);
    return { kind: expression.name };
  }
  if (expression.kind === "call" && expression.callee.text in initialisers) return initialiserCall(expression, evaluate3);
  if (expression.kind === "call") bad(expression.callee.text);
  const value = evaluate3(expression);
  return value.kind === "initialiser" ? value.initialiser : bad(show(value));
}
function initialiserCall(call, evaluate3) {
  const kind = call.callee.text;
  const { attribute } = initialisers[kind];
  if (!attribute) {
    if (call.arguments.length > 0) fail("arity", { callee: kind, takes: "nothing", given: call.arguments.length }, call.span);
    return { kind };
  }
  const [argument] = call.arguments;
  if (!argument || call.arguments.length !== 1) fail("missing-attribute", { callee: kind, name: attribute }, call.span);
  if (argument.name && argument.name.text !== attribute)
    fail(
      "unknown-attribute",
      { callee: kind, name: argument.name.text, near: nearest(argument.name.text, [attribute]), accepted: [attribute] },
      argument.name.span
    );
  if (!argument.name) fail("missing-attribute", { callee: kind, name: `${attribute}: before its value` }, argument.span);
  const value = evaluate3(argument.value);
  if (value.kind !== "number" || value.value < 0)
    fail("attribute-type", { name: attribute, takes: "a number of at least 0", given: show(value) }, argument.value.span);
  return { kind, [attribute]: value.value };
}
function readAttribute(name, spec, expression, evaluate3) {
  if (expression.kind === "lambda") fail("lambda-place", {}, expression.span);
  if (spec.type === "init") return readInitialiser(name, expression, evaluate3);
  const accepted = spec.words ?? [];
  if (expression.kind === "name" && accepted.includes(expression.name)) return expression.name;
  if (spec.type === "word") {
    const given = expression.kind === "name" ? expression.name : show(evaluate3(expression));
    return fail("attribute-value", { name, accepted: accepted.join(" or "), given }, expression.span);
  }
  if (spec.type === "padding" && expression.kind === "name" && nearest(expression.name, accepted).length > 0 && expression.name !== name)
    fail("attribute-value", { name, accepted: typeNames["padding"], given: expression.name }, expression.span);
  const value = evaluate3(expression);
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
function readParameter(name, type, list, expression, evaluate3) {
  const bad = (takes, value2) => fail("attribute-type", { name, takes, given: show(value2) }, expression.span);
  if (type === "init" && !list) return { kind: "initialiser", initialiser: readInitialiser(name, expression, evaluate3) };
  const value = evaluate3(expression);
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
var initialisers, initialiserNames, typeNames, parameterTypes;
var init_attributes = __esm({
  "src/compiler/elaborate/attributes.ts"() {
    "use strict";
    init_catalogue();
    init_suggest();
    init_static();
    init_values();
    initialisers = {
      default: {},
      zeros: {},
      ones: {},
      normal: { attribute: "std" },
      truncated_normal: { attribute: "std" },
      uniform: { attribute: "bound" }
    };
    initialiserNames = Object.keys(initialisers);
    typeNames = {
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
    parameterTypes = ["int", "real", "bool", "pair", "init"];
  }
});

// src/compiler/ops/tfjs-tools.ts
function withGradient(tf7, inputs, forward, backward) {
  return tf7.customGrad((...parts) => {
    const save = parts.at(-1);
    const { value, keep } = forward(parts.slice(0, -1));
    save(keep);
    return { value, gradFunc: (dy, kept) => backward(dy, kept) };
  })(...inputs);
}
function gatherRows(tf7, table, index) {
  const flat = index.reshape([-1]);
  const [rows, width] = table.shape;
  const picked = withGradient(
    tf7,
    [table],
    ([values]) => ({ value: tf7.gather(values, flat, 0), keep: [flat] }),
    (dy, [kept]) => [tf7.unsortedSegmentSum(dy, kept, rows)]
  );
  return picked.reshape([...index.shape, width]);
}
function sliceAxis(tf7, x, axis, from, count2) {
  const begin = x.shape.map((_, at) => at === axis ? from : 0);
  const size = x.shape.map((length, at) => at === axis ? count2 : length);
  return tf7.slice(x, begin, size);
}
function reflectAxis(tf7, x, axis, before, after) {
  if (before === 0 && after === 0) return x;
  const length = x.shape[axis];
  const parts = [x];
  if (before > 0) parts.unshift(tf7.reverse(sliceAxis(tf7, x, axis, 1, before), axis));
  if (after > 0) parts.push(tf7.reverse(sliceAxis(tf7, x, axis, length - 1 - after, after), axis));
  return tf7.concat(parts, axis);
}
var untaped, batchMatMul, zeroPad;
var init_tfjs_tools = __esm({
  "src/compiler/ops/tfjs-tools.ts"() {
    "use strict";
    untaped = (tf7, compute) => tf7.customGrad((anchor) => ({
      value: compute(),
      gradFunc: () => tf7.zerosLike(anchor)
    }))(tf7.scalar(0));
    batchMatMul = (tf7, a, b, transposeB = false) => tf7.matMul(a, b, false, transposeB);
    zeroPad = (tf7, x, top, bottom, left, right, value = 0) => top === 0 && bottom === 0 && left === 0 && right === 0 ? x : tf7.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]], value);
  }
});

// src/compiler/ops/convolution.ts
function dilated(tf7, kernel, dilation) {
  return [0, 1].reduce((spread, axis) => {
    const length = spread.shape[axis];
    if (dilation === 1 || length === 1) return spread;
    const shape2 = spread.shape.with(axis, length * dilation);
    const apart = [...spread.shape.slice(0, axis + 1), 1, ...spread.shape.slice(axis + 1)];
    const gaps = tf7.zeros(apart.with(axis + 1, dilation - 1));
    const wide2 = tf7.concat([spread.reshape(apart), gaps], axis + 1).reshape(shape2);
    return sliceAxis(tf7, wide2, axis, 0, (length - 1) * dilation + 1);
  }, kernel);
}
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
var windowed, pair, convolution, conv, pixel_shuffle, rearrangement, isOne;
var init_convolution = __esm({
  "src/compiler/ops/convolution.ts"() {
    "use strict";
    init_size();
    init_op();
    init_tfjs_tools();
    windowed = (length, kernel, stride, pad2, dilation = 1) => add(floorDiv(add(length, constant(2 * pad2 - dilation * (kernel - 1) - 1)), stride), constant(1));
    pair = (value) => value;
    convolution = {
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
      compute(tf7, [x], [kernel, bias], { attributes: attributes2 }) {
        const [padY, padX] = pair(attributes2["pad"]);
        const stride = attributes2["stride"];
        const dilation = attributes2["dilation"];
        const groups = attributes2["groups"];
        const [rows, columns] = pair(attributes2["kernel"]);
        const same = attributes2["mode"] === "zero" && stride === 1 && 2 * padY === dilation * (rows - 1) && 2 * padX === dilation * (columns - 1);
        const padded = same ? x : attributes2["mode"] === "reflect" ? reflectAxis(tf7, reflectAxis(tf7, x, 1, padY, padY), 2, padX, padX) : zeroPad(tf7, x, padY, padY, padX, padX);
        const convolve = (part2, weights) => tf7.conv2d(part2, dilated(tf7, weights, dilation), stride, same ? "same" : "valid", "NHWC");
        const y = groups === 1 ? convolve(padded, kernel) : tf7.concat(
          tf7.split(padded, groups, 3).map((part2, at) => convolve(part2, tf7.split(kernel, groups, 3)[at])),
          3
        );
        return [bias ? tf7.add(y, bias) : y];
      }
    };
    conv = {
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
        const fits = (length, kernel, p2, axis) => {
          const span = dilation * (kernel - 1) + 1;
          if (mode === "reflect") call.requireAtLeast(length, p2 + 1, `reflect pad of ${p2} needs ${axis} of at least ${p2 + 1}`);
          else
            call.requireAtLeast(length, span - 2 * p2, `a kernel of ${kernel} with pad ${p2} needs ${axis} of at least ${span - 2 * p2}`);
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
    pixel_shuffle = {
      name: "pixel_shuffle",
      summary: "Channels become pixels: by * by channels make a square (PyTorch\u2019s channel order).",
      takes: ["x: [B, h, w, c * by * by]"],
      gives: "[B, by * h, by * w, c]",
      attributes: { by: { type: "int", least: 1, about: "factor along both picture axes" } },
      build(call) {
        const x = call.requireRank(0, 4, "[B, h, w, c]");
        const by = call.int("by");
        const [batch, height, width, channels] = x.shape;
        const count2 = call.static(channels, "the channels of its input");
        if (count2 % (by * by) !== 0)
          call.fail("not-divisible", { size: `c = ${count2}`, by: `by * by = ${by * by}`, where: "" }, call.inputSpans[0]);
        const split3 = [batch, height, width, constant(count2 / (by * by)), constant(by), constant(by)];
        return call.emit(rearrangement, [x], {
          attributes: { permute: [0, 1, 4, 2, 5, 3] },
          sizes: { split: split3, merge: [batch, mul(height, constant(by)), mul(width, constant(by)), constant(count2 / (by * by))] }
        })[0];
      },
      example: { inputs: { x: [1, 2, 3, 8] }, code: "pixel_shuffle(x, by: 2)" }
    };
    rearrangement = {
      name: "rearrange",
      results: ({ inputs, sizes }) => [{ shape: sizes["merge"], dtype: inputs[0].dtype }],
      compute(_tf, [x], _weights, { attributes: attributes2, sizes }) {
        const permute = attributes2["permute"];
        const apart = x.reshape([...sizes["split"]]);
        const moved = permute.every((axis, at) => axis === at) ? apart : apart.transpose([...permute]);
        return [moved.reshape([...sizes["merge"]])];
      }
    };
    isOne = (size) => asInteger(size) === 1;
  }
});

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
function scalar(call, side) {
  return call.attributes[side] ?? call.sizes[`${side}Size`]?.[0];
}
var wholeQuotient, formulas, arithmetic, arithmeticNamed, operatorNames, writtenAs, cast;
var init_arithmetic = __esm({
  "src/compiler/ops/arithmetic.ts"() {
    "use strict";
    init_size();
    init_convolution();
    init_op();
    init_tfjs_tools();
    wholeQuotient = (tf7, a, b) => untaped(tf7, () => a.dtype === "int32" ? tf7.floorDiv(a, b) : tf7.floor(tf7.div(a, b)));
    formulas = {
      add: { written: "+", formula: (tf7, a, b) => tf7.add(a, b) },
      subtract: { written: "-", formula: (tf7, a, b) => tf7.sub(a, b) },
      multiply: { written: "*", formula: (tf7, a, b) => tf7.mul(a, b) },
      divide: { written: "/", formula: (tf7, a, b) => tf7.div(a, b) },
      floor_divide: { written: "floor(a / b)", formula: (tf7, a, b) => tf7.floorDiv(a, b) },
      remainder: { written: "%", formula: (tf7, a, b) => tf7.sub(a, tf7.mul(wholeQuotient(tf7, a, b), b)) },
      minimum: { written: "min", formula: (tf7, a, b) => tf7.minimum(a, b) },
      maximum: { written: "max", formula: (tf7, a, b) => tf7.maximum(a, b) }
    };
    arithmetic = Object.entries(formulas).map(([name, { formula }]) => ({
      name,
      results({ inputs }) {
        const [a, b] = inputs;
        if (!b) return [a];
        const joined = broadcast(a.shape, b.shape);
        if (!("shape" in joined)) throw new Error(`${name}: shapes do not pair`);
        return [typed(joined.shape, a.dtype)];
      },
      compute(tf7, inputs, _weights, call) {
        const dtype = inputs[0].dtype;
        const left = scalar(call, "left");
        const right = scalar(call, "right");
        const a = left === void 0 ? inputs[0] : tf7.scalar(left, dtype);
        const b = right === void 0 ? inputs.at(-1) : tf7.scalar(right, dtype);
        return [formula(tf7, a, b)];
      }
    }));
    arithmeticNamed = (name) => arithmetic.find((primitive) => primitive.name === name);
    operatorNames = {
      "+": "add",
      "-": "subtract",
      "*": "multiply",
      "/": "divide",
      "%": "remainder",
      min: "minimum",
      max: "maximum"
    };
    writtenAs = (name) => formulas[name].written;
    cast = {
      name: "to_f32",
      results: ({ inputs }) => [typed(inputs[0].shape, "f32")],
      compute: (tf7, [x]) => [tf7.cast(x, "float32")]
    };
  }
});

// src/compiler/ops/activation.ts
var gelu, abs, elementwise, elementwisePrimitives, negation, elementwiseOps, sharedSlope, prelu, normalExponential, softmax, stochasticDepth, drop_path;
var init_activation = __esm({
  "src/compiler/ops/activation.ts"() {
    "use strict";
    init_size();
    init_op();
    init_tfjs_tools();
    gelu = (tf7, x) => withGradient(
      tf7,
      [x],
      ([input]) => {
        const below = tf7.mul(tf7.add(tf7.erf(tf7.mul(input, Math.SQRT1_2)), 1), 0.5);
        return { value: tf7.mul(input, below), keep: [input, below] };
      },
      (dy, [input, below]) => {
        const density = tf7.mul(tf7.exp(tf7.mul(tf7.square(input), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return [tf7.mul(dy, tf7.add(below, tf7.mul(input, density)))];
      }
    );
    abs = (tf7, x) => x.dtype === "int32" ? tf7.abs(x) : withGradient(
      tf7,
      [x],
      ([input]) => ({ value: tf7.abs(input), keep: [input] }),
      (dy, [input]) => [tf7.mul(dy, tf7.sign(input))]
    );
    elementwise = {
      relu: { summary: "max(x, 0)", formula: (tf7, x) => tf7.relu(x) },
      gelu: { summary: "x times the normal distribution function of x (exact, by erf).", formula: gelu },
      leaky_relu: {
        summary: "x where it is positive, slope * x elsewhere.",
        attributes: { slope: { type: "real", about: "the factor below zero" } },
        formula: (tf7, x, { slope }) => tf7.leakyRelu(x, slope),
        example: "leaky_relu(x, slope: 0.1)"
      },
      sigmoid: { summary: "1 / (1 + exp(-x))", formula: (tf7, x) => tf7.sigmoid(x) },
      tanh: { summary: "Hyperbolic tangent.", formula: (tf7, x) => tf7.tanh(x) },
      sin: { summary: "Sine, x in radians.", formula: (tf7, x) => tf7.sin(x) },
      cos: { summary: "Cosine, x in radians.", formula: (tf7, x) => tf7.cos(x) },
      exp: { summary: "e to the power of x.", formula: (tf7, x) => tf7.exp(x) },
      log: { summary: "Natural logarithm.", formula: (tf7, x) => tf7.log(x), example: "log(exp(x) + 1)" },
      sqrt: { summary: "Square root.", formula: (tf7, x) => tf7.sqrt(x), example: "sqrt(exp(x) + 1)" },
      abs: { summary: "Absolute value; its gradient at 0 is 0.", formula: abs, integer: true },
      floor: { summary: "Largest integer not above x; no gradient.", formula: (tf7, x) => untaped(tf7, () => tf7.floor(x)) },
      negate: { summary: "The opposite.", formula: (tf7, x) => tf7.neg(x), integer: true },
      detach: { summary: "x, through which no gradient flows.", formula: (tf7, x) => untaped(tf7, () => tf7.clone(x)), integer: true },
      clamp: {
        summary: "x, not below min and not above max.",
        attributes: { min: { type: "real", about: "lower bound" }, max: { type: "real", about: "upper bound" } },
        formula: (tf7, x, { min, max }) => x.dtype === "int32" ? tf7.minimum(tf7.maximum(x, tf7.scalar(min, "int32")), tf7.scalar(max, "int32")) : tf7.clipByValue(x, min, max),
        integer: true,
        example: "clamp(x, min: -0.5, max: 0.5)"
      }
    };
    elementwisePrimitives = Object.entries(elementwise).map(([name, { formula }]) => ({
      name,
      results: ({ inputs }) => [inputs[0]],
      compute: (tf7, [x], _weights, { attributes: attributes2 }) => [formula(tf7, x, attributes2)]
    }));
    negation = elementwisePrimitives.find((primitive) => primitive.name === "negate");
    elementwiseOps = Object.entries(elementwise).filter(([name]) => name !== "negate").map(([name, { summary: summary3, attributes: attributes2 = {}, integer, example }]) => ({
      name,
      summary: summary3,
      takes: ["x: [..]"],
      gives: "[..]",
      attributes: attributes2,
      build(call) {
        const x = integer ? call.inputs[0] : call.requireFloat(0);
        const values = Object.fromEntries(Object.keys(attributes2).map((key3) => [key3, call.real(key3)]));
        return call.emit(
          elementwisePrimitives.find((primitive) => primitive.name === name),
          [x],
          { attributes: values }
        )[0];
      },
      example: { inputs: { x: [2, 3, 4] }, code: example ?? `${name}(x)` }
    }));
    sharedSlope = {
      name: "prelu",
      results: ({ inputs }) => [inputs[0]],
      compute: (tf7, [x], [slope]) => [tf7.add(tf7.relu(x), tf7.mul(slope, tf7.neg(tf7.relu(tf7.neg(x)))))]
    };
    prelu = {
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
    normalExponential = {
      name: "softmax",
      results: ({ inputs }) => [inputs[0]],
      compute(tf7, [x], _weights, { attributes: attributes2 }) {
        const axis = attributes2["axis"];
        const rank = x.shape.length;
        if (axis === rank - 1) return [tf7.softmax(x)];
        const order = [...x.shape.keys()].filter((at) => at !== axis).concat(axis);
        const back = order.map((_, at) => order.indexOf(at));
        return [tf7.softmax(x.transpose(order)).transpose(back)];
      }
    };
    softmax = {
      name: "softmax",
      summary: "Exponentials along an axis, divided by their sum.",
      takes: ["x: [..]"],
      gives: "[..]",
      attributes: { axis: { type: "int", least: -8, about: "the axis that sums to 1; -1 is the last" } },
      build(call) {
        const x = call.requireFloat(0);
        const axis = axisOf(call.int("axis"), x.shape.length);
        if (axis < 0 || axis >= x.shape.length)
          call.fail(
            "attribute-value",
            { name: "axis", accepted: `an axis of ${x.shape.length}`, given: String(call.int("axis")) },
            call.spanOf("axis")
          );
        return call.emit(normalExponential, [x], { attributes: { axis } })[0];
      },
      example: { inputs: { x: [2, 3, 4] }, code: "softmax(x, axis: -1)" }
    };
    stochasticDepth = {
      name: "drop_path",
      random: true,
      results: ({ inputs }) => [inputs[0]],
      compute(tf7, [x], _weights, { attributes: attributes2, training, draw }) {
        const rate2 = attributes2["rate"];
        if (!training || rate2 === 0) return [tf7.clone(x)];
        const keep = draw(x.shape[0]).map((u) => u < 1 - rate2 ? 1 / (1 - rate2) : 0);
        return [tf7.mul(x, tf7.tensor(keep, [keep.length, ...x.shape.slice(1).map(() => 1)]))];
      }
    };
    drop_path = {
      name: "drop_path",
      summary: "Stochastic depth: in training, each sample is dropped with probability rate, the others scaled by 1 / (1 - rate).",
      takes: ["x: [B, ..]"],
      gives: "[B, ..]",
      attributes: { rate: { type: "real", least: 0, about: "probability, below 1" } },
      build(call) {
        const x = call.requireFloat(0);
        const rate2 = call.real("rate");
        if (rate2 >= 1)
          call.fail("attribute-value", { name: "rate", accepted: "from 0 to below 1", given: String(rate2) }, call.spanOf("rate"));
        if (rate2 === 0 || asInteger(x.shape[0]) === 0) return x;
        return call.emit(stochasticDepth, [x], { attributes: { rate: rate2 } })[0];
      },
      example: { inputs: { x: [2, 3] }, code: "drop_path(x, rate: 0.1)" }
    };
  }
});

// src/compiler/ops/reduce.ts
var formulas2, reductions, reductionNamed, reductionOps;
var init_reduce = __esm({
  "src/compiler/ops/reduce.ts"() {
    "use strict";
    init_size();
    init_op();
    formulas2 = {
      mean: { about: "Mean", formula: (tf7, x, axes, keep) => tf7.mean(x, axes, keep) },
      sum: { about: "Sum", formula: (tf7, x, axes, keep) => tf7.sum(x, axes, keep) },
      max: { about: "Largest value", formula: (tf7, x, axes, keep) => tf7.max(x, axes, keep) }
    };
    reductions = Object.entries(formulas2).map(([name, { formula }]) => ({
      name: `reduce_${name}`,
      results({ inputs, attributes: attributes2 }) {
        const axes = attributes2["axes"];
        const shape2 = attributes2["keep"] ? inputs[0].shape.map((size, at) => axes.includes(at) ? constant(1) : size) : inputs[0].shape.filter((_, at) => !axes.includes(at));
        return [typed(shape2, inputs[0].dtype)];
      },
      compute: (tf7, [x], _weights, { attributes: attributes2 }) => [
        formula(tf7, x, [...attributes2["axes"]], attributes2["keep"])
      ]
    }));
    reductionNamed = (name) => reductions.find((primitive) => primitive.name === `reduce_${name}`);
    reductionOps = Object.entries(formulas2).map(([name, { about }]) => ({
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
          call.fail(
            "attribute-value",
            { name: "axis", accepted: `from ${-x.shape.length} to ${x.shape.length - 1}`, given: String(outside2) },
            call.spanOf("axis")
          );
        return call.emit(reductionNamed(name), [x], { attributes: { axes, keep: call.bool("keep") } })[0];
      },
      example: { inputs: { x: [2, 3, 4] }, code: `${name}(x, axis: 1)` }
    }));
  }
});

// src/compiler/ops/implicit.ts
function axisCorners(tf7, query, extended, shifts) {
  const sides = shifts.map((shift) => {
    const moved = tf7.clipByValue(tf7.add(query, Math.fround(shift / extended + tieBreak)), -1 + tieBreak, 1 - tieBreak);
    const row = tf7.clipByValue(tf7.round(tf7.div(tf7.sub(tf7.mul(tf7.add(moved, 1), extended), 1), 2)), 0, extended - 1);
    const centre = tf7.add(tf7.mul(row, Math.fround(2 / extended)), Math.fround(-1 + 1 / extended));
    return { row, offset: tf7.mul(tf7.sub(query, centre), extended) };
  });
  if (sides.length === 1) return { sides, weights: [tf7.onesLike(query)] };
  const [first, second] = sides.map((side) => tf7.abs(side.offset));
  const total = tf7.add(first, second);
  const share = tf7.where(tf7.greater(total, 0), tf7.div(second, tf7.maximum(total, 1e-30)), tf7.onesLike(total).mul(0.5));
  return { sides, weights: [share, tf7.sub(1, share)] };
}
function cornersOp(name, count2, summary3) {
  return {
    name,
    summary: summary3,
    takes: ["coord: [B, q, 2]", "cell: [B, q, 2]", "lr: [B, h, w, c]", "f: [B, H, W, d]"],
    gives: `(index: i32[B, q, ${count2}], offset: [B, q, ${count2}, 2], cell: [B, q, ${count2}, 2], weight: [B, q, ${count2}])`,
    attributes: {},
    build(call) {
      const coord = call.requireRank(0, 3, "[B, q, 2]");
      const cell = call.requireRank(1, 3, "[B, q, 2]");
      const lr = call.requireRank(2, 4, "[B, h, w, c]");
      const f = call.requireRank(3, 4, "[B, H, W, d]");
      for (const [at, value] of [
        [0, coord],
        [1, cell]
      ]) {
        call.requireFloat(at);
        call.requireEqual(
          value.shape[2],
          constant(2),
          () => `${name} takes (row, column) pairs; this has ${format(value.shape[2])}`,
          call.inputSpans[at]
        );
      }
      for (const [at, value] of [
        [1, cell],
        [2, lr],
        [3, f]
      ])
        call.requireEqual(
          value.shape[0],
          coord.shape[0],
          () => `coord has ${format(coord.shape[0])} samples and ${["", "cell", "lr", "f"][at]} has ${format(value.shape[0])}`,
          call.inputSpans[at]
        );
      call.requireEqual(
        coord.shape[1],
        cell.shape[1],
        () => `coord has ${format(coord.shape[1])} queries and cell has ${format(cell.shape[1])}`,
        call.inputSpans[1]
      );
      const [index, offset, scaled, weight] = call.emit(ensembleCorners, [coord, cell], {
        attributes: { count: count2 },
        sizes: { picture: [lr.shape[1], lr.shape[2]], map: [f.shape[1], f.shape[2]] }
      });
      return { index, offset, cell: scaled, weight };
    },
    example: {
      inputs: { x: [1, 4, 5, 2] },
      code: `${name}(range(1) * rearrange(mean(x, axis: [1, 2]), "B n -> B 1 n"), rearrange(mean(x, axis: [1, 2]), "B n -> B 1 n"), x, x)`
    }
  };
}
var tieBreak, column, ensembleCorners, corners, nearest2, taking, requireIndex, take, takingAlong, take_along, shown, ensemble;
var init_implicit = __esm({
  "src/compiler/ops/implicit.ts"() {
    "use strict";
    init_size();
    init_arithmetic();
    init_convolution();
    init_reduce();
    init_op();
    init_tfjs_tools();
    tieBreak = 1e-6;
    column = (x, at) => x.slice([0, 0, at], [-1, -1, 1]).squeeze([2]);
    ensembleCorners = {
      name: "corners",
      constant: true,
      results({ inputs, attributes: attributes2 }) {
        const [batch, queries] = inputs[0].shape;
        const count2 = constant(attributes2["count"]);
        return [
          i32([batch, queries, count2]),
          f32([batch, queries, count2, constant(2)]),
          f32([batch, queries, count2, constant(2)]),
          f32([batch, queries, count2])
        ];
      },
      compute(tf7, inputs, _weights, { attributes: attributes2, sizes }) {
        const [coord, cell] = inputs.map((input) => untaped(tf7, () => tf7.clone(input)));
        const [height, width] = sizes["picture"];
        const [extendedHeight, extendedWidth] = sizes["map"];
        const shifts = attributes2["count"] === 4 ? [-1, 1] : [0];
        return tf7.tidy(() => {
          const framed = (at, length, extended) => {
            const query = column(coord, at);
            return length === extended ? query : tf7.sub(tf7.mul(tf7.add(query, 1), length / extended), 1);
          };
          const y = axisCorners(tf7, framed(0, height, extendedHeight), extendedHeight, shifts);
          const x = axisCorners(tf7, framed(1, width, extendedWidth), extendedWidth, shifts);
          const pairs = y.sides.flatMap((_, row) => x.sides.map((_side, at) => [row, at]));
          const index = pairs.map(([row, at]) => tf7.add(tf7.mul(y.sides[row].row, extendedWidth), x.sides[at].row));
          const offset = pairs.map(([row, at]) => tf7.stack([y.sides[row].offset, x.sides[at].offset], 2));
          const weight = pairs.map(([row, at]) => tf7.mul(y.weights[row], x.weights[at]));
          const scaled = tf7.mul(cell, tf7.tensor([height, width]));
          return [
            tf7.cast(tf7.stack(index, 2), "int32"),
            tf7.stack(offset, 2),
            tf7.stack(pairs.map(() => scaled), 2),
            tf7.stack(weight, 2)
          ];
        });
      }
    };
    corners = cornersOp(
      "corners",
      4,
      "The four cells around each query, with offsets in cells, the cell in cells, and mixing weights."
    );
    nearest2 = cornersOp("nearest", 1, "The cell nearest to each query: corners with an axis of 1.");
    taking = {
      name: "take",
      results: ({ inputs }) => [f32([...inputs[1].shape, inputs[0].shape[3]])],
      compute(tf7, [x, index]) {
        const [batch, height, width, channels] = x.shape;
        const flat = x.reshape([batch * height * width, channels]);
        if (batch === 1) return [gatherRows(tf7, flat, index)];
        const start = tf7.range(0, batch, 1, "int32").mul(tf7.scalar(height * width, "int32")).reshape([batch, ...index.shape.slice(1).map(() => 1)]);
        return [gatherRows(tf7, flat, tf7.add(index, start))];
      }
    };
    requireIndex = (call, at) => {
      const index = call.inputs[at];
      if (index.dtype !== "i32")
        call.fail(
          "dtype-mismatch",
          { callee: call.callee, takes: "an i32 index", name: "the index", given: "f32" },
          call.inputSpans[at]
        );
      return index;
    };
    take = {
      name: "take",
      summary: "The vectors of a map at positions that `corners` or `nearest` gave.",
      takes: ["x: [B, H, W, c]", "index: i32[B, ..]"],
      gives: "[B, .., c]",
      attributes: {},
      build(call) {
        const x = call.requireRank(0, 4, "[B, H, W, c]");
        call.requireFloat(0);
        const index = requireIndex(call, 1);
        call.requireEqual(
          x.shape[0],
          index.shape[0],
          () => `the map has ${format(x.shape[0])} samples and the index ${format(index.shape[0])}`,
          call.inputSpans[1]
        );
        return call.emit(taking, [x, index])[0];
      },
      example: { inputs: { x: [1, 4, 5, 2] }, code: 'take(x, rearrange(range(6), "q -> 1 q"))' }
    };
    takingAlong = {
      name: "take_along",
      results: ({ inputs }) => [f32([...inputs[1].shape, inputs[0].shape.at(-1)])],
      compute(tf7, [x, index]) {
        const width = x.shape.at(-1);
        const [batch, rows] = x.shape;
        const inner = x.shape.slice(2, -1).reduce((product3, size) => product3 * size, 1);
        const flatIndex = index.reshape([batch, index.shape[1], inner]);
        const start = tf7.range(0, batch, 1, "int32").mul(tf7.scalar(rows * inner, "int32")).reshape([batch, 1, 1]);
        const lane = tf7.range(0, inner, 1, "int32").reshape([1, 1, inner]);
        const position = tf7.add(tf7.add(tf7.mul(flatIndex, tf7.scalar(inner, "int32")), start), lane);
        return [gatherRows(tf7, x.reshape([batch * rows * inner, width]), position).reshape([...index.shape, width])];
      }
    };
    take_along = {
      name: "take_along",
      summary: "Along one axis, the vector that the index names, for each position of the others.",
      takes: ["x: [B, k, .., d]", "index: i32[B, q, ..]"],
      gives: "[B, q, .., d]",
      attributes: { axis: { type: "int", standard: 1, least: 1, about: "the axis that the index counts; 1" } },
      build(call) {
        const x = call.requireFloat(0);
        const index = requireIndex(call, 1);
        if (call.int("axis") !== 1)
          call.fail("attribute-value", { name: "axis", accepted: "1", given: String(call.int("axis")) }, call.spanOf("axis"));
        if (x.shape.length < 3 || index.shape.length !== x.shape.length - 1)
          call.fail(
            "rank-mismatch",
            { callee: "take_along", takes: "x [B, k, .., d] and index [B, q, ..]", name: "the index", given: shown(index.shape) },
            call.inputSpans[1]
          );
        index.shape.forEach((size, at) => {
          if (at !== 1)
            call.requireEqual(
              size,
              x.shape[at],
              () => `axis ${at} of the index is ${format(size)}, of x ${format(x.shape[at])}`,
              call.inputSpans[1]
            );
        });
        return call.emit(takingAlong, [x, index])[0];
      },
      example: { inputs: { x: [1, 4, 3] }, code: 'take_along(x, rearrange(range(4) % 3, "q -> 1 q"), axis: 1)' }
    };
    shown = (shape2) => `[${shape2.map(format).join(", ")}]`;
    ensemble = {
      name: "ensemble",
      summary: "Mixes the corners by their weights.",
      takes: ["x: [B, q, t, c]", "weight: [B, q, t]"],
      gives: "[B, q, c]",
      attributes: {},
      build(call) {
        const x = call.requireRank(0, 4, "[B, q, t, c]");
        const weight = call.requireRank(1, 3, "[B, q, t]");
        call.requireFloat(0);
        call.requireFloat(1);
        weight.shape.forEach(
          (size, at) => call.requireEqual(
            size,
            x.shape[at],
            () => `axis ${at} of the weights is ${format(size)}, of x ${format(x.shape[at])}`,
            call.inputSpans[1]
          )
        );
        const shape2 = [...weight.shape, constant(1)];
        const spread = call.emit(rearrangement, [weight], {
          attributes: { permute: [0, 1, 2, 3] },
          sizes: { split: shape2, merge: shape2 }
        })[0];
        const weighted = call.emit(arithmeticNamed("multiply"), [x, spread])[0];
        return call.emit(reductionNamed("sum"), [weighted], { attributes: { axes: [2], keep: false } })[0];
      },
      example: { inputs: { x: [1, 3, 4, 2] }, code: "ensemble(x, mean(x, axis: 3))" }
    };
  }
});

// src/compiler/shapes/pattern.ts
function* tokenize(pattern) {
  for (const match of pattern.matchAll(/->|[\p{L}_][\p{L}\p{N}_]*|\p{N}+|\.+|\S/gu)) {
    const [text] = match;
    const place = { text, start: match.index, end: match.index + text.length };
    if (text === "(" || text === ")" || text === "," || text === "->") yield { kind: text, ...place };
    else yield { kind: /^[\p{L}_]/u.test(text) ? "name" : /^\p{N}/u.test(text) ? "number" : "other", ...place };
  }
}
function parsePattern(pattern) {
  const inputs = [[]];
  let output;
  let open4;
  for (const token of tokenize(pattern)) {
    const side = output ?? inputs.at(-1);
    const { start, end, text } = token;
    if (open4 && (token.kind === "->" || token.kind === ",")) return syntaxError("( is never closed", open4);
    switch (token.kind) {
      case "name":
        if (open4) open4.axes.push({ name: text, start, end });
        else side.push({ kind: "axis", axes: [{ name: text, start, end }], start, end });
        break;
      case "number":
        if (text !== "1")
          return syntaxError(`a size is not written in the pattern: name the axis and give it as an attribute, n: ${text}`, token);
        if (open4) return syntaxError("an axis of 1 stands outside parentheses", token);
        side.push({ kind: "one", axes: [], start, end });
        break;
      case "(":
        if (open4) return syntaxError("parentheses do not nest", token);
        open4 = { axes: [], start, end };
        break;
      case ")":
        if (!open4) return syntaxError(") closes nothing", token);
        if (open4.axes.length === 0) return syntaxError("( ) is empty; an axis of 1 is written 1", { start: open4.start, end });
        side.push({ kind: "composite", axes: open4.axes, start: open4.start, end });
        open4 = void 0;
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
  if (open4) return syntaxError("( is never closed", open4);
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
  const count2 = parsed.inputs.length;
  return syntaxError(`einsum takes 2 tensors and the pattern has ${count2}`, { start: 0, end: pattern.indexOf("->") });
}
function placeOf(groups) {
  return { start: groups[0]?.start ?? 0, end: groups.at(-1)?.end ?? 0 };
}
function repeated(axes, where) {
  const again = axes.find((axis, i) => axes.findIndex((other) => other.name === axis.name) < i);
  return again && mismatch(`axis ${again.name} stands twice ${where}`, again);
}
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
var syntaxError, isError, axesOf, mismatch, without2, plural, rankMismatch, product;
var init_pattern = __esm({
  "src/compiler/shapes/pattern.ts"() {
    "use strict";
    init_size();
    syntaxError = (message, { start, end }) => ({ kind: "pattern-syntax", message, start, end });
    isError = (result) => "message" in result;
    axesOf = (groups) => groups.flatMap((group) => group.axes);
    mismatch = (message, { start, end }) => ({ kind: "pattern-mismatch", message, start, end });
    without2 = (axes, others) => axes.find((axis) => others.every((other) => other.name !== axis.name));
    plural = (count2) => count2 === 1 ? "1 axis" : `${count2} axes`;
    rankMismatch = (groups, operand, rank) => groups.length === rank ? void 0 : mismatch(`the pattern has ${plural(groups.length)} and ${operand} has ${rank}`, placeOf(groups));
    product = (sizes) => sizes.reduce(mul, constant(1));
  }
});

// src/compiler/ops/layout.ts
function patternProblem(call, problem) {
  const { span } = call.pattern;
  const inside = problem.start === void 0 ? span : { file: span.file, start: span.start + 1 + problem.start, end: span.start + 1 + (problem.end ?? problem.start + 1) };
  if (problem.kind === "pattern-syntax") call.fail("pattern-syntax", { problem: problem.message }, inside);
  if (problem.kind === "shape-unknown")
    call.fail("shape-unknown", { claim: problem.message.replace(/^cannot show that /, "") }, inside);
  if (problem.kind === "shape-mismatch") call.fail("shape-mismatch", { problem: problem.message }, inside);
  if (problem.kind === "not-divisible") {
    const { size, by } = problem;
    call.fail("not-divisible", { size: format(size), by: format(by), where: ` in the pattern` }, inside);
  }
  call.fail("pattern-mismatch", { problem: problem.message }, inside);
}
function readAxis(call, rank) {
  const written2 = call.int("axis");
  const axis = axisOf(written2, rank);
  if (axis < 0 || axis >= rank)
    call.fail(
      "attribute-value",
      { name: "axis", accepted: `from ${-rank} to ${rank - 1}`, given: String(written2) },
      call.spanOf("axis")
    );
  return axis;
}
function border(call, x, sides) {
  if (sides.every((side) => asInteger(side) === 0)) return x;
  return call.emit(bordering, [x], { attributes: { mode: call.word("mode") }, sizes: { border: sides } })[0];
}
var one, rearrange, contraction, einsum, joining, concat, shown2, slicing, slice, split, withoutAxis, unstack, bordering, modes, pad, pad_to, crop, rolling, roll, neighbourhoods, unfold;
var init_layout = __esm({
  "src/compiler/ops/layout.ts"() {
    "use strict";
    init_size();
    init_pattern();
    init_convolution();
    init_op();
    init_tfjs_tools();
    one = constant(1);
    rearrange = {
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
    contraction = {
      name: "einsum",
      results: ({ sizes }) => [f32(sizes["output"])],
      multiplyAdds: ({ sizes }) => [...sizes["batch"], ...sizes["left"], ...sizes["right"], ...sizes["inner"]].reduce(mul, one),
      compute(tf7, [a, b], _weights, { attributes: attributes2, sizes }) {
        const product3 = (list) => list.reduce((total, size) => total * size, 1);
        const { batch, left, right, inner } = sizes;
        const bring = (x, order, summed, shape2) => {
          const total = summed === 0 ? x : tf7.sum(
            x.transpose([...order]),
            Array.from({ length: summed }, (_, at) => order.length - 1 - at)
          );
          return (summed === 0 ? total.transpose([...order]) : total).reshape(shape2);
        };
        const first = bring(a, attributes2["leftOrder"], attributes2["leftSummed"], [
          product3(batch),
          product3(left),
          product3(inner)
        ]);
        const second = bring(b, attributes2["rightOrder"], attributes2["rightSummed"], [
          product3(batch),
          product3(right),
          product3(inner)
        ]);
        const y = batchMatMul(tf7, first, second, true).reshape([...batch, ...left, ...right]);
        return [y.transpose([...attributes2["outputOrder"]])];
      }
    };
    einsum = {
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
    joining = {
      name: "concat",
      results({ inputs, attributes: attributes2 }) {
        const axis = attributes2["axis"];
        const total = inputs.map((input) => input.shape[axis]).reduce(add);
        return [
          typed(
            inputs[0].shape.map((size, at) => at === axis ? total : size),
            inputs[0].dtype
          )
        ];
      },
      compute: (tf7, inputs, _weights, { attributes: attributes2 }) => [tf7.concat([...inputs], attributes2["axis"])]
    };
    concat = {
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
            call.fail(
              "rank-mismatch",
              { callee: "concat", takes: `tensors of ${first.shape.length} axes`, name: `tensor ${index + 2}`, given: shown2(other) },
              span
            );
          if (other.dtype !== first.dtype)
            call.fail(
              "dtype-mismatch",
              { callee: "concat", takes: "one dtype", name: `tensor ${index + 2}`, given: other.dtype },
              span
            );
          first.shape.forEach((size, at) => {
            if (at === axis) return;
            call.requireEqual(
              size,
              other.shape[at],
              () => `concat joins axis ${axis}; axis ${at} differs: ${format(size)} against ${format(other.shape[at])}`,
              span
            );
          });
        });
        return others.length === 0 ? first : call.emit(joining, call.inputs, { attributes: { axis } })[0];
      },
      example: { inputs: { x: [2, 3] }, code: "concat(x, 2 * x, axis: -1)" }
    };
    shown2 = (value) => `[${value.shape.map(format).join(", ")}]`;
    slicing = {
      name: "slice",
      results: ({ inputs, attributes: attributes2, sizes }) => [
        typed(
          inputs[0].shape.map((size, at) => at === attributes2["axis"] ? sizes["count"][0] : size),
          inputs[0].dtype
        )
      ],
      compute: (tf7, [x], _weights, { attributes: attributes2, sizes }) => [
        sliceAxis(tf7, x, attributes2["axis"], sizes["from"][0], sizes["count"][0])
      ]
    };
    slice = (call, x, axis, from, count2) => call.emit(slicing, [x], { attributes: { axis }, sizes: { from: [from], count: [count2] } })[0];
    split = {
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
        call.requireEqual(
          total,
          x.shape[axis],
          () => `the pieces make ${format(total)} and axis ${axis} has ${format(x.shape[axis])}`,
          call.spanOf("sizes")
        );
        let from = constant(0);
        return pieces.map((count2) => {
          const piece2 = slice(call, x, axis, from, count2);
          from = add(from, count2);
          return piece2;
        });
      },
      example: { inputs: { x: [2, 5] }, code: "split(x, sizes: [2, 3], axis: -1)" }
    };
    withoutAxis = (call, x, axis) => {
      const shape2 = x.shape.filter((_, at) => at !== axis);
      return call.emit(rearrangement, [x], {
        attributes: { permute: shape2.map((_, at) => at) },
        sizes: { split: shape2, merge: shape2 }
      })[0];
    };
    unstack = {
      name: "unstack",
      summary: "Takes an axis apart: one tensor for each of its positions.",
      takes: ["x: [..]"],
      gives: "one tensor a position, without the axis",
      attributes: { axis: { type: "int", least: -8, about: "the axis that is taken apart" } },
      build(call) {
        const x = call.inputs[0];
        const axis = readAxis(call, x.shape.length);
        const count2 = call.static(x.shape[axis], `axis ${axis} of its input`);
        return Array.from({ length: count2 }, (_, at) => withoutAxis(call, slice(call, x, axis, constant(at), one), axis));
      },
      example: { inputs: { x: [2, 3] }, code: "unstack(x, axis: 0)" }
    };
    bordering = {
      name: "pad",
      results({ inputs, sizes }) {
        const [batch, height, width, channels] = inputs[0].shape;
        const [top, bottom, left, right] = sizes["border"];
        return [typed([batch, add(height, add(top, bottom)), add(width, add(left, right)), channels], inputs[0].dtype)];
      },
      compute(tf7, [x], _weights, { attributes: attributes2, sizes }) {
        const [top, bottom, left, right] = sizes["border"];
        if (attributes2["mode"] === "zero") return [tf7.clone(zeroPad(tf7, x, top, bottom, left, right))];
        return [tf7.clone(reflectAxis(tf7, reflectAxis(tf7, x, 1, top, bottom), 2, left, right))];
      }
    };
    modes = ["zero", "reflect"];
    pad = {
      name: "pad",
      summary: "Adds rows and columns around a picture.",
      takes: ["x: [B, h, w, c]"],
      gives: "[B, h + top + bottom, w + left + right, c]",
      attributes: {
        top: { type: "int", standard: 0, least: 0, about: "rows above" },
        bottom: { type: "int", standard: 0, least: 0, about: "rows below" },
        left: { type: "int", standard: 0, least: 0, about: "columns before" },
        right: { type: "int", standard: 0, least: 0, about: "columns behind" },
        mode: {
          type: "word",
          words: modes,
          standard: "zero",
          about: "what stands there: zeros, or the picture mirrored without its edge"
        }
      },
      build(call) {
        const x = call.requireRank(0, 4, "[B, h, w, c]");
        const sides = ["top", "bottom", "left", "right"].map((side) => call.int(side));
        if (call.word("mode") === "reflect") {
          const most = [Math.max(sides[0], sides[1]), Math.max(sides[2], sides[3])];
          most.forEach(
            (p2, at) => p2 > 0 && call.requireAtLeast(
              x.shape[at + 1],
              p2 + 1,
              `reflect pad of ${p2} needs ${at === 0 ? "its height" : "its width"} of at least ${p2 + 1}`
            )
          );
        }
        return border(call, x, sides.map(constant));
      },
      example: { inputs: { x: [1, 4, 5, 2] }, code: "pad(x, top: 1, left: 2, mode: reflect)" }
    };
    pad_to = {
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
            call.requireAtLeast(
              sub(length, missing),
              1,
              `reflect pad to a multiple of ${multiple} needs ${at === 0 ? "a height" : "a width"} larger than what is added`
            );
          }
          return missing;
        });
        return border(call, x, [constant(0), added[0], constant(0), added[1]]);
      },
      example: { inputs: { x: [1, 5, 6, 2] }, code: "pad_to(x, multiple: 4, mode: reflect)" }
    };
    crop = {
      name: "crop",
      summary: "The top left part of a picture.",
      takes: ["x: [B, H, W, c]"],
      gives: "[B, to[0], to[1], c]",
      attributes: { to: { type: "sizes", about: "height and width that stay" } },
      build(call) {
        let x = call.requireRank(0, 4, "[B, H, W, c]");
        const to = call.sizes("to");
        if (to.length !== 2)
          call.fail(
            "attribute-value",
            { name: "to", accepted: "a height and a width", given: `${to.length} sizes` },
            call.spanOf("to")
          );
        to.forEach((length, at) => {
          const axis = at + 1;
          call.requireAtLeast(sub(x.shape[axis], length), 0, `crop to ${format(length)} needs axis ${axis} of at least that`);
          x = slice(call, x, axis, constant(0), length);
        });
        return x;
      },
      example: { inputs: { x: [1, 5, 6, 2] }, code: "crop(x, to: [3, 4])" }
    };
    rolling = {
      name: "roll",
      results: ({ inputs }) => [inputs[0]],
      compute(tf7, [x], _weights, { attributes: attributes2 }) {
        const by = attributes2["by"];
        const axes = attributes2["axes"];
        let y = x;
        axes.forEach((axis, at) => {
          const length = y.shape[axis];
          const shift = (by[at] % length + length) % length;
          if (shift !== 0)
            y = tf7.concat([sliceAxis(tf7, y, axis, length - shift, shift), sliceAxis(tf7, y, axis, 0, length - shift)], axis);
        });
        return [y === x ? tf7.clone(y) : y];
      }
    };
    roll = {
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
        if (by.length !== axes.length)
          call.fail(
            "attribute-value",
            { name: "by", accepted: `one number for each of ${axes.length} axes`, given: `${by.length} numbers` },
            call.spanOf("by")
          );
        const outside2 = axes.find((axis) => axis >= x.shape.length);
        if (outside2 !== void 0)
          call.fail(
            "attribute-value",
            { name: "axes", accepted: `from 0 to ${x.shape.length - 1}`, given: String(outside2) },
            call.spanOf("axes")
          );
        return by.every((shift) => shift === 0) ? x : call.emit(rolling, [x], { attributes: { by, axes } })[0];
      },
      example: { inputs: { x: [1, 5, 6, 2] }, code: "roll(x, by: [-2, 1], axes: [1, 2])" }
    };
    neighbourhoods = {
      name: "unfold",
      results({ inputs, attributes: attributes2 }) {
        const kernel = attributes2["kernel"];
        const [batch, height, width, channels] = inputs[0].shape;
        return [f32([batch, height, width, constant(kernel * kernel), channels])];
      },
      compute(tf7, [x], _weights, { attributes: attributes2 }) {
        const kernel = attributes2["kernel"];
        const p2 = (kernel - 1) / 2;
        const padded = attributes2["pad"] === "reflect" ? reflectAxis(tf7, reflectAxis(tf7, x, 1, p2, p2), 2, p2, p2) : zeroPad(tf7, x, p2, p2, p2, p2);
        const [batch, height, width, channels] = x.shape;
        const windows = [];
        for (let row = 0; row < kernel; row += 1)
          for (let column2 = 0; column2 < kernel; column2 += 1)
            windows.push(tf7.slice(padded, [0, row, column2, 0], [batch, height, width, channels]));
        return [tf7.stack(windows, 3)];
      }
    };
    unfold = {
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
        if (kernel % 2 === 0)
          call.fail("attribute-value", { name: "kernel", accepted: "odd", given: String(kernel) }, call.spanOf("kernel"));
        const p2 = (kernel - 1) / 2;
        if (call.word("pad") === "reflect" && p2 > 0)
          [1, 2].forEach(
            (axis) => call.requireAtLeast(
              x.shape[axis],
              p2 + 1,
              `reflect pad of ${p2} needs ${axis === 1 ? "its height" : "its width"} of at least ${p2 + 1}`
            )
          );
        return call.emit(neighbourhoods, [x], { attributes: { kernel, pad: call.word("pad") } })[0];
      },
      example: { inputs: { x: [1, 4, 5, 2] }, code: "unfold(x, kernel: 3, pad: reflect)" }
    };
  }
});

// src/compiler/ops/linear.ts
var one2, dense, linear, normalisation, layer_norm, storedNormalisation, batch_norm, tableLookup, lookup;
var init_linear = __esm({
  "src/compiler/ops/linear.ts"() {
    "use strict";
    init_size();
    init_op();
    init_tfjs_tools();
    one2 = constant(1);
    dense = {
      name: "linear",
      results: ({ inputs, weights }) => [f32([...inputs[0].shape.slice(0, -1), constant(weights[0].shape[1])])],
      multiplyAdds: ({ inputs, weights }) => mul(inputs[0].shape.slice(0, -1).reduce(mul, one2), constant(weights[0].shape[0] * weights[0].shape[1])),
      compute(tf7, [x], [kernel, bias]) {
        const [width, out] = kernel.shape;
        const y = tf7.matMul(x.reshape([-1, width]), kernel);
        return [(bias ? tf7.add(y, bias) : y).reshape([...x.shape.slice(0, -1), out])];
      }
    };
    linear = {
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
    normalisation = {
      name: "layer_norm",
      results: ({ inputs }) => [inputs[0]],
      compute(tf7, [x], [scale2, shift], { attributes: attributes2 }) {
        const epsilon = attributes2["epsilon"];
        const width = scale2.shape[0];
        const flat = x.reshape([-1, width]);
        const y = withGradient(
          tf7,
          [flat, scale2, shift],
          ([input, gain, offset]) => {
            const centred = tf7.sub(input, tf7.mean(input, 1, true));
            const inverse = tf7.rsqrt(tf7.add(tf7.mean(tf7.square(centred), 1, true), epsilon));
            const normal = tf7.mul(centred, inverse);
            return { value: tf7.add(tf7.mul(normal, gain), offset), keep: [normal, inverse, gain] };
          },
          (dy, [normal, inverse, gain]) => {
            const weighted = tf7.mul(dy, gain);
            const along = tf7.mul(normal, tf7.mean(tf7.mul(weighted, normal), 1, true));
            const dx = tf7.mul(inverse, tf7.sub(tf7.sub(weighted, tf7.mean(weighted, 1, true)), along));
            return [dx, tf7.sum(tf7.mul(dy, normal), 0), tf7.sum(dy, 0)];
          }
        );
        return [y.reshape(x.shape)];
      }
    };
    layer_norm = {
      name: "layer_norm",
      summary: "Normalises the last axis to mean 0 and variance 1, then scales and shifts it.",
      takes: ["x: [.., c]"],
      gives: "[.., c]",
      ownsWeights: true,
      attributes: { epsilon: { type: "real", standard: 1e-5, least: 0, about: "added to the variance" } },
      build(call) {
        const x = call.requireFloat(0);
        if (x.shape.length === 0) call.requireRank(0, 1, "[.., c]");
        const channels = call.static(x.shape.at(-1), "the last axis of its input");
        const weights = [call.weight("scale", [channels], { kind: "ones" }), call.weight("shift", [channels], { kind: "zeros" })];
        return call.emit(normalisation, [x], { attributes: { epsilon: call.real("epsilon") }, weights })[0];
      },
      example: { inputs: { x: [2, 3, 6] }, code: "layer_norm(x)" }
    };
    storedNormalisation = {
      name: "batch_norm",
      results: ({ inputs }) => [inputs[0]],
      compute(tf7, [x], [scale2, shift, mean, variance], { attributes: attributes2 }) {
        const factor = tf7.mul(scale2, tf7.rsqrt(tf7.add(variance, attributes2["epsilon"])));
        return [tf7.add(tf7.mul(tf7.sub(x, mean), factor), shift)];
      }
    };
    batch_norm = {
      name: "batch_norm",
      summary: "Normalises each channel by stored statistics, which are saved and loaded but neither trained nor counted.",
      takes: ["x: [.., c]"],
      gives: "[.., c]",
      ownsWeights: true,
      attributes: { epsilon: { type: "real", standard: 1e-5, least: 0, about: "added to the variance" } },
      build(call) {
        const x = call.requireFloat(0);
        if (x.shape.length === 0) call.requireRank(0, 1, "[.., c]");
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
    tableLookup = {
      name: "lookup",
      results: ({ inputs }) => [f32([...inputs[1].shape, inputs[0].shape[1]])],
      compute: (tf7, [table, index]) => [gatherRows(tf7, table, index)]
    };
    lookup = {
      name: "lookup",
      summary: "Rows of a table.",
      takes: ["table: [n, c]", "index: i32[..]"],
      gives: "[.., c]",
      attributes: {},
      build(call) {
        const table = call.requireRank(0, 2, "[n, c]");
        call.requireFloat(0);
        const index = call.inputs[1];
        if (index.dtype !== "i32")
          call.fail(
            "dtype-mismatch",
            { callee: "lookup", takes: "an i32 index", name: "its second tensor", given: "f32" },
            call.inputSpans[1]
          );
        return call.emit(tableLookup, [table, index])[0];
      },
      example: { inputs: { x: [4, 3] }, code: "lookup(x, range(4) % 3)" }
    };
  }
});

// src/compiler/ops/loss.ts
var difference, meanAbsolute, meanSquare, loss, l1, mse;
var init_loss = __esm({
  "src/compiler/ops/loss.ts"() {
    "use strict";
    init_size();
    init_op();
    init_tfjs_tools();
    difference = (tf7, inputs, right) => tf7.sub(inputs[0], right ?? inputs[1]);
    meanAbsolute = {
      name: "l1",
      results: () => [f32([])],
      compute: (tf7, inputs, _weights, { attributes: attributes2 }) => [
        withGradient(
          tf7,
          [difference(tf7, inputs, attributes2["right"])],
          ([delta]) => ({ value: tf7.mean(tf7.abs(delta)), keep: [delta] }),
          (dy, [delta]) => [tf7.mul(tf7.sign(delta), tf7.div(dy, delta.size))]
        )
      ]
    };
    meanSquare = {
      name: "mse",
      results: () => [f32([])],
      compute: (tf7, inputs, _weights, { attributes: attributes2 }) => [
        tf7.mean(tf7.square(difference(tf7, inputs, attributes2["right"])))
      ]
    };
    loss = (primitive, summary3) => ({
      name: primitive.name,
      summary: summary3,
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
            call.fail("loss-shape", {
              callee: primitive.name,
              left: `[${a.shape.map(format).join(", ")}]`,
              right: `[${b.shape.map(format).join(", ")}]`
            });
        }
        return call.emit(primitive, call.inputs, b ? {} : { attributes: { right: call.real("right") } })[0];
      },
      example: { inputs: { x: [2, 3] }, code: `${primitive.name}(x, 2 * x)` }
    });
    l1 = loss(meanAbsolute, "Mean absolute difference.");
    mse = loss(meanSquare, "Mean squared difference.");
  }
});

// src/compiler/ops/match.ts
function bestRows(tf7, a, b) {
  const queries = a.shape[1];
  const keys = b.shape[1];
  const scores = [];
  const indices = [];
  for (let from = 0; from < queries; from += queryBlock) {
    const [score, index] = tf7.tidy(() => {
      const part2 = sliceAxis(tf7, a, 1, from, Math.min(queryBlock, queries - from));
      let best;
      let at;
      for (let key3 = 0; key3 < keys; key3 += keyBlock) {
        const alike = batchMatMul(tf7, part2, sliceAxis(tf7, b, 1, key3, Math.min(keyBlock, keys - key3)), true);
        const value = tf7.max(alike, 2);
        const position = tf7.add(tf7.argMax(alike, 2), tf7.scalar(key3, "int32"));
        alike.dispose();
        if (!best || !at) [best, at] = [value, position];
        else {
          const better = tf7.greater(value, best);
          [best, at] = [tf7.where(better, value, best), tf7.where(better, position, at)];
        }
      }
      return [best, at];
    });
    scores.push(score);
    indices.push(index);
  }
  return scores.length === 1 ? { score: scores[0], index: indices[0] } : { score: tf7.concat(scores, 1), index: tf7.concat(indices, 1) };
}
var keyBlock, queryBlock, lanesFirst, unit, matching, best_match;
var init_match = __esm({
  "src/compiler/ops/match.ts"() {
    "use strict";
    init_size();
    init_op();
    init_tfjs_tools();
    keyBlock = 1024;
    queryBlock = 4096;
    lanesFirst = (x) => {
      const [batch, rows, lanes, width] = x.shape;
      return lanes === 1 ? x.reshape([batch, rows, width]) : x.transpose([0, 2, 1, 3]).reshape([batch * lanes, rows, width]);
    };
    unit = (tf7, x) => {
      const length = tf7.sqrt(tf7.sum(tf7.square(x), -1, true));
      return tf7.div(x, tf7.maximum(length, 1e-12));
    };
    matching = {
      name: "best_match",
      results({ inputs }) {
        const shape2 = inputs[0].shape.slice(0, -1);
        return [f32(shape2), i32(shape2)];
      },
      multiplyAdds({ inputs }) {
        return mul(inputs[0].shape.reduce(mul, constant(1)), inputs[1].shape[1]);
      },
      compute(tf7, [a, b]) {
        const [batch, queries] = a.shape;
        const lanes = a.shape.slice(2, -1).reduce((product3, size) => product3 * size, 1);
        const width = a.shape.at(-1);
        const keys = b.shape[1];
        const pixel = unit(tf7, a.reshape([batch, queries, lanes, width]));
        const texture = unit(tf7, b.reshape([batch, keys, lanes, width]));
        const index = untaped(tf7, () => {
          const best = bestRows(tf7, lanesFirst(pixel), lanesFirst(texture)).index;
          return best.reshape([batch, lanes, queries]).transpose([0, 2, 1]);
        });
        const start = tf7.range(0, batch, 1, "int32").mul(tf7.scalar(keys * lanes, "int32")).reshape([batch, 1, 1]);
        const lane = tf7.range(0, lanes, 1, "int32").reshape([1, 1, lanes]);
        const position = tf7.add(tf7.add(tf7.mul(index, tf7.scalar(lanes, "int32")), start), lane);
        const chosen = gatherRows(tf7, texture.reshape([batch * keys * lanes, width]), position);
        const shape2 = a.shape.slice(0, -1);
        return [tf7.sum(tf7.mul(pixel, chosen), -1).reshape(shape2), index.reshape(shape2)];
      }
    };
    best_match = {
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
        if (call.int("over") !== 1)
          call.fail("attribute-value", { name: "over", accepted: "1", given: String(call.int("over")) }, call.spanOf("over"));
        if (a.shape.length < 3 || a.shape.length !== b.shape.length)
          call.fail(
            "rank-mismatch",
            {
              callee: "best_match",
              takes: "a [B, q, .., d] and b [B, k, .., d]",
              name: "b",
              given: `[${b.shape.map(format).join(", ")}]`
            },
            call.inputSpans[1]
          );
        a.shape.forEach((size, at) => {
          const other = b.shape[at];
          if (at !== 1 && compare(size, other) !== "equal")
            call.requireEqual(
              size,
              other,
              () => `best_match compares rows of ${format(size)} with rows of ${format(other)} at axis ${at}`,
              call.inputSpans[1]
            );
        });
        const [score, index] = call.emit(matching, [a, b]);
        return { score, index };
      },
      example: { inputs: { x: [1, 5, 2, 3] }, code: "best_match(x, roll(x, by: [1], axes: [3]), over: 1, by: cosine).score" }
    };
  }
});

// src/compiler/ops/pooling.ts
var attributes, shapeRule, averaging, maximising, pooling, avg_pool, max_pool;
var init_pooling = __esm({
  "src/compiler/ops/pooling.ts"() {
    "use strict";
    init_convolution();
    init_op();
    init_tfjs_tools();
    attributes = {
      kernel: { type: "int", least: 1, about: "rows and columns of the window" },
      stride: { type: "int", least: 1, about: "step of the window" },
      pad: { type: "int", standard: 0, least: 0, about: "positions added on each side" }
    };
    shapeRule = ({ inputs, attributes: given }) => {
      const [batch, height, width, channels] = inputs[0].shape;
      const { kernel, stride, pad: pad2 } = given;
      return [f32([batch, windowed(height, kernel, stride, pad2), windowed(width, kernel, stride, pad2), channels])];
    };
    averaging = {
      name: "avg_pool",
      results: shapeRule,
      compute(tf7, [x], _weights, { attributes: given }) {
        const { kernel, stride, pad: pad2 } = given;
        const pool = (picture) => tf7.avgPool(zeroPad(tf7, picture, pad2, pad2, pad2, pad2), kernel, stride, "valid");
        const mean = pool(x);
        if (given["count_pad"] || pad2 === 0) return [mean];
        const [, height, width] = x.shape;
        return [tf7.div(mean, pool(tf7.ones([1, height, width, 1])))];
      }
    };
    maximising = {
      name: "max_pool",
      results: shapeRule,
      compute(tf7, [x], _weights, { attributes: given }) {
        const { kernel, stride, pad: pad2 } = given;
        return [tf7.maxPool(zeroPad(tf7, x, pad2, pad2, pad2, pad2, -34e37), kernel, stride, "valid")];
      }
    };
    pooling = (primitive, summary3, extra) => ({
      name: primitive.name,
      summary: summary3,
      takes: ["x: [B, h, w, c]"],
      gives: "[B, floor((h + 2 pad - kernel) / stride) + 1, .., c]",
      attributes: { ...attributes, ...extra },
      build(call) {
        const x = call.requireRank(0, 4, "[B, h, w, c]");
        call.requireFloat(0);
        const given = Object.fromEntries(["kernel", "stride", "pad"].map((name) => [name, call.int(name)]));
        const need = given["kernel"] - 2 * given["pad"];
        [1, 2].forEach(
          (axis) => call.requireAtLeast(
            x.shape[axis],
            need,
            `a window of ${given["kernel"]} needs ${axis === 1 ? "its height" : "its width"} of at least ${need}`
          )
        );
        return call.emit(primitive, [x], {
          attributes: { ...given, ..."count_pad" in extra && { count_pad: call.bool("count_pad") } }
        })[0];
      },
      example: { inputs: { x: [1, 5, 6, 2] }, code: `${primitive.name}(x, kernel: 3, stride: 2, pad: 1)` }
    });
    avg_pool = pooling(averaging, "Mean over a window.", {
      count_pad: { type: "bool", standard: true, about: "whether padding counts as zeros in the mean" }
    });
    max_pool = pooling(maximising, "Largest value in a window.", {});
  }
});

// src/compiler/ops/resample.ts
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
function sampleAxis(tf7, coordinate, length, kernel) {
  const position = tf7.div(tf7.sub(tf7.mul(tf7.add(coordinate, 1), length), 1), 2);
  const clamp = (index) => tf7.cast(tf7.clipByValue(index, 0, length - 1), "int32");
  if (kernel === "nearest") return [{ index: clamp(tf7.round(position)), weight: tf7.onesLike(position) }];
  const base = tf7.floor(position);
  const t = tf7.sub(position, base);
  if (kernel === "bilinear")
    return [
      { index: clamp(base), weight: tf7.sub(1, t) },
      { index: clamp(tf7.add(base, 1)), weight: t }
    ];
  const weight = (k) => {
    const d = tf7.abs(tf7.sub(t, k));
    return k === 0 || k === 1 ? tf7.add(tf7.mul(tf7.sub(tf7.mul(d, 1.5), 2.5), tf7.square(d)), 1) : tf7.add(tf7.mul(tf7.sub(tf7.mul(tf7.add(tf7.mul(d, -0.5), 2.5), d), 4), d), 2);
  };
  return [-1, 0, 1, 2].map((k) => ({ index: clamp(tf7.add(base, k)), weight: weight(k) }));
}
var cubic, interpolation, kernels, interpolate, sampling, sample;
var init_resample = __esm({
  "src/compiler/ops/resample.ts"() {
    "use strict";
    init_size();
    init_op();
    init_tfjs_tools();
    cubic = (t) => t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
    interpolation = {
      name: "interpolate",
      results: ({ inputs, sizes }) => [f32([inputs[0].shape[0], ...sizes["to"], inputs[0].shape[3]])],
      compute(tf7, [x], _weights, { attributes: attributes2, sizes }) {
        const kernel = attributes2["kernel"];
        const align = attributes2["align"];
        const [batch, height, width, channels] = x.shape;
        const [toHeight, toWidth] = sizes["to"];
        const rows = tf7.tensor2d(resampling(height, toHeight, kernel, align), [toHeight, height]);
        const columns = tf7.tensor2d(resampling(width, toWidth, kernel, align), [toWidth, width]);
        const tall = tf7.matMul(rows, x.transpose([1, 0, 2, 3]).reshape([height, batch * width * channels]));
        const turned = tall.reshape([toHeight, batch, width, channels]).transpose([2, 1, 0, 3]).reshape([width, batch * toHeight * channels]);
        const wide2 = tf7.matMul(columns, turned);
        return [wide2.reshape([toWidth, batch, toHeight, channels]).transpose([1, 2, 0, 3])];
      }
    };
    kernels = ["bilinear", "bicubic", "nearest"];
    interpolate = {
      name: "interpolate",
      summary: "A picture at another size; bicubic with a = -0.5, border replicated, no antialiasing.",
      takes: ["x: [B, h, w, c]"],
      gives: "[B, by * h, by * w, c] or [B, to[0], to[1], c]",
      attributes: {
        by: { type: "int", least: 1, optional: true, about: "factor along both axes; or" },
        to: { type: "sizes", optional: true, about: "height and width" },
        kernel: { type: "word", words: kernels, about: "how values between positions are made" },
        align: {
          type: "word",
          words: ["centres", "corners"],
          standard: "centres",
          about: "what of the first and last pixels stays in place"
        }
      },
      build(call) {
        const x = call.requireRank(0, 4, "[B, h, w, c]");
        call.requireFloat(0);
        if (call.has("by") === call.has("to"))
          call.fail("missing-attribute", { callee: "interpolate", name: "by or to, one of them" });
        const to = call.has("by") ? [1, 2].map((axis) => mul(constant(call.int("by")), x.shape[axis])) : call.sizes("to");
        if (to.length !== 2)
          call.fail(
            "attribute-value",
            { name: "to", accepted: "a height and a width", given: `${to.length} sizes` },
            call.spanOf("to")
          );
        return call.emit(interpolation, [x], {
          attributes: { kernel: call.word("kernel"), align: call.word("align") },
          sizes: { to }
        })[0];
      },
      example: { inputs: { x: [1, 3, 4, 2] }, code: "interpolate(x, by: 2, kernel: bicubic)" }
    };
    sampling = {
      name: "sample",
      results: ({ inputs }) => [f32([inputs[1].shape[0], inputs[1].shape[1], inputs[0].shape[3]])],
      compute(tf7, [x, coord], _weights, { attributes: attributes2 }) {
        const kernel = attributes2["kernel"];
        const [batch, height, width, channels] = x.shape;
        const queries = coord.shape[1];
        const at = (axis) => coord.slice([0, 0, axis], [-1, -1, 1]).squeeze([2]);
        const rows = sampleAxis(tf7, at(0), height, kernel);
        const columns = sampleAxis(tf7, at(1), width, kernel);
        const start = tf7.range(0, batch, 1, "int32").mul(tf7.scalar(height * width, "int32")).reshape([batch, 1]);
        const flat = x.reshape([batch * height * width, channels]);
        const pairs = rows.flatMap((row) => columns.map((column2) => ({ row, column: column2 })));
        const index = pairs.map(
          ({ row, column: column2 }) => tf7.add(tf7.add(tf7.mul(row.index, tf7.scalar(width, "int32")), column2.index), start)
        );
        const weight = pairs.map(({ row, column: column2 }) => tf7.mul(row.weight, column2.weight));
        const picked = gatherRows(tf7, flat, tf7.stack(index, 2));
        const mixed = tf7.sum(tf7.mul(picked, tf7.stack(weight, 2).expandDims(3)), 2);
        return [mixed.reshape([batch, queries, channels])];
      }
    };
    sample = {
      name: "sample",
      summary: "Values of a picture between its pixels, at coordinates in [-1, 1]; border replicated, bicubic with a = -0.5.",
      takes: ["x: [B, h, w, c]", "coord: [B, q, 2]"],
      gives: "[B, q, c]",
      attributes: { kernel: { type: "word", words: kernels, about: "how values between pixels are made" } },
      build(call) {
        const x = call.requireRank(0, 4, "[B, h, w, c]");
        const coord = call.requireRank(1, 3, "[B, q, 2]");
        call.requireFloat(0);
        call.requireFloat(1);
        call.requireEqual(
          coord.shape[2],
          constant(2),
          () => `sample takes (row, column) pairs; this has ${format(coord.shape[2])}`,
          call.inputSpans[1]
        );
        call.requireEqual(
          coord.shape[0],
          x.shape[0],
          () => `the picture has ${format(x.shape[0])} samples and coord ${format(coord.shape[0])}`,
          call.inputSpans[1]
        );
        return call.emit(sampling, [x, coord], { attributes: { kernel: call.word("kernel") } })[0];
      },
      example: {
        inputs: { x: [1, 3, 4, 2] },
        code: 'sample(x, rearrange(range(4) * 0.2 - 0.3, "(q a) -> 1 q a", a: 2), kernel: bicubic)'
      }
    };
  }
});

// src/compiler/ops/registry.ts
var ops, primitives;
var init_registry = __esm({
  "src/compiler/ops/registry.ts"() {
    "use strict";
    init_activation();
    init_arithmetic();
    init_convolution();
    init_implicit();
    init_layout();
    init_linear();
    init_loss();
    init_match();
    init_pooling();
    init_reduce();
    init_resample();
    init_source();
    ops = new Map(
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
    primitives = new Map(
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
  }
});

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
      const count2 = (seen.get(call.callee.text) ?? 0) + 1;
      seen.set(call.callee.text, count2);
      return [call, count2 === 1 ? call.callee.text : `${call.callee.text}${count2}`];
    })
  );
}
var known2;
var init_owners = __esm({
  "src/compiler/elaborate/owners.ts"() {
    "use strict";
    init_registry();
    known2 = /* @__PURE__ */ new WeakMap();
  }
});

// src/compiler/elaborate/scope.ts
var join, childScope;
var init_scope = __esm({
  "src/compiler/elaborate/scope.ts"() {
    "use strict";
    join = (...parts) => parts.filter((part2) => part2 !== "").join(".");
    childScope = (parent, names2) => ({
      ...parent,
      names: new Map([...parent.names, ...names2])
    });
  }
});

// src/compiler/elaborate/call-module.ts
function bindParameters(owner, parameters, given, span, file, e) {
  const values = /* @__PURE__ */ new Map();
  const accepted = parameters.map((parameter) => parameter.name.text);
  for (const [name, { nameSpan }] of given)
    if (!accepted.includes(name))
      fail("unknown-attribute", { callee: owner, name, near: nearest(name, accepted), accepted }, nameSpan);
  for (const parameter of parameters) {
    const name = parameter.name.text;
    if (!parameterTypes.includes(parameter.type.text))
      fail(
        "unknown-name",
        { name: parameter.type.text, near: nearest(parameter.type.text, parameterTypes), accepted: parameterTypes },
        parameter.type.span
      );
    if (values.has(name)) fail("duplicate-name", { name, what: "a parameter" }, parameter.name.span);
    const argument = given.get(name);
    const scope = { file, names: values, sizes: /* @__PURE__ */ new Map(), later: /* @__PURE__ */ new Set() };
    const place = { scope: "", name: "", labels: /* @__PURE__ */ new Map() };
    const expression = argument?.expression ?? parameter.standard;
    if (!expression) fail("missing-attribute", { callee: owner, name }, span);
    const read = argument?.evaluate ?? ((x) => evaluate2(x, scope, place, e));
    values.set(name, readParameter(name, parameter.type.text, parameter.list, expression, read));
  }
  return values;
}
function callModule(unit2, inputs, named, scope, place, call, e) {
  const given = new Map(
    named.map((argument) => [
      argument.name.text,
      { expression: argument.value, evaluate: (x) => evaluate2(x, scope, place, e), nameSpan: argument.name.span }
    ])
  );
  return enter(unit2, inputs, given, place.path, call.span, e);
}
function enter(unit2, inputs, given, path17, span, e) {
  const { declaration, file } = unit2;
  const name = declaration.name.text;
  if (e.calls.some((call) => call.name === name && call.span.file === span.file && call.span.start === span.start))
    fail("module-cycle", { name }, span);
  e.calls.push({ name, span });
  try {
    const parameters = bindParameters(name, declaration.parameters, given, span, file, e);
    return elaborateBody(unit2, parameters, inputs, path17, span, e);
  } catch (error2) {
    if (error2 instanceof Reported) throw outside(error2, name, span);
    throw error2;
  } finally {
    e.calls.pop();
  }
}
function outside(error2, name, span) {
  const { diagnostic: inner } = error2;
  if (inner.primary.span.file === span.file && inner.primary.span.start >= span.start && inner.primary.span.end <= span.end)
    return error2;
  const already = inner.related.some((related) => related.label.startsWith("called from here"));
  if (already) return error2;
  return new Reported({ ...inner, related: [...inner.related, { span, label: `called from here: ${name}` }] });
}
function elaborateBody({ declaration, file }, parameters, inputs, path17, span, e) {
  const name = declaration.name.text;
  const scope = { file, names: new Map(parameters), sizes: /* @__PURE__ */ new Map(), later: laterNames(declaration.body) };
  const statements = declaration.body;
  const declared = statements.filter((statement) => statement.kind === "input");
  if (declared.length !== inputs.length)
    fail(
      "arity",
      { callee: name, takes: `${declared.length} ${declared.length === 1 ? "tensor" : "tensors"}`, given: inputs.length },
      inputs[declared.length]?.span ?? span
    );
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
    if (statement.kind === "return") return returned(statement, outputs, name, path17, scope, e);
    elaborateStatement(statement, path17, scope, e);
  }
  return fail("return-missing", { name }, declaration.name.span);
}
function elaborateStatement(statement, path17, scope, e) {
  const define = (name, value) => {
    if (scope.names.has(name.text) || scope.sizes.has(name.text))
      fail("duplicate-name", { name: name.text, what: scope.sizes.has(name.text) ? "a size" : "defined here" }, name.span);
    scope.names.set(name.text, value);
    scope.later.delete(name.text);
    if (value.kind === "tensor") e.builder.lets.set(join(path17, name.text), value.id);
    if (value.kind === "several")
      value.items.forEach((item) => item.name && e.builder.lets.set(join(path17, name.text, item.name), item.value.id));
  };
  if (statement.kind === "weight") {
    const shape2 = axesOf2(statement.type, scope, e).map((axis) => axis.size);
    const sizes = shape2.map((size) => {
      const value = size ? sizeValue(size) : void 0;
      if (!value || !isInteger(value))
        fail(
          "not-static",
          { name: `the shape of ${statement.name.text}`, on: size ? format(size) : "an open axis" },
          statement.type.span
        );
      return value.value;
    });
    const place = { scope: path17, name: "", labels: /* @__PURE__ */ new Map() };
    const initialiser = readInitialiser(statement.name.text, statement.initialiser, (x) => evaluate2(x, scope, place, e));
    const weight = e.builder.weight({
      path: join(path17, statement.name.text),
      shape: sizes,
      initialiser,
      fanIn: sizes[0] ?? 1,
      trainable: true,
      op: "weight"
    });
    define(
      statement.name,
      e.builder.emit(ownWeight, [], { weights: [weight] }, join(path17, statement.name.text), statement.span)[0]
    );
  }
  if (statement.kind === "let") {
    const labels = ownerLabels([statement.value], true, scope.file, scope.slots?.names ?? /* @__PURE__ */ new Set());
    const place = { scope: path17, name: statement.names.map((name) => name.text).join("_"), labels };
    const value = evaluate2(statement.value, scope, place, e);
    if (!statement.tuple) define(statement.names[0], value);
    else {
      const items = value.kind === "several" ? value.items : [];
      if (items.length !== statement.names.length)
        fail(
          "arity",
          {
            callee: `let (${statement.names.map((name) => name.text).join(", ")})`,
            takes: `${statement.names.length} results`,
            given: value.kind === "several" ? items.length : 1
          },
          statement.value.span
        );
      statement.names.forEach((name, at) => define(name, items[at].value));
    }
  }
}
function returned(statement, outputs, owner, path17, scope, e) {
  if (statement.values.length !== outputs.length)
    fail(
      "arity",
      {
        callee: `return of ${owner}`,
        takes: `${outputs.length} ${outputs.length === 1 ? "output" : "outputs"}`,
        given: statement.values.length
      },
      statement.span
    );
  const labels = ownerLabels(statement.values, false, scope.file, scope.slots?.names ?? /* @__PURE__ */ new Set());
  const items = statement.values.map((expression, at) => {
    const output = outputs[at];
    const value = asTensor(evaluate2(expression, scope, { scope: path17, name: "", labels }, e), "return", expression.span);
    checkOutput(output, value, owner, expression.span, scope, e);
    return { ...output.name && { name: output.name.text }, value };
  });
  return items.length === 1 ? items[0].value : { kind: "several", items };
}
function checkOutput(output, value, owner, span, scope, e) {
  const name = output.name?.text ?? `the output of ${owner}`;
  const axes = axesOf2(output.type, scope, e);
  const context2 = { label: `gives ${shapeText(value)}`, related: [{ span: output.type.span, label: `declared here` }] };
  const mismatch2 = (note) => fail("output-mismatch", { name, declared: axesText(output.type, axes), returned: shapeText(value) }, span, {
    ...context2,
    notes: [note]
  });
  if ((output.type.dtype?.text ?? "f32") !== value.dtype) mismatch2(`${value.dtype} is not ${output.type.dtype?.text ?? "f32"}`);
  if (axes.length !== value.shape.length) mismatch2(`${value.shape.length} axes, not ${axes.length}`);
  axes.forEach(({ size, open: open4 }, at) => {
    const actual = value.shape[at];
    if (!size) {
      if (open4) scope.sizes.set(open4, actual);
      return;
    }
    const verdict = compare(size, actual);
    if (verdict === "different") mismatch2(`axis ${at}: ${format(actual)} is not ${format(size)}`);
    if (verdict === "unknown") fail("shape-unknown", { claim: `${format(actual)} = ${format(size)}` }, span, context2);
  });
}
function axesOf2(type, scope, e) {
  return type.axes.flatMap((axis) => {
    if (axis.kind === "leading")
      return (scope.leading ?? fail("unknown-dim", { name: "..", near: [] }, axis.span)).map((size) => ({ size }));
    if (axis.kind === "open") return [axis.name ? { open: axis.name.text } : {}];
    return [{ size: sizeOf(axis.size, scope, e) }];
  });
}
function axesText(type, axes) {
  return `${type.dtype ? type.dtype.text : ""}[${axes.map(({ size, open: open4 }) => size ? format(size) : `?${open4 ?? ""}`).join(", ")}]`;
}
function sizeOf(expression, scope, e) {
  if (expression.kind === "name" && !scope.names.has(expression.name) && !scope.sizes.has(expression.name) && scope.perItem !== expression.name) {
    const known3 = [...scope.sizes.keys(), ...scope.names.keys()];
    fail(
      "unknown-dim",
      { name: expression.name, near: nearest(expression.name, known3), accepted: [...scope.sizes.keys()] },
      expression.span
    );
  }
  const value = evaluate2(expression, scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, e);
  const size = isScalar(value) ? asSize(value) : void 0;
  return size ?? fail("attribute-type", { name: "an axis", takes: "an int or a size", given: show(value) }, expression.span);
}
function bindInput(name, type, value, owner, span, scope, e) {
  const expected = type.dtype?.text ?? "f32";
  if (value.dtype !== expected)
    fail("dtype-mismatch", { callee: owner, takes: `${expected} for ${name}`, name: "this", given: shapeText(value) }, span, {
      related: [{ span: type.span, label: "declared here" }]
    });
  const leadingAt = type.axes.findIndex((axis) => axis.kind === "leading");
  const fixed = type.axes.length - (leadingAt >= 0 ? 1 : 0);
  const rankFits = leadingAt >= 0 ? value.shape.length >= fixed : value.shape.length === fixed;
  const declared = `[${type.axes.map(axisText).join(", ")}]`;
  if (!rankFits)
    fail("rank-mismatch", { callee: owner, takes: declared, name: "this", given: shapeText(value) }, span, {
      related: [{ span: type.span, label: "declared here" }]
    });
  const leadingCount = value.shape.length - fixed;
  let at = 0;
  for (const axis of type.axes) {
    if (axis.kind === "leading") {
      bindLeading(value.shape.slice(at, at + leadingCount), scope, owner, span);
      at += leadingCount;
      continue;
    }
    const actual = value.shape[at];
    if (axis.kind === "size" && axis.size.kind === "name" && !scope.names.has(axis.size.name) && !scope.sizes.has(axis.size.name))
      scope.sizes.set(axis.size.name, actual);
    else if (axis.kind === "size") {
      const wanted = sizeOf(axis.size, scope, e);
      const verdict = compare(wanted, actual);
      const context2 = {
        label: `gives ${shapeText(value)}`,
        related: [{ span: axis.span, label: `${owner} takes ${declared} for ${name}` }],
        notes: [`axis ${at}: ${format(actual)} ${verdict === "different" ? "is not" : "against"} ${format(wanted)}`]
      };
      if (verdict === "different")
        fail(
          "shape-mismatch",
          { problem: `${owner} takes ${format(wanted)} at axis ${at} of ${name} and is given ${format(actual)}` },
          span,
          context2
        );
      if (verdict === "unknown") fail("shape-unknown", { claim: `${format(actual)} = ${format(wanted)}` }, span, context2);
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
    fail(
      "shape-mismatch",
      {
        problem: `the leading axes of ${owner}'s inputs differ: [${sizes.map(format).join(", ")}] against [${scope.leading.map(format).join(", ")}]`
      },
      span
    );
}
function checkCondition(condition, owner, scope, span, e) {
  const { left, operator, right } = condition;
  const related = [{ span: condition.span, label: `${owner} asks for this` }];
  const bound = evaluate2(right, scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, e);
  if (operator === "==") {
    if (left.kind !== "binary" || left.operator !== "%" || !isInteger(bound) || bound.value !== 0)
      fail("static-value", { problem: "where takes only a % n == 0 and a >= n" }, condition.span);
    const size = sizeOf(left.left, scope, e);
    const by = evaluate2(left.right, scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, e);
    if (!isInteger(by) || by.value < 1) fail("static-value", { problem: `${show(by)} is no positive integer` }, left.right.span);
    const verdict2 = divisible(size, by.value);
    const written2 = `${sourceName(left.left)} = ${format(size)}`;
    if (verdict2 === "no")
      fail("not-divisible", { size: written2, by: `${sourceName(left.right)} = ${by.value}`, where: ` (${owner})` }, span, {
        related
      });
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
var laterNames, axisText, sourceName;
var init_call_module = __esm({
  "src/compiler/elaborate/call-module.ts"() {
    "use strict";
    init_catalogue();
    init_suggest();
    init_source();
    init_size();
    init_attributes();
    init_evaluate();
    init_owners();
    init_scope();
    init_static();
    init_values();
    laterNames = (body) => new Set(
      body.flatMap(
        (statement) => statement.kind === "let" ? statement.names.map((name) => name.text) : statement.kind === "weight" || statement.kind === "input" ? [statement.name.text] : []
      )
    );
    axisText = (axis) => axis.kind === "leading" ? ".." : axis.kind === "open" ? `?${axis.name?.text ?? ""}` : axis.size.kind === "name" ? axis.size.name : axis.size.kind === "number" ? axis.size.text : "size";
    sourceName = (expression) => expression.kind === "name" ? expression.name : expression.kind === "number" ? expression.text : "it";
  }
});

// src/compiler/elaborate/evaluate.ts
function evaluate2(expression, scope, place, e) {
  switch (expression.kind) {
    case "number":
      return written(expression.text);
    case "string":
      return { kind: "text", text: expression.text };
    case "name":
      return lookUp(expression.name, expression.span, scope);
    case "group":
      return evaluate2(expression.inner, scope, place, e);
    case "list":
      return { kind: "list", items: expression.items.map((item) => evaluate2(item, scope, place, e)) };
    case "lambda":
      return fail("lambda-place", {}, expression.span);
    case "negate": {
      const value = evaluate2(expression.operand, scope, place, e);
      if (value.kind === "tensor") return e.builder.emit(negation, [value], {}, pathOf(place), expression.span)[0];
      if (isScalar(value)) return staticBinary("-", real(0), value, expression.span);
      return fail("attribute-type", { name: "-", takes: "a number or a tensor", given: show(value) }, expression.operand.span);
    }
    case "binary": {
      const left = evaluate2(expression.left, scope, place, e);
      const right = evaluate2(expression.right, scope, place, e);
      return binary(operatorNames[expression.operator], expression.operator, left, right, expression, place, e);
    }
    case "member":
      return member(evaluate2(expression.object, scope, place, e), expression.member.text, expression.member.span);
    case "element":
    case "first":
      return part(expression, scope, place, e);
    case "call":
      return applyCall(expression, void 0, scope, place, e);
    case "pipeline":
      return pipeline3(expression, scope, place, e);
  }
}
function asTensor(value, what, span) {
  if (value.kind === "several" && value.items.length === 1) return value.items[0].value;
  if (value.kind === "tensor") return value;
  const help = value.kind === "several" ? `name one of them: ${value.items.map((item, at) => item.name ?? `let (.., ${at + 1}) = ..`).join(", ")}` : void 0;
  return fail(
    "not-a-tensor",
    { what, given: `${kindOf(value)} ${value.kind === "several" ? show(value) : `(${show(value)})`}` },
    span,
    help ? { help } : {}
  );
}
function lookUp(name, span, scope) {
  const value = scope.names.get(name);
  if (value) return value;
  const size = scope.sizes.get(name);
  if (size) return sizeValue(size);
  if (name === "pi") return { kind: "number", value: Math.PI };
  if (name === "true" || name === "false") return { kind: "boolean", value: name === "true" };
  if (scope.perItem === name)
    fail("not-static", { name: "this", on: `${name}, which is drawn per item` }, span, {
      help: "a static scale (scale m = 2) may stand in shapes and attributes"
    });
  if (scope.later.has(name)) fail("used-before-defined", { name }, span);
  if (initialiserNames.includes(name)) return { kind: "initialiser", initialiser: { kind: name } };
  const known3 = [...scope.names.keys(), ...scope.sizes.keys()].filter((candidate) => candidate !== "_");
  return fail(
    "unknown-name",
    { name, near: nearest(name, known3) },
    span,
    ops.has(name) ? { help: `${name} is an op: it is called, ${name}(..), or stands behind ->` } : {}
  );
}
function member(value, name, span) {
  if (value.kind !== "several")
    return fail("attribute-type", { name: `.${name}`, takes: "several named results", given: kindOf(value) }, span);
  const names2 = value.items.flatMap((item) => item.name ? [item.name] : []);
  const found = value.items.find((item) => item.name === name);
  return found?.value ?? fail("unknown-name", { name, near: nearest(name, names2), accepted: names2 }, span);
}
function part(expression, scope, place, e) {
  const list = evaluate2(expression.list, scope, place, e);
  if (list.kind !== "list")
    return fail(
      "attribute-type",
      { name: "[..]", takes: "a list", given: kindOf(list) },
      expression.list.span,
      list.kind === "tensor" ? { help: "a tensor is taken apart by split or unstack" } : {}
    );
  const where = expression.kind === "element" ? expression.at : expression.count;
  const at = evaluate2(where, scope, place, e);
  const most = expression.kind === "element" ? list.items.length - 1 : list.items.length;
  if (!isInteger(at) || at.value < 0 || at.value > most)
    return fail("static-value", { problem: `the list has ${list.items.length} items; ${show(at)} is outside` }, where.span);
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
    fail(
      "attribute-type",
      { name: sign2, takes: "numbers and tensors", given: `${kindOf(wrong)} ${show(wrong)}` },
      (usable(left) ? at.right : at.left)?.span ?? at.span
    );
  }
  const path17 = pathOf(place);
  const toFloat = (value) => value.dtype === "f32" ? value : e.builder.emit(cast, [value], {}, path17, at.span)[0];
  const integral = (value) => value.kind === "tensor" ? value.dtype === "i32" : value.kind === "size" || value.kind === "number" && Number.isSafeInteger(value.value);
  const integer = integral(left) && integral(right) && operator !== "/";
  const primitive = arithmeticNamed(
    operator === "floor_divide" && !integer ? fail("dtype-mismatch", { callee: "floor(a / b)", takes: "integers", name: "a or b", given: "f32" }, at.span) : name
  );
  const tensors = [];
  const attributes2 = {};
  const sizes = {};
  for (const [side, value] of [
    ["left", left],
    ["right", right]
  ]) {
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
      const context2 = {
        related: [
          ...at.left ? [{ span: at.left.span, label: `gives ${shapeText(a)}` }] : [],
          ...at.right ? [{ span: at.right.span, label: `gives ${shapeText(b)}` }] : []
        ],
        notes: [`axis ${joined.axis}: ${sizeAt(a)} against ${sizeAt(b)}`],
        help: "only an axis written as 1 is stretched; axes are added at the left"
      };
      if (joined.unknown) fail("shape-unknown", { claim: `${sizeAt(a)} = ${sizeAt(b)}` }, at.operatorSpan ?? at.span, context2);
      fail(
        "broadcast",
        { operator: writtenAs(name), left: shapeText(a), right: shapeText(b), axis: `axis ${joined.axis}` },
        at.operatorSpan ?? at.span,
        context2
      );
    }
  }
  return e.builder.emit(primitive, tensors, { attributes: attributes2, sizes }, path17, at.span)[0];
}
function pipeline3(expression, scope, place, e) {
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
  let value = evaluate2(expression.head, scope, place, e);
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
  if (/\]$/.test(place.name) || place.name === "repeat")
    fail("static-value", { problem: "one statement has at most one repeat" }, stage.span, {
      help: "give the inner one a module of its own"
    });
  const over = evaluate2(stage.over, scope, place, e);
  let turns;
  if (stage.element) {
    if (over.kind !== "list")
      return fail(
        "attribute-type",
        { name: "repeat .. in", takes: "a list", given: `${kindOf(over)} ${show(over)}` },
        stage.over.span
      );
    turns = over.items;
  } else {
    if (!isInteger(over) || over.value < 0 || over.value > mostTurns)
      return fail(
        "repeat-count",
        { written: stage.over.kind === "name" ? stage.over.name : "the count", value: show(over) },
        stage.over.span
      );
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
  const named = call.arguments.filter(
    (argument) => argument.name !== void 0
  );
  if (slot) {
    if (named[0])
      fail("unknown-attribute", { callee: `the slot ${name}`, name: named[0].name.text, near: [] }, named[0].name.span, {
        help: `its filler's parameters are set where the slot is declared`
      });
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
    const values = [...piped ? [piped.value] : [], ...positional.map((argument) => evaluate2(argument.value, scope, place, e))];
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
    if (initialiserNames.includes(name))
      return fail("attribute-type", { name, takes: "its place where an initialiser is asked for", given: "a value" }, call.span);
    const known3 = [...scope.file.modules.keys(), ...scope.slots?.names ?? [], ...ops.keys(), ...staticFunctions];
    return fail(
      "unknown-op",
      { name, near: nearest(name, known3) },
      call.callee.span,
      scope.names.has(name) ? { help: `${name} is a value here; only modules, slots and ops are called` } : {}
    );
  }
  const label = place.labels.get(call) ?? name;
  const path17 = join(place.scope, place.name, op.ownsWeights ? label : "");
  return callOp(op, call, positional, named, piped, {
    scope,
    place,
    e,
    path: path17,
    evaluate: (expression) => evaluate2(expression, scope, place, e)
  });
}
function roundedQuotient(name, quotient2, call, scope, place, e) {
  const left = evaluate2(quotient2.left, scope, place, e);
  const right = evaluate2(quotient2.right, scope, place, e);
  if (isScalar(left) && isScalar(right)) return divideSize(name, left, right, quotient2.span);
  const integral = (value2) => isScalar(value2) || value2.kind === "tensor" && value2.dtype === "i32";
  if (name === "floor" && integral(left) && integral(right))
    return binary("floor_divide", "floor_divide", left, right, { ...quotient2, span: call.span }, place, e);
  const value = binary("divide", "/", left, right, quotient2, place, e);
  if (name === "ceil") return fail("unknown-op", { name: "ceil of a tensor", near: ["floor"] }, call.callee.span);
  return callOp(
    ops.get("floor"),
    call,
    [],
    [],
    { value, span: quotient2.span },
    { scope, place, e, path: pathOf(place), evaluate: (x) => evaluate2(x, scope, place, e) }
  );
}
function tensorsOf(positional, piped, scope, place, e) {
  return [
    ...piped ? [piped] : [],
    ...positional.map((argument) => ({ value: evaluate2(argument.value, scope, place, e), span: argument.span }))
  ];
}
var mostTurns, deepestCalls, pathOf, ungroup;
var init_evaluate = __esm({
  "src/compiler/elaborate/evaluate.ts"() {
    "use strict";
    init_catalogue();
    init_suggest();
    init_arithmetic();
    init_activation();
    init_op();
    init_registry();
    init_size();
    init_attributes();
    init_call_module();
    init_call_op();
    init_scope();
    init_static();
    init_values();
    mostTurns = 1e4;
    deepestCalls = 64;
    pathOf = (place) => join(place.scope, place.name);
    ungroup = (expression) => expression.kind === "group" ? ungroup(expression.inner) : expression;
  }
});

// src/compiler/elaborate/call-op.ts
function callOp(op, call, positional, named, piped, around) {
  const { pattern, rest } = takePattern(op, call, positional);
  const inputs = [];
  const spans = [];
  const scalars = [];
  const given = [
    ...piped ? [piped] : [],
    ...rest.map((argument) => ({ value: around.evaluate(argument.value), span: argument.value.span }))
  ];
  given.forEach((argument, at) => {
    const { value, span } = argument;
    if (value.kind === "number" && "right" in op.attributes && at === op.takes.length - 1)
      scalars.push({ value: value.value, span });
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
  if (last?.value.kind !== "string")
    return fail("missing-attribute", { callee: op.name, name: 'a pattern such as "B h w c -> B (h w) c"' }, call.span);
  return { pattern: { text: last.value.text, span: last.value.span }, rest: positional.slice(0, -1) };
}
function checkArity(op, given, call, spans) {
  if (op.name === "range") {
    if (given !== 1) fail("arity", { callee: "range", takes: "one size", given }, call.span);
    return;
  }
  const any = op.takes[0]?.startsWith("..") ?? false;
  if (any ? given >= 1 : given === op.takes.length) return;
  const count2 = op.takes.length;
  fail(
    "arity",
    { callee: op.name, takes: any ? "at least 1 tensor" : `${count2} ${count2 === 1 ? "tensor" : "tensors"}`, given },
    spans[count2] ?? call.span,
    {
      help: `${op.name}(${op.takes.join(", ")})`
    }
  );
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
    if (!attributes2.has(name) && spec.standard === void 0 && !spec.optional)
      fail("missing-attribute", { callee: op.name, name }, call.span, { help: spec.about });
  return attributes2;
}
function asValue(result) {
  if (isTensor(result)) return result;
  if (Array.isArray(result)) return { kind: "several", items: result.map((value) => ({ value })) };
  return {
    kind: "several",
    items: Object.entries(result).map(([name, value]) => ({ name, value }))
  };
}
function opCall(op, call, inputs, inputSpans, attributes2, pattern, { e, path: path17 }) {
  const valueOf = (name) => attributes2.get(name)?.value ?? op.attributes[name]?.standard;
  const failAt = (code, args, span = call.span, context2 = {}) => fail(
    code,
    args,
    span,
    inputs.length > 0 && !context2.related ? { ...context2, related: inputLabels(inputs, inputSpans, span) } : context2
  );
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
    emit: (primitive, values, emission = {}) => e.builder.emit(primitive, values, emission, path17, call.span),
    weight: (name, shape2, initialiser, { fanIn = 1, trainable = true } = {}) => e.builder.weight({ path: `${path17}.${name}`, shape: shape2, initialiser, fanIn, trainable, op: op.name }),
    static(size, what) {
      const known3 = asInteger(size);
      return known3 ?? failAt("not-static", { name: what, on: `${format(size)}, a size that each picture gives` }, inputSpans[0] ?? call.span);
    },
    requireRank(index, rank, takes) {
      const value = inputs[index];
      if (value.shape.length !== rank)
        fail(
          "rank-mismatch",
          { callee: op.name, takes, name: op.takes[index].split(":")[0].replace("..", ""), given: shapeText(value) },
          call.span,
          {
            related: inputLabels(inputs, inputSpans, call.span)
          }
        );
      return value;
    },
    requireFloat(index) {
      const value = inputs[index];
      if (value.dtype !== "f32")
        failAt("dtype-mismatch", { callee: op.name, takes: "f32", name: "its input", given: shapeText(value) }, inputSpans[index]);
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
var init_call_op = __esm({
  "src/compiler/elaborate/call-op.ts"() {
    "use strict";
    init_catalogue();
    init_suggest();
    init_op();
    init_size();
    init_attributes();
    init_evaluate();
    init_static();
    init_values();
  }
});

// src/compiler/elaborate/records.ts
function folded(name, values) {
  if (!values.every((value) => value.kind === "number")) return { kind: "call", name, arguments: values };
  return {
    kind: "number",
    value: computePerItem(
      name,
      values.map((value) => value.value)
    )
  };
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
var FieldReader, textOf;
var init_records = __esm({
  "src/compiler/elaborate/records.ts"() {
    "use strict";
    init_catalogue();
    init_suggest();
    init_tree();
    init_evaluate();
    init_values();
    FieldReader = class {
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
        return evaluate2(expression, this.scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, this.e);
      }
      int(name, standard, least = 1) {
        if (standard !== void 0 && !this.has(name)) return standard;
        const expression = this.expression(name);
        const value = this.static(expression);
        if (!isInteger(value)) fail("attribute-type", { name, takes: "an int", given: show(value) }, expression.span);
        if (value.value < least)
          fail("attribute-value", { name, accepted: `at least ${least}`, given: String(value.value) }, expression.span);
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
          if (!accepted.includes(word2))
            fail("attribute-value", { name, accepted: `a list of ${accepted.join(", ")}`, given: textOf(item) }, item.span);
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
            return folded(names2[expression.operator], [
              this.perItem(expression.left, variables),
              this.perItem(expression.right, variables)
            ]);
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
        if (!signature && !known3.includes(name))
          fail("unknown-op", { name, near: nearest(name, [...Object.keys(signatures), ...known3]) }, call.callee.span);
        const values = call.arguments.map((argument, at) => {
          if (argument.name && argument.name.text !== signature?.[at])
            fail(
              "unknown-attribute",
              {
                callee: name,
                name: argument.name.text,
                near: nearest(argument.name.text, signature ?? []),
                accepted: signature ?? []
              },
              argument.name.span
            );
          return this.perItem(argument.value, variables);
        });
        const count2 = signature?.length ?? (name === "min" || name === "max" || name === "pow" ? 2 : 1);
        if (values.length !== count2) fail("arity", { callee: name, takes: `${count2} values`, given: values.length }, call.span);
        return signature ? { kind: "call", name, arguments: values } : folded(name, values);
      }
      operations(expressions, accepted, variables) {
        return expressions.map((expression) => {
          const name = expression.kind === "call" ? expression.callee.text : expression.kind === "name" ? expression.name : "";
          if (!accepted.includes(name)) {
            const near2 = nearest(name, accepted);
            fail(
              "unknown-op",
              { name: name || textOf(expression), near: near2, accepted: near2.length ? void 0 : accepted },
              expression.span
            );
          }
          const given = expression.kind === "call" ? expression.arguments : [];
          const takes = { blur: ["sigma"], resize: ["kernel"] };
          const wanted = takes[name] ?? [];
          for (const argument of given)
            if (!argument.name || !wanted.includes(argument.name.text))
              fail(
                "unknown-attribute",
                { callee: name, name: argument.name?.text ?? "an unnamed value", near: [], accepted: wanted },
                argument.span
              );
          const missing = wanted.find((attribute) => !given.some((argument) => argument.name?.text === attribute));
          if (missing) fail("missing-attribute", { callee: name, name: missing }, expression.span);
          const value = given[0]?.value;
          if (name === "blur") return { op: "blur", sigma: this.perItem(value, variables) };
          if (name === "resize") {
            const kernels2 = ["bicubic", "bilinear", "nearest"];
            const kernel = value.kind === "name" ? value.name : "";
            if (!kernels2.includes(kernel))
              fail("attribute-value", { name: "kernel", accepted: kernels2.join(" or "), given: textOf(value) }, value.span);
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
        if (expression.kind === "call" && name === "cosine")
          return { kind: "cosine", to: this.named(expression, { to: void 0 })["to"] };
        if (expression.kind === "call" && name === "step") {
          const { at, factor } = this.named(expression, { at: void 0, factor: void 0 });
          return { kind: "step", at: Array.isArray(at) ? at : [at], factor };
        }
        return fail(
          "attribute-value",
          { name: "schedule", accepted: "step(at:, factor:), cosine(to:) or constant", given: textOf(expression) },
          expression.span
        );
      }
      /** Named numbers (or lists of them) of a call such as `adam(lr: 1e-4)`. */
      named(call, standard) {
        const accepted = Object.keys(standard);
        const given = {};
        for (const argument of call.arguments) {
          const name = argument.name?.text ?? "";
          if (!accepted.includes(name))
            fail(
              "unknown-attribute",
              { callee: call.callee.text, name: name || "an unnamed value", near: nearest(name, accepted), accepted },
              argument.span
            );
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
          const [count2] = expression.arguments;
          if (kind && count2 && expression.arguments.length === 1 && !count2.name) {
            const value = this.static(count2.value);
            if (!isInteger(value) || value.value < 1)
              fail("attribute-type", { name: kind, takes: "a positive int", given: show(value) }, count2.span);
            return { kind, count: value.value };
          }
        }
        return fail(
          "attribute-value",
          { name: "scope", accepted: "full, lattice(n), raster(n) or tile(n)", given: textOf(expression) },
          expression.span
        );
      }
      evaluatePlan(degrade2) {
        const m = this.items("m").map((item) => this.number(item, "m"));
        const clip = this.has("cell_clip") ? this.expression("cell_clip") : void 0;
        const cellClip = clip && !(clip.kind === "name" && clip.name === "none") ? this.number(clip, "cell_clip") : void 0;
        return {
          m,
          metrics: this.words("metrics", ["psnr", "ssim", "ssim_gaussian", "fid"], ["psnr", "ssim"]),
          scope: this.candidateScope(),
          ...cellClip !== void 0 && { cellClip },
          tile: this.int("tile", 768),
          ...this.has("shave") && { shave: this.int("shave", void 0, 0) },
          degrade: degrade2
        };
      }
    };
    textOf = (expression) => expression.kind === "name" ? expression.name : expression.kind === "call" ? expression.callee.text : expression.kind === "number" || expression.kind === "string" ? expression.text : `a ${expression.kind}`;
  }
});

// src/compiler/elaborate/model.ts
function elaborateModel(unit2, application, report) {
  try {
    return new ModelElaboration(unit2, application, report).run();
  } catch (error2) {
    if (!(error2 instanceof Reported)) throw error2;
    report(error2.diagnostic);
    return void 0;
  }
}
var trainFields, evaluateFields, objectiveFields, inputRoles, outputRoles, ModelElaboration;
var init_model = __esm({
  "src/compiler/elaborate/model.ts"() {
    "use strict";
    init_catalogue();
    init_suggest();
    init_graph();
    init_op();
    init_size();
    init_tree();
    init_builder();
    init_call_op();
    init_call_module();
    init_evaluate();
    init_owners();
    init_records();
    init_scope();
    init_values();
    init_registry();
    trainFields = ["B", "h", "w", "H", "W", "q", "m", "degrade", "augment", "loss", "optimizer", "schedule", "epochs", "repeat"];
    evaluateFields = ["m", "metrics", "scope", "cell_clip", "tile", "shave"];
    objectiveFields = ["loss", "optimizer", "schedule", "every"];
    inputRoles = ["image", "enlarged", "coordinates", "cell"];
    outputRoles = ["samples", "image", "features", "inspect"];
    ModelElaboration = class {
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
            if (this.#slots.has(statement.name.text))
              fail("duplicate-name", { name: statement.name.text, what: "a slot" }, statement.name.span);
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
        const train2 = this.#train(scale2, inputs, outputs, values, graph);
        const evaluatePlan = this.#evaluate(scale2, train2);
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
          ...train2 && { train: train2 },
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
      #checkPath(path17, fillers) {
        const [first, second] = path17;
        const parameters = this.#unit.declaration.parameters;
        const unknown = (name, owner, kind, accepted2) => fail("unknown-path", { owner, kind, name: name.text, near: nearest(name.text, accepted2), accepted: accepted2 }, name.span);
        if (first.text === "train" || first.text === "evaluate") {
          const accepted2 = first.text === "train" ? [...trainFields, ...this.#slots.keys()] : evaluateFields;
          if (!second)
            unknown(
              first,
              this.#name,
              "value",
              accepted2.map((field) => `${first.text}.${field}`)
            );
          else if (!accepted2.includes(second.text))
            fail(
              "unknown-field",
              { record: first.text, name: second.text, near: nearest(second.text, accepted2), accepted: accepted2 },
              second.span
            );
          else if (this.#slots.has(second.text) && first.text === "train") {
            const third = path17[2];
            if (!third || !objectiveFields.includes(third.text))
              unknown(third ?? second, `train.${second.text}`, "field", objectiveFields);
          }
          return;
        }
        if (path17.length === 1) {
          if (!parameters.some((parameter) => parameter.name.text === first.text))
            unknown(first, this.#name, "parameter", [
              ...parameters.map((parameter) => parameter.name.text),
              ...[...this.#slots.keys()].map((slot) => `${slot}.`)
            ]);
          return;
        }
        const filler = fillers.get(first.text);
        if (!filler) return unknown(first, this.#name, "slot", [...this.#slots.keys()]);
        const accepted = this.#fillerParameters(filler).map((parameter) => parameter.name.text);
        if (path17.length > 2) unknown(path17[2], pathText(path17.slice(0, 2)), "part", []);
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
          const path17 = edit.kind === "replace" ? edit.slot.text : pathText(edit.path);
          for (const [other, { variant: first }] of edited)
            if (first !== variant.file.source.file && (other === path17 || other.startsWith(`${path17}.`) || path17.startsWith(`${other}.`)))
              fail(
                "edit-conflict",
                { first, second: variant.file.source.file, path: other.length < path17.length ? other : path17 },
                edit.span
              );
          edited.set(path17, { variant: variant.file.source.file, span: edit.span });
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
              this.#values.push({
                path: edit.slot.text,
                value: this.#source(edit.filler, variant.file),
                origin: `${variant.file.source.file}, replace`
              });
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
        const { preset, variants, sets } = this.#application;
        const chosen = this.#unit.presets.get(preset);
        if (!chosen && preset !== "") {
          const accepted = [...this.#unit.presets.keys()];
          fail(
            "unknown-preset",
            { model: this.#name, name: preset, near: nearest(preset, accepted), accepted },
            this.#unit.declaration.name.span,
            {
              notes: [`presets of ${this.#name}: ${accepted.join(", ") || "(none)"}`]
            }
          );
        }
        for (const field of chosen?.record.fields ?? []) {
          const slot = field.path.length > 1 ? this.#fillers.get(field.path[0].text) : void 0;
          if (slot?.replaced || isRecord(field.value)) continue;
          this.#overrides.set(pathText(field.path), {
            expression: field.value,
            file: this.#unit.file,
            span: field.span,
            origin: `preset ${preset}`
          });
        }
        for (const variant of variants)
          for (const edit of variant.edits)
            if (edit.kind === "set")
              this.#attempt(() => {
                this.#checkPath(edit.path, this.#fillers);
                this.#overrides.set(pathText(edit.path), {
                  expression: edit.value,
                  file: variant.file,
                  span: edit.span,
                  origin: `${variant.file.source.file}, set`
                });
              });
        for (const set of sets)
          this.#attempt(() => {
            this.#checkPath(set.path, this.#fillers);
            this.#overrides.set(pathText(set.path), {
              expression: set.value,
              file: this.#unit.file,
              span: set.value.span,
              origin: set.origin
            });
          });
      }
      // ---- parameters -----------------------------------------------------------------------------------------------
      #given(parameters, prefix, scope) {
        const place = { scope: "", name: "", labels: /* @__PURE__ */ new Map() };
        return new Map(
          parameters.flatMap((parameter) => {
            const override = this.#overrides.get(join(prefix, parameter.name.text));
            if (!override) return [];
            const evaluateHere = (x) => evaluate2(x, { ...scope(), file: override.file }, place, this.#e);
            return [
              [parameter.name.text, { expression: override.expression, evaluate: evaluateHere, nameSpan: override.span }]
            ];
          })
        );
      }
      #parameters() {
        const { parameters } = this.#unit.declaration;
        const empty = { file: this.#unit.file, names: /* @__PURE__ */ new Map(), sizes: /* @__PURE__ */ new Map(), later: /* @__PURE__ */ new Set() };
        const bound = bindParameters(
          this.#name,
          parameters,
          this.#given(parameters, "", () => empty),
          this.#unit.declaration.name.span,
          this.#unit.file,
          this.#e
        );
        for (const [name, value] of bound)
          this.#values.push({ path: name, value: show(value), origin: this.#overrides.get(name)?.origin ?? "default" });
        return bound;
      }
      // ---- the body -------------------------------------------------------------------------------------------------
      #body(parameters) {
        const { declaration, file } = this.#unit;
        const scale2 = this.#scale(parameters);
        this.#parameterScope = {
          file,
          names: parameters,
          sizes: /* @__PURE__ */ new Map(),
          later: /* @__PURE__ */ new Set(),
          ...scale2.perItem && { perItem: scale2.perItem }
        };
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
          } else if (!this.#failed || statement.kind === "slot")
            this.#attempt(() => elaborateStatement(statement, "", this.#scope, this.#e));
        }
        if (!returns) fail("return-missing", { name: this.#name }, declaration.name.span);
        if (!this.#failed) this.#checkRoles(inputs, outputs);
        return { inputs, outputs, values, scale: scale2.scale };
      }
      #scale(parameters) {
        const statement = this.#unit.declaration.body.find(
          (candidate) => candidate.kind === "scale"
        );
        if (!statement) return { scale: { kind: "fixed", value: 1 } };
        const scope = { file: this.#unit.file, names: parameters, sizes: /* @__PURE__ */ new Map(), later: /* @__PURE__ */ new Set() };
        const number = (expression) => {
          const value = evaluate2(expression, scope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, this.#e);
          return value.kind === "number" ? value.value : fail("attribute-type", { name: "scale", takes: "a number", given: show(value) }, expression.span);
        };
        if (statement.fixed) {
          const value = number(statement.fixed);
          if (!(value >= 1)) fail("scale-range", { problem: `a scale is at least 1, not ${value}` }, statement.fixed.span);
          return { scale: { kind: "fixed", value }, name: statement.name.text };
        }
        const [from, to] = [number(statement.from), number(statement.to)];
        if (!(from >= 1 && to >= from))
          fail("scale-range", { problem: `a scale goes from at least 1 upwards, not from ${from} to ${to}` }, statement.span);
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
        if (!role)
          return fail(
            "role-missing",
            { model: this.#name, role: `role for ${statement.name.text}; write as ${inputRoles.join(", ")}` },
            statement.name.span
          );
        const name = role.name.text;
        if (!inputRoles.includes(name))
          fail("role-unknown", { name, near: nearest(name, inputRoles), accepted: inputRoles }, role.name.span);
        this.#roleShape(name, shape2, statement.name);
        const dtype = statement.type.dtype?.text ?? "f32";
        const value = this.#e.builder.input(statement.name.text, typed(shape2, dtype));
        if (this.#scope.names.has(statement.name.text))
          fail("duplicate-name", { name: statement.name.text, what: "defined here" }, statement.name.span);
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
          const value = evaluate2(expression, this.#parameterScope, { scope: "", name: "", labels: /* @__PURE__ */ new Map() }, this.#e);
          return value.kind === "number" ? value.value : fail("attribute-type", { name: "in", takes: "numbers", given: show(value) }, expression.span);
        });
        if (!(from < to))
          fail("attribute-value", { name: "in", accepted: "a range that grows", given: `${from} .. ${to}` }, role.span);
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
        if (wrong)
          fail("role-shape", { role, takes: expected.takes, name: name.text, given: `[${shape2.map(format).join(", ")}]` }, name.span);
      }
      #boundary(condition) {
        const { left, operator, right } = condition;
        const place = { scope: "", name: "", labels: /* @__PURE__ */ new Map() };
        const problem = this.#unit.file.source.text.slice(condition.span.start, condition.span.end);
        if (operator === "==") {
          const by = left.kind === "binary" && left.operator === "%" ? evaluate2(left.right, this.#scope, place, this.#e) : void 0;
          if (left.kind !== "binary" || by?.kind !== "number")
            return fail("static-value", { problem: "where takes only a % n == 0 and a >= n" }, condition.span);
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
          fail(
            "role-unknown",
            { name: role || "(none)", near: nearest(role, outputRoles), accepted: outputRoles },
            statement.role?.name.span ?? name.span
          );
        this.#roleShape(role, value.shape, name);
        return { name: name.text, role, shape: value.shape, range: statement.role ? this.#range(statement.role) : [-1, 1] };
      }
      #checkRoles(inputs, outputs) {
        const { span } = this.#unit.declaration.name;
        const made = outputs.filter((output) => output.role === "samples" || output.role === "image").length;
        const features = outputs.filter((output) => output.role === "features").length;
        if (!(made === 1 && features === 0) && !(made === 0 && features > 0))
          fail("role-count", { model: this.#name, problem: "exactly one samples or image output, or one or more features" }, span);
        if (!inputs.some((input) => input.role === "image" || input.role === "enlarged"))
          fail("role-missing", { model: this.#name, role: "input as image or enlarged" }, span);
        if (outputs.some((output) => output.role === "samples") && !inputs.some((input) => input.role === "coordinates"))
          fail("role-missing", { model: this.#name, role: "input as coordinates, which samples need" }, span);
      }
      // ---- slots ----------------------------------------------------------------------------------------------------
      #callSlot(name, inputs, span) {
        const slot = this.#slots.get(name);
        const filler = this.#fillers.get(name);
        if (inputs.length !== slot.takes.length)
          fail(
            "arity",
            { callee: name, takes: `${slot.takes.length} ${slot.takes.length === 1 ? "tensor" : "tensors"}`, given: inputs.length },
            inputs[slot.takes.length]?.span ?? span
          );
        const tensors = inputs.map((input) => asTensor(input.value, name, input.span));
        slot.takes.forEach((type, at) => this.#contract(name, type, tensors[at], inputs[at].span, type.span, false));
        const result = this.#fill(
          slot,
          filler,
          tensors.map((value, at) => ({ value, span: inputs[at].span })),
          span
        );
        return this.#promised(slot, filler, result, span);
      }
      /** Arguments against what the slot takes. */
      #contract(slot, type, value, at, declared, isResult) {
        const axes = axesOf2(type, this.#scope, this.#e);
        const text = axesText(type, axes);
        const context2 = {
          label: `gives ${shapeText(value)}`,
          related: [{ span: declared, label: isResult ? `promised here: ${text}` : `${slot} takes ${text}` }]
        };
        const wrong = (note) => isResult ? fail("slot-contract", { slot, problem: `gives ${shapeText(value)} where ${text} is promised` }, at, {
          ...context2,
          notes: [note]
        }) : fail("shape-mismatch", { problem: `${slot} takes ${text} and is given ${shapeText(value)}` }, at, {
          ...context2,
          notes: [note]
        });
        const dtype = type.dtype?.text ?? "f32";
        if (dtype !== value.dtype) wrong(`${value.dtype} is not ${dtype}`);
        if (axes.length !== value.shape.length) wrong(`${value.shape.length} axes, not ${axes.length}`);
        axes.forEach(({ size, open: open4 }, axis) => {
          const actual = value.shape[axis];
          if (!size) {
            if (!open4) return;
            const before = this.#scope.sizes.get(open4);
            if (before && compare(before, actual) !== "equal")
              wrong(`axis ${axis}: ${open4} is ${format(before)} already, not ${format(actual)}`);
            this.#scope.sizes.set(open4, actual);
            return;
          }
          const verdict = compare(size, actual);
          if (verdict === "different") wrong(`axis ${axis}: ${format(actual)} is not ${format(size)}`);
          if (verdict === "unknown") fail("shape-unknown", { claim: `${format(actual)} = ${format(size)}` }, at, context2);
        });
      }
      #fill(slot, filler, inputs, span) {
        const name = slot.name.text;
        const scope = { ...this.#parameterScope, file: filler.file, sizes: this.#scope.sizes };
        const at = filler.expression.span;
        const expression = filler.expression.kind === "group" ? filler.expression.inner : filler.expression;
        if (expression.kind === "lambda") {
          if (expression.parameters.length !== inputs.length)
            fail("lambda-arity", { slot: name, takes: inputs.length, names: expression.parameters.length }, at, {
              related: [{ span: slot.contractSpan, label: "declared here" }]
            });
          const bound = expression.parameters.flatMap(
            (parameter, index) => parameter.text === "_" ? [] : [[parameter.text, inputs[index].value]]
          );
          const labels = ownerLabels([expression.body], false, filler.file, /* @__PURE__ */ new Set());
          return evaluate2(expression.body, childScope(scope, bound), { scope: name, name: "", labels }, this.#e);
        }
        const callee = expression.kind === "call" ? expression.callee.text : expression.kind === "name" ? expression.name : "";
        const named = expression.kind === "call" ? expression.arguments : [];
        const module = filler.file.modules.get(callee);
        const op = ops.get(callee);
        if (!module && !op) {
          const known3 = [...filler.file.modules.keys(), ...ops.keys()];
          fail("unknown-op", { name: callee || "this", near: nearest(callee, known3) }, at, {
            help: "a slot is filled by a module call, an op call, or a lambda such as (x) => x"
          });
        }
        const place = { scope: "", name: "", labels: /* @__PURE__ */ new Map() };
        const evaluateHere = (x) => evaluate2(x, scope, place, this.#e);
        const unnamed = named.find((argument) => !argument.name);
        if (unnamed && !(op && !module && op.pattern))
          fail("arity", { callee, takes: "the slot\u2019s inputs and named values", given: 1 + inputs.length }, unnamed.span);
        if (module) {
          const given = new Map(
            named.map((argument) => [
              argument.name.text,
              { expression: argument.value, evaluate: evaluateHere, nameSpan: argument.name.span }
            ])
          );
          for (const [parameter, override] of this.#given(module.declaration.parameters, name, () => ({
            ...scope,
            names: this.#parameterScope.names
          })))
            given.set(parameter, override);
          for (const parameter of module.declaration.parameters) {
            const origin = this.#overrides.get(`${name}.${parameter.name.text}`)?.origin;
            const written2 = given.get(parameter.name.text)?.expression ?? parameter.standard;
            if (written2)
              this.#values.push({
                path: `${name}.${parameter.name.text}`,
                value: this.#writtenText(written2),
                origin: origin ?? (given.has(parameter.name.text) ? "filler" : "default")
              });
          }
          return enter(module, inputs, given, name, at, this.#e);
        }
        const call = expression.kind === "call" ? expression : { kind: "call", callee: { text: callee, span: at }, arguments: [], parenthesised: false, span: at };
        const extra = named.filter((argument) => argument.name !== void 0);
        const pattern = named.filter((argument) => !argument.name);
        const positional = inputs.map((_, index) => ({ value: { kind: "name", name: `#${index}`, span: at }, span: at }));
        const inner = childScope(
          scope,
          inputs.map((input, index) => [`#${index}`, input.value])
        );
        return callOp(op, call, [...positional, ...pattern], extra, void 0, {
          scope: inner,
          place,
          e: this.#e,
          path: name,
          evaluate: (x) => evaluate2(x, inner, place, this.#e)
        });
      }
      #writtenText(expression) {
        const unit2 = [
          this.#unit.file,
          ...this.#application.variants.map((variant) => variant.file),
          ...[...this.#unit.file.modules.values()].map((module) => module.file)
        ].find((candidate) => candidate.source.file === expression.span.file);
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
            const shape2 = axes.map(
              ({ size }) => size ?? fail("slot-contract", { slot: name, problem: `is a number; its shape ${axesText(type, axes)} is not known` }, at)
            );
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
            if (!item)
              fail("slot-contract", { slot: name, problem: `gives no ${wanted?.text}` }, at, {
                related: [{ span: slot.contractSpan, label: "promised here" }]
              });
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
          if (field.path.length > 1 || !accepted.includes(name.text))
            fail("unknown-field", { record, name: pathText(field.path), near: nearest(name.text, accepted), accepted }, name.span);
          if (fields.has(name.text)) fail("duplicate-name", { name: name.text, what: "given" }, name.span);
          fields.set(name.text, { value: field.value, span: field.span, origin: "default" });
        }
        for (const [path17, override] of this.#overrides) {
          const [head, name, ...rest] = path17.split(".");
          if (head !== record || rest.length > 0) continue;
          fields.set(name, { value: override.expression, span: override.span, origin: override.origin });
        }
        for (const [name, field] of fields)
          if (!isRecord(field.value))
            this.#values.push({ path: `${record}.${name}`, value: this.#writtenText(field.value), origin: field.origin });
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
        const m = reader.has("m") ? reader.perItem(reader.expression("m"), ["epoch", "epochs"]) : this.#staticScale(scale2, declared.span);
        this.#checkDraw(m, scale2, reader.has("m") ? reader.expression("m").span : declared.span);
        const main = this.#objective(reader, outputs, values, void 0);
        const objectives = [main];
        for (const slot of this.#slots.keys()) {
          const record = declared.fields.get(slot);
          if (!record) continue;
          if (!isRecord(record.value))
            fail("attribute-type", { name: slot, takes: "a record { loss, optimizer, .. }", given: "a value" }, record.span);
          const inner = /* @__PURE__ */ new Map();
          for (const field of record.value.fields) {
            const name = pathText(field.path);
            if (!objectiveFields.includes(name))
              fail(
                "unknown-field",
                { record: `train.${slot}`, name, near: nearest(name, objectiveFields), accepted: objectiveFields },
                field.span
              );
            const override = this.#overrides.get(`train.${slot}.${name}`);
            inner.set(name, { value: override?.expression ?? field.value, span: field.span, origin: "default" });
          }
          objectives.push(
            this.#objective(
              new FieldReader(`train.${slot}`, inner, this.#parameterScope, this.#e, record.span),
              outputs,
              values,
              slot
            )
          );
        }
        const own = new Set(graph.weights.map((weight) => weight.path));
        const grouped = objectives.map((objective) => ({
          ...objective,
          graph: {
            ...objective.graph,
            weights: objective.graph.weights.map(
              (weight) => own.has(weight.path) ? weight : { ...weight, group: weight.path.split(".")[0] }
            )
          }
        }));
        return {
          sizes,
          m,
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
      #checkDraw(m, scale2, span) {
        const bounds2 = scale2.kind === "range" ? [scale2.from, scale2.to] : [scale2.value, scale2.value];
        const numbers2 = m.kind === "number" ? [m] : m.kind === "choice" ? m.items : m.kind === "call" && m.name === "uniform" ? m.arguments : [];
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
        const tensor4 = (value) => ({ kind: "tensor", id: value, ...all.values[value] });
        for (const input of all.inputs) names2.set(input.name, tensor4(input.value));
        for (const output of values) names2.set(output.name, tensor4(output.value));
        names2.set("target", target);
        const scope = { ...this.#scope, names: names2, later: /* @__PURE__ */ new Set() };
        const place = {
          scope: "",
          name: "loss",
          labels: ownerLabels([expression], false, this.#unit.file, new Set(this.#slots.keys()))
        };
        const loss2 = asTensor(evaluate2(expression, scope, place, this.#e), "loss", expression.span);
        if (loss2.shape.length !== 0) fail("loss-shape", { callee: "loss", left: shapeText(loss2), right: "a number" }, expression.span);
        const calls = callsIn(expression).filter((call) => call.callee.text === "l1" || call.callee.text === "mse");
        const terms = calls.map((call) => ({
          name: this.#writtenText(call),
          value: asTensor(evaluate2(call, scope, place, this.#e), "loss", call.span).id
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
        if (!output)
          return fail(
            "role-missing",
            { model: this.#name, role: "samples or image output to train on" },
            this.#unit.declaration.name.span
          );
        this.#targetValue ??= this.#e.builder.input("target", f32(output.shape));
        return this.#targetValue;
      }
      #evaluate(scale2, train2) {
        const declared = this.#fields("evaluate");
        if (!declared) return void 0;
        const reader = new FieldReader("evaluate", declared.fields, this.#parameterScope, this.#e, declared.span);
        const plan = reader.evaluatePlan(train2?.degrade ?? [{ op: "resize", kernel: "bicubic" }]);
        const bounds2 = scale2.kind === "range" ? [scale2.from, scale2.to] : [scale2.value, scale2.value];
        for (const m of plan.m)
          if (m < bounds2[0] || m > bounds2[1])
            fail("out-of-range", { name: "m", range: `${bounds2[0]} .. ${bounds2[1]}`, given: String(m) }, reader.expression("m").span);
        return plan;
      }
    };
  }
});

// src/compiler/ir/print.ts
function printGraph(graph) {
  const number = /* @__PURE__ */ new Map();
  const name = (value) => {
    if (!number.has(value)) number.set(value, number.size);
    return `%${number.get(value)}`;
  };
  const lines = [];
  for (const input of graph.inputs) lines.push(`input ${input.name} ${name(input.value)}: ${shape(graph.values[input.value])}`);
  for (const weight of graph.weights)
    lines.push(
      `weight ${weight.path}: [${weight.shape.join(", ")}] ${JSON.stringify(weight.initialiser)}${weight.trainable ? "" : " stored"}${weight.group ? ` of ${weight.group}` : ""}`
    );
  for (const node of graph.nodes) lines.push(printNode(graph, node, name));
  for (const output of graph.outputs) lines.push(`output ${output.name}: ${name(output.value)}`);
  return lines.join("\n") + "\n";
}
function printNode(graph, node, name) {
  const inputs = node.inputs.map(name);
  const weights = node.weights.map((path17) => `@${path17}`);
  const attributes2 = Object.entries(node.attributes).map(([key3, value]) => `${key3}: ${JSON.stringify(value)}`);
  const sizes = Object.entries(node.sizes).map(([key3, list]) => `${key3}: [${list.map(format).join(", ")}]`);
  const results = node.results.map((result) => `${name(result)}: ${shape(graph.values[result])}`);
  return `${results.join(", ")} = ${node.op}(${[...inputs, ...weights, ...attributes2, ...sizes].join(", ")})  // ${node.path}`;
}
var shape;
var init_print = __esm({
  "src/compiler/ir/print.ts"() {
    "use strict";
    init_size();
    shape = (type) => `${type.dtype}[${type.shape.map(format).join(", ")}]`;
  }
});

// src/compiler/lint/lint.ts
var init_lint = __esm({
  "src/compiler/lint/lint.ts"() {
    "use strict";
    init_catalogue();
  }
});

// grammar/tokens.ts
import { createToken, Lexer } from "chevrotain";
var Identifier, word, sign, Import, From, Module2, Model, Input, Output, Scale, Slot, Let, Weight, Return, Preset, Train, Evaluate, Variant, Of, Replace, With, Set2, Repeat, In, As, By, Where, Num, Text, FatArrow, Arrow, EqualEqual, AtLeast, Equals, DotDot, Dot, Comma, Colon, Question, Plus, Minus, Star, Slash, Percent, OpenParen, CloseParen, OpenSquare, CloseSquare, OpenBrace, CloseBrace, Space, Documentation, Remark, statementWords, declarationWords, keywords, allTokens, lexer;
var init_tokens = __esm({
  "grammar/tokens.ts"() {
    "use strict";
    Identifier = createToken({ name: "Identifier", pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: "a name" });
    word = (text) => createToken({
      name: `'${text}'`,
      pattern: new RegExp(text),
      longer_alt: Identifier,
      categories: [Identifier],
      label: `'${text}'`
    });
    sign = (name, text) => createToken({ name, pattern: text, label: `'${text}'` });
    Import = word("import");
    From = word("from");
    Module2 = word("module");
    Model = word("model");
    Input = word("input");
    Output = word("output");
    Scale = word("scale");
    Slot = word("slot");
    Let = word("let");
    Weight = word("weight");
    Return = word("return");
    Preset = word("preset");
    Train = word("train");
    Evaluate = word("evaluate");
    Variant = word("variant");
    Of = word("of");
    Replace = word("replace");
    With = word("with");
    Set2 = word("set");
    Repeat = word("repeat");
    In = word("in");
    As = word("as");
    By = word("by");
    Where = word("where");
    Num = createToken({ name: "Number", pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, label: "a number" });
    Text = createToken({ name: "String", pattern: /"[^"\r\n]*"/, label: "a string" });
    FatArrow = sign("FatArrow", "=>");
    Arrow = sign("Arrow", "->");
    EqualEqual = sign("EqualEqual", "==");
    AtLeast = sign("AtLeast", ">=");
    Equals = sign("Equals", "=");
    DotDot = sign("DotDot", "..");
    Dot = sign("Dot", ".");
    Comma = sign("Comma", ",");
    Colon = sign("Colon", ":");
    Question = sign("Question", "?");
    Plus = sign("Plus", "+");
    Minus = sign("Minus", "-");
    Star = sign("Star", "*");
    Slash = sign("Slash", "/");
    Percent = sign("Percent", "%");
    OpenParen = sign("OpenParen", "(");
    CloseParen = sign("CloseParen", ")");
    OpenSquare = sign("OpenSquare", "[");
    CloseSquare = sign("CloseSquare", "]");
    OpenBrace = sign("OpenBrace", "{");
    CloseBrace = sign("CloseBrace", "}");
    Space = createToken({ name: "Space", pattern: /[ \t\r\n]+/, group: Lexer.SKIPPED, line_breaks: true });
    Documentation = createToken({ name: "Documentation", pattern: /\/\/\/[^\r\n]*/, group: "documentation" });
    Remark = createToken({ name: "Remark", pattern: /\/\/[^\r\n]*/, group: "remarks" });
    statementWords = [Input, Output, Scale, Slot, Let, Weight, Return];
    declarationWords = [Import, Module2, Model, Preset, Train, Evaluate, Variant, Replace, Set2];
    keywords = [...declarationWords, ...statementWords, From, Of, With, Repeat, In, As, By, Where];
    allTokens = [
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
    lexer = new Lexer(allTokens, { positionTracking: "onlyOffset", ensureOptimizations: true });
  }
});

// grammar/parser.ts
import { EmbeddedActionsParser } from "chevrotain";
var ArchParser;
var init_parser = __esm({
  "grammar/parser.ts"() {
    "use strict";
    init_tokens();
    ArchParser = class extends EmbeddedActionsParser {
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
        const first = this.OR([{ ALT: () => this.CONSUME(Module2) }, { ALT: () => this.CONSUME(Model) }]);
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
        const path17 = this.SUBRULE(this.path);
        const value = this.OR([
          {
            ALT: () => {
              this.CONSUME(Colon);
              return this.SUBRULE(this.expression);
            }
          },
          { ALT: () => this.SUBRULE(this.record) }
        ]);
        return this.ACTION(() => ({ path: path17, value, span: this.span(path17[0], value) }));
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
        const path17 = this.SUBRULE(this.path);
        this.CONSUME(Equals);
        const value = this.SUBRULE(this.expression);
        return this.ACTION(() => ({ kind: "set", path: path17, value, span: this.span(first, value) }));
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
        const open4 = this.CONSUME(OpenSquare);
        const axes = [];
        this.MANY_SEP({ SEP: Comma, DEF: () => axes.push(this.SUBRULE(this.axis)) });
        const close = this.CONSUME(CloseSquare);
        return this.ACTION(() => ({ ...dtype && { dtype: this.nameOf(dtype) }, axes, span: this.span(dtype ?? open4, close) }));
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
        const open4 = this.CONSUME(OpenParen);
        const items = [];
        this.MANY_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.argument)) });
        const close = this.CONSUME(CloseParen);
        return this.ACTION(() => ({ items, span: this.span(open4, close) }));
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
              const open4 = this.CONSUME(OpenParen);
              const inner = this.SUBRULE(this.expression);
              const close = this.CONSUME(CloseParen);
              return this.ACTION(() => ({ kind: "group", inner, span: this.span(open4, close) }));
            }
          },
          {
            ALT: () => {
              const open4 = this.CONSUME(OpenSquare);
              const items = [];
              this.MANY_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE2(this.expression)) });
              const close = this.CONSUME(CloseSquare);
              return this.ACTION(() => ({ kind: "list", items, span: this.span(open4, close) }));
            }
          }
        ])
      );
    };
  }
});

// src/compiler/syntax/parse.ts
function parse(file, text) {
  const lexed = lexer.tokenize(text);
  const documentation = lexed.groups["documentation"] ?? [];
  const diagnostics = lexed.errors.map((error2) => lexical(file, text, error2));
  const nesting = bracketProblem(file, lexed.tokens);
  if (nesting) return { source: { file, text, declarations: [] }, diagnostics: [...diagnostics, nesting] };
  let tokens = lexed.tokens;
  while (diagnostics.length < mostErrors) {
    const declarations = parser.parseFile(file, tokens, documentation);
    const error2 = parser.errors[0];
    if (!error2) return { source: { file, text, declarations }, diagnostics };
    const at = errorIndex(tokens, error2);
    diagnostics.push(unexpected(file, text, tokens, at, error2));
    tokens = withoutStatement(text, tokens, at);
  }
  return { source: { file, text, declarations: [] }, diagnostics };
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
function lexical(file, text, error2) {
  const span = { file, start: error2.offset, end: error2.offset + error2.length };
  if (text[error2.offset] === '"') return diagnostic("bad-string", {}, span);
  return diagnostic("bad-character", { found: JSON.stringify(text.slice(span.start, Math.min(span.end, span.start + 12))) }, span);
}
function bracketProblem(file, tokens) {
  const open4 = [];
  for (const token of tokens) {
    if (openers.has(token.tokenType)) {
      open4.push(token);
      if (open4.length > deepest) return diagnostic("too-deep", { limit: deepest }, spanOf(file, token));
    } else if ([...openers.values()].includes(token.tokenType)) {
      const opener2 = open4.pop();
      if (!opener2) return void 0;
      if (openers.get(opener2.tokenType) !== token.tokenType)
        return diagnostic("unclosed", { bracket: opener2.image }, spanOf(file, opener2), {
          related: [{ span: spanOf(file, token), label: "noticed here" }]
        });
    }
  }
  const opener = open4.at(-1);
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
    const words2 = error2.context.ruleStack.length > 1 ? statementWords : declarationWords;
    const names2 = words2.map((word2) => word2.name.slice(1, -1));
    const close = nearest(suspect.image, names2);
    if (close.length > 0 || error2.context.ruleStack.length <= 1)
      return diagnostic(
        "unknown-keyword",
        { name: suspect.image, near: close, accepted: close.length ? void 0 : names2 },
        span
      );
  }
  return diagnostic("unexpected-token", { expected: expectation(error2), found }, span, {
    ...previous && token && { related: [{ span: spanOf(file, previous), label: `after this` }] }
  });
}
function expectation(error2) {
  const rule = error2.context.ruleStack.at(-1);
  const single = /Expecting token of type --> (\S+) <--/.exec(error2.message)?.[1];
  const labels = { Identifier: "a name", Number: "a number", String: "a string in quotes" };
  if (error2.message.startsWith("Redundant input"))
    return "a declaration (import, module, model, preset, train, evaluate, variant, replace, set)";
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
  const words2 = [...statementWords, ...declarationWords];
  const starts = (index) => {
    const token = tokens[index];
    const top = depths[index] === 0;
    return beginsLine(text, token) && (top ? declarationWords.includes(token.tokenType) : depths[index] === 1 && words2.includes(token.tokenType));
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
  while (to < tokens.length && !((depths[to] ?? 0) <= depth && (starts(to) || tokens[to].tokenType === CloseBrace && depths[to] <= depth)))
    to += 1;
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
var parser, openers, deepest, mostErrors, spanOf;
var init_parse = __esm({
  "src/compiler/syntax/parse.ts"() {
    "use strict";
    init_parser();
    init_tokens();
    init_catalogue();
    init_suggest();
    parser = new ArchParser();
    openers = /* @__PURE__ */ new Map([
      [OpenParen, CloseParen],
      [OpenSquare, CloseSquare],
      [OpenBrace, CloseBrace]
    ]);
    deepest = 200;
    mostErrors = 20;
    spanOf = (file, token) => ({
      file,
      start: token.startOffset,
      end: token.startOffset + token.image.length
    });
  }
});

// src/compiler/names/program.ts
var Program;
var init_program = __esm({
  "src/compiler/names/program.ts"() {
    "use strict";
    init_catalogue();
    init_suggest();
    init_parse();
    Program = class {
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
          this.diagnostics.push(
            diagnostic("import-missing", { path: file, reason: read.problem }, askedAt ?? { file, start: 0, end: 0 })
          );
          return void 0;
        }
        const { source: source2, diagnostics } = parse(file, read.text);
        this.diagnostics.push(...diagnostics);
        const unit2 = { source: source2, modules: /* @__PURE__ */ new Map(), models: /* @__PURE__ */ new Map() };
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
          if (declaration.kind === "module" && claim(declaration.name, "a module"))
            unit2.modules.set(declaration.name.text, { declaration, file: unit2 });
          else if (declaration.kind === "model" && claim(declaration.name, "a model")) {
            model = { declaration, file: unit2, presets: /* @__PURE__ */ new Map() };
            unit2.models.set(declaration.name.text, model);
          } else if (declaration.kind === "preset" || declaration.kind === "train" || declaration.kind === "evaluate") {
            if (!model)
              this.diagnostics.push(
                diagnostic("no-model", { file: unit2.source.file }, declaration.span, {
                  help: `${declaration.kind} stands below the model that it belongs to`
                })
              );
            else if (declaration.kind === "preset") {
              if (model.presets.has(declaration.name.text))
                this.diagnostics.push(
                  diagnostic("duplicate-name", { name: declaration.name.text, what: "a preset" }, declaration.name.span)
                );
              else model.presets.set(declaration.name.text, { record: declaration.record, span: declaration.name.span });
            } else if (model[declaration.kind])
              this.diagnostics.push(diagnostic("duplicate-name", { name: declaration.kind, what: "given" }, declaration.span));
            else model[declaration.kind] = { record: declaration.record, span: declaration.span };
          } else if (declaration.kind === "variant") {
            if (unit2.variant)
              this.diagnostics.push(diagnostic("duplicate-name", { name: "variant", what: "given" }, declaration.span));
            else unit2.variant = { declaration, file: unit2, edits };
          } else if (declaration.kind === "replace" || declaration.kind === "set") edits.push(declaration);
        }
        if (edits.length > 0 && !unit2.variant)
          this.diagnostics.push(
            diagnostic(
              "unexpected-token",
              { expected: 'variant ".." of MODEL from ".." above the edits', found: edits[0].kind },
              edits[0].span
            )
          );
      }
      #import(unit2, declaration, chain) {
        const file = this.host.resolve(unit2.source.file, declaration.from);
        if (chain.includes(file)) {
          this.diagnostics.push(
            diagnostic("import-cycle", { chain: [...chain.slice(chain.indexOf(file)), file] }, declaration.fromSpan)
          );
          return;
        }
        const broken = this.diagnostics.length;
        const imported = this.load(file, declaration.fromSpan, chain);
        if (!imported) return;
        const module = [...imported.modules.values()].find(
          (candidate) => candidate.file === imported && candidate.declaration.name.text === declaration.name.text
        );
        if (module) unit2.modules.set(declaration.name.text, module);
        else if (this.diagnostics.length === broken) {
          const names2 = [...imported.modules.values()].filter((candidate) => candidate.file === imported).map((candidate) => candidate.declaration.name.text);
          this.diagnostics.push(
            diagnostic(
              "unknown-module",
              { name: declaration.name.text, file: declaration.from, near: nearest(declaration.name.text, names2), accepted: names2 },
              declaration.name.span
            )
          );
        }
      }
    };
  }
});

// src/compiler/index.ts
function compile(file, host, options = {}) {
  const session = new Session(host);
  const model = session.attempt(() => {
    const chosen = session.choose(file, options);
    return chosen && session.build(chosen.model, chosen.application);
  });
  return session.finish(model);
}
var Session, meaning;
var init_compiler = __esm({
  "src/compiler/index.ts"() {
    "use strict";
    init_catalogue();
    init_suggest();
    init_model();
    init_print();
    init_lint();
    init_program();
    init_parse();
    Session = class {
      #program;
      #found = [];
      #extra = /* @__PURE__ */ new Map();
      constructor(host) {
        this.#program = new Program(host);
      }
      report(...diagnostics) {
        this.#found.push(...diagnostics);
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
          return [
            variant.variant ?? fail(
              "unexpected-token",
              { expected: "a variant file", found: 'a file without variant ".." of' },
              { file: name, start: 0, end: 0 }
            )
          ];
        });
        if (extra.length < (options.variants ?? []).length) return void 0;
        const variants = [...unit2.variant ? [unit2.variant] : [], ...extra];
        const bases = variants.map((variant) => this.base(variant));
        if (bases.some((base) => !base)) return void 0;
        const model = unit2.variant ? bases[0] : [...unit2.models.values()][0];
        if (!model)
          fail("no-model", { file }, start, { help: "a file of modules is checked with archc check; a model is what compiles" });
        for (const [at, base] of bases.entries())
          if (base !== model)
            fail(
              "unknown-module",
              {
                file: variants[at].declaration.from,
                name: `${model.declaration.name.text}, the base of what is compiled`,
                near: []
              },
              variants[at].declaration.base.span
            );
        const sets = (options.sets ?? []).map((text) => this.#set(text));
        return { model, application: { preset: options.preset ?? "", variants, sets } };
      }
      /** Reads `path=value` through the same parser as a `set` in a file. */
      #set(text) {
        const name = `--set ${text}`;
        this.#extra.set(name, text);
        const at = text.indexOf("=");
        const whole = { file: name, start: 0, end: text.length };
        if (at < 1) fail("unexpected-token", { expected: "path=value", found: `'${text}'` }, whole);
        const { source: source2, diagnostics } = parse(name, `set ${text.slice(0, at)} = 0`);
        const edit = source2.declarations[0];
        if (diagnostics.length > 0 || edit?.kind !== "set")
          fail(
            "unexpected-token",
            { expected: "a path such as encoder.embed", found: `'${text.slice(0, at)}'` },
            { ...whole, end: at }
          );
        const path17 = edit.path.map((part2) => ({ ...part2, span: { file: name, start: part2.span.start - 4, end: part2.span.end - 4 } }));
        const value = parseExpression(name, " ".repeat(at + 1) + text.slice(at + 1));
        const problem = value.diagnostics[0];
        if (problem || !value.expression)
          throw new Reported(problem ?? diagnostic("unexpected-token", { expected: "a value", found: "nothing" }, whole));
        return { path: path17, value: value.expression, origin: "--set" };
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
        const sets = application.sets.map((set) => `// ${set.origin} ${set.path.map((part2) => part2.text).join(".")}
`);
        return [
          `// preset ${application.preset || "(defaults)"}
`,
          ...sets,
          ...[...reach].map((file) => `// ---- ${file.source.file}
${file.source.text}`)
        ].join("\n");
      }
      finish(model) {
        const seen = /* @__PURE__ */ new Set();
        const diagnostics = [...this.#program.diagnostics, ...this.#found].filter((problem) => {
          const key3 = `${problem.code} ${problem.primary.span.file} ${problem.primary.span.start} ${problem.primary.span.end}`;
          if (seen.has(key3)) return false;
          seen.add(key3);
          return true;
        });
        const errors = diagnostics.some((problem) => problem.severity === "error");
        return {
          ...model && !errors && { model },
          diagnostics,
          sources: new Map([...[...this.#program.files].map(([name, unit2]) => [name, unit2.source.text]), ...this.#extra])
        };
      }
    };
    meaning = (model) => JSON.stringify([
      printGraph(model.graph),
      model.train && {
        ...model.train,
        objectives: model.train.objectives.map((objective) => ({ ...objective, graph: printGraph(objective.graph) }))
      },
      model.evaluate,
      model.inputs.map(({ role, range: range2, by }) => ({ role, range: range2, by }))
    ]);
  }
});

// src/compiler/diagnostics/source.ts
function source(text) {
  const lineStarts = [0];
  for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) lineStarts.push(index + end.length);
  return { text, lineStarts };
}
function positionAt({ text, lineStarts }, offset) {
  const inside = Math.min(Math.max(offset, 0), text.length);
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (lineStarts[middle] <= inside) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: inside - lineStarts[low] + 1 };
}
function lineAt({ text, lineStarts }, line) {
  const start = lineStarts[line - 1];
  return start === void 0 ? "" : text.slice(start, lineStarts[line]).replace(/[\r\n]+$/, "");
}
function layOut(line) {
  const glyphs = [];
  const cells = [];
  let cell = 0;
  for (const { segment } of graphemes.segment(line)) {
    const width = segment === "	" ? tabStop - cell % tabStop : widthOf(segment);
    glyphs.push({ text: segment === "	" ? " ".repeat(width) : segment.replace(control, "\uFFFD"), cell, width });
    for (let i = 0; i < segment.length; i++) cells.push(cell);
    cell += width;
  }
  return { glyphs, cells: [...cells, cell] };
}
function widthOf(grapheme) {
  if (invisible.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}
var graphemes, tabStop, wide, invisible, control, printable, textWidth;
var init_source2 = __esm({
  "src/compiler/diagnostics/source.ts"() {
    "use strict";
    graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
    tabStop = 4;
    wide = /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f)/u;
    invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
    control = /\p{Cc}/gu;
    printable = (text) => layOut(text).glyphs.map((glyph) => glyph.text).join("");
    textWidth = (text) => layOut(text).cells.at(-1);
  }
});

// src/compiler/diagnostics/render-pretty.ts
function renderPretty(diagnostics, read, { color, width }) {
  if (diagnostics.length === 0) return "";
  const sources = /* @__PURE__ */ new Map();
  const sourceOf = (file) => {
    if (!sources.has(file)) {
      const text = read(file);
      sources.set(file, text === void 0 ? void 0 : source(text));
    }
    return sources.get(file);
  };
  const paint = (style, text) => color && text !== "" ? `\x1B[${ansi[style]}m${text}\x1B[0m` : text;
  const blocks = diagnostics.map((diagnostic2) => renderOne(diagnostic2, sourceOf, paint, Math.max(width, leastWidth)).join("\n"));
  return `${[...blocks, summary(diagnostics, paint)].join("\n\n")}
`;
}
function summary(diagnostics, paint) {
  const counts = ["error", "warning"].map((severity) => {
    const count2 = diagnostics.filter((diagnostic2) => diagnostic2.severity === severity).length;
    return count2 === 0 ? [] : [paint(severity, `${count2} ${severity}${count2 === 1 ? "" : "s"}`)];
  });
  return counts.flat().join(", ");
}
function renderOne(diagnostic2, sourceOf, paint, width) {
  const { severity, code, message, notes, help } = diagnostic2;
  const frames = [];
  for (const label of [diagnostic2.primary, ...diagnostic2.related])
    addToFrames(frames, label, label === diagnostic2.primary, sourceOf);
  const lastLine = Math.max(...frames.flatMap((frame2) => frame2.marks.map((mark) => mark.line)));
  const gutter = Math.max(2, String(lastLine).length);
  const indent2 = " ".repeat(gutter);
  return [
    `${paint(severity, `${severity}[${code}]`)}${paint("strong", `: ${printable(message)}`)}`,
    ...frames.flatMap((frame2) => renderFrame(frame2, severity, gutter, paint, width)),
    ...notes.flatMap((note) => hanging(`${indent2}${paint("frame", "=")} `, gutter + 2, note, width)),
    ...help === void 0 ? [] : hanging(`${indent2}${paint("help", "help:")} `, gutter + 6, help, width)
  ];
}
function addToFrames(frames, { span, label }, primary, sourceOf) {
  const text = sourceOf(span.file);
  const marks = text ? marksOf(text, span.start, span.end, primary, label) : [{ line: 0, from: 0, to: 0, primary, text: label }];
  const shown3 = frames.find(
    (frame2) => frame2.source && frame2.file === span.file && frame2.marks.some((mark) => mark.line === marks[0].line)
  );
  if (shown3) shown3.marks.push(...marks);
  else frames.push({ file: span.file, source: text, start: span.start, marks });
}
function marksOf(text, start, end, primary, label) {
  let last = Math.min(Math.max(end, start), text.text.length);
  while (last > start && /[\r\n]/.test(text.text[last - 1])) last--;
  const from = positionAt(text, start);
  const to = positionAt(text, last);
  const firstText = lineAt(text, from.line);
  const mark = (line, fromColumn, toColumn, words2) => {
    const { cells } = layOut(lineAt(text, line));
    const cellAt = (column2) => cells[Math.min(column2 - 1, cells.length - 1)];
    return { line, from: cellAt(fromColumn), to: Math.max(cellAt(toColumn), cellAt(fromColumn) + 1), primary, text: words2 };
  };
  if (from.line === to.line) return [mark(from.line, from.column, to.column, label)];
  const lastIndent = lineAt(text, to.line).search(/\S|$/);
  return [
    mark(from.line, from.column, firstText.length + 1, ""),
    mark(to.line, Math.min(lastIndent + 1, to.column), to.column, label)
  ];
}
function renderFrame({ file, source: text, start, marks }, severity, gutter, paint, width) {
  const indent2 = " ".repeat(gutter);
  const bar = `${indent2}${paint("frame", "\u2502")}`;
  const name = printable(file);
  if (!text) {
    const words2 = marks.flatMap(
      (mark) => mark.text === "" ? [] : [`${bar} ${paint(mark.primary ? severity : "related", printable(mark.text))}`]
    );
    return [`${indent2}${paint("frame", "\u250C\u2500")} ${name}`, ...words2];
  }
  const { line, column: column2 } = positionAt(text, start);
  const rows = [`${indent2}${paint("frame", "\u250C\u2500")} ${name}:${line}:${column2}`];
  let previous;
  for (const shown3 of [...new Set(marks.map((mark) => mark.line))].sort((a, b) => a - b)) {
    if (previous !== void 0 && shown3 > previous + 1) rows.push(`${indent2}${paint("frame", "\u22EE")}`);
    previous = shown3;
    const own = marks.filter((mark) => mark.line === shown3);
    const cut = fit(layOut(lineAt(text, shown3)).glyphs, own, width - gutter - 2);
    const number = paint("frame", `${String(shown3).padEnd(gutter)}\u2502`);
    rows.push(cut.text === "" ? number : `${number} ${cut.text}`);
    rows.push(...markRows(cut.marks, severity, paint).map((row) => `${bar} ${row}`));
  }
  return rows;
}
function fit(glyphs, marks, width) {
  const last = glyphs.at(-1);
  const length = last ? last.cell + last.width : 0;
  const join3 = (part2) => part2.map((glyph) => glyph.text).join("");
  if (length <= width) return { text: join3(glyphs).trimEnd(), marks: [...marks] };
  const first = Math.min(...marks.map((mark) => mark.from));
  const end = Math.max(...marks.map((mark) => mark.to));
  const begin = end < width ? 0 : Math.max(0, Math.min(first - context, length - width));
  const kept = glyphs.filter(
    ({ cell, width: cells }) => (begin === 0 || cell > begin) && cell + cells <= begin + width - (begin + width < length ? 1 : 0)
  );
  const gap = " ".repeat(Math.max(0, (kept[0]?.cell ?? 0) - begin - 1));
  const within = (cell) => Math.min(Math.max(cell - begin, 0), width);
  return {
    text: `${begin > 0 ? `\u2026${gap}` : ""}${join3(kept)}${begin + width < length ? "\u2026" : ""}`.trimEnd(),
    marks: marks.map((mark) => ({ ...mark, from: within(mark.from), to: Math.max(within(mark.to), within(mark.from) + 1) }))
  };
}
function markRows(marks, severity, paint) {
  const styleOf = (mark) => mark.primary ? severity : "related";
  const words2 = (mark) => paint(styleOf(mark), printable(mark.text));
  const owners = [];
  for (const mark of [...marks].sort((a, b) => Number(a.primary) - Number(b.primary))) {
    while (owners.length < mark.to) owners.push(void 0);
    owners.fill(mark, mark.from, mark.to);
  }
  const underline = runs(owners).map(
    ([mark, count2]) => mark ? paint(styleOf(mark), (mark.primary ? "^" : "-").repeat(count2)) : " ".repeat(count2)
  );
  const speaking = marks.filter((mark) => mark.text !== "").sort((a, b) => b.from - a.from);
  const atEnd = speaking.find((mark) => mark.to === owners.length);
  const below = speaking.filter((mark) => mark !== atEnd);
  const rows = below.map((mark, i) => {
    const bars = Array.from({ length: mark.from });
    for (const waiting of below.slice(i + 1)) if (waiting.from < mark.from) bars[waiting.from] = waiting;
    return `${bars.map((waiting) => waiting ? paint(styleOf(waiting), "\u2502") : " ").join("")}${words2(mark)}`;
  });
  return [`${underline.join("")}${atEnd ? ` ${words2(atEnd)}` : ""}`, ...rows];
}
function runs(items) {
  const found = [];
  for (const item of items) {
    const last = found.at(-1);
    if (last && last[0] === item) last[1]++;
    else found.push([item, 1]);
  }
  return found;
}
function hanging(first, lead, text, width) {
  const lines = text.split("\n").flatMap((line) => wrap(printable(line), width - lead));
  return lines.map((line, i) => i === 0 ? `${first}${line}` : `${" ".repeat(lead)}${line}`.trimEnd());
}
function wrap(line, width) {
  if (textWidth(line) <= width) return [line];
  const indent2 = " ".repeat(line.search(/\S|$/));
  const rows = [];
  for (const word2 of line.trim().split(" ")) {
    const last = rows.at(-1);
    if (last !== void 0 && textWidth(`${last} ${word2}`) <= width) rows[rows.length - 1] = `${last} ${word2}`;
    else rows.push(`${indent2}${word2}`);
  }
  return rows;
}
var leastWidth, context, ansi;
var init_render_pretty = __esm({
  "src/compiler/diagnostics/render-pretty.ts"() {
    "use strict";
    init_source2();
    leastWidth = 40;
    context = 12;
    ansi = { error: "1;31", warning: "1;33", related: "36", frame: "34", strong: "1", help: "32" };
  }
});

// src/runtime/host.ts
import { readFileSync as readFileSync3 } from "node:fs";
import path9 from "node:path";
var reasons, fileHost;
var init_host = __esm({
  "src/runtime/host.ts"() {
    "use strict";
    reasons = {
      ENOENT: "there is no such file",
      EISDIR: "it is a folder",
      EACCES: "it may not be read"
    };
    fileHost = {
      read(file) {
        try {
          return { text: readFileSync3(file === "-" ? 0 : file, "utf8") };
        } catch (error2) {
          const { code, message } = error2;
          return { problem: reasons[code ?? ""] ?? message };
        }
      },
      resolve: (from, to) => path9.join(path9.dirname(from), to)
    };
  }
});

// src/runtime/network/load-model.ts
var load_model_exports = {};
__export(load_model_exports, {
  CompileError: () => CompileError,
  loadModel: () => loadModel,
  modelOfRun: () => modelOfRun,
  sourcesHost: () => sourcesHost,
  sourcesText: () => sourcesText
});
function sourcesText(sources, options) {
  const settings = [`// preset ${options.preset || "(defaults)"}`, ...(options.sets ?? []).map((set) => `// set ${set}`)];
  return [...settings, ...[...sources].filter(([name]) => !name.startsWith("--set")).map(([name, text]) => `${separator}${name}
${text}`)].join("\n");
}
function sourcesHost(text) {
  const files2 = /* @__PURE__ */ new Map();
  for (const part2 of text.split(new RegExp(`^${separator}`, "m")).slice(1)) {
    const end = part2.indexOf("\n");
    files2.set(part2.slice(0, end), part2.slice(end + 1));
  }
  return { resolve: fileHost.resolve, read: (file) => files2.has(file) ? { text: files2.get(file) } : { problem: "the run does not hold it" } };
}
function loadModel(file, options, host = fileHost, color = false) {
  const { model, diagnostics, sources } = compile(file, host, options);
  const rendered = diagnostics.length > 0 ? renderPretty(diagnostics, (name) => sources.get(name), { color, width: process.stderr.columns ?? 100 }) : "";
  if (!model) throw new CompileError(rendered);
  return { model, options, file, text: sourcesText(sources, options), warnings: rendered };
}
function modelOfRun(run) {
  return loadModel(run.record.file, run.record.options, sourcesHost(run.text));
}
var separator, CompileError;
var init_load_model = __esm({
  "src/runtime/network/load-model.ts"() {
    "use strict";
    init_compiler();
    init_render_pretty();
    init_errors();
    init_host();
    separator = "// ---- ";
    CompileError = class extends UserError {
    };
  }
});

// src/runtime/data/file-header.ts
function readPngHeader(bytes) {
  let animated = false;
  let density;
  for (let at = 8; at + 12 <= bytes.length; at += bytes.readUInt32BE(at) + 12) {
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (type === "acTL") animated = true;
    if (type === "IEND") return { animated, complete: true, ...density === void 0 ? {} : { density } };
    if (type === "pHYs" && at + 17 <= bytes.length && bytes[at + 16] === 1) {
      const perMetre = bytes.readUInt32BE(at + 8);
      if (perMetre !== UNKNOWN_PER_METRE) density = rounded(perMetre * INCH_IN_METRES);
    }
  }
  return { animated, complete: false };
}
function jpegDensity(bytes) {
  const isJfif = bytes.length >= 18 && bytes[3] === 224 && bytes.toString("latin1", 6, 11) === "JFIF\0";
  if (!isJfif) return void 0;
  const density = bytes.readUInt16BE(14);
  if (density === 0) return void 0;
  if (bytes[13] === 1) return density;
  return bytes[13] === 2 ? rounded(density * 100 * INCH_IN_METRES) : void 0;
}
function rounded(density) {
  return density > 0 ? Math.round(density * 100) / 100 : void 0;
}
var INCH_IN_METRES, UNKNOWN_PER_METRE;
var init_file_header = __esm({
  "src/runtime/data/file-header.ts"() {
    "use strict";
    INCH_IN_METRES = 0.0254;
    UNKNOWN_PER_METRE = 1e3;
  }
});

// src/runtime/data/png-writer.ts
var SIGNATURE, BAND_BYTES, CRC_TABLE;
var init_png_writer = __esm({
  "src/runtime/data/png-writer.ts"() {
    "use strict";
    init_errors();
    SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
    BAND_BYTES = 1 << 20;
    CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
      let value = byte;
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ 3988292384 : value >>> 1;
      return value;
    });
  }
});

// src/runtime/data/picture.ts
import { readFile as readFile3 } from "node:fs/promises";
import { extname } from "node:path";
import sharp from "sharp";
async function readPicture(file) {
  if (SLIDE_ENDINGS.includes(extname(file).toLowerCase())) throw refused(file, "whole-slide files are not read", REGION);
  const bytes = await readBytes(file);
  const density = headerDensity(file, bytes);
  try {
    const image = sharp(bytes, { failOn: "warning", ignoreIcc: true });
    const metadata = await image.metadata();
    refuseOtherPixels(file, metadata);
    const { data, info } = await image.autoOrient().raw().toBuffer({ resolveWithObject: true });
    const notes = [];
    if ((metadata.orientation ?? 1) > 1) notes.push(`turned upright (EXIF orientation ${metadata.orientation})`);
    const picture = { width: info.width, height: info.height, data: toRgb(data, info.channels, metadata, notes) };
    const tagged = density ?? decodedDensity(metadata);
    return tagged === void 0 ? { picture, notes } : { picture, density: tagged, notes };
  } catch (error2) {
    if (error2 instanceof UserError || !(error2 instanceof Error)) throw error2;
    if (/pixel limit/i.test(error2.message)) throw refused(file, "it has more than 268 million pixels", REGION);
    throw undecodable(file, error2.message.trim().split("\n").at(-1), error2);
  }
}
function crop2(picture, x, y, width, height) {
  if (x < 0 || y < 0 || width < 1 || height < 1 || x + width > picture.width || y + height > picture.height) {
    throw new RangeError(`crop: ${width} x ${height} at (${x}, ${y}) is not inside ${picture.width} x ${picture.height}`);
  }
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 3;
    data.set(picture.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, data };
}
async function readBytes(file) {
  try {
    return await readFile3(file);
  } catch (error2) {
    if (!(error2 instanceof Error)) throw error2;
    const code = "code" in error2 ? error2.code : void 0;
    if (code === "ENOENT" || code === "ENOTDIR") throw refused(file, "there is no such file");
    if (code === "EISDIR") throw refused(file, "it is a folder, not a picture");
    throw refused(file, error2.message);
  }
}
function headerDensity(file, bytes) {
  const magic = bytes.toString("latin1", 0, 4);
  if (magic.startsWith("\xFF\xD8\xFF")) return jpegDensity(bytes);
  if (["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(magic)) return void 0;
  if (magic === "\x89PNG") {
    const { animated, complete, density } = readPngHeader(bytes);
    if (animated) throw refused(file, "it is an animated PNG");
    if (!complete) throw undecodable(file, "its closing chunk is missing");
    return density;
  }
  if (bytes.length === 0) throw refused(file, "the file is empty");
  throw refused(file, "it is not a PNG, JPEG or TIFF file", "archc reads PNG, JPEG and TIFF; convert it first.");
}
function decodedDensity({ format: format3, resolutionUnit, exif, density }) {
  if (format3 === "tiff") return resolutionUnit === void 0 ? void 0 : density;
  return exif === void 0 || density === 72 ? void 0 : density;
}
function refuseOtherPixels(file, metadata) {
  if ((metadata.pages ?? 1) > 1) {
    throw refused(file, `it holds ${metadata.pages} pages, as slides and pyramids do; one picture is expected`, REGION);
  }
  if ((metadata.subifds ?? 0) > 0) throw refused(file, "it is a pyramid of several resolutions, as slides are", REGION);
  if (metadata.depth !== "uchar") {
    const kind = metadata.depth === "ushort" ? "16-bit" : `${metadata.depth}`;
    throw refused(file, `its samples are ${kind}, not 8-bit`, EIGHT_BIT_RGB);
  }
  if (metadata.space === "cmyk") throw refused(file, "its colours are CMYK, not RGB", EIGHT_BIT_RGB);
  if (metadata.space !== "srgb" && metadata.space !== "b-w") {
    throw refused(file, `its colour space is ${metadata.space}, not RGB`, EIGHT_BIT_RGB);
  }
  if (metadata.channels > 4) throw refused(file, `it has ${metadata.channels} channels, not RGB`, EIGHT_BIT_RGB);
}
function toRgb(data, channels, metadata, notes) {
  if (metadata.space === "b-w") notes.push("grey widened to RGB");
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  const step = channels > 2 ? 1 : 0;
  const alphaAt = channels === 2 || channels === 4 ? channels - 1 : void 0;
  let opaque = true;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = pixel * channels;
    const alpha = alphaAt === void 0 ? 255 : data[from + alphaAt];
    if (alpha !== 255) opaque = false;
    for (let channel = 0; channel < 3; channel++) {
      const sample2 = data[from + channel * step];
      rgb[pixel * 3 + channel] = alpha === 255 ? sample2 : Math.round((sample2 * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  if (alphaAt !== void 0) notes.push(opaque ? "alpha dropped (opaque everywhere)" : "alpha composited on white");
  return rgb;
}
function refused(file, reason2, help) {
  return new UserError(`${file}: ${reason2}`, help);
}
function undecodable(file, reason2, cause) {
  const help = "Get the file again from where it came, or save it as 8-bit PNG.";
  return new UserError(`${file}: the picture cannot be decoded, so it is truncated or corrupt (${reason2})`, help, { cause });
}
var PICTURE_ENDINGS, SLIDE_ENDINGS, EIGHT_BIT_RGB, REGION;
var init_picture = __esm({
  "src/runtime/data/picture.ts"() {
    "use strict";
    init_errors();
    init_file_header();
    init_png_writer();
    PICTURE_ENDINGS = [".png", ".jpg", ".jpeg", ".tif", ".tiff"];
    SLIDE_ENDINGS = [".svs", ".ndpi", ".scn", ".mrxs", ".vms", ".vmu", ".bif", ".czi", ".dcm"];
    EIGHT_BIT_RGB = "archc reads 8-bit RGB, RGBA and grey pictures; convert it first.";
    REGION = "Export the region that you need as PNG or TIFF first.";
  }
});

// src/runtime/data/dataset.ts
import { createHash as createHash4 } from "node:crypto";
import { createReadStream as createReadStream2 } from "node:fs";
import { readdir as readdir4, readFile as readFile4, realpath, stat as stat5 } from "node:fs/promises";
import { basename, dirname, extname as extname2, join as join2, resolve } from "node:path";
import { parse as parse2 } from "csv-parse/sync";
async function listData(source2) {
  const sources = typeof source2 === "string" ? [source2] : source2;
  if (sources.length === 0) throw new UserError("no data given", "Name a folder of pictures or a CSV with the column path.");
  const listed = [];
  for (const one3 of sources) listed.push(...await listOne(one3));
  refuseRepeated(listed);
  const entries = [];
  for (const entry of listed) entries.push({ ...entry, ...await checksum(entry.path) });
  return entries;
}
function split2(entries, options) {
  const share = options.val ?? 0.1;
  if (!(share >= 0 && share < 1)) {
    throw new UserError(`--val ${share}: the share of validation pictures must be at least 0 and below 1`);
  }
  const units = /* @__PURE__ */ new Map();
  for (const entry of entries) units.set(unitOf(entry), (units.get(unitOf(entry)) ?? 0) + 1);
  const shuffled = [...units].map(([unit2, files3]) => ({ unit: unit2, files: files3, rank: sha256(`${options.seed}:${unit2}`) })).sort((a, b) => compare2(a.rank, b.rank));
  const wanted = share * entries.length;
  const chosen = /* @__PURE__ */ new Set();
  let files2 = 0;
  for (const candidate of shuffled) {
    if (wanted === 0 || chosen.size === units.size - 1) break;
    const closer = Math.abs(files2 + candidate.files - wanted) < Math.abs(files2 - wanted);
    if (chosen.size > 0 && !closer) continue;
    chosen.add(candidate.unit);
    files2 += candidate.files;
  }
  return {
    train: entries.filter((entry) => !chosen.has(unitOf(entry))),
    val: entries.filter((entry) => chosen.has(unitOf(entry)))
  };
}
async function listOne(source2) {
  const kind = await stat5(source2).catch(() => void 0);
  if (kind === void 0) throw new UserError(`${source2}: there is no such file or folder`);
  if (kind.isDirectory()) return listFolder(source2);
  const ending = extname2(source2).toLowerCase();
  if (ending === ".csv") return listCsv(source2);
  if (PICTURE_ENDINGS.includes(ending)) return [{ path: resolve(source2), name: basename(source2) }];
  throw new UserError(`${source2}: neither a folder, a CSV nor a picture (${PICTURE_ENDINGS.join(" ")})`);
}
async function listFolder(folder) {
  const names2 = [];
  const seen = /* @__PURE__ */ new Set();
  let others = 0;
  const walk = async (at, prefix) => {
    const real2 = await realpath(at);
    if (seen.has(real2)) return;
    seen.add(real2);
    for (const name of await readdir4(at)) {
      if (name.startsWith(".")) continue;
      const path17 = join2(at, name);
      const kind = await stat5(path17).catch(() => void 0);
      if (kind?.isDirectory()) await walk(path17, `${prefix}${name}/`);
      else if (PICTURE_ENDINGS.includes(extname2(name).toLowerCase())) names2.push(prefix + name);
      else others++;
    }
  };
  await walk(folder, "");
  if (names2.length === 0) {
    const found = others === 0 ? "the folder is empty" : `no pictures among its ${others} file${others === 1 ? "" : "s"}`;
    throw new UserError(`${folder}: ${found}`, `Pictures end in ${PICTURE_ENDINGS.join(" ")}.`);
  }
  return names2.sort(compare2).map((name) => ({ path: resolve(folder, name), name }));
}
async function listCsv(file) {
  const { columns, rows } = parseCsv(file, await readFile4(file));
  const unknown = columns.filter((column2) => !COLUMNS.includes(column2));
  const help = `The columns are ${COLUMNS.join(", ")}; only path is required.`;
  if (!columns.includes("path")) throw new UserError(`${file}: the column path is missing (found: ${columns.join(", ")})`, help);
  if (unknown.length > 0) throw new UserError(`${file}: unknown column ${unknown.join(", ")}`, help);
  if (rows.length === 0) throw new UserError(`${file}: it lists no pictures`, help);
  const listed = rows.map(({ line, fields }) => {
    const name = fields.get("path");
    if (!name) throw new UserError(`${file}:${line}: the path is empty`);
    const group = fields.get("group");
    const written2 = fields.get("mpp");
    const mpp = Number(written2);
    if (written2 && !(mpp > 0 && Number.isFinite(mpp))) {
      throw new UserError(`${file}:${line}: mpp is "${written2}", not a number of micrometres per pixel above 0`);
    }
    const path17 = resolve(dirname(file), name);
    return { path: path17, name: name.replaceAll("\\", "/"), ...group ? { group } : {}, ...written2 ? { mpp } : {} };
  });
  const missing = [];
  for (const { path: path17, name } of listed) if (!(await stat5(path17).catch(() => void 0))?.isFile()) missing.push(name);
  if (missing.length > 0) {
    const more = missing.length > 5 ? ` and ${missing.length - 5} more` : "";
    const help2 = `Paths are relative to ${dirname(resolve(file))}.`;
    throw new UserError(`${file}: there is no file ${missing.slice(0, 5).join(", ")}${more}`, help2);
  }
  return listed;
}
function parseCsv(file, bytes) {
  let records;
  try {
    records = parse2(bytes, { bom: true, trim: true, skip_empty_lines: true, info: true });
  } catch (error2) {
    if (!(error2 instanceof Error)) throw error2;
    throw new UserError(`${file}: not a CSV file (${error2.message})`, void 0, { cause: error2 });
  }
  const [head, ...body] = records;
  if (head === void 0)
    throw new UserError(`${file}: the file is empty`, `Its first line names the columns: ${COLUMNS.join(",")}.`);
  const columns = head.record.map((column2) => column2 === "groups" ? "group" : column2);
  const rows = body.map(({ record, info }) => ({
    line: info.lines,
    fields: new Map(columns.map((column2, at) => [column2, record[at] ?? ""]))
  }));
  return { columns, rows };
}
function refuseRepeated(listed) {
  const seen = /* @__PURE__ */ new Set();
  for (const { path: path17, name } of listed) {
    if (seen.has(path17)) throw new UserError(`${name} is listed twice`, `Leave one mention of ${path17} out.`);
    seen.add(path17);
  }
}
async function checksum(path17) {
  const hash = createHash4("sha256");
  let bytes = 0;
  try {
    for await (const piece2 of createReadStream2(path17)) {
      hash.update(piece2);
      bytes += piece2.length;
    }
  } catch (error2) {
    if (!(error2 instanceof Error)) throw error2;
    throw new UserError(`${path17}: cannot be read (${error2.message})`, void 0, { cause: error2 });
  }
  return { sha256: hash.digest("hex"), bytes };
}
function unitOf(entry) {
  return entry.group === void 0 ? `file:${entry.sha256}` : `group:${entry.group}`;
}
function sha256(text) {
  return createHash4("sha256").update(text).digest("hex");
}
function compare2(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
var COLUMNS;
var init_dataset = __esm({
  "src/runtime/data/dataset.ts"() {
    "use strict";
    init_errors();
    init_picture();
    COLUMNS = ["path", "group", "mpp"];
  }
});

// src/runtime/files/random.ts
import { createHash as createHash5 } from "node:crypto";
function words(text) {
  const digest = createHash5("sha256").update(text).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
}
function logarithm(x) {
  double[0] = x;
  let exponent = (halves[1] >>> 20 & 2047) - 1023;
  halves[1] = halves[1] & 1048575 | 1023 << 20;
  let fraction2 = double[0];
  if (fraction2 > Math.SQRT2) {
    fraction2 /= 2;
    exponent++;
  }
  const s = (fraction2 - 1) / (fraction2 + 1);
  const square2 = s * s;
  let series = 0;
  for (let n = 21; n >= 1; n -= 2) series = series * square2 + 1 / n;
  return exponent * Math.LN2 + 2 * s * series;
}
function createRandom(seed) {
  if (typeof seed === "number") {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`the seed ${seed} is not an integer`);
    const key3 = words(`seed ${seed}`);
    return generator(key3, key3, void 0);
  }
  const [a, b, c, d, e, f, g, h, spare] = seed;
  const wordsOk = seed.slice(0, 8).every((word2) => Number.isInteger(word2) && word2 >= 0 && word2 < 2 ** 32);
  if (seed.length !== 8 && seed.length !== 9 || !wordsOk || spare !== void 0 && !Number.isFinite(spare)) {
    throw new RangeError("not the state of a generator");
  }
  if ([a, b, c, d].every((word2) => word2 === 0)) throw new RangeError("not the state of a generator: all zero");
  return generator([a, b, c, d], [e, f, g, h], spare);
}
function generator([s0, s1, s2, s3], key3, spare) {
  const bits = () => {
    const scrambled = Math.imul(s1, 5);
    const result = Math.imul(scrambled << 7 | scrambled >>> 25, 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = s3 << 11 | s3 >>> 21;
    return result;
  };
  const uniform = (from = 0, to = 1) => {
    const unit2 = ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53;
    return from + (to - from) * unit2;
  };
  const standardNormal = () => {
    if (spare !== void 0) {
      const value = spare;
      spare = void 0;
      return value;
    }
    for (; ; ) {
      const x = uniform(-1, 1);
      const y = uniform(-1, 1);
      const square2 = x * x + y * y;
      if (square2 >= 1 || square2 === 0) continue;
      const factor = Math.sqrt(-2 * logarithm(square2) / square2);
      spare = y * factor;
      return x * factor;
    }
  };
  const int = (n) => {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`int(${n}): n must be an integer in 1 .. 2^32`);
    const limit = 2 ** 32 - 2 ** 32 % n;
    for (; ; ) {
      const value = bits();
      if (value < limit) return value % n;
    }
  };
  return {
    bits,
    uniform,
    normal: (mean = 0, std = 1) => mean + std * standardNormal(),
    int,
    pick: (list) => {
      if (list.length === 0) throw new RangeError("pick from an empty list");
      return list[int(list.length)];
    },
    shuffle: (array) => {
      for (let last = array.length - 1; last > 0; last--) {
        const other = int(last + 1);
        const kept = array[last];
        array[last] = array[other];
        array[other] = kept;
      }
      return array;
    },
    sample: (n, k) => {
      if (!Number.isInteger(k) || k < 0 || k > n) throw new RangeError(`sample(${n}, ${k}): cannot take ${k} of ${n}`);
      const all = Int32Array.from({ length: n }, (_, index) => index);
      for (let place = 0; place < k; place++) {
        const other = place + int(n - place);
        const kept = all[place];
        all[place] = all[other];
        all[other] = kept;
      }
      return all.slice(0, k);
    },
    state: () => [s0 >>> 0, s1 >>> 0, s2 >>> 0, s3 >>> 0, ...key3, ...spare === void 0 ? [] : [spare]],
    split: (label) => {
      const derived = words(`split ${key3.join(" ")} ${label}`);
      return generator(derived, derived, void 0);
    }
  };
}
var double, halves;
var init_random = __esm({
  "src/runtime/files/random.ts"() {
    "use strict";
    double = new Float64Array(1);
    halves = new Uint32Array(double.buffer);
  }
});

// src/runtime/files/file-error.ts
import path10 from "node:path";
function errorCode(error2) {
  return error2 instanceof Error && "code" in error2 && typeof error2.code === "string" ? error2.code : void 0;
}
function explain(code, doing, file) {
  const folder = path10.dirname(file);
  switch (code) {
    case "ENOENT":
      return doing === "write" ? { what: `the folder ${folder} does not exist`, help: `create it first (mkdir -p '${folder}') or write elsewhere` } : { what: "it does not exist", help: "check the path" };
    case "EACCES":
    case "EPERM":
      return {
        what: "permission was denied",
        help: `give yourself the right to ${doing} it${doing === "write" ? ` and its folder ${folder}, or write elsewhere` : ""}`
      };
    case "EROFS":
      return { what: "the file system is read-only", help: "write to another folder" };
    case "ENOSPC":
      return { what: "the disk is full", help: "free some space or write to another disk; what stood there before is untouched" };
    case "EDQUOT":
      return {
        what: "your disk quota is used up",
        help: "free some space or write to another disk; what stood there before is untouched"
      };
    case "ENOTDIR":
      return { what: "a part of the path is a file, not a folder", help: "check the path" };
    case "EISDIR":
      return { what: "it is a folder", help: "name a file" };
    case "EEXIST":
    case "ENOTEMPTY":
      return { what: "it exists already", help: "choose another name, or remove what is there" };
    case "ENAMETOOLONG":
      return { what: "the name is too long", help: "choose a shorter name" };
    case "EIO":
      return { what: "the disk reports an input/output error", help: "check the disk, or use another one" };
    default:
      return void 0;
  }
}
function fileError(error2, doing, file) {
  const code = errorCode(error2);
  const explanation = code === void 0 ? void 0 : explain(code, doing, file);
  if (explanation === void 0) return error2;
  return new UserError(`cannot ${doing} ${file}: ${explanation.what}`, explanation.help, { cause: error2 });
}
var init_file_error = __esm({
  "src/runtime/files/file-error.ts"() {
    "use strict";
    init_errors();
  }
});

// src/runtime/files/owner.ts
import { createHash as createHash6 } from "node:crypto";
import { readFileSync as readFileSync4 } from "node:fs";
import os4 from "node:os";
function startOf(pid) {
  try {
    const stat8 = readFileSync4(`/proc/${pid}/stat`, "utf8");
    return stat8.slice(stat8.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
function currentOwner() {
  return { pid: process.pid, host: os4.hostname(), started: startOf(process.pid) };
}
function pidAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error2) {
    return errorCode(error2) === "EPERM";
  }
}
function ownerState(owner) {
  if (owner.host !== os4.hostname()) return "unknown";
  if (!pidAlive(owner.pid)) return "dead";
  return owner.started !== "" && startOf(owner.pid) !== owner.started ? "dead" : "alive";
}
function hostTag() {
  return createHash6("sha256").update(os4.hostname()).digest("hex").slice(0, 6);
}
var init_owner = __esm({
  "src/runtime/files/owner.ts"() {
    "use strict";
    init_file_error();
  }
});

// src/runtime/files/atomic.ts
import { randomBytes as randomBytes3 } from "node:crypto";
import { lstat, mkdir as mkdir4, open, readdir as readdir5, realpath as realpath2, rename as rename3, rm as rm5, rmdir, stat as stat6 } from "node:fs/promises";
import path11 from "node:path";
function temporaryBeside(target) {
  const name = path11.basename(target).slice(0, 60);
  return path11.join(path11.dirname(target), `.${name}.${hostTag()}-${process.pid}-${randomBytes3(4).toString("hex")}.tmp`);
}
async function removeLeftovers2(folder) {
  const names2 = await readdir5(folder).catch(() => []);
  for (const name of names2) {
    const [, host, pid] = leftoverName.exec(name) ?? [];
    if (host === void 0 || pid === void 0) continue;
    const file = path11.join(folder, name);
    if (host === hostTag() ? pidAlive(Number(pid)) : Date.now() - ((await lstat(file).catch(() => void 0))?.mtimeMs ?? 0) < day)
      continue;
    await rm5(file, { recursive: true, force: true }).catch(() => void 0);
  }
}
async function sweepOnce(folder) {
  if (swept.has(folder)) return;
  swept.add(folder);
  await removeLeftovers2(folder);
}
async function syncFolder(folder) {
  const handle = await open(folder, "r").catch(() => void 0);
  if (handle === void 0) return;
  await handle.sync().catch(() => void 0);
  await handle.close();
}
async function syncTree(folder) {
  for (const entry of await readdir5(folder, { withFileTypes: true })) {
    const inner = path11.join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(inner);
    else if (entry.isFile()) {
      const handle = await open(inner, "r");
      await handle.sync().finally(() => handle.close());
    }
  }
  await syncFolder(folder);
}
async function fill(handle, content) {
  if (typeof content === "function") await content(handle);
  else await handle.writeFile(content);
}
async function writeAtomic(file, content) {
  const target = await realpath2(file).catch(() => file);
  const temporary = temporaryBeside(target);
  try {
    const present = await stat6(target).catch(() => void 0);
    if (present?.isDirectory()) throw Object.assign(new Error(file), { code: "EISDIR" });
    const direct = present !== void 0 && !present.isFile();
    await sweepOnce(path11.dirname(target));
    const handle = await open(direct ? target : temporary, direct ? "w" : "wx");
    try {
      await fill(handle, content);
      if (!direct) await handle.sync();
    } finally {
      await handle.close();
    }
    if (direct) return;
    await rename3(temporary, target);
    await syncFolder(path11.dirname(target));
  } catch (error2) {
    await rm5(temporary, { force: true }).catch(() => void 0);
    throw fileError(error2, "write", file);
  }
}
async function isEmptyFolder(folder) {
  return (await readdir5(folder).catch(() => ["not a folder"])).length === 0;
}
async function writeFolderAtomic(folder, write, options = {}) {
  const temporary = temporaryBeside(path11.resolve(folder));
  const aside = temporaryBeside(path11.resolve(folder));
  try {
    if (path11.resolve(folder) === process.cwd()) {
      throw new UserError(`cannot write ${folder}: it is the current folder`, "name a new folder");
    }
    const exists = await lstat(folder).catch(() => void 0) !== void 0;
    const empty = exists && await isEmptyFolder(folder);
    if (exists && !empty && options.replace !== true) {
      throw new UserError(`cannot write ${folder}: it exists already`, "choose another name, or remove what is there");
    }
    await sweepOnce(path11.dirname(path11.resolve(folder)));
    await mkdir4(temporary);
    await write(temporary);
    await syncTree(temporary);
    if (empty) await rmdir(folder);
    else if (exists) await rename3(folder, aside);
    try {
      await rename3(temporary, folder);
    } catch (error2) {
      if (exists && !empty) await rename3(aside, folder);
      throw error2;
    }
    await syncFolder(path11.dirname(path11.resolve(folder)));
    await rm5(aside, { recursive: true, force: true });
  } catch (error2) {
    await rm5(temporary, { recursive: true, force: true }).catch(() => void 0);
    throw fileError(error2, "write", folder);
  }
}
async function appendLine(file, record) {
  try {
    const handle = await open(file, "a+");
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      const torn = size > 0 && last[0] !== 10;
      await handle.appendFile(`${torn ? "\n" : ""}${JSON.stringify(record)}
`);
    } finally {
      await handle.close();
    }
  } catch (error2) {
    throw fileError(error2, "write", file);
  }
}
function parseLine(line) {
  try {
    return line.trim() === "" ? [] : [JSON.parse(line)];
  } catch {
    return [];
  }
}
async function readLines(file) {
  try {
    const handle = await open(file, "r");
    const text = await handle.readFile("utf8").finally(() => handle.close());
    return text.split("\n").flatMap(parseLine);
  } catch (error2) {
    if (errorCode(error2) === "ENOENT") return [];
    throw fileError(error2, "read", file);
  }
}
var leftoverName, day, swept;
var init_atomic = __esm({
  "src/runtime/files/atomic.ts"() {
    "use strict";
    init_errors();
    init_file_error();
    init_owner();
    leftoverName = /^\..*\.([0-9a-f]{6})-(\d+)-[0-9a-f]{8}\.tmp$/;
    day = 24 * 3600 * 1e3;
    swept = /* @__PURE__ */ new Set();
  }
});

// src/runtime/files/run-layout.ts
import path12 from "node:path";
function runPaths(folder) {
  const inside = (name) => path12.join(folder, name);
  return {
    record: inside("run.json"),
    text: inside("model.arch.txt"),
    checkpoints: inside("checkpoints"),
    weights: inside("weights.safetensors"),
    log: inside("log.jsonl"),
    evaluation: inside("evaluation"),
    lock: inside("training.lock")
  };
}
var init_run_layout = __esm({
  "src/runtime/files/run-layout.ts"() {
    "use strict";
  }
});

// src/runtime/files/safetensors-types.ts
function isReadable(dtype) {
  return Object.hasOwn(bytesPerElement, dtype);
}
function half(bits) {
  const sign2 = bits & 32768 ? -1 : 1;
  const exponent = bits >>> 10 & 31;
  const fraction2 = bits & 1023;
  if (exponent === 0) return sign2 * fraction2 * 2 ** -24;
  if (exponent === 31) return fraction2 === 0 ? sign2 * Infinity : NaN;
  return sign2 * (1 + fraction2 / 1024) * 2 ** (exponent - 15);
}
function decode(dtype, bytes) {
  const { buffer: buffer2 } = bytes;
  switch (dtype) {
    case "F32":
      return { dtype: "F32", data: new Float32Array(buffer2) };
    case "F64":
      return { dtype: "F32", data: Float32Array.from(new Float64Array(buffer2)) };
    case "F16":
      return { dtype: "F32", data: Float32Array.from(new Uint16Array(buffer2), half) };
    case "BF16": {
      const data = Uint32Array.from(new Uint16Array(buffer2), (bits) => bits << 16);
      return { dtype: "F32", data: new Float32Array(data.buffer) };
    }
    case "I32":
      return { dtype: "I32", data: new Int32Array(buffer2) };
    case "I64": {
      const wide2 = new BigInt64Array(buffer2);
      const unfit = wide2.find((value) => BigInt.asIntN(32, value) !== value);
      return unfit === void 0 ? { dtype: "I32", data: Int32Array.from(wide2, Number) } : { unfit };
    }
    case "U8":
      return { dtype: "U8", data: bytes };
  }
}
var bytesPerElement, readableTypes;
var init_safetensors_types = __esm({
  "src/runtime/files/safetensors-types.ts"() {
    "use strict";
    bytesPerElement = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, U8: 1 };
    readableTypes = Object.keys(bytesPerElement);
  }
});

// src/runtime/files/safetensors.ts
import { open as open2 } from "node:fs/promises";
async function writeSafetensors(file, tensors, metadata = {}) {
  const sorted = [...tensors].sort(
    ([name, { dtype }], [other, { dtype: otherType }]) => bytesPerElement[otherType] - bytesPerElement[dtype] || byText(name, other)
  );
  const entries = [];
  const notes = Object.entries(metadata).sort(([key3], [other]) => byText(key3, other));
  const quoted = notes.map(([key3, value]) => `${JSON.stringify(key3)}:${JSON.stringify(value)}`);
  if (quoted.length > 0) entries.push(`"__metadata__":{${quoted.join(",")}}`);
  let offset = 0;
  for (const [name, { shape: shape2, dtype, data }] of sorted) {
    if (name === "__metadata__") throw new Error("a tensor cannot be called __metadata__");
    if (data.length !== product2(shape2)) throw new Error(`${name}: ${data.length} values do not fill [${shape2.join(", ")}]`);
    const end = offset + data.byteLength;
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape: shape2, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const header = Buffer.from(`{${entries.join(",")}}`);
  const padded = Buffer.alloc(8 + Math.ceil(header.length / 8) * 8, " ");
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  header.copy(padded, 8);
  await writeAtomic(file, async (handle) => {
    await writeAll(handle, padded);
    for (const [, { data }] of sorted) await writeAll(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });
}
async function writeAll(handle, bytes) {
  for (let start = 0; start < bytes.length; start += piece) await handle.writeFile(bytes.subarray(start, start + piece));
}
async function readAt(handle, position, length) {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(piece, length - done), position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
async function readSafetensors(file) {
  const broken = (what) => new UserError(`${file} is not a whole safetensors file: ${what}`, "copy or download it again, or take another checkpoint");
  try {
    const handle = await open2(file, "r");
    try {
      const { size } = await handle.stat();
      const { header, dataStart } = await readHeader(handle, size, broken);
      const { entries, metadata } = checkHeader(header, size - dataStart, broken);
      const tensors = /* @__PURE__ */ new Map();
      for (const { name, dtype, shape: shape2, start, end } of entries) {
        const bytes = await readAt(handle, dataStart + start, end - start);
        if (bytes.length < end - start) throw broken(`it ends within tensor ${name}`);
        const decoded = decode(dtype, bytes);
        if ("unfit" in decoded) throw broken(`tensor ${name} holds ${decoded.unfit}, which does not fit a 32-bit integer`);
        tensors.set(name, { shape: shape2, ...decoded });
      }
      return { tensors, metadata };
    } finally {
      await handle.close();
    }
  } catch (error2) {
    throw fileError(error2, "read", file);
  }
}
async function readHeader(handle, size, broken) {
  if (size < 8) throw broken(`it has ${size} bytes, fewer than the 8 that give the length of its header`);
  const first = await readAt(handle, 0, 8);
  const length = Number(new DataView(first.buffer).getBigUint64(0, true));
  if (length > longestHeader) throw broken(`its first 8 bytes announce a header of ${length} bytes, so it is something else`);
  if (8 + length > size) throw broken(`its header should have ${length} bytes, and only ${size - 8} follow`);
  const text = new TextDecoder("utf-8", { fatal: true });
  try {
    return { header: JSON.parse(text.decode(await readAt(handle, 8, length))), dataStart: 8 + length };
  } catch (error2) {
    throw broken(`its header is not JSON (${error2 instanceof Error ? error2.message : String(error2)})`);
  }
}
function checkHeader(header, available, broken) {
  if (!isRecord2(header)) throw broken("its header is not a JSON object");
  const { __metadata__: notes = {}, ...described } = header;
  if (!isRecord2(notes)) throw broken("its __metadata__ is not an object");
  const metadata = {};
  for (const [key3, value] of Object.entries(notes)) {
    if (typeof value !== "string") throw broken(`its __metadata__ entry ${key3} is not a text`);
    metadata[key3] = value;
  }
  const entries = Object.entries(described).map(([name, value]) => checkEntry(name, value, broken));
  checkOffsets(entries, available, broken);
  return { entries, metadata };
}
function checkEntry(name, value, broken) {
  if (!isRecord2(value)) throw broken(`the entry of tensor ${name} is not an object`);
  const { dtype, shape: shape2, data_offsets: offsets } = value;
  if (typeof dtype !== "string") throw broken(`tensor ${name} has no dtype`);
  if (!isReadable(dtype)) {
    throw broken(`tensor ${name} has the type ${dtype}; archc reads ${readableTypes.join(", ")}`);
  }
  if (!Array.isArray(shape2) || !shape2.every(isSize)) throw broken(`the shape of tensor ${name} is not a list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw broken(`tensor ${name} has no data_offsets`);
  }
  const [start, end] = offsets;
  const needed = product2(shape2) * bytesPerElement[dtype];
  if (end - start !== needed) {
    throw broken(`tensor ${name} needs ${needed} bytes ([${shape2.join(", ")}] ${dtype}) and has ${end - start}`);
  }
  return { name, dtype, shape: shape2, start, end };
}
function checkOffsets(entries, available, broken) {
  let end = 0;
  for (const entry of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (entry.start < end) throw broken(`tensor ${entry.name} overlaps the one before it (byte ${entry.start} of the data)`);
    if (entry.start > end) throw broken(`${entry.start - end} bytes before tensor ${entry.name} belong to no tensor`);
    if (entry.end > available) {
      throw broken(`tensor ${entry.name} should end at byte ${entry.end} of the data, which has ${available} bytes`);
    }
    end = entry.end;
  }
  if (end < available) throw broken(`${available - end} bytes at its end belong to no tensor`);
}
var longestHeader, piece, product2, byText, isRecord2, isSize;
var init_safetensors = __esm({
  "src/runtime/files/safetensors.ts"() {
    "use strict";
    init_errors();
    init_atomic();
    init_file_error();
    init_safetensors_types();
    longestHeader = 1e8;
    piece = 2 ** 30;
    product2 = (shape2) => shape2.reduce((size, extent) => size * extent, 1);
    byText = (a, b) => a < b ? -1 : a > b ? 1 : 0;
    isRecord2 = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
    isSize = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
  }
});

// src/runtime/files/checkpoints.ts
import { createHash as createHash7 } from "node:crypto";
import { createReadStream as createReadStream3 } from "node:fs";
import { copyFile as copyFile2, link as link3, readdir as readdir6, readFile as readFile5, rename as rename4, rm as rm6 } from "node:fs/promises";
import path13 from "node:path";
import { pipeline as pipeline4 } from "node:stream/promises";
function files(folder) {
  const inside = (name) => path13.join(folder, name);
  return {
    weights: inside("weights.safetensors"),
    optimizer: inside("optimizer.safetensors"),
    state: inside("state.json")
  };
}
async function hashFile(file) {
  const hash = createHash7("sha256");
  await pipeline4(createReadStream3(file), hash);
  return hash.digest("hex");
}
function refuseNonFinite(key3, value) {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`the state of a checkpoint holds ${value} at ${key3}`);
  return value;
}
async function saveCheckpoint(run, checkpoint) {
  const { step, weights, optimizer, loss: loss2 } = checkpoint;
  if (!Number.isFinite(loss2)) throw new Error(`a checkpoint with the loss ${loss2}`);
  const state = JSON.parse(JSON.stringify(checkpoint.state, refuseNonFinite));
  const metadata = { step: String(step), model: run.record.model, textHash: run.textHash };
  const folder = checkpointFolder(run, step);
  await writeFolderAtomic(
    folder,
    async (temporary) => {
      const at = files(temporary);
      await writeSafetensors(at.weights, weights, metadata);
      await writeSafetensors(at.optimizer, optimizer, metadata);
      const sha2563 = {
        weights: await hashFile(at.weights),
        optimizer: await hashFile(at.optimizer),
        state: hashState(state)
      };
      await writeAtomic(at.state, `${JSON.stringify({ step, loss: loss2, state, sha256: sha2563 }, void 0, 2)}
`);
    },
    { replace: true }
  );
  await publishWeights(run, folder);
  await prune(run);
}
async function publishWeights(run, folder) {
  const source2 = files(folder).weights;
  const target = runPaths(run.folder).weights;
  const temporary = temporaryBeside(target);
  try {
    await link3(source2, temporary).catch(() => copyFile2(source2, temporary));
    await rename4(temporary, target);
  } catch (error2) {
    throw fileError(error2, "write", target);
  } finally {
    await rm6(temporary, { force: true });
  }
}
async function listCheckpoints(run) {
  const names2 = await readdir6(runPaths(run.folder).checkpoints).catch((error2) => {
    if (errorCode(error2) === "ENOENT") return [];
    throw fileError(error2, "read", runPaths(run.folder).checkpoints);
  });
  const steps = names2.flatMap((name) => folderName.exec(name)?.[1] ?? []).map(Number);
  const entries = steps.map(async (step) => {
    const folder = checkpointFolder(run, step);
    const loss2 = await readState(folder).then(
      (state) => state.loss,
      () => void 0
    );
    return { step, folder, loss: loss2 };
  });
  return (await Promise.all(entries)).sort((a, b) => a.step - b.step);
}
async function prune(run) {
  const whole = (await listCheckpoints(run)).filter((entry) => entry.loss !== void 0);
  const kept = /* @__PURE__ */ new Set([...whole.slice(-keptLatest), ...whole.toSorted(byLoss).slice(0, 1)]);
  for (const entry of whole) {
    if (kept.has(entry)) continue;
    const doomed = temporaryBeside(entry.folder);
    await rename4(entry.folder, doomed);
    await rm6(doomed, { recursive: true, force: true });
  }
}
async function readState(folder) {
  const value = JSON.parse(await readFile5(files(folder).state, "utf8"));
  const { step, loss: loss2, state, sha256: sha2563 } = value;
  if (typeof step !== "number" || typeof loss2 !== "number" || sha2563 === void 0 || hashState(state) !== sha2563.state) {
    throw new UserError(`${files(folder).state} is damaged`);
  }
  return { step, loss: loss2, state, sha256: sha2563 };
}
async function readWhole(folder) {
  const at = files(folder);
  const { step, loss: loss2, state, sha256: sha2563 } = await readState(folder);
  for (const part2 of ["weights", "optimizer"]) {
    if (await hashFile(at[part2]) !== sha2563[part2])
      throw new UserError(`${at[part2]} is not what was saved (its SHA-256 differs)`);
  }
  const [weights, optimizer] = await Promise.all([readSafetensors(at.weights), readSafetensors(at.optimizer)]);
  return { step, loss: loss2, state, weights: weights.tensors, optimizer: optimizer.tensors };
}
async function loadCheckpoint(run, which) {
  const entries = await listCheckpoints(run);
  if (typeof which === "number") return loadStep(run, entries, which);
  const candidates = which === "latest" ? entries.toReversed() : entries.toSorted(byLoss);
  const notes = [];
  for (const { folder } of candidates) {
    try {
      return { ...await readWhole(folder), notes };
    } catch (error2) {
      notes.push(`passed over the damaged checkpoint ${folder}: ${reason(error2)}`);
    }
  }
  if (entries.length === 0) return void 0;
  throw new UserError(
    `every checkpoint of ${run.folder} is damaged: ${notes.join("; ")}`,
    "restore one from a copy, or train again"
  );
}
async function loadStep(run, entries, step) {
  const entry = entries.find((candidate) => candidate.step === step);
  if (entry === void 0) {
    const there = entries.map((candidate) => candidate.step).join(", ");
    throw new UserError(`${run.folder} has no checkpoint of step ${step}`, there === "" ? "it has none yet" : `it has ${there}`);
  }
  try {
    return { ...await readWhole(entry.folder), notes: [] };
  } catch (error2) {
    throw new UserError(`the checkpoint ${entry.folder} is damaged: ${reason(error2)}`, "take another one", { cause: error2 });
  }
}
async function republishWeights(run) {
  for (const { folder } of (await listCheckpoints(run)).toReversed()) {
    const at = files(folder);
    const saved = await readState(folder).catch(() => void 0);
    const found = await hashFile(at.weights).catch(() => void 0);
    if (saved === void 0 || saved.sha256.weights !== found) continue;
    const published = await hashFile(runPaths(run.folder).weights).catch(() => void 0);
    if (published !== found) await publishWeights(run, folder);
    return;
  }
}
var keptLatest, folderName, checkpointFolder, hashState, byLoss, reason;
var init_checkpoints = __esm({
  "src/runtime/files/checkpoints.ts"() {
    "use strict";
    init_errors();
    init_atomic();
    init_file_error();
    init_run_layout();
    init_safetensors();
    keptLatest = 3;
    folderName = /^step-(\d{6,})$/;
    checkpointFolder = (run, step) => path13.join(runPaths(run.folder).checkpoints, `step-${String(step).padStart(6, "0")}`);
    hashState = (state) => createHash7("sha256").update(JSON.stringify(state)).digest("hex");
    byLoss = (a, b) => (a.loss ?? Infinity) === (b.loss ?? Infinity) ? b.step - a.step : (a.loss ?? Infinity) - (b.loss ?? Infinity);
    reason = (error2) => error2 instanceof Error ? error2.message : String(error2);
  }
});

// src/runtime/files/run-lock.ts
import { readFileSync as readFileSync5, rmSync } from "node:fs";
import { link as link4, readFile as readFile6, rename as rename5, rm as rm7, writeFile as writeFile3 } from "node:fs/promises";
function parseOwner(text) {
  try {
    const { pid, host, started } = JSON.parse(text);
    return typeof pid === "number" && typeof host === "string" && typeof started === "string" ? { pid, host, started } : void 0;
  } catch {
    return void 0;
  }
}
async function tryCreate(file, content) {
  const temporary = temporaryBeside(file);
  try {
    await writeFile3(temporary, content, { flag: "wx" });
    await link4(temporary, file).catch((error2) => {
      if (errorCode(error2) === "EEXIST") throw error2;
      return writeFile3(file, content, { flag: "wx" });
    });
    return true;
  } catch (error2) {
    if (errorCode(error2) === "EEXIST") return false;
    throw fileError(error2, "write", file);
  } finally {
    await rm7(temporary, { force: true });
  }
}
async function removeStale(file, stale) {
  const aside = temporaryBeside(file);
  try {
    await rename5(file, aside);
  } catch (error2) {
    if (errorCode(error2) === "ENOENT") return;
    throw fileError(error2, "write", file);
  }
  if (await readFile6(aside, "utf8").catch(() => stale) !== stale) await link4(aside, file).catch(() => void 0);
  await rm7(aside, { force: true });
}
function refusal(run, file, owner) {
  const who = `process ${owner.pid} on ${owner.host}`;
  return ownerState(owner) === "unknown" ? new UserError(
    `${run.folder} is being trained by ${who}, another machine`,
    `wait for it, or train into another folder; if that process is gone, remove ${file}`
  ) : new UserError(
    `${run.folder} is being trained by ${who}`,
    `wait for it, stop it (kill ${owner.pid}), or train into another folder`
  );
}
async function lockRun(run) {
  const { lock: file, checkpoints } = runPaths(run.folder);
  const content = `${JSON.stringify(currentOwner())}
`;
  for (; ; ) {
    if (await tryCreate(file, content)) break;
    const found = await readFile6(file, "utf8").catch(() => void 0);
    if (found === void 0) continue;
    const owner = parseOwner(found);
    if (owner !== void 0 && ownerState(owner) !== "dead") throw refusal(run, file, owner);
    await removeStale(file, found);
  }
  const release = () => {
    process.off("exit", release);
    releaseSync(file, content);
  };
  process.on("exit", release);
  await removeLeftovers2(run.folder);
  await removeLeftovers2(checkpoints);
  await republishWeights(run);
  return { release };
}
function releaseSync(file, content) {
  try {
    if (readFileSync5(file, "utf8") === content) rmSync(file);
  } catch {
  }
}
var init_run_lock = __esm({
  "src/runtime/files/run-lock.ts"() {
    "use strict";
    init_errors();
    init_atomic();
    init_checkpoints();
    init_file_error();
    init_owner();
    init_run_layout();
  }
});

// src/runtime/files/run-folder.ts
import { createHash as createHash8 } from "node:crypto";
import { mkdir as mkdir5, open as open3, stat as stat7 } from "node:fs/promises";
import path14 from "node:path";
async function createRun(folder, record, text) {
  const stateThere = await stat7(runPaths(folder).record).catch(() => void 0);
  if (stateThere !== void 0) {
    throw new UserError(`${folder} is a run already`, "go on with it by --resume, or name another folder with --out");
  }
  const created = (/* @__PURE__ */ new Date()).toISOString();
  const textHash = sha2562(text);
  const parent = path14.dirname(path14.resolve(folder));
  await mkdir5(parent, { recursive: true }).catch((error2) => {
    throw fileError(error2, "write", parent);
  });
  await writeFolderAtomic(folder, async (temporary) => {
    const paths = runPaths(temporary);
    await mkdir5(paths.checkpoints);
    await mkdir5(paths.evaluation);
    await writeAtomic(paths.text, text);
    await writeAtomic(paths.record, `${JSON.stringify({ format: format2, created, textHash, ...record }, void 0, 2)}
`);
  });
  return { folder, record, text, textHash, created };
}
async function readText(file) {
  try {
    const handle = await open3(file, "r");
    return await handle.readFile("utf8").finally(() => handle.close());
  } catch (error2) {
    if (errorCode(error2) === "ENOENT" || errorCode(error2) === "ENOTDIR") return void 0;
    throw fileError(error2, "read", file);
  }
}
function parseRecord(file, json) {
  let value;
  try {
    value = JSON.parse(json);
  } catch (error2) {
    const reason2 = error2 instanceof Error ? error2.message : String(error2);
    throw new UserError(`${file} is not JSON: ${reason2}`, "restore it from a copy; archc writes it once and never changes it");
  }
  const fields = Object.entries(typeof value === "object" && value !== null ? value : {});
  const given = new Map(fields);
  const bad = Object.entries(recordFields).filter(([name, check]) => !check(given.get(name)));
  if (bad.length > 0) {
    const names2 = bad.map(([name]) => name).join(", ");
    throw new UserError(`${file} is not the record of a run: missing or wrong: ${names2}`, "restore it from a copy");
  }
  const record = value;
  if (record.format !== format2) {
    throw new UserError(`${file} has format ${record.format}; this archc reads format ${format2}`, "use the archc that wrote it");
  }
  return record;
}
async function openRun(folder) {
  const paths = runPaths(folder);
  const [json, text] = await Promise.all([readText(paths.record), readText(paths.text)]);
  if (json === void 0 || text === void 0) {
    const missing = [...json === void 0 ? ["run.json"] : [], ...text === void 0 ? ["model.arch.txt"] : []];
    const there = await stat7(folder).catch(() => void 0) !== void 0;
    const what = there ? `it has no ${missing.join(" and no ")}` : "it does not exist";
    throw new UserError(`${folder} is no run: ${what}`, "name the folder that archc train --out made");
  }
  const { format: _format, created, textHash, ...record } = parseRecord(paths.record, json);
  if (sha2562(text) !== textHash) {
    throw new UserError(
      `${paths.text} was changed after the run began, so its weights may not fit it`,
      "restore the file, or train the changed model into another folder"
    );
  }
  return { folder, record, text, textHash, created };
}
async function appendLog(run, line) {
  await appendLine(runPaths(run.folder).log, line);
}
async function readLog(run) {
  return (await readLines(runPaths(run.folder).log)).filter(isLogLine);
}
async function rewindLog(run, step) {
  const lines = await readLog(run);
  const kept = lines.filter((line) => line.step <= step);
  if (kept.length === lines.length) return;
  await writeAtomic(runPaths(run.folder).log, kept.map((line) => `${JSON.stringify(line)}
`).join(""));
}
var format2, sha2562, recordFields, isLogLine;
var init_run_folder = __esm({
  "src/runtime/files/run-folder.ts"() {
    "use strict";
    init_errors();
    init_atomic();
    init_file_error();
    init_run_layout();
    init_checkpoints();
    init_run_layout();
    init_run_lock();
    format2 = 1;
    sha2562 = (text) => createHash8("sha256").update(text).digest("hex");
    recordFields = {
      format: Number.isInteger,
      created: (value) => typeof value === "string",
      textHash: (value) => typeof value === "string",
      model: (value) => typeof value === "string",
      file: (value) => typeof value === "string",
      variants: Array.isArray,
      preset: (value) => value === null || typeof value === "string",
      options: (value) => typeof value === "object" && value !== null,
      values: Array.isArray,
      seed: Number.isSafeInteger,
      versions: (value) => typeof value === "object" && value !== null,
      engine: (value) => typeof value === "object" && value !== null,
      data: Array.isArray
    };
    isLogLine = (line) => typeof line === "object" && line !== null && "step" in line && typeof line.step === "number";
  }
});

// src/runtime/files/tensorboard.ts
import { closeSync, openSync, writeSync } from "node:fs";
import os5 from "node:os";
import path15 from "node:path";
function crc32c(bytes) {
  let crc = 4294967295;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ crc >>> 8;
  return (crc ^ 4294967295) >>> 0;
}
function maskedCrc(bytes) {
  const crc = crc32c(bytes);
  return (crc >>> 15 | crc << 17) + 2726488792 >>> 0;
}
function frame(data) {
  const record = Buffer.alloc(12 + data.length + 4);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return record;
}
function varint(value) {
  const bytes = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push(rest % 128 | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}
function bytesField(field, content) {
  return Buffer.from([...tag(field, bytesType), ...varint(content.length), ...content]);
}
function doubleField(field, value) {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.from([...tag(field, fixed64Type), ...bytes]);
}
function floatField(field, value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.from([...tag(field, fixed32Type), ...bytes]);
}
function integerField(field, value) {
  return Buffer.from([...tag(field, varintType), ...varint(value)]);
}
function event(wallTime, step, what) {
  return frame(Buffer.concat([doubleField(1, wallTime), integerField(2, step), what]));
}
function summary2(values) {
  const entries = Object.entries(values).map(
    ([name, value]) => bytesField(1, Buffer.concat([bytesField(1, Buffer.from(name)), floatField(2, value)]))
  );
  return Buffer.concat(entries);
}
function openEventFile(folder, options = {}) {
  const seconds = () => Date.now() / 1e3;
  const stamp = String(Math.floor(seconds())).padStart(10, "0");
  const file = path15.join(folder, `events.out.tfevents.${stamp}.${os5.hostname()}.${process.pid}.${opened++}`);
  const guarded = (action) => {
    try {
      return action();
    } catch (error2) {
      throw fileError(error2, "write", file);
    }
  };
  const descriptor = guarded(() => openSync(file, "ax"));
  const append = (record) => guarded(() => writeSync(descriptor, record));
  append(event(seconds(), 0, bytesField(3, Buffer.from("brain.Event:2"))));
  if (options.resumeStep !== void 0) append(event(seconds(), options.resumeStep, bytesField(7, integerField(1, 1))));
  return {
    file,
    scalars: (step, values, wallTime = seconds()) => {
      append(event(wallTime, step, bytesField(5, summary2(values))));
    },
    close: () => closeSync(descriptor)
  };
}
var crcTable, varintType, fixed64Type, bytesType, fixed32Type, tag, opened;
var init_tensorboard = __esm({
  "src/runtime/files/tensorboard.ts"() {
    "use strict";
    init_file_error();
    crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
      let crc = byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 2197175160 : crc >>> 1;
      return crc >>> 0;
    });
    varintType = 0;
    fixed64Type = 1;
    bytesType = 2;
    fixed32Type = 5;
    tag = (field, type) => varint(field * 8 + type);
    opened = 0;
  }
});

// src/compiler/targets/layers/layer.ts
function layerClasses(tf7) {
  const known3 = classes.get(tf7);
  if (known3) return known3;
  const made = new Map([...primitives.values()].map((primitive) => [primitive.name, layerClass(tf7, primitive)]));
  for (const constructor of made.values()) tf7.serialization.registerClass(constructor);
  classes.set(tf7, made);
  return made;
}
function layerClass(tf7, primitive) {
  class PrimitiveLayer extends tf7.layers.Layer {
    static className = `archc_${primitive.name}`;
    config;
    sizes;
    variables = [];
    constructor(config) {
      super({ name: config.name });
      this.config = config;
      this.sizes = Object.fromEntries(Object.entries(config.sizes).map(([name, list]) => [name, list.map(fromJSON)]));
    }
    build() {
      this.variables = this.config.owned.map(
        ({ name, shape: shape2, trainable }) => this.addWeight(name, [...shape2], "float32", tf7.initializers.zeros(), void 0, trainable)
      );
      this.built = true;
    }
    computeOutputShape() {
      const shapes = this.config.outputs.map((shape2) => [...shape2]);
      return shapes.length === 1 ? shapes[0] : shapes;
    }
    /** TensorFlow.js takes every symbolic tensor for float32 and would convert indices; this says what they are. */
    apply(inputs, options) {
      const results = super.apply(inputs, options);
      for (const [at, result] of (Array.isArray(results) ? results : [results]).entries())
        if (result instanceof tf7.SymbolicTensor) Object.assign(result, { dtype: this.config.dtypes[at] });
      return results;
    }
    call(inputs, options = {}) {
      const all = Array.isArray(inputs) ? inputs : [inputs];
      const known3 = Object.fromEntries(
        this.config.witnesses.map(({ symbol: symbol2, input, axis, factor }) => [symbol2, all[input].shape[axis] / factor])
      );
      const sizes = Object.fromEntries(
        Object.entries(this.sizes).map(([name, list]) => [name, list.map((size) => evaluate(size, known3))])
      );
      const results = primitive.compute(
        tf7,
        all.slice(0, this.config.operands),
        this.variables.map((variable2) => variable2.read()),
        {
          attributes: this.config.attributes,
          sizes,
          training: options.training ?? false,
          draw: options.draw ?? ((count2) => Array.from({ length: count2 }, () => Math.random()))
        }
      );
      return results.length === 1 ? results[0] : results;
    }
    getConfig() {
      return { ...super.getConfig(), ...this.config };
    }
  }
  return PrimitiveLayer;
}
var classes;
var init_layer = __esm({
  "src/compiler/targets/layers/layer.ts"() {
    "use strict";
    init_registry();
    init_size();
    classes = /* @__PURE__ */ new WeakMap();
  }
});

// src/compiler/targets/layers/lower.ts
function lowerToLayers(tf7, graph, name, store = /* @__PURE__ */ new Map()) {
  const classes2 = layerClasses(tf7);
  const weights = new Map(graph.weights.map((weight) => [weight.path, weight]));
  const tensors = /* @__PURE__ */ new Map();
  const inputs = graph.inputs.map((input) => {
    const { shape: shape2, dtype } = graph.values[input.value];
    const tensor4 = tf7.input({ batchShape: shape2.map(dimension), name: input.name, dtype: dtype === "i32" ? "int32" : "float32" });
    tensors.set(input.value, tensor4);
    return tensor4;
  });
  const witnesses = witnessesOf(graph);
  const taken = new Set(graph.inputs.map((input) => input.name));
  const variables = /* @__PURE__ */ new Map();
  const seen = /* @__PURE__ */ new Set();
  for (const node of graph.nodes) {
    const needed = [...new Set(Object.values(node.sizes).flat().flatMap(symbols))].map((symbol2) => witnessed(witnesses, symbol2));
    const shown3 = node.inputs.length === 0 && needed.length === 0 ? [0] : [...new Set(needed.map((witness) => witness.input))];
    const operands = node.inputs.map((value) => tensors.get(value));
    const config = {
      name: uniqueName(node, taken),
      attributes: node.attributes,
      sizes: Object.fromEntries(Object.entries(node.sizes).map(([key3, list]) => [key3, list.map(toJSON)])),
      operands: operands.length,
      witnesses: needed.map((witness) => ({ ...witness, input: operands.length + shown3.indexOf(witness.input) })),
      outputs: node.results.map((result2) => graph.values[result2].shape.map(dimension)),
      dtypes: node.results.map((result2) => graph.values[result2].dtype === "i32" ? "int32" : "float32"),
      owned: node.weights.map((path17) => {
        const { shape: shape2, trainable } = weights.get(path17);
        return { path: path17, name: path17.split(".").at(-1), shape: shape2, trainable };
      })
    };
    const identity = node.weights.length > 0 ? `${node.op} ${node.weights.join()} ${JSON.stringify([config.attributes, config.sizes])}` : "";
    const layer = store.get(identity) ?? new (classes2.get(node.op))(config);
    const all = [...operands, ...shown3.map((input) => inputs[input])];
    const result = layer.apply(all.length === 1 ? all[0] : all);
    if (identity) {
      store.set(identity, layer);
      node.weights.forEach((path17, at) => {
        if (seen.has(path17) && variables.get(path17) !== layer.variables[at]) throw new Error(`${path17} is owned by two layers`);
        seen.add(path17);
        variables.set(path17, layer.variables[at]);
      });
    }
    const results2 = Array.isArray(result) ? result : [result];
    node.results.forEach((value, at) => tensors.set(value, results2[at]));
  }
  const results = [...new Set(graph.outputs.map((output) => output.value))];
  const model = tf7.model({ inputs, outputs: results.map((value) => tensors.get(value)), name });
  return {
    model,
    variables,
    run(given, options = {}) {
      const list = graph.inputs.map((input) => {
        const tensor4 = given[input.name];
        if (!tensor4) throw new Error(`${name} needs the input ${input.name}`);
        return tensor4;
      });
      const computed = model.apply(list.length === 1 ? list[0] : list, options);
      const outputs = Array.isArray(computed) ? computed : [computed];
      return Object.fromEntries(graph.outputs.map((output) => [output.name, outputs[results.indexOf(output.value)]]));
    }
  };
}
function witnessesOf(graph) {
  return graph.inputs.flatMap(
    ({ value }, input) => graph.values[value].shape.flatMap((size, axis) => {
      const [symbol2, ...others] = symbols(size);
      if (!symbol2 || others.length > 0) return [];
      const factor = evaluate(size, { [symbol2]: 1 });
      const linear2 = evaluate(size, { [symbol2]: 2 }) === 2 * factor && evaluate(size, { [symbol2]: 7 }) === 7 * factor;
      return linear2 ? [{ symbol: symbol2, input, axis, factor }] : [];
    })
  );
}
function witnessed(witnesses, symbol2) {
  const found = witnesses.find((witness) => witness.symbol === symbol2);
  if (!found) throw new Error(`no input shows how large ${symbol2} is`);
  return found;
}
function uniqueName(node, taken) {
  const base = `${node.path}${node.path ? "." : ""}${node.op}`.replace(/\[(\d+)\]/g, ".$1").replace(/[^A-Za-z0-9_.]/g, "_").replace(/^[^A-Za-z0-9]/, "x");
  let name = base;
  for (let count2 = 2; taken.has(name); count2 += 1) name = `${base}_${count2}`;
  taken.add(name);
  return name;
}
var dimension;
var init_lower = __esm({
  "src/compiler/targets/layers/lower.ts"() {
    "use strict";
    init_size();
    init_layer();
    dimension = (size) => asInteger(size) ?? null;
  }
});

// src/runtime/network/network.ts
import * as tf2 from "@tensorflow/tfjs";
function createNetwork(graphs) {
  const store = /* @__PURE__ */ new Map();
  const variables = /* @__PURE__ */ new Map();
  const lowered = /* @__PURE__ */ new Map();
  const weights = [...new Map(graphs.flatMap((graph) => graph.weights).map((weight) => [weight.path, weight])).values()];
  const lower = (graph, name) => {
    const known3 = lowered.get(graph);
    if (known3) return known3;
    const model = lowerToLayers(tf2, graph, name, store);
    for (const [path17, variable3] of model.variables) variables.set(path17, variable3);
    lowered.set(graph, model);
    return model;
  };
  graphs.forEach((graph, at) => lower(graph, `graph${at}`));
  const variable2 = (path17) => {
    const found = variables.get(path17);
    if (!found) throw new Error(`no weight is called ${path17}`);
    return found;
  };
  return {
    weights,
    lower,
    variable: variable2,
    initialise(seed) {
      for (const weight of weights) {
        const tensor4 = tf2.tensor(startValues(weight, seed), [...weight.shape]);
        variable2(weight.path).write(tensor4);
        tensor4.dispose();
      }
    },
    assign(tensors) {
      for (const [path17, tensor4] of tensors) {
        const target = variable2(path17);
        if (tensor4.shape.join() !== target.shape.join()) throw new Error(`${path17} is [${target.shape.join(", ")}], given [${tensor4.shape.join(", ")}]`);
        const value = tf2.tensor(tensor4.data, [...tensor4.shape], "float32");
        target.write(value);
        value.dispose();
      }
    },
    read(paths = weights.map((weight) => weight.path)) {
      return new Map(paths.map((path17) => [path17, { shape: [...variable2(path17).shape], dtype: "F32", data: variable2(path17).read().dataSync() }]));
    }
  };
}
function startValues({ path: path17, shape: shape2, initialiser, fanIn }, seed) {
  const count2 = shape2.reduce((product3, size) => product3 * size, 1);
  const values = new Float32Array(count2);
  const random = createRandom(seed).split(path17);
  switch (initialiser.kind) {
    case "zeros":
      return values;
    case "ones":
      return values.fill(1);
    case "constant":
      return values.fill(initialiser.value);
    case "default":
    case "uniform": {
      const bound = initialiser.kind === "uniform" ? initialiser.bound : 1 / Math.sqrt(fanIn);
      return values.map(() => random.uniform(-bound, bound));
    }
    case "normal":
      return values.map(() => random.normal(0, initialiser.std));
    case "truncated_normal":
      return values.map(() => {
        for (; ; ) {
          const value = random.normal(0, initialiser.std);
          if (Math.abs(value) <= 2) return value;
        }
      });
  }
}
function compareWeights(weights, tensors) {
  const known3 = new Map(weights.map((weight) => [weight.path, weight]));
  return {
    missing: weights.filter((weight) => !tensors.has(weight.path)).map((weight) => weight.path),
    extra: [...tensors.keys()].filter((path17) => !known3.has(path17)),
    misshapen: [...tensors].flatMap(([path17, tensor4]) => {
      const weight = known3.get(path17);
      return weight && weight.shape.join() !== tensor4.shape.join() ? [`${path17} is [${tensor4.shape.join(", ")}], the network's is [${weight.shape.join(", ")}]`] : [];
    })
  };
}
var init_network = __esm({
  "src/runtime/network/network.ts"() {
    "use strict";
    init_lower();
    init_errors();
    init_random();
  }
});

// src/runtime/train/adam.ts
import * as tf3 from "@tensorflow/tfjs";
function createAdam(variables, { beta1, beta2, epsilon }) {
  const zeros2 = () => new Map([...variables].map(([path17, variable2]) => [path17, tf3.tidy(() => tf3.variable(tf3.zeros(variable2.shape), false))]));
  const first = zeros2();
  const second = zeros2();
  let count2 = 0;
  return {
    get count() {
      return count2;
    },
    step(gradients, rate2) {
      count2 += 1;
      const stepSize = rate2 / (1 - beta1 ** count2);
      const correction = 1 / Math.sqrt(1 - beta2 ** count2);
      for (const [path17, gradient] of gradients) {
        const [x, m, v] = [variables.get(path17), first.get(path17), second.get(path17)];
        if (!x || !m || !v) throw new Error(`Adam does not know ${path17}`);
        tf3.tidy(() => {
          m.assign(tf3.add(tf3.mul(m, beta1), tf3.mul(gradient, 1 - beta1)));
          v.assign(tf3.add(tf3.mul(v, beta2), tf3.mul(tf3.square(gradient), 1 - beta2)));
          const divisor = tf3.add(tf3.mul(tf3.sqrt(v), correction), epsilon);
          x.assign(tf3.sub(x, tf3.mul(tf3.div(m, divisor), stepSize)));
        });
      }
    },
    read() {
      const entries = [["m", first], ["v", second]].flatMap(
        ([name, moments]) => [...moments].map(([path17, moment]) => [`${name}.${path17}`, { shape: moment.shape, dtype: "F32", data: moment.dataSync() }])
      );
      return new Map(entries);
    },
    assign(state, saved) {
      for (const [name, moments] of [["m", first], ["v", second]])
        for (const [path17, moment] of moments) {
          const tensor4 = state.get(`${name}.${path17}`);
          if (!tensor4 || tensor4.shape.join() !== moment.shape.join()) throw new Error(`the optimiser's ${name}.${path17} is ${tensor4 ? `[${tensor4.shape.join(", ")}]` : "missing"}`);
          tf3.tidy(() => moment.assign(tf3.tensor(tensor4.data, moment.shape, "float32")));
        }
      count2 = saved;
    },
    dispose() {
      for (const moments of [first, second]) moments.forEach((moment) => moment.dispose());
    }
  };
}
var init_adam = __esm({
  "src/runtime/train/adam.ts"() {
    "use strict";
  }
});

// src/runtime/data/pillow.ts
function gaussianBlur(picture, sigma) {
  if (!(sigma >= 0) || !Number.isFinite(sigma)) throw new RangeError(`gaussianBlur: sigma must be 0 or more, not ${sigma}`);
  const { width, height } = picture;
  if (sigma === 0 || width === 0 || height === 0) return { width, height, data: picture.data.slice() };
  const box = boxFilter(sigma);
  let source2 = picture.data.slice();
  blurRows(source2, width, height, box);
  let target = new Uint8Array(source2.length);
  for (let pass = 0; pass < BLUR_PASSES; pass++) {
    blurColumns(source2, target, width * 3, height, box);
    [source2, target] = [target, source2];
  }
  return { width, height, data: source2 };
}
function boxFilter(sigma) {
  const f322 = Math.fround;
  const variance = f322(f322(f322(sigma) * f322(sigma)) / BLUR_PASSES);
  const whole = Math.floor((f322(Math.sqrt(12 * variance + 1)) - 1) / 2);
  const numerator = f322((2 * whole + 1) * (whole * (whole + 1) - 3 * variance));
  const part2 = f322(numerator / (6 * (variance - (whole + 1) * (whole + 1))));
  const radius = f322(whole + part2);
  const reach = Math.trunc(radius);
  const inside = Math.trunc(f322(2 ** 24 / f322(f322(radius * 2) + 1)));
  return { reach, inside, beyond: Math.trunc((2 ** 24 - (reach * 2 + 1) * inside) / 2) };
}
function blurRows(data, width, height, { reach, inside, beyond }) {
  const pad2 = (reach + 1) * 3;
  const length = width * 3;
  const line = new Uint8Array(length + 2 * pad2);
  const far = (2 * reach + 2) * 3;
  for (let row = 0; row < height * length; row += length) {
    for (let pass = 0; pass < BLUR_PASSES; pass++) {
      line.set(data.subarray(row, row + length), pad2);
      for (let i = 0; i < pad2; i++) {
        line[i] = data[row + i % 3];
        line[pad2 + length + i] = data[row + length - 3 + i % 3];
      }
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let i = 0; i < far - 3; i += 3) {
        red += line[i];
        green += line[i + 1];
        blue += line[i + 2];
      }
      for (let i = 0; i < length; i += 3) {
        const left = line[i];
        red = red + line[i + far - 3] - left | 0;
        data[row + i] = Math.imul(red, inside) + Math.imul(left + line[i + far], beyond) + 8388608 >>> 24;
        const left1 = line[i + 1];
        green = green + line[i + far - 2] - left1 | 0;
        data[row + i + 1] = Math.imul(green, inside) + Math.imul(left1 + line[i + far + 1], beyond) + 8388608 >>> 24;
        const left2 = line[i + 2];
        blue = blue + line[i + far - 1] - left2 | 0;
        data[row + i + 2] = Math.imul(blue, inside) + Math.imul(left2 + line[i + far + 2], beyond) + 8388608 >>> 24;
      }
    }
  }
}
function blurColumns(source2, target, length, height, box) {
  const { reach, inside, beyond } = box;
  const sums = new Int32Array(length);
  const rowAt = (y) => Math.min(Math.max(y, 0), height - 1) * length;
  for (let y = -1 - reach; y < reach; y++) {
    const row = rowAt(y);
    for (let i = 0; i < length; i++) sums[i] += source2[row + i];
  }
  for (let y = 0; y < height; y++) {
    const out = y * length;
    const above = rowAt(y - reach - 1);
    const entering = rowAt(y + reach);
    const below = rowAt(y + reach + 1);
    for (let i = 0; i < length; i++) {
      const leaving = source2[above + i];
      const sum = sums[i] + source2[entering + i] - leaving | 0;
      sums[i] = sum;
      target[out + i] = Math.imul(sum, inside) + Math.imul(leaving + source2[below + i], beyond) + 8388608 >>> 24;
    }
  }
}
function resize(picture, width, height, kernel) {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new RangeError(`resize: a picture of ${width} x ${height} pixels cannot be`);
  }
  if (kernel === "nearest") return nearest3(picture, width, height);
  const across = width === picture.width ? picture : resizeRows(picture, weightsFor(picture.width, width, kernel));
  if (height !== picture.height) return resizeColumns(across, weightsFor(picture.height, height, kernel));
  return across === picture ? { width, height, data: picture.data.slice() } : across;
}
function weightsFor(inputs, outputs, kernel) {
  const ratio = inputs / outputs;
  const stretch = Math.max(ratio, 1);
  const support = (kernel === "bicubic" ? 2 : 1) * stretch;
  const curve = kernel === "bicubic" ? cubic2 : triangle;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputs);
  const count2 = new Int32Array(outputs);
  const fixed = new Int32Array(outputs * stride);
  const weight = new Float64Array(stride);
  const narrowing = 1 / stretch;
  for (let position = 0; position < outputs; position++) {
    const centre = (position + 0.5) * ratio;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const taps2 = Math.min(Math.trunc(centre + support + 0.5), inputs) - start;
    let total = 0;
    for (let tap = 0; tap < taps2; tap++) {
      const value = curve((tap + start - centre + 0.5) * narrowing);
      weight[tap] = value;
      total += value;
    }
    for (let tap = 0; tap < taps2; tap++) {
      const value = total === 0 ? weight[tap] : weight[tap] / total;
      fixed[position * stride + tap] = Math.trunc(value * 2 ** FRACTION_BITS + (value < 0 ? -0.5 : 0.5));
    }
    first[position] = start;
    count2[position] = taps2;
  }
  return { first, count: count2, stride, fixed };
}
function cubic2(distance2) {
  const a = -0.5;
  const x = Math.abs(distance2);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}
function triangle(distance2) {
  const x = Math.abs(distance2);
  return x < 1 ? 1 - x : 0;
}
function resizeRows(picture, { first, count: count2, stride, fixed }) {
  const width = first.length;
  const { height, data } = picture;
  const out = new Uint8ClampedArray(width * height * 3);
  const half2 = 1 << FRACTION_BITS - 1;
  let at = 0;
  for (let y = 0; y < height; y++) {
    const row = y * picture.width;
    for (let x = 0; x < width; x++) {
      let red = half2;
      let green = half2;
      let blue = half2;
      let pixel = (row + first[x]) * 3;
      const end = x * stride + count2[x];
      for (let tap = x * stride; tap < end; tap++) {
        const weight = fixed[tap];
        red = red + data[pixel] * weight | 0;
        green = green + data[pixel + 1] * weight | 0;
        blue = blue + data[pixel + 2] * weight | 0;
        pixel += 3;
      }
      out[at] = red >> FRACTION_BITS;
      out[at + 1] = green >> FRACTION_BITS;
      out[at + 2] = blue >> FRACTION_BITS;
      at += 3;
    }
  }
  return { width, height, data: new Uint8Array(out.buffer) };
}
function resizeColumns(picture, { first, count: count2, stride, fixed }) {
  const height = first.length;
  const { width, data } = picture;
  const length = width * 3;
  const out = new Uint8ClampedArray(length * height);
  const sums = new Int32Array(length);
  for (let y = 0; y < height; y++) {
    sums.fill(1 << FRACTION_BITS - 1);
    for (let tap = 0; tap < count2[y]; tap++) {
      const weight = fixed[y * stride + tap];
      const row = (first[y] + tap) * length;
      for (let i = 0; i < length; i++) sums[i] = sums[i] + data[row + i] * weight | 0;
    }
    for (let i = 0; i < length; i++) out[y * length + i] = sums[i] >> FRACTION_BITS;
  }
  return { width, height, data: new Uint8Array(out.buffer) };
}
function nearest3(picture, width, height) {
  const columns = nearestPositions(picture.width, width);
  const rows = nearestPositions(picture.height, height);
  return gather(picture, width, height, (x, y) => rows[y] * picture.width + columns[x]);
}
function nearestPositions(inputs, outputs) {
  const step = inputs / outputs;
  const positions = new Int32Array(outputs);
  let position = step * 0.5;
  for (let i = 0; i < outputs; i++) {
    positions[i] = Math.min(Math.trunc(position), inputs - 1);
    position += step;
  }
  return positions;
}
function flipX(picture) {
  const { width, height } = picture;
  return gather(picture, width, height, (x, y) => y * width + (width - 1 - x));
}
function flipY(picture) {
  const { width, height } = picture;
  return gather(picture, width, height, (x, y) => (height - 1 - y) * width + x);
}
function transpose(picture) {
  return gather(picture, picture.height, picture.width, (x, y) => x * picture.width + y);
}
function gather(picture, width, height, from) {
  const data = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = from(x, y) * 3;
      data[at++] = picture.data[pixel];
      data[at++] = picture.data[pixel + 1];
      data[at++] = picture.data[pixel + 2];
    }
  }
  return { width, height, data };
}
var FRACTION_BITS, BLUR_PASSES;
var init_pillow = __esm({
  "src/runtime/data/pillow.ts"() {
    "use strict";
    FRACTION_BITS = 32 - 8 - 2;
    BLUR_PASSES = 3;
  }
});

// src/runtime/data/degrade.ts
function degrade(hr, ops2, width, height) {
  return ops2.reduce((picture, op) => apply(picture, op, width, height), hr);
}
function apply(picture, op, width, height) {
  switch (op.op) {
    case "blur":
      return gaussianBlur(picture, op.sigma);
    case "resize":
      return resize(picture, width, height, op.kernel);
    case "flip_x":
      return flipX(picture);
    case "flip_y":
      return flipY(picture);
    case "transpose":
      return transpose(picture);
  }
}
var init_degrade = __esm({
  "src/runtime/data/degrade.ts"() {
    "use strict";
    init_pillow();
  }
});

// src/runtime/network/coordinates.ts
var pixelCentre;
var init_coordinates = __esm({
  "src/runtime/network/coordinates.ts"() {
    "use strict";
    pixelCentre = (index, count2) => Math.fround(Math.fround(-1 + 1 / count2) + Math.fround(Math.fround(2 / count2) * index));
  }
});

// src/runtime/train/per-item.ts
function drawValue(expression, random, values) {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "variable": {
      const value = values[expression.name];
      if (value === void 0) throw new Error(`${expression.name} has no value here`);
      return value;
    }
    case "choice":
      return drawValue(random.pick(expression.items), random, values);
    case "call": {
      const [a = 0, b = 0] = expression.arguments.map((argument) => drawValue(argument, random, values));
      if (expression.name === "uniform") return random.uniform(a, b);
      if (expression.name === "normal") return random.normal(a, b);
      return computePerItem(expression.name, [a, b]);
    }
  }
}
function drawOperations(operations, random, values) {
  return operations.flatMap((operation) => {
    if (operation.op === "blur") return [{ op: "blur", sigma: drawValue(operation.sigma, random, values) }];
    if (operation.op === "resize") return [operation];
    return random.uniform() < 0.5 ? [{ op: operation.op }] : [];
  });
}
var init_per_item = __esm({
  "src/runtime/train/per-item.ts"() {
    "use strict";
    init_records();
  }
});

// src/runtime/train/batch.ts
import * as tf4 from "@tensorflow/tfjs";
function planItem(model, plan, random, values) {
  const m = drawValue(plan.m, random, values);
  const [from, to] = model.scale.kind === "range" ? [model.scale.from, model.scale.to] : [model.scale.value, model.scale.value];
  if (!(m >= from && m <= to)) throw new UserError(`train.m drew ${m}, outside of the model's scale ${from} .. ${to}`, "change train.m, for example with --set train.m=..");
  return { m, random, values: { ...values, m } };
}
function makeItem(model, plan, picture, { m, random, values }) {
  const source2 = model.inputs.find((input2) => input2.role === "image" || input2.role === "enlarged");
  const [, height, width] = lengths(source2, plan.sizes);
  const enlarged = source2.role === "enlarged";
  const low = enlarged ? [Math.max(1, Math.floor(height / m)), Math.max(1, Math.floor(width / m))] : [height, width];
  const high = enlarged ? [height, width] : [Math.round(height * m), Math.round(width * m)];
  const large = atLeast2(picture, high[1], high[0]);
  const cut = crop2(large, random.int(large.width - high[1] + 1), random.int(large.height - high[0] + 1), high[1], high[0]);
  const small = degrade(cut, drawOperations(plan.degrade, random, values), low[1], low[0]);
  const shown3 = enlarged ? degrade(small, drawOperations(source2.by ?? [], random, values), width, height) : small;
  const moves = drawOperations(plan.augment, random, values);
  const [input, target] = [shown3, cut].map((each) => moves.reduce((moved, move) => degrade(moved, [move], moved.width, moved.height), each));
  const output = model.outputs.find((candidate) => candidate.role === "samples" || candidate.role === "image");
  const item = { [source2.name]: normalised(input.data, source2.range) };
  if (output.role === "image") return { ...item, target: normalised(target.data, output.range) };
  const queries = plan.sizes["q"];
  const chosen = random.sample(target.width * target.height, queries);
  const coordinates = model.inputs.find((candidate) => candidate.role === "coordinates");
  const cell = model.inputs.find((candidate) => candidate.role === "cell");
  item[coordinates.name] = new Float32Array(queries * 2);
  const values3 = new Uint8Array(queries * 3);
  chosen.forEach((position, at) => {
    item[coordinates.name][2 * at] = pixelCentre(Math.floor(position / target.width), target.height);
    item[coordinates.name][2 * at + 1] = pixelCentre(position % target.width, target.width);
    for (let channel = 0; channel < 3; channel += 1) values3[3 * at + channel] = target.data[3 * position + channel];
  });
  if (cell) item[cell.name] = new Float32Array(queries * 2).map((_, at) => 2 / (at % 2 === 0 ? target.height : target.width));
  return { ...item, target: normalised(values3, output.range) };
}
function atLeast2(picture, width, height) {
  if (picture.width >= width && picture.height >= height) return picture;
  const size = { width: Math.max(picture.width, width), height: Math.max(picture.height, height) };
  const data = new Uint8Array(size.width * size.height * 3);
  const mirror = (at, length) => {
    const period = at % (2 * length);
    return period < length ? period : 2 * length - 1 - period;
  };
  for (let y = 0; y < size.height; y += 1)
    for (let x = 0; x < size.width; x += 1) {
      const from = 3 * (mirror(y, picture.height) * picture.width + mirror(x, picture.width));
      data.set(picture.data.subarray(from, from + 3), 3 * (y * size.width + x));
    }
  return { ...size, data };
}
function normalised(data, [from, to]) {
  const values = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += 1) values[at] = data[at] / 255 * (to - from) + from;
  return values;
}
function stackItems(model, plan, items) {
  const shapes = new Map(model.inputs.map((input) => [input.name, input.shape]));
  const output = model.outputs.find((candidate) => candidate.role === "samples" || candidate.role === "image");
  shapes.set("target", output.shape);
  const sizes = { ...plan.sizes, B: items.length };
  return Object.fromEntries(
    [...shapes].map(([name, shape2]) => {
      const lengthsHere = shape2.map((size) => evaluate(size, sizes));
      const all = new Float32Array(lengthsHere.reduce((product3, size) => product3 * size, 1));
      items.forEach((item, at) => all.set(item[name], at * item[name].length));
      return [name, tf4.tensor(all, lengthsHere)];
    })
  );
}
var lengths;
var init_batch = __esm({
  "src/runtime/train/batch.ts"() {
    "use strict";
    init_size();
    init_errors();
    init_degrade();
    init_picture();
    init_coordinates();
    init_per_item();
    lengths = (input, sizes) => input.shape.map((size) => evaluate(size, sizes));
  }
});

// src/runtime/train/data.ts
import { LRUCache } from "lru-cache";
function createPictureStore() {
  const cache = new LRUCache({ maxSize: memory, sizeCalculation: ({ bytes }) => bytes });
  return {
    get(entry) {
      const known3 = cache.get(entry.path);
      if (known3) return known3.picture;
      const picture = readPicture(entry.path).then((file) => {
        cache.set(entry.path, { picture: Promise.resolve(file.picture), bytes: Math.max(1, file.picture.data.length) });
        return file.picture;
      });
      cache.set(entry.path, { picture, bytes: 1 });
      return picture;
    }
  };
}
var memory;
var init_data = __esm({
  "src/runtime/train/data.ts"() {
    "use strict";
    init_picture();
    memory = 15e8;
  }
});

// src/runtime/train/schedule.ts
function rateAt(schedule, rate2, epoch, epochs) {
  switch (schedule.kind) {
    case "constant":
      return rate2;
    case "step":
      return rate2 * schedule.factor ** schedule.at.filter((point) => epoch >= point).length;
    case "cosine": {
      const least = rate2 * schedule.to;
      return least + (rate2 - least) * (1 + Math.cos(Math.PI * epoch / epochs)) / 2;
    }
  }
}
var init_schedule = __esm({
  "src/runtime/train/schedule.ts"() {
    "use strict";
  }
});

// src/version.ts
import { readFileSync as readFileSync6 } from "node:fs";
import path16 from "node:path";
var archcVersion;
var init_version = __esm({
  "src/version.ts"() {
    "use strict";
    init_root();
    archcVersion = () => JSON.parse(readFileSync6(path16.join(archcRoot, "package.json"), "utf8")).version;
  }
});

// src/runtime/train/versions.ts
import * as tf5 from "@tensorflow/tfjs";
var versions;
var init_versions = __esm({
  "src/runtime/train/versions.ts"() {
    "use strict";
    init_version();
    versions = () => ({ archc: archcVersion(), node: process.versions.node, tfjs: tf5.version.tfjs });
  }
});

// src/runtime/train/train.ts
var train_exports = {};
__export(train_exports, {
  train: () => train
});
import * as tf6 from "@tensorflow/tfjs";
async function train(options) {
  const { loaded: loaded2, engine, seed } = options;
  const { model } = loaded2;
  const plan = model.train;
  if (!plan) throw new UserError(`${loaded2.file} has no train block`, "add one, or choose a file that has");
  if (!engine.trains) throw new UserError(`the engine ${engine.description} cannot train`, "archc engine install brings TensorFlow, which can");
  const entries = await listData(options.data);
  const parts = split2(entries, { val: options.val, seed });
  const run = options.resume ? await reopen(options) : await create(options, plan, parts);
  const lock = await lockRun(run);
  const network = createNetwork([model.graph, ...plan.objectives.map((objective) => objective.graph)]);
  const trainers = plan.objectives.map((objective) => trainer(network, objective));
  try {
    return await new Training(options, model, plan, run, network, trainers, parts).go();
  } finally {
    trainers.forEach(({ adam }) => adam.dispose());
    await lock.release();
  }
}
function trainer(network, objective) {
  const own = objective.graph.weights.filter((weight) => weight.trainable && weight.group === objective.group);
  const variables = new Map(own.map((weight) => [weight.path, network.variable(weight.path).read()]));
  return { objective, variables, adam: createAdam(variables, objective.optimizer) };
}
async function create(options, plan, parts) {
  const { loaded: loaded2, engine, seed } = options;
  const { model } = loaded2;
  const listed = (list, side) => list.map(({ name, sha256: sha2563, group, mpp }) => ({ path: name, sha256: sha2563, ...group !== void 0 && { group }, ...mpp !== void 0 && { mpp }, split: side }));
  return createRun(
    options.out,
    {
      model: model.name,
      file: loaded2.file,
      variants: model.variants,
      preset: model.preset || null,
      options: loaded2.options,
      values: model.values,
      seed,
      versions: versions(),
      engine: { ...engine },
      data: [...listed(parts.train, "train"), ...listed(parts.val, "val")]
    },
    loaded2.text
  );
}
async function reopen(options) {
  const run = await openRun(options.out);
  if (run.text !== options.loaded.text)
    throw new UserError(`${options.out} was trained from another text, preset or --set`, "resume with what it began with (see run.json), or train into another folder");
  if (run.record.seed !== options.seed) throw new UserError(`${options.out} began with --seed ${run.record.seed}`, `resume with --seed ${run.record.seed}`);
  return run;
}
function ofGroup(optimizer, group) {
  const prefix = group ? `${group}/` : "";
  return new Map([...optimizer].filter(([name]) => group ? name.startsWith(prefix) : !name.includes("/")).map(([name, tensor4]) => [name.slice(prefix.length), tensor4]));
}
async function startFrom(network, file, say) {
  const { tensors } = await readSafetensors(file);
  const { missing, extra, misshapen } = compareWeights(network.weights, tensors);
  const unfit = new Set(misshapen.map((line) => line.split(" is ")[0]));
  const fitting = new Map([...tensors].filter(([path17]) => !extra.includes(path17) && !unfit.has(path17)));
  if (fitting.size === 0) throw new UserError(`nothing in ${file} fits this network`, "its names must be weight paths of archc");
  network.assign(fitting);
  say(`${fitting.size} of ${network.weights.length} weights from ${file}`);
  if (missing.length > 0) say(`new, starting fresh: ${missing.join(", ")}`);
  if (extra.length > 0) say(`not used: ${extra.join(", ")}`);
  if (misshapen.length > 0) say(`another shape, starting fresh: ${misshapen.join("; ")}`);
}
var validationItems, divergence, Training, prefixed;
var init_train = __esm({
  "src/runtime/train/train.ts"() {
    "use strict";
    init_graph();
    init_errors();
    init_dataset();
    init_random();
    init_run_folder();
    init_safetensors();
    init_tensorboard();
    init_network();
    init_adam();
    init_batch();
    init_data();
    init_schedule();
    init_versions();
    validationItems = 8;
    divergence = 50;
    Training = class {
      constructor(options, model, plan, run, network, trainers, parts) {
        this.options = options;
        this.model = model;
        this.plan = plan;
        this.run = run;
        this.network = network;
        this.trainers = trainers;
        this.parts = parts;
        this.#batch = plan.sizes["B"] ?? 1;
        this.#stepsPerEpoch = Math.max(1, Math.floor(parts.train.length * plan.repeat / this.#batch));
        this.#steps = options.steps ?? plan.epochs * this.#stepsPerEpoch;
      }
      options;
      model;
      plan;
      run;
      network;
      trainers;
      parts;
      #pictures = createPictureStore();
      #steps;
      #stepsPerEpoch;
      #batch;
      async go() {
        const { options, run } = this;
        let step = await this.#start();
        if (step >= this.#steps) options.say(`${run.folder} has ${step} steps already`);
        const events = openEventFile(run.folder, { resumeStep: step });
        const every = options.checkpointEvery ?? Math.min(250, Math.max(20, Math.round(this.#steps / 20)));
        let lowest = Infinity;
        let smooth = Number.NaN;
        let loss2 = Number.NaN;
        let saved = step;
        let spent = 0;
        const begun = step;
        let next = step < this.#steps ? this.#batchItems(step) : void 0;
        while (step < this.#steps && !options.signal?.aborted) {
          const items = await next;
          next = step + 1 < this.#steps ? this.#batchItems(step + 1) : void 0;
          next?.catch(() => void 0);
          const start = performance.now();
          const measured = this.#step(step, items);
          const milliseconds = performance.now() - start;
          loss2 = measured["loss"];
          const rate2 = this.#rate(this.trainers[0].objective, step);
          step += 1;
          if (!Object.values(measured).every(Number.isFinite)) await this.#stop(step, this.#firstNonFinite(items, step - 1), saved);
          smooth = Number.isNaN(smooth) ? loss2 : 0.95 * smooth + 0.05 * loss2;
          lowest = Math.min(lowest, smooth);
          if (step - begun > 50 && smooth > divergence * lowest + 1) await this.#stop(step, `the loss grew to ${smooth.toPrecision(3)} from ${lowest.toPrecision(3)}`, saved);
          if (step - begun > 1 || this.#steps === 1) spent += milliseconds;
          const perStep = spent / Math.max(1, step - begun - 1);
          await appendLog(run, { step, epoch: this.#epoch(step - 1), ...measured, rate: rate2, milliseconds: Math.round(milliseconds), time: (/* @__PURE__ */ new Date()).toISOString() });
          events.scalars(step, { ...prefixed("train/", measured), "train/rate": rate2 });
          options.onStep?.({ step, steps: this.#steps, loss: loss2, rate: rate2, milliseconds, secondsLeft: perStep * (this.#steps - step) / 1e3 });
          if (step % every === 0 || step === this.#steps) {
            const validation = await this.#save(step, smooth);
            events.scalars(step, { "val/loss": validation });
            saved = step;
          }
          await new Promise(setImmediate);
        }
        if (saved !== step) await this.#save(step, Number.isNaN(smooth) ? 0 : smooth);
        events.close();
        return { run, step, loss: loss2, finished: step >= this.#steps };
      }
      /** Where training begins: at a checkpoint, at given weights, or fresh. */
      async #start() {
        const { options, network, run } = this;
        network.initialise(options.seed);
        if (options.resume) {
          const checkpoint = await loadCheckpoint(run, "latest");
          if (checkpoint) {
            checkpoint.notes.forEach(options.say);
            network.assign(checkpoint.weights);
            const counts = checkpoint.state.counts;
            this.trainers.forEach(({ objective, adam }, at) => adam.assign(ofGroup(checkpoint.optimizer, objective.group), counts[at]));
            await rewindLog(run, checkpoint.step);
            options.say(`resuming ${run.folder} at step ${checkpoint.step}`);
            return checkpoint.step;
          }
          await rewindLog(run, 0);
        } else if (options.from) await startFrom(network, options.from, options.say);
        return 0;
      }
      #epoch(step) {
        return this.options.steps === void 0 ? Math.floor(step / this.#stepsPerEpoch) : Math.floor(step / this.#steps * this.plan.epochs);
      }
      #rate(objective, step) {
        return rateAt(objective.schedule, objective.optimizer.lr, this.#epoch(step), this.plan.epochs);
      }
      /** The items of a step: a function of seed and step alone. */
      async #batchItems(step) {
        const values = { epoch: this.#epoch(step), epochs: this.plan.epochs };
        return Promise.all(
          Array.from({ length: this.#batch }, async (_, at) => {
            const position = step * this.#batch + at;
            const random = createRandom(this.options.seed).split(`item ${position}`);
            const planned = planItem(this.model, this.plan, random, values);
            return makeItem(this.model, this.plan, await this.#pictures.get(this.#pictureAt(position)), planned);
          })
        );
      }
      /** Every picture once in a random order, then all again in another. */
      #pictureAt(position) {
        const count2 = this.parts.train.length;
        const order = createRandom(this.options.seed).split(`order ${Math.floor(position / count2)}`).sample(count2, count2);
        return this.parts.train[order[position % count2]];
      }
      /** One update of every optimiser, all gradients taken at the weights before it. */
      #step(step, items) {
        const inputs = stackItems(this.model, this.plan, items);
        const measured = {};
        const draws = createRandom(this.options.seed).split(`step ${step}`);
        const draw = (count2) => Array.from({ length: count2 }, () => draws.uniform());
        const taken = this.trainers.filter(({ objective }) => step % objective.every === 0).map((each) => {
          const { objective, variables } = each;
          const graph = this.network.lower(objective.graph, `train ${objective.group ?? ""}`);
          const computed = tf6.variableGrads(
            () => {
              const outputs = graph.run(inputs, { training: true, draw });
              for (const [name, value] of Object.entries(outputs)) measured[objective.group ? `${objective.group} ${name}` : name] = value.dataSync()[0];
              return outputs["loss"];
            },
            [...variables.values()]
          );
          const byName = computed.grads;
          computed.value.dispose();
          return { each, gradients: new Map([...variables].map(([path17, variable2]) => [path17, byName[variable2.name]])) };
        });
        for (const { each, gradients } of taken) {
          each.adam.step(gradients, this.#rate(each.objective, step));
          gradients.forEach((gradient) => gradient.dispose());
        }
        tf6.dispose(inputs);
        return measured;
      }
      async #save(step, smooth) {
        const { network, run, trainers } = this;
        const validation = this.parts.val.length > 0 ? await this.#validate() : smooth;
        const optimizer = /* @__PURE__ */ new Map();
        for (const { objective, adam } of trainers)
          for (const [name, tensor4] of adam.read()) optimizer.set(objective.group ? `${objective.group}/${name}` : name, tensor4);
        await saveCheckpoint(run, {
          step,
          weights: network.read(),
          optimizer,
          state: { seed: this.options.seed, step, position: step * this.#batch, counts: trainers.map(({ adam }) => adam.count) },
          loss: Number.isFinite(validation) ? validation : Number.MAX_VALUE
        });
        return validation;
      }
      /** The loss on a fixed batch of pictures that are not trained on. */
      async #validate() {
        const { model, plan, parts } = this;
        const count2 = Math.min(validationItems, this.#batch);
        const items = await Promise.all(
          Array.from({ length: count2 }, async (_, at) => {
            const random = createRandom(this.options.seed).split(`validation ${at}`);
            const planned = planItem(model, plan, random, { epoch: plan.epochs - 1, epochs: plan.epochs });
            return makeItem(model, plan, await this.#pictures.get(parts.val[at % parts.val.length]), planned);
          })
        );
        return tf6.tidy(() => {
          const outputs = this.network.lower(plan.objectives[0].graph, "train").run(stackItems(model, plan, items));
          return outputs["loss"].dataSync()[0];
        });
      }
      /** The first value of the graph that is not finite, by its path. */
      #firstNonFinite(items, step) {
        const { graph } = this.plan.objectives[0];
        const named = [...graph.lets].map(([name, value]) => ({ name, value }));
        const whole = subgraph(graph, graph.inputs, named);
        return tf6.tidy(() => {
          const weight = this.network.weights.find(({ path: path17 }) => !this.network.variable(path17).read().dataSync().every(Number.isFinite));
          if (weight) return `the weight ${weight.path} is not finite`;
          const outputs = this.network.lower(whole, "inspected").run(stackItems(this.model, this.plan, items));
          const order = new Map(graph.nodes.flatMap((node, at) => node.results.map((result) => [result, at])));
          const bad = named.filter(({ name }) => !outputs[name].dataSync().every(Number.isFinite)).sort((a, b) => (order.get(a.value) ?? -1) - (order.get(b.value) ?? -1))[0];
          return bad ? `${bad.name} is the first tensor that is not finite` : `the gradient of step ${step + 1} is not finite`;
        });
      }
      async #stop(step, what, saved) {
        const { run } = this;
        await appendLog(run, { step, stopped: what });
        throw new UserError(
          `training stopped at step ${step}: ${what}`,
          saved > 0 ? `the last good checkpoint is of step ${saved} in ${runPaths(run.folder).checkpoints}; try a smaller learning rate, for example --set "train.optimizer=adam(lr: 1e-5)"` : "no checkpoint was saved before; try a smaller learning rate"
        );
      }
    };
    prefixed = (prefix, values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
  }
});

// ../../tmp/main-train.ts
import { Command } from "commander";

// src/cli/common.ts
init_errors();
import { Option } from "commander";
var collect = (value, before) => [...before, value];
function count(value) {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new UserError(`${value} is no whole number`);
  return number;
}
function amount(value) {
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number) || number < 0) throw new UserError(`${value} is no number of at least 0`);
  return number;
}
var compileFlags = (command) => command.option("-p, --preset <name>", "a preset of the model; its defaults without one").option("--variant <file>", "a variant file to apply; twice at most", collect, []).option("--set <path=value>", "set a parameter or a field of train or evaluate", collect, []);
var engineFlags = (command) => command.addOption(new Option("--engine <name>", "force an engine").choices(["tensorflow", "wasm", "cpu"])).option("--seed <n>", "seed of everything that is drawn", count, 0);
function compileOptions(flags) {
  if (flags.variant.length > 2) throw new UserError("--variant is given more than twice", "two variants may be applied together");
  return { ...flags.preset !== void 0 && { preset: flags.preset }, variants: flags.variant, sets: flags.set };
}
var colourful = (stream) => stream.isTTY === true && !process.env["NO_COLOR"] && !process.argv.includes("--no-color");
var print = (line) => void process.stdout.write(`${line}
`);
var remark = (line) => void process.stderr.write(`${line}
`);
async function openEngine(flags) {
  const { loadEngine: loadEngine2 } = await Promise.resolve().then(() => (init_engine(), engine_exports));
  const engine = await loadEngine2({ ...flags.engine && { name: flags.engine }, say: remark });
  remark(`engine: ${engine.description}`);
  return engine;
}
function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s} s`;
}
function liveLine(seconds = 10) {
  let last = 0;
  let width = 0;
  return {
    show(line, force = false) {
      const now = Date.now();
      if (process.stderr.isTTY) {
        if (!force && now - last < 100) return;
        process.stderr.write(`\r${line.padEnd(width)}`);
        width = line.length;
      } else {
        if (!force && now - last < seconds * 1e3) return;
        process.stderr.write(`${line}
`);
      }
      last = now;
    },
    end() {
      if (process.stderr.isTTY && width > 0) process.stderr.write("\n");
      width = 0;
    }
  };
}

// src/cli/train.ts
function trainCommand(program) {
  const command = program.command("train").description("train a model by its train block into a run folder").argument("<file>", "a model or a variant").requiredOption("--data <where...>", "a folder of pictures, or a CSV path,group,mpp").requiredOption("-o, --out <run>", "the run folder").option("--steps <n>", "steps instead of epochs; the schedule is scaled", count).option("--resume", "go on where the run stopped").option("--val <share>", "share of the pictures (or groups) set aside", amount, 0.1).option("--checkpoint-every <n>", "steps between checkpoints", count).option("--from <weights>", "start from the weights of a file, where they fit by name");
  engineFlags(compileFlags(command)).option("--json", "print one JSON object at the end").addHelpText("after", "\nExamples:\n  archc train models/variants/iste-on-bicubic.arch --preset small --data fields/ --out runs/first --steps 1000\n  archc train models/iste.arch --preset tiny --data fields.csv --out runs/tiny --resume").action(async (file, flags) => {
    const { loadModel: loadModel2 } = await Promise.resolve().then(() => (init_load_model(), load_model_exports));
    const loaded2 = loadModel2(file, compileOptions(flags), void 0, colourful(process.stderr));
    if (loaded2.warnings) remark(loaded2.warnings);
    const engine = await openEngine(flags);
    const { train: train2 } = await Promise.resolve().then(() => (init_train(), train_exports));
    const stop = new AbortController();
    const interrupt = () => {
      if (stop.signal.aborted) process.exit(130);
      remark("\nstopping after this step; everything is saved (again Ctrl-C: at once)");
      stop.abort();
    };
    process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
    const line = liveLine();
    try {
      const result = await train2({
        loaded: loaded2,
        engine,
        data: flags.data,
        out: flags.out,
        seed: flags.seed,
        val: flags.val,
        say: remark,
        signal: stop.signal,
        ...flags.steps !== void 0 && { steps: flags.steps },
        ...flags.resume && { resume: true },
        ...flags.checkpointEvery && { checkpointEvery: flags.checkpointEvery },
        ...flags.from && { from: flags.from },
        onStep: ({ step, steps, loss: loss2, rate: rate2, milliseconds, secondsLeft }) => line.show(`step ${step} of ${steps}  loss ${loss2.toFixed(4)}  rate ${rate2.toPrecision(2)}  ${Math.round(milliseconds)} ms  ${duration(secondsLeft)} left`, step === steps)
      });
      line.end();
      if (flags.json) print(JSON.stringify({ run: result.run.folder, step: result.step, loss: result.loss, finished: result.finished }));
      else remark(result.finished ? `done: ${result.run.folder}, step ${result.step}` : `stopped at step ${result.step}; go on with --resume`);
      if (!result.finished) process.exitCode = 130;
    } finally {
      line.end();
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    }
  });
}

// ../../tmp/main-train.ts
var p = new Command("archc");
trainCommand(p);
await p.parseAsync(process.argv);
