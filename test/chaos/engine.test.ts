import { describe, expect, test } from "vitest";
import { EngineModel, type Provider } from "./engine.js";

const unused = () => Promise.reject(new Error("not called"));

/** A provider whose resources are created as `create` says. */
const creating = (create: Provider["create"]): Provider => ({
  check: async (_, inputs) => ({ inputs, failures: [] }),
  create,
  diff: unused,
  update: unused,
  read: unused,
  delete: unused,
});

describe("a process that dies", () => {
  test("right after the engine has recorded a resource has created it", async () => {
    const engine = new EngineModel();
    let die = () => {};
    const death = new Promise<void>((resolve) => {
      die = resolve;
    });
    const dying = (isLast: boolean) => {
      if (isLast) die();
      return false;
    };
    const provider = creating(async (outs) => ({ id: "1", outs }));
    expect(await engine.upUntil(death, provider, "site", { a: 1 }, dying)).toEqual({ kind: "created" });
    expect(engine.state.get("site")).toMatchObject({ id: "1", outputs: { a: 1 } });
  });

  test("before that leaves nothing", async () => {
    const engine = new EngineModel();
    const provider = creating(() => new Promise(() => {}));
    expect(await engine.upUntil(Promise.resolve(), provider, "site", {}, () => false)).toEqual({ kind: "killed" });
    expect(engine.state.size).toBe(0);
  });
});
