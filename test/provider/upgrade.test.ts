/** States as every version of the package wrote them: each is read, and deployed without a call when nothing changed. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { REFRESH } from "../../provider/inputs.js";
import { refreshProvider } from "../../provider/refresh.js";
import { readState } from "../../provider/state.js";

type Properties = Record<string, unknown>;
const STATES = join(__dirname, "states");

/** The files that the states with a source were written for. */
const site = mkdtempSync(join(tmpdir(), "upgrade-"));
mkdirSync(join(site, "site/player"), { recursive: true });
writeFileSync(join(site, "site/index.html"), "index 1");
writeFileSync(join(site, "site/player/app.js"), "app 1");
for (let i = 0; i < 300; i++) {
  mkdirSync(join(site, `videos/${i}`), { recursive: true });
  writeFileSync(join(site, `videos/${i}/index.m3u8`), `clip ${i}`);
}
afterAll(() => rmSync(site, { recursive: true, force: true }));

test.each(readdirSync(STATES))("%s: is read, and nothing is due", async (file) => {
  const { program, id, inputs, outputs } = JSON.parse(readFileSync(join(STATES, file), "utf8")) as {
    program: Properties & { source?: { directory: string } };
    id: string;
    inputs: Properties;
    outputs: Properties;
  };
  expect(() => readState(outputs, REFRESH)).not.toThrow();

  // No credentials and no endpoint that answers: whatever would be sent, or asked, would fail.
  const lines: string[] = [];
  const environment = { VOD_ENDPOINT: "http://127.0.0.1:1" };
  const made = refreshProvider({ environment, info: (line) => lines.push(line), now: () => new Date() });
  const cwd = vi.spyOn(process, "cwd").mockReturnValue(site);
  try {
    const { inputs: news, failures } = await made.check(inputs, program);
    expect(failures).toEqual([]);
    expect(news).toEqual(inputs);
    expect(await made.diff(id, outputs, news)).toEqual({ changes: false });
    expect(lines).toEqual([]);
    // Nor in an update that has another reason.
    expect((await made.update(id, outputs, news)).outs).toMatchObject({ taskIds: outputs.taskIds });
    expect(lines).toEqual([]);
  } finally {
    cwd.mockRestore();
  }
});
