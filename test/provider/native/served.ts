/** A plugin, and an engine that calls it over gRPC as Pulumi's does. */
import { createServer, type Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { Status } from "@pulumi/pulumi/proto/status_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { afterEach } from "vitest";
import { startPlugin } from "../../../provider/native/start.js";
import type { Runtime } from "../../../provider/resource/clients.js";
import type { Properties } from "../../../provider/resource/context.js";
import { createLimiter } from "../../../provider/vod/rate-limiter.js";
import type { Emulator } from "../../emulator/index.js";

const MARK = "4dabf18193072939515e22adb298388d";
/** A value that the program says is secret, as the engine hands it over. */
export const secret = (value: unknown) => ({ [MARK]: "1b47061264138c4ac30d75fd1eb44270", value });

export const urnOf = (name = "site", kind = "VodCacheRefresh") =>
  `urn:pulumi:dev::test::alicloud-vod:index:${kind}::${name}`;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

export interface EngineLine {
  text: string;
  urn: string;
  severity: number;
  ephemeral: boolean;
}

/** An engine's log. */
export async function startEngine(): Promise<{ address: string; lines: EngineLine[]; stop(): void }> {
  const lines: EngineLine[] = [];
  const server = new grpc.Server();
  server.addService(EngineService as unknown as grpc.ServiceDefinition, {
    log: ({ request }: { request: LogRequest }, reply: (error: null, empty: Empty) => void) => {
      lines.push({
        text: request.getMessage(),
        urn: request.getUrn(),
        severity: request.getSeverity(),
        ephemeral: request.getEphemeral(),
      });
      reply(null, new Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const stop = () => server.forceShutdown();
  closing.push(stop);
  return { address: `127.0.0.1:${port}`, lines, stop };
}

/** Why a call failed, and what the engine keeps of a resource all the same. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: number,
    readonly init?: { id: string; properties: Properties; reasons: string[] },
  ) {
    super(message);
  }
}

type Method = Exclude<keyof ResourceProviderClient, keyof grpc.Client>;

/** Calls a plugin by its port. */
export function clientOf(port: number) {
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.enable_http_proxy": 0,
  });
  closing.push(() => client.close());
  const call = <Response>(method: Method, request: unknown): Promise<Response> =>
    new Promise((resolve, reject) => {
      const send = client[method] as (
        request: unknown,
        options: grpc.CallOptions,
        answered: (error: grpc.ServiceError | null, response: Response) => void,
      ) => unknown;
      // A Go engine waits for the port that was printed too.
      send.call(client, request, { deadline: Date.now() + 240_000 }, (error, response) =>
        error ? reject(asRefused(error)) : resolve(response),
      );
    });
  return {
    client,
    call,
    handshake: (address: string) =>
      call<messages.ProviderHandshakeResponse>(
        "handshake",
        new messages.ProviderHandshakeRequest().setEngineAddress(address),
      ),
    async checkConfig(news: Properties) {
      return toCheck(await call("checkConfig", new messages.CheckRequest().setNews(toStruct(news))));
    },
    configure: (args: Properties) =>
      call<messages.ConfigureResponse>(
        "configure",
        new messages.ConfigureRequest().setArgs(toStruct(args)).setAcceptsecrets(true),
      ),
    async check(urn: string, news: Properties, olds?: Properties) {
      const request = new messages.CheckRequest().setUrn(urn).setNews(toStruct(news));
      if (olds) request.setOlds(toStruct(olds));
      return toCheck(await call("check", request));
    },
    async diff(urn: string, olds: Properties, news: Properties, oldInputs?: Properties) {
      const request = new messages.DiffRequest()
        .setUrn(urn)
        .setId("an-id")
        .setOlds(toStruct(olds))
        .setNews(toStruct(news));
      if (oldInputs) request.setOldInputs(toStruct(oldInputs));
      const response = await call<messages.DiffResponse>("diff", request);
      const kinds = Object.fromEntries(Object.entries(messages.PropertyDiff.Kind).map(([name, kind]) => [kind, name]));
      const detailed = response.getDetaileddiffMap().getEntryList() as unknown as [string, unknown[]][];
      const paths = Object.fromEntries(
        detailed.map(([path]) => [path, kinds[response.getDetaileddiffMap().get(path)?.getKind() ?? -1]]),
      );
      return {
        changes: response.getChanges(),
        replaces: response.getReplacesList(),
        diffs: response.getDiffsList(),
        paths,
      };
    },
    async create(urn: string, inputs: Properties, preview = false) {
      const request = new messages.CreateRequest().setUrn(urn).setProperties(toStruct(inputs)).setPreview(preview);
      const response = await call<messages.CreateResponse>("create", request);
      return { id: response.getId(), outputs: fromStruct(response.getProperties()) };
    },
    async update(urn: string, olds: Properties, news: Properties, preview = false) {
      const request = new messages.UpdateRequest().setUrn(urn).setId("an-id").setPreview(preview);
      const response = await call<messages.UpdateResponse>(
        "update",
        request.setOlds(toStruct(olds)).setNews(toStruct(news)),
      );
      return fromStruct(response.getProperties());
    },
    async read(urn: string, properties: Properties, inputs: Properties) {
      const request = new messages.ReadRequest().setUrn(urn).setId("an-id");
      const response = await call<messages.ReadResponse>(
        "read",
        request.setProperties(toStruct(properties)).setInputs(toStruct(inputs)),
      );
      return {
        id: response.getId(),
        outputs: fromStruct(response.getProperties()),
        inputs: fromStruct(response.getInputs()),
      };
    },
    async delete(urn: string, properties: Properties) {
      const request = new messages.DeleteRequest().setUrn(urn).setId("an-id");
      await call("delete", request.setProperties(toStruct(properties)));
    },
    async invoke(token: string, args: Properties) {
      const request = new messages.InvokeRequest().setTok(token).setArgs(toStruct(args));
      return fromStruct((await call<messages.InvokeResponse>("invoke", request)).getReturn());
    },
    cancel: () => call("cancel", new Empty()),
  };
}

export type Client = ReturnType<typeof clientOf>;

/** A plugin of this process, configured by nothing. Its calls go to the emulator, whose clock moves by what is slept. */
export async function served(
  emulator?: Emulator,
  runtime: Partial<Runtime> = {},
): Promise<Client & { engine: Awaited<ReturnType<typeof startEngine>> }> {
  const engine = await startEngine();
  const environment = emulator
    ? {
        ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
        VOD_ENDPOINT: emulator.endpoint,
      }
    : {};
  const now = () => new Date(emulator?.time() ?? Date.now());
  const sleep = async (ms: number) => emulator?.advance(ms);
  const limiter = createLimiter({ now: () => now().getTime(), sleep });
  const plugin = startPlugin({ version: "1.2.3" }, undefined, { environment, now, sleep, limiter, ...runtime });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    plugin.accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const client = clientOf((server.address() as { port: number }).port);
  await client.handshake(engine.address);
  await client.configure({});
  return { ...client, engine };
}

export function toStruct(properties: Properties): Struct {
  return Struct.fromJavaScript(properties as Record<string, JavaScriptValue>);
}

export function fromStruct(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

function toCheck(response: messages.CheckResponse) {
  return {
    inputs: fromStruct(response.getInputs()),
    failures: response
      .getFailuresList()
      .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
  };
}

function asRefused(error: grpc.ServiceError): Refused {
  const [details] = error.metadata.get("grpc-status-details-bin");
  if (details === undefined) return new Refused(error.details, error.code);
  const [any] = Status.deserializeBinary(details as Buffer).getDetailsList();
  const init = messages.ErrorResourceInitFailed.deserializeBinary(any?.getValue_asU8() as Uint8Array);
  return new Refused(error.details, error.code, {
    id: init.getId(),
    properties: fromStruct(init.getProperties()),
    reasons: init.getReasonsList(),
  });
}
