/** `npm run docs` builds the documentation site into `build/docs/`; with `--serve` it then shows it on this machine. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { TYPESCRIPT } from "./pages.js";
import { writeReference } from "./reference.js";

const ROOT = join(__dirname, "../..");

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => arg !== "--serve");
  if (unknown !== undefined) {
    console.error(`docs: there is no option "${unknown}"; there is --serve.`);
    process.exitCode = 2;
    return;
  }
  const { build, serve } = await import("vitepress");
  rmSync(join(ROOT, TYPESCRIPT), { recursive: true, force: true });
  await writeReference(ROOT);
  const site = join(ROOT, "site");
  await build(site);
  if (args.includes("--serve")) await serve({ root: site });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`The site could not be built: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
