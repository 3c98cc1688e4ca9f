/** Measures what a source of 100,000 files adds to a preview if its files were hashed before. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmulator } from "../test/emulator/index.js";
import { standInEngine } from "../test/engine/index.js";
import { differences, type Spread, spreadOf } from "./measure.js";
import { publish, ROOT } from "./report.js";

const FILES = 100_000;
const DIRECTORIES = 1_000;
const ROUNDS = 5;
const ONE_PATH = "one path";
const MANY_FILES = `${FILES.toLocaleString("en-US")} files`;
const TARGETS = { seconds: 1.5, stateMb: 2.5 };

async function run(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "bench-preview-"));
  const site = join(root, "site");
  const emulator = await startEmulator();
  const engines = { [ONE_PATH]: standInEngine(), [MANY_FILES]: standInEngine() };
  try {
    for (let directory = 0; directory < DIRECTORIES; directory++) {
      const path = join(site, `videos/${directory % 40}/clip-${directory}`);
      mkdirSync(path, { recursive: true });
      for (let file = 0; file < FILES / DIRECTORIES; file++) {
        writeFileSync(join(path, `segment-${String(file).padStart(5, "0")}.ts`), `${directory} ${file}`);
      }
    }
    const times: Record<string, number[]> = {};
    const stateBytes: Record<string, number> = {};
    const previewLines: Record<string, number> = {};
    const operate = async (name: string, operation: "up" | "preview") => {
      const engine = engines[name];
      if (engine === undefined) throw new Error(`There is no engine for ${name}.`);
      const start = performance.now();
      const result = await engine.run(operation, {
        program: join(ROOT, "bench/program"),
        config: { program: "source", ...(name === ONE_PATH ? {} : { directory: site }) },
        secrets: { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret },
        environment: { VOD_ENDPOINT: emulator.endpoint, XDG_CACHE_HOME: root, LOCALAPPDATA: root },
      });
      if (!result.succeeded) throw new Error(result.output);
      return { ms: performance.now() - start, engine, output: result.output };
    };
    // The first deployment hashes every file. Files that were just written aren't cached, so let a moment pass.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    for (const name of Object.keys(engines)) {
      const { engine } = await operate(name, "up");
      stateBytes[name] = Buffer.byteLength(await engine.exportState());
    }
    writeFileSync(join(site, "videos/0/clip-0/segment-00000.ts"), "changed");
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of Object.keys(engines)) {
        const { ms, output } = await operate(name, "preview");
        times[name] = [...(times[name] ?? []), ms / 1000];
        previewLines[name] = output.split("\n").length;
      }
    }
    const each = (spread: (name: string) => Spread) =>
      Object.keys(engines).map((name) => ({ what: name, ...spread(name) }));
    const [one, many] = [times[ONE_PATH] ?? [], times[MANY_FILES] ?? []];
    const state = (name: string) => ({ what: name, ...spreadOf([(stateBytes[name] ?? 0) / 1e6]) });
    publish("preview", [
      { title: "Preview", unit: "s", figures: each((name) => spreadOf(times[name] ?? [])) },
      {
        title: "Preview over one path",
        unit: "s",
        figures: [{ what: MANY_FILES, ...spreadOf(differences(many, one)), target: TARGETS.seconds }],
      },
      { title: "State", unit: "MB", figures: [state(ONE_PATH), { ...state(MANY_FILES), target: TARGETS.stateMb }] },
      { title: "What a preview prints", unit: "lines", figures: each((name) => spreadOf([previewLines[name] ?? 0])) },
    ]);
  } finally {
    for (const engine of Object.values(engines)) await engine.close();
    await emulator.close();
    rmSync(root, { recursive: true, force: true });
  }
}

run().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
