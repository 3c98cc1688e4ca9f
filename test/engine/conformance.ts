// `npm run conformance [-- --engine real]`: replays recorded operations of the real Pulumi CLI, prints one line per
// operation and the totals, and fails if the engine does anything else.

import { realEngine } from "./realCli.js";
import { recordedOperations, replay } from "./replay.js";
import { standInEngine } from "./standIn.js";

async function main(args: readonly string[]): Promise<number> {
  if (args.length > 0 && args.join(" ") !== "--engine real" && args.join(" ") !== "--engine stand-in") {
    console.error("conformance: the only option is --engine real or --engine stand-in.");
    return 2;
  }
  const engine = args[1] === "real" ? await realEngine() : standInEngine();
  if (!engine) {
    console.error("conformance: there is no Pulumi CLI on the PATH to replay the operations on.");
    return 2;
  }
  console.log(`What the real Pulumi CLI did, replayed on the ${engine.name}:`);
  try {
    const outcomes = await replay(engine, recordedOperations(), ({ number, title, differences, output }) => {
      console.log(`${differences.length === 0 ? "passed" : "FAILED"} ${String(number).padStart(2)} ${title}`);
      for (const line of differences) console.log(`         ${line}`);
      if (differences.length > 0) console.log(output.replace(/^/gm, "         | "));
    });
    const failed = outcomes.filter(({ differences }) => differences.length > 0).length;
    console.log(`${outcomes.length - failed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    await engine.close();
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`conformance: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
