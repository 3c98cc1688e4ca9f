/** Loads pop-core, and keeps it from printing what it sends. */
import { createRequire } from "node:module";
import type RPCClient from "@alicloud/pop-core";

/**
 * What is used of `debug`, by which httpx, the library below pop-core, prints every request with key, token and
 * signature.
 */
interface Debug {
  enabled(namespace: string): boolean;
  enable(namespaces: string): void;
  /** Gives what was enabled until now. */
  disable(): string;
}

const PRINTERS = ["httpx:body", "httpx:header"];

interface PopCore {
  Client: typeof RPCClient;
  /**
   * Keeps the lines of a request from being printed; the program's own lines stay. It is called before each request: the
   * program may share that copy of `debug`, have loaded it before this package, and turn it on at any time.
   */
  silence(): void;
}

let loaded: PopCore | undefined;

/**
 * Loads pop-core's client of RPC services, once. Its index also loads the client of ROA services and a library for
 * XML, which take 12 ms.
 */
export function loadPopCore(): PopCore {
  loaded ??= load();
  return loaded;
}

function load(): PopCore {
  const debug = debugOfHttpx();
  // Where a bundler took the packages apart, `debug` still reads this when it begins.
  if (debug === undefined && process.env.DEBUG) process.env.DEBUG += ",-httpx:*";
  // Node's loader of ES modules, which `import` begins with, takes another 7 ms.
  const Client: typeof RPCClient = require("@alicloud/pop-core/lib/rpc.js");
  const silence = () => {
    if (debug !== undefined && PRINTERS.some(debug.enabled)) debug.enable(`${debug.disable()},-httpx:*`);
  };
  return { Client, silence };
}

/** The copy of `debug` that httpx uses, which depends on the layout of the program's packages. */
function debugOfHttpx(): Debug | undefined {
  try {
    const ofPopCore = createRequire(createRequire(__filename).resolve("@alicloud/pop-core"));
    return createRequire(ofPopCore.resolve("httpx"))("debug");
  } catch {
    return undefined;
  }
}
