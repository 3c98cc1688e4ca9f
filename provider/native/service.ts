/** The plugin's side of Pulumi's protocol: each call of the engine is answered by the core. */
import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import { type PluginAttach, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { showLine } from "../text/show.js";
import type { Change } from "./changes.js";
import { findUnknownKeys, renameSettings } from "./configuration.js";
import type { Plugin } from "./plugin.js";
import { toStatus } from "./status.js";
import { decode, toProperties, toStruct } from "./values.js";

/** @param connect takes the engine's address, for the lines beside resources. */
export function buildService(plugin: Plugin, connect: (address: string) => void): UntypedServiceImplementation {
  const answer =
    <Request, Response>(method: (request: Request) => Promise<Response>) =>
    (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
      let isAnswered = false;
      // Nobody hears the answer: the engine is gone, and what isn't sent yet would not be recorded.
      call.on("cancelled", () => {
        if (!isAnswered) plugin.cancel();
      });
      const give: typeof callback = (...response) => {
        isAnswered = true;
        callback(...response);
      };
      method(call.request)
        .then((response) => give(null, response))
        .catch((error: unknown) => give(toStatus(error)));
    };
  return {
    handshake: answer(async (request: messages.ProviderHandshakeRequest) => {
      connect(request.getEngineAddress());
      return new messages.ProviderHandshakeResponse().setAcceptSecrets(true);
    }),
    attach: answer(async (request: PluginAttach) => {
      connect(request.getAddress());
      return new Empty();
    }),
    getPluginInfo: answer(async () => new PluginInfo().setVersion(plugin.release.version)),
    getSchema: answer(async () => {
      const { describePackage } = await import("./package-schema.js");
      return new messages.GetSchemaResponse().setSchema(JSON.stringify(describePackage(plugin.release)));
    }),
    checkConfig: answer(async (request: messages.CheckRequest) => {
      const failures = findUnknownKeys(toProperties(request.getNews()));
      return checkResponse(failures).setInputs(request.getNews());
    }),
    // The engine compares the settings itself. Whatever differs, another account is no other resource: nothing is replaced. The
    // engine asks this too when a stack moves from the dynamic form.
    diffConfig: answer(async () => new messages.DiffResponse()),
    configure: answer(async (request: messages.ConfigureRequest) => {
      plugin.configure(decode(toProperties(request.getArgs())).values);
      return new messages.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
    check: answer(async (request: messages.CheckRequest) => {
      const olds = toProperties(request.getOlds());
      const { inputs, failures } = await plugin.check(request.getUrn(), olds, toProperties(request.getNews()));
      return checkResponse(failures).setInputs(toStruct(inputs));
    }),
    diff: answer(async (request: messages.DiffRequest) => {
      const olds = toProperties(request.getOlds());
      // An older engine gives no inputs: they are among the outputs.
      const oldInputs = request.hasOldInputs() ? toProperties(request.getOldInputs()) : undefined;
      const news = toProperties(request.getNews());
      return diffResponse(await plugin.diff(request.getUrn(), request.getId(), { olds, oldInputs, news }));
    }),
    create: answer(async (request: messages.CreateRequest) => {
      const { id, outputs } = await plugin.create(
        request.getUrn(),
        toProperties(request.getProperties()),
        request.getPreview(),
      );
      return new messages.CreateResponse().setId(id).setProperties(toStruct(outputs));
    }),
    update: answer(async (request: messages.UpdateRequest) => {
      const olds = toProperties(request.getOlds());
      const news = toProperties(request.getNews());
      const outputs = await plugin.update(request.getUrn(), request.getId(), { olds, news }, request.getPreview());
      return new messages.UpdateResponse().setProperties(toStruct(outputs));
    }),
    read: answer(async (request: messages.ReadRequest) => {
      const properties = toProperties(request.getProperties());
      const outputs = await plugin.read(request.getUrn(), request.getId(), properties);
      return new messages.ReadResponse()
        .setId(request.getId())
        .setProperties(toStruct(outputs))
        .setInputs(request.getInputs());
    }),
    delete: answer(async (request: messages.DeleteRequest) => {
      await plugin.delete(request.getUrn(), request.getId(), toProperties(request.getProperties()));
      return new Empty();
    }),
    invoke: answer(async (request: messages.InvokeRequest) => {
      const result = await plugin.invoke(request.getTok(), toProperties(request.getArgs()));
      return new messages.InvokeResponse().setReturn(toStruct(result));
    }),
    // It comes at the end of every operation too, when no call is running.
    cancel: answer(async () => {
      plugin.cancel();
      return new Empty();
    }),
  };
}

function checkResponse(failures: readonly { property: string; reason: string }[]): messages.CheckResponse {
  // A reason may have details, each on a line of its own.
  const show = (reason: string) =>
    renameSettings(reason)
      .split("\n")
      .map((line) => showLine(line))
      .join("\n");
  return new messages.CheckResponse().setFailuresList(
    failures.map(({ property, reason }) => new messages.CheckFailure().setProperty(property).setReason(show(reason))),
  );
}

function diffResponse({ changes, paths }: { changes: boolean; paths: ReadonlyMap<string, Change> }) {
  const { DiffChanges } = messages.DiffResponse;
  const response = new messages.DiffResponse().setChanges(changes ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
  if (!changes || paths.size === 0) return response;
  const { Kind } = messages.PropertyDiff;
  const kinds = { add: Kind.ADD, delete: Kind.DELETE, update: Kind.UPDATE };
  const detailed = response.getDetaileddiffMap();
  for (const [path, change] of paths)
    detailed.set(path, new messages.PropertyDiff().setKind(kinds[change]).setInputdiff(path !== "pending"));
  const names = new Set([...paths.keys()].map((path) => path.replace(/[.[].*$/s, "")));
  return response.setDiffsList([...names]).setHasdetaileddiff(true);
}
