/**
 * A demonstration of the main job: a real Pulumi program refreshes the cache of an emulated VOD site when its content
 * changes. Each step checks what it shows, and the exit code says whether all of it happened.
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Emulator, publish, startEmulator, view } from "./emulator/index.js";
import { type Engine, engines, type Operation, type RunResult } from "./engine/index.js";

const ROOT = join(__dirname, "../..");
const PROGRAM = join(ROOT, "examples/quickstart");
const DOMAIN = "vod.example.com";
const SCRIPT = `${DOMAIN}/player/app.js`;
const SCRIPT_URL = `http://${SCRIPT}`;
const OLD = 'document.title = "Player, version 1";\n';
const NEW = 'document.title = "Player, version 2";\n';

const missed: string[] = [];

function expect(what: string, happened: boolean): void {
  console.log(`   ${happened ? "ok  " : "FAIL"} ${what}`);
  if (!happened) missed.push(what);
}

function title(text: string): void {
  console.log(`\n== ${text}`);
}

async function demonstrate(engine: Engine, emulator: Emulator): Promise<void> {
  const directory = join(emulator.origin, DOMAIN, "player");
  cpSync(join(PROGRAM, "player"), directory, { recursive: true });
  publish(emulator, SCRIPT, OLD);

  const calls = () => emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches").length;
  const run = async (operation: Operation): Promise<RunResult> => {
    const before = calls();
    // The service gives one task ID to all calls within one second.
    emulator.advance(1_000);
    console.log(`   $ pulumi ${operation}`);
    const result = await engine.run(operation, {
      program: PROGRAM,
      config: { directory, domain: DOMAIN },
      secrets: { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret },
      environment: { VOD_ENDPOINT: emulator.endpoint },
      onOutput: (line) => console.log(`   | ${line}`),
    });
    console.log(`   calls to RefreshVodObjectCaches: ${calls() - before}`);
    if (!result.succeeded) missed.push(`pulumi ${operation} succeeds`);
    return result;
  };
  const see = async () => {
    const { body, cache } = await view(emulator, SCRIPT_URL);
    console.log(`   a viewer gets ${SCRIPT_URL}: ${body.trim()} (${cache})`);
    return body;
  };

  title("1. The site is online, and the edge has cached it");
  await see();
  expect("the edge serves version 1", (await see()) === OLD);

  title("2. The program is deployed for the first time");
  expect("the preview sends nothing", (await run("preview")).succeeded && calls() === 0);
  const created = await run("up");
  console.log(`   task IDs: ${String(created.outputs.taskIds)}`);
  expect("one call is made", calls() === 1);
  expect("the state has its task ID", Array.isArray(created.outputs.taskIds) && created.outputs.taskIds.length === 1);

  title("3. The content changes");
  expect("the edge has cached version 1", (await see()) === OLD && (await see()) === OLD);
  publish(emulator, SCRIPT, NEW);
  console.log(`   version 2 is written to ${SCRIPT} at the origin`);
  expect("the edge still serves version 1: it is stale", (await see()) === OLD);

  title("4. It is deployed");
  const preview = await run("preview");
  expect("the preview shows the changed hash", /~ contentHash\s*: "sha256:\w+" => "sha256:\w+"/.test(preview.output));
  expect(
    "the preview says what will be refreshed",
    preview.output.includes(
      "contentHash changed: refresh 2 URLs in 1 call (leaves 1,996 of 2,000 URLs in today's quota)",
    ),
  );
  expect("the preview sends nothing", calls() === 1);
  const updated = await run("up");
  console.log(`   task IDs: ${String(updated.outputs.taskIds)}`);
  expect("one call is made", calls() === 2);
  expect("the task ID is a new one", String(updated.outputs.taskIds) !== String(created.outputs.taskIds));
  expect("a viewer gets version 2", (await see()) === NEW);

  title("5. It is deployed again, with nothing changed");
  await run("up");
  expect("no call is made", calls() === 2);

  title("6. It is destroyed");
  const destroyed = await run("destroy");
  expect("no call is made", calls() === 2);
  expect("nothing is left in the state", destroyed.resources.length === 0);
}

async function main(): Promise<void> {
  // The real CLI if it is installed, or else the stand-in of this repository.
  const chosen = engines().at(-1);
  if (chosen === undefined) throw new Error("There is no engine to run the program on.");
  const emulator = await startEmulator({ domains: [DOMAIN] });
  // Starts new processes for each operation, as the Pulumi CLI does.
  const engine = await chosen.create({ keepsProcesses: false });
  console.log(
    `Runs examples/quickstart on the ${engine.name}, against the emulator of the VOD API at ${emulator.endpoint}.`,
  );
  try {
    await demonstrate(engine, emulator);
  } finally {
    await engine.close();
    await emulator.close();
    rmSync(emulator.origin, { recursive: true, force: true });
  }
  console.log(
    missed.length === 0
      ? "\nAll of it happened: stale before the update, fresh after it, and no call without a change."
      : `\nNot all of it happened:\n${missed.map((what) => `- ${what}`).join("\n")}`,
  );
  process.exitCode = missed.length === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(`The demo could not run: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
