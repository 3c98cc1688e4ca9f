/** pop-core, kept from printing what it sends. */
import { createRequire } from "node:module";
import type RPCClient from "@alicloud/pop-core";

/** What `debug` has, the library by which httpx, which is below pop-core, prints every request with key, token and signature. */
interface Debug {
  enabled(namespace: string): boolean;
  enable(namespaces: string): void;
  /** What was enabled until now. */
  disable(): string;
}

const PRINTERS = ["httpx:body", "httpx:header"];

export interface PopCore {
  Client: typeof RPCClient;
  /**
   * Keeps the lines of a request from being printed; the program's own stay. To be called before each: the program may
   * share that copy of `debug`, have it loaded before this package, and turn it on at any time.
   */
  silence(): void;
}

/** Loads pop-core's client of the VOD API's kind. Its index also loads the other kind, and a library for XML, which take 12 ms. */
export function loadPopCore(): PopCore {
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

/** The copy of `debug` that httpx uses: which one that is depends on how the program's packages were laid out. */
function debugOfHttpx(): Debug | undefined {
  try {
    const ofPopCore = createRequire(createRequire(__filename).resolve("@alicloud/pop-core"));
    return createRequire(ofPopCore.resolve("httpx"))("debug");
  } catch {
    return undefined;
  }
}
