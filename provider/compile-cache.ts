/**
 * Node's cache of compiled code, on Node 22.1 and newer: what the provider's entry loads after this is compiled once a machine and not once
 * a run (bench/README.md, start-up). It stands where Node puts it, below the system's directory for temporary files;
 * `NODE_DISABLE_COMPILE_CACHE=1` switches it off.
 */
import module from "node:module";

// Not in the types of Node 20, which is supported. It never throws: where nothing can be written, nothing is cached.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
