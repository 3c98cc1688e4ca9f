// A process that stays: it runs the SDK's program runner or its dynamic provider host for one operation after another,
// and loads the SDK's libraries only once. The SDK's own code, the program and the provider are loaded for each
// operation, with its own globals, environment and directory. warm.ts starts it as `warmProcess.js SCRIPT`; each line
// of its standard input is a command in JSON.

"use strict";
const grpcPath = "@grpc/grpc-js";
const Module = require("node:module");
const { Socket } = require("node:net");
const { dirname, join, sep } = require("node:path");
const { createInterface } = require("node:readline");

const script = process.argv[2];
const load = Module.createRequire(script);
const sdk = dirname(dirname(dirname(script)));
const home = process.cwd();
/** The resources of an idle process: its standard streams. */
const STREAMS = new Set(["PipeWrap", "TTYWrap"]);
/** How long the remains of an operation may take to end, in ms. */
const PATIENCE_MS = 500;

/** Whether a file holds nothing of an operation: the messages of the SDK's protocol, and the libraries it uses. */
const isLibrary = (file) =>
  !file.startsWith(sdk + sep) ||
  file.startsWith(join(sdk, "proto", sep)) ||
  file.startsWith(join(sdk, "vendor", sep)) ||
  file.startsWith(join(sdk, "node_modules", sep)) ||
  // It connects to the debugger of the process, once.
  file.endsWith(join("runtime", "closure", "v8Hooks.js"));

const { Server } = load(grpcPath);
const { bindAsync } = Server.prototype;
const servers = new Set();
Server.prototype.bindAsync = function (...given) {
  servers.add(this);
  return bindAsync.apply(this, given);
};
for (const name of [sdk, "source-map-support/register", "minimist", "require-from-string", "ini", "semver"]) load(name);
for (const file of Object.keys(require.cache)) if (!isLibrary(file)) delete require.cache[file];

const first = {
  modules: new Set(Object.keys(require.cache)),
  paths: new Set(Object.keys(Module._pathCache)),
  extensions: { ...require.extensions },
  globals: new Set(Reflect.ownKeys(globalThis)),
  environment: { ...process.env },
};
let listeners = new Map();
let isRunning = false;
/** Whether the program has announced its end to the engine. */
let hasSignaled = false;

createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  if (command.rest) rest(command.rest);
  else begin(command);
});
process.stdin.ref();
listeners = new Map(process.eventNames().map((name) => [name, new Set(process.listeners(name))]));

function setEnvironment(environment) {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(environment, name)) delete process.env[name];
  for (const [name, value] of Object.entries(environment)) if (process.env[name] !== value) process.env[name] = value;
}

function begin({ directory, environment, args, mark }) {
  isRunning = true;
  hasSignaled = false;
  // A program ends when nothing keeps its process alive, so standard input must not.
  process.stdin.unref();
  setEnvironment(environment);
  process.chdir(directory);
  process.argv = [process.execPath, script, ...args];
  process.on("beforeExit", (code) => {
    if (hasSignaled && code === 0 && isRunning) setImmediate(() => rest(mark));
  });
  Module._load(script, null, true);
  const settings = require.cache[join(sdk, "runtime", "settings.js")]?.exports;
  const { signalAndWaitForShutdown } = settings ?? {};
  if (signalAndWaitForShutdown === undefined || mark === undefined) return;
  settings.signalAndWaitForShutdown = async () => {
    await signalAndWaitForShutdown();
    hasSignaled = true;
  };
}

/** Resets the process and prints the mark, or exits if something can't be reset. */
async function rest(mark) {
  isRunning = false;
  process.stdin.ref();
  const isProgram = hasSignaled;
  for (const name of process.eventNames()) {
    for (const listener of process.listeners(name)) {
      if (listeners.get(name)?.has(listener)) continue;
      process.removeListener(name, listener);
      // The SDK's exit listeners set the exit code and close its connections. A provider's process is killed without.
      if (name === "exit" && isProgram) listener.call(process, 0);
    }
  }
  if (process.exitCode) process.exit();
  for (const server of servers) server.forceShutdown();
  servers.clear();
  for (let since = Date.now(); !isAlone(); ) {
    if (Date.now() - since > PATIENCE_MS) process.exit(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const file of Object.keys(require.cache)) if (!first.modules.has(file)) delete require.cache[file];
  for (const path of Object.keys(Module._pathCache)) if (!first.paths.has(path)) delete Module._pathCache[path];
  for (const name of Object.keys(require.extensions)) delete require.extensions[name];
  Object.assign(require.extensions, first.extensions);
  for (const name of Reflect.ownKeys(globalThis))
    if (!first.globals.has(name)) Reflect.deleteProperty(globalThis, name);
  setEnvironment(first.environment);
  process.chdir(home);
  process.stdout.write(`${mark}\n`);
  process.stderr.write(`${mark}\n`);
}

/** Closes the operation's connections, as the end of a process does. Returns whether nothing else of it is running. */
function isAlone() {
  for (const handle of process._getActiveHandles()) {
    const isStream = [process.stdin, process.stdout, process.stderr].includes(handle);
    if (handle instanceof Socket && !isStream) handle.destroy();
  }
  return process.getActiveResourcesInfo().every((type) => STREAMS.has(type));
}
