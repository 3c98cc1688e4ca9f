/** The status of a call that failed, as the engine reads it. */
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer } from "node:net";
import * as grpc from "@grpc/grpc-js";
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

test("an unfinished resource of megabytes is sent whole: no end of the connection cuts the headers off", async () => {
  const status = toStatus(new ResourceInitFailedError("an-id", { contents: contents(100_000) }, ["It failed."]));
  const size = status.metadata?.get("grpc-status-details-bin")[0]?.length ?? 0;
  expect(size).toBeGreaterThan(10_000_000);
  const { bytes, isWhole } = await sendFailure(status);
  expect(isWhole).toBe(true);
  expect(bytes).toBeGreaterThan(size);
});

test("of a state that is too large for the engine nothing is kept, and the sentence says so", () => {
  const status = toStatus(new ResourceInitFailedError("an-id", { contents: contents(200_000) }, ["It failed."]));
  expect(resourceOf(status)).toBeUndefined();
  expect(status.details).toMatch(/too large for Pulumi to keep after a failure.*\(code StateTooLarge\)\nIt failed\.$/s);
});

/**
 * Serves a call that fails, and counts the bytes of the headers that are sent, up to the end of the headers. Node's own client can't
 * receive so many, unlike the engine, so that they are counted on their way.
 */
async function sendFailure(failure: ReturnType<typeof toStatus>): Promise<{ bytes: number; isWhole: boolean }> {
  const asIs = (bytes: Buffer) => bytes;
  const serialize = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const call = { path: "/test/fail", requestStream: false, responseStream: false, ...serialize };
  const server = new grpc.Server();
  server.addService({ call }, { call: (_: unknown, answer: (error: object) => void) => answer(failure) });
  const plain = grpc.ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", plain, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  let tell: (counted: { bytes: number; isWhole: boolean }) => void = () => {};
  const sent = new Promise<{ bytes: number; isWhole: boolean }>((resolve) => {
    tell = resolve;
  });
  const relay = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    let [bytes, left] = [0, Buffer.alloc(0)];
    client.pipe(upstream).on("data", (data: Buffer) => {
      client.write(data);
      left = Buffer.concat([left, data]);
      while (left.length >= 9 && left.length >= 9 + left.readUIntBE(0, 3)) {
        const length = left.readUIntBE(0, 3);
        const [type, flags] = [left[3], left[4] ?? 0];
        // HEADERS and CONTINUATION, whose last one has the flag END_HEADERS.
        if (type === 1 || type === 9) bytes += length;
        if ((type === 1 || type === 9) && flags & 4) tell({ bytes, isWhole: true });
        left = left.subarray(9 + length);
      }
    });
    upstream.on("close", () => tell({ bytes, isWhole: false })).on("error", () => {});
    client.on("error", () => {});
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const settings = { maxHeaderListSize: 2 ** 24 };
  const session = connectHttp2(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`, { settings });
  session.on("error", () => {});
  const headers = { ":method": "POST", ":path": call.path, "content-type": "application/grpc", te: "trailers" };
  session
    .request(headers)
    .on("error", () => {})
    .end(Buffer.from([0, 0, 0, 0, 0]));
  const counted = await sent;
  session.destroy();
  server.forceShutdown();
  relay.close();
  return counted;
}
