// `npm run engine -- preview|up|refresh|destroy DIRECTORY [--config key=value]... [--secret key=value]... [--state FILE]`:
// runs one operation of the stand-in engine on a program directory. A test tool of this repository, not a product.

import { runCommand } from "./command.js";

const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => abort.abort());

runCommand(process.argv.slice(2), {
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
  signal: abort.signal,
}).then((code) => {
  process.exitCode = code;
});
