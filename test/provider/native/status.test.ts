/** The status of a call that failed, as the engine reads it. */
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb.js";
import { Status } from "@pulumi/pulumi/proto/status_pb.js";
import { expect, test } from "vitest";
import { toStatus } from "../../../provider/native/status.js";
import { ResourceInitFailedError } from "../../../provider/resource/outputs.js";
import { VodError } from "../../../provider/vod/errors.js";
import { fromStruct } from "./served.js";

const contents = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`https://vod.example.com/${i}`, "h".repeat(64)]));

/** Reads the resource that a status carries. */
function resourceOf({ metadata }: ReturnType<typeof toStatus>) {
  const [details] = metadata?.get("grpc-status-details-bin") ?? [];
  if (details === undefined) return undefined;
  const status = Status.deserializeBinary(details as Buffer);
  const [any] = status.getDetailsList();
  expect(any?.getTypeUrl()).toMatch(/pulumirpc\.ErrorResourceInitFailed$/);
  const resource = ErrorResourceInitFailed.deserializeBinary(any?.getValue_asU8() as Uint8Array);
  return {
    message: status.getMessage(),
    id: resource.getId(),
    properties: fromStruct(resource.getProperties()),
    reasons: resource.getReasonsList(),
  };
}

test("a VodError is its sentences, its details below", () => {
  const error = new VodError("It failed.", "Set alicloud:region.", { code: "X", details: ["  profile: none"] });
  expect(toStatus(error)).toEqual({
    code: 2,
    details: "It failed. Set alicloud-vod:region. (code X)\n  profile: none",
  });
});

test("of anything else nothing is shown: it may hold a secret", () => {
  const { details } = toStatus(new TypeError("LTAI-secret is undefined"));
  expect(details).toBe("pulumi-alicloud-vod failed unexpectedly. Report it to the project. (code Internal)");
});

test("an unfinished resource comes with its reasons and its state, also a large one", () => {
  const properties = { contents: contents(50_000), pending: ["https://vod.example.com/1"] };
  const status = toStatus(new ResourceInitFailedError("an-id", properties, ["It failed. Set alicloud:region."]));
  const message = "It failed. Set alicloud-vod:region.";
  expect(status).toMatchObject({ code: 2, details: message });
  expect(resourceOf(status)).toEqual({ message, id: "an-id", properties, reasons: [message] });
});

test("of a state that is too large for the engine nothing is kept, and the sentence says so", () => {
  const status = toStatus(new ResourceInitFailedError("an-id", { contents: contents(200_000) }, ["It failed."]));
  expect(resourceOf(status)).toBeUndefined();
  expect(status.details).toMatch(/too large for Pulumi to keep after a failure.*\(code StateTooLarge\)\nIt failed\.$/s);
});
