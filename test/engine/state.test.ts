import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { wrapSecret } from "./properties.js";
import { needs, type Resource, StateFile, shownState } from "./state.js";

const folder = mkdtempSync(join(tmpdir(), "pulumi-state-test-"));
const path = join(folder, "deep", "state.json");
afterEach(() => rmSync(join(folder, "deep"), { recursive: true, force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const stack: Resource = {
  urn: "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev",
  custom: false,
  type: "pulumi:pulumi:Stack",
};
const thing: Resource = {
  urn: "urn:pulumi:dev::p::t::a",
  custom: true,
  id: "1",
  type: "t",
  inputs: { token: wrapSecret("hunter2"), list: [1, wrapSecret({ deep: "hunter2" })] },
  outputs: { token: wrapSecret("hunter2") },
};

describe("the state file", () => {
  it("is an empty deployment of version 3 before the first write", async () => {
    const file = new StateFile(path, "pw");
    expect(JSON.parse(file.text())).toMatchObject({ version: 3, deployment: { manifest: {} } });
    expect(await file.read()).toEqual([]);
  });

  it("encrypts secrets on the disk, and decrypts them when it is read", async () => {
    await new StateFile(path, "pw").write([stack, thing]);
    expect(readFileSync(path, "utf8")).not.toContain("hunter2");
    expect(JSON.parse(readFileSync(path, "utf8")).deployment.secrets_providers.type).toBe("passphrase");
    expect(await new StateFile(path, "pw").read()).toEqual([stack, thing]);
  });

  it("keeps its salt from write to write", async () => {
    const salt = () => JSON.parse(readFileSync(path, "utf8")).deployment.secrets_providers.state.salt;
    await new StateFile(path, "pw").write([thing]);
    const first = salt();
    const again = new StateFile(path, "pw");
    await again.write(await again.read());
    expect(salt()).toBe(first);
  });

  it("does not open with another passphrase", async () => {
    await new StateFile(path, "pw").write([thing]);
    await expect(new StateFile(path, "other").read()).rejects.toThrow("incorrect passphrase");
  });

  it("writes the resources as they were at the call, one write after the other", async () => {
    const file = new StateFile(path, "pw");
    const resource: Resource = { ...stack, outputs: { n: 1 } };
    const writes = [file.write([resource])];
    resource.outputs = { n: 2 };
    await Promise.all(writes);
    expect((await file.read())[0]?.outputs).toEqual({ n: 1 });
    await Promise.all([file.write([resource]), file.write([{ ...resource, outputs: { n: 3 } }])]);
    expect((await file.read())[0]?.outputs).toEqual({ n: 3 });
    expect(readdirSync(join(folder, "deep"))).toEqual(["state.json"]);
  });

  it.each([
    ["no JSON", "{", "it is not JSON"],
    ["another version", '{"version":2,"deployment":{}}', "not a deployment of version 3"],
    [
      "another secrets provider",
      '{"version":3,"deployment":{"secrets_providers":{"type":"cloud","state":{}}}}',
      "its secrets provider is cloud",
    ],
  ])("refuses to import %s, and stays as it was", async (_what, text, sentence) => {
    const file = new StateFile(path, "pw");
    await file.write([stack]);
    await expect(file.import(text)).rejects.toThrow(sentence);
    expect(await file.read()).toEqual([stack]);
  });
});

describe("a resource", () => {
  it("needs its provider, its parent and the resources that its properties are made from", () => {
    const resource = {
      ...thing,
      parent: "urn:parent",
      provider: "urn:pulumi:dev::p::pulumi:providers:x::default::0-1",
      dependencies: ["urn:a", "urn:b"],
      propertyDependencies: { token: ["urn:b", "urn:c"] },
    };
    const provider = "urn:pulumi:dev::p::pulumi:providers:x::default";
    expect(needs(resource)).toEqual([provider, "urn:b", "urn:c", "urn:a", "urn:parent"]);
  });

  it("is shown without secrets, and the stack is shown as its outputs", () => {
    const shown = shownState([{ ...stack, outputs: { s: wrapSecret(1), n: 1 } }, thing]);
    expect(shown.outputs).toEqual({ s: "[secret]", n: 1 });
    expect(shown.resources).toEqual([
      { ...thing, inputs: { token: "[secret]", list: [1, "[secret]"] }, outputs: { token: "[secret]" } },
    ]);
  });
});
