/**
 * Measures what verifying 20 fresh paths adds to an update that waits. The edge is reached over https, as far away as a node in the same
 * country is: each answer takes 30 ms to come back.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refreshProvider } from "../provider/dynamic/host.js";
import { type Emulator, publish as publishFile, startEmulator } from "../test/emulator/index.js";
import { differences, spreadOf, timed, turned } from "./measure.js";
import { publish } from "./report.js";

const PATHS = 20;
const ROUND_TRIP_MS = 30;
const ROUNDS = 7;
const TARGET_SECONDS = 1;
const DOMAIN = "vod.example.com";
const WAIT = "wait";
const VERIFY = "wait and verify";

async function run(): Promise<void> {
  const emulator = await startEmulator({ https: true, urlQuota: 10_000 });
  const relay = await startRelay(new URL(emulator.nodes[0]?.https ?? ""));
  const directory = mkdtempSync(join(tmpdir(), "bench-verify-"));
  try {
    const times: Record<string, number[]> = { [WAIT]: [], [VERIFY]: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const what of turned([WAIT, VERIFY], round)) {
        const inputs = what === VERIFY ? { verify: { address: relay.address } } : {};
        times[what]?.push(await update(emulator, directory, `${round} ${what}`, inputs));
      }
    }
    publish("verify", [
      {
        title: `An update of ${PATHS} paths`,
        unit: "s",
        figures: Object.entries(times).map(([what, series]) => ({ what, ...spreadOf(series) })),
      },
      {
        title: "Verifying over waiting",
        unit: "s",
        figures: [
          {
            what: `${PATHS} fresh paths`,
            ...spreadOf(differences(times[VERIFY] ?? [], times[WAIT] ?? [])),
            target: TARGET_SECONDS,
          },
        ],
      },
    ]);
  } finally {
    relay.close();
    await emulator.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Releases other files, and deploys them. Returns how many seconds the deployment took. */
async function update(emulator: Emulator, directory: string, text: string, inputs: object): Promise<number> {
  mkdirSync(directory, { recursive: true });
  for (let index = 0; index < PATHS; index++) {
    const content = `${index} ${text} `.repeat(500);
    writeFileSync(join(directory, `${index}.js`), content);
    publishFile(emulator, `${DOMAIN}/${index}.js`, content);
  }
  const provider = refreshProvider({
    environment: {
      ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
      VOD_ENDPOINT: emulator.endpoint,
    },
    log: () => {},
    now: () => new Date(),
    edgeAgent: async () => new Agent({ keepAlive: true, ca: emulator.authority ?? "" }),
  });
  void provider.configure({ config: { get: () => undefined } } as never);
  const source = { directory, baseUrl: `https://${DOMAIN}/` };
  const checked = await provider.check({}, { source, wait: true, ...inputs });
  let outs: Record<string, unknown> = {};
  const ms = await timed(async () => {
    ({ outs } = await provider.create(checked.inputs));
  });
  const { verified } = outs as { verified?: { fresh: number } };
  if ("verify" in inputs && verified?.fresh !== PATHS) throw new Error(`Not fresh: ${JSON.stringify(verified)}.`);
  return ms / 1000;
}

/** Hands bytes on to a node, those of its answers late. */
async function startRelay(node: URL): Promise<{ address: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((viewer) => {
    const edge = connect(Number(node.port), node.hostname);
    for (const socket of [viewer, edge]) {
      sockets.add(socket.setNoDelay());
      socket.on("error", () => {});
    }
    viewer.pipe(edge);
    edge.on("data", (bytes) => setTimeout(() => viewer.writable && viewer.write(bytes), ROUND_TRIP_MS));
    viewer.on("close", () => edge.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { address: `127.0.0.1:${port}`, close };
}

run().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
