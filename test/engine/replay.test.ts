import { describe, expect, it } from "vitest";
import { compare, recordedOperations, replay } from "./replay.js";
import { standInEngine } from "./standIn.js";

const [, up] = recordedOperations();
if (!up) throw new Error("The recorded operations are missing.");

describe("the comparison with what Pulumi did", () => {
  it("finds no difference in the same operation", () => {
    expect(compare(up, structuredClone(up))).toEqual([]);
  });

  it("finds a missing call, an extra call and another order", () => {
    const [configure, check, create] = up.calls as [object, object, object];
    const calls = (list: object[]): string[] => compare(up, { ...up, calls: list as typeof up.calls });
    expect(calls([configure, check])).toEqual([`calls.2: Pulumi ${JSON.stringify(create)}, this engine nothing`]);
    expect(calls([configure, check, create, check])).toEqual([
      `calls.3: Pulumi nothing, this engine ${JSON.stringify(check)}`,
    ]);
    expect(calls([check, configure, create])).toContain('calls.0.call: Pulumi "configure", this engine "check"');
  });

  it("finds another argument, another success and another state", () => {
    const seen = structuredClone(up);
    Object.assign((seen.calls[1] as { news: object }).news, { size: 2 });
    seen.succeeded = false;
    (seen.stateAfter[0] as { outputs: Record<string, unknown> }).outputs.secret = "hunter2";
    expect(compare(up, seen)).toEqual([
      "succeeded: Pulumi true, this engine false",
      "calls.1.news.size: Pulumi 1, this engine 2",
      'state.0.outputs.secret: Pulumi "[secret]", this engine "hunter2"',
    ]);
  });

  it("finds a call of a replay that was not recorded", async () => {
    const engine = standInEngine();
    const tampered = { ...up, calls: up.calls.slice(0, 2) };
    const [outcome] = await replay(engine, [tampered]);
    await engine.close();
    expect(outcome?.differences).toEqual([
      expect.stringMatching(/^calls\.2: Pulumi nothing, this engine \{"call":"create"/),
    ]);
  });
});

describe("the stand-in", () => {
  it.each([
    ["in new processes", false],
    ["in processes that stay", true],
  ])("does in every operation what the Pulumi CLI did, %s", async (_, keepsProcesses) => {
    const engine = standInEngine({ keepsProcesses });
    const outcomes = await replay(engine, recordedOperations());
    await engine.close();
    expect(outcomes.flatMap(({ title, differences }) => differences.map((one) => `${title}: ${one}`))).toEqual([]);
    expect(outcomes).toHaveLength(37);
  });
});
