/** The engine's log shows a line beside its resource, with its severity. */
import type * as Grpc from "@grpc/grpc-js";
import type * as Messages from "@pulumi/pulumi/proto/engine_pb.js";
import type { CallContext } from "../resource/context.js";
import type { Line, Severity } from "../text/log.js";

/**
 * Shows a line of a resource.
 *
 * @returns anything, or a promise that resolves once this line and those before it are shown. It never rejects.
 */
export type ShowLine = (line: Line, resource: Pick<CallContext, "urn" | "name">) => unknown;

/** The modules of the engine's protocol, as the process has them. */
export interface EngineProtocol {
  grpc: typeof Grpc;
  messages: typeof Messages;
  EngineClient: Grpc.ServiceClientConstructor;
}

/** How long the engine may take to show a line, in milliseconds. It has no other work to do for it than to print. */
const PATIENCE_MS = 5_000;

/** What sends lines to the engine. */
interface Channel {
  /** Whether the engine can be reached by then. */
  isReady(deadline: number): Promise<boolean>;
  /** @throws if the engine doesn't answer by then. */
  send(line: Line, urn: string, deadline: number): Promise<void>;
  close(): void;
}

interface EngineLogOptions {
  /** The engine's address, asked for with the first line. Undefined if there is none. */
  address(): string | undefined;
  /** Loads the engine's protocol. It may throw. */
  loadProtocol(): EngineProtocol;
  /** Shows a line that the engine can't show. */
  fallback(line: Line, resource: Pick<CallContext, "urn" | "name">): void;
  /** Defaults to {@link PATIENCE_MS}. */
  patienceMs?: number;
}

/**
 * Shows lines through the engine, one after the other; it connects with the first one. A line without a URN, and every line from
 * the first failure on, goes to `fallback`. A line that the engine got and didn't answer isn't repeated.
 */
export function logToEngine({ address, loadProtocol, fallback, patienceMs = PATIENCE_MS }: EngineLogOptions): ShowLine {
  let last: Promise<void> = Promise.resolve();
  let channel: Channel | undefined;
  let isBroken = false;
  const giveUp = () => {
    isBroken = true;
    channel?.close();
  };

  /** @returns whether the engine shows the line, as far as is known. */
  const offer = async (line: Line, urn: string): Promise<boolean> => {
    const deadline = Date.now() + patienceMs;
    try {
      const place = address();
      if (place === undefined) return false;
      channel ??= openChannel(place, loadProtocol());
      if (!(await channel.isReady(deadline))) {
        giveUp();
        return false;
      }
    } catch {
      // Another version of Pulumi may have its protocol elsewhere.
      giveUp();
      return false;
    }
    await channel.send(line, urn, deadline).catch(giveUp);
    return true;
  };
  return (line, resource) => {
    last = last.then(async () => {
      const { urn } = resource;
      const isShown = !isBroken && urn !== undefined && (await offer(line, urn));
      if (!isShown) fallback(line, resource);
    });
    return last;
  };
}

function openChannel(address: string, { grpc, messages, EngineClient }: EngineProtocol): Channel {
  const { connectivityState, credentials } = grpc;
  const { LogRequest, LogSeverity } = messages;
  const severities: Record<Severity, Messages.LogSeverity> = {
    progress: LogSeverity.INFO,
    info: LogSeverity.INFO,
    warning: LogSeverity.WARNING,
  };
  // No proxy of the environment leads to the engine, which is on this machine.
  const client = new EngineClient(address, credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
  const connection = client.getChannel();
  return {
    async isReady(deadline) {
      for (;;) {
        const state = connection.getConnectivityState(true);
        if (state === connectivityState.READY) return true;
        if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return false;
        const hasChanged = await new Promise<boolean>((resolve) => {
          connection.watchConnectivityState(state, deadline, (error) => resolve(error === undefined));
        });
        if (!hasChanged) return false;
      }
    },
    send: ({ severity, text }, urn, deadline) =>
      new Promise((resolve, reject) => {
        const request = new LogRequest().setSeverity(severities[severity]).setMessage(text).setUrn(urn);
        request.setEphemeral(severity === "progress");
        const log = client.log as Log;
        log.call(client, request, { deadline }, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => client.close(),
  };
}

type Log = (
  request: Messages.LogRequest,
  options: Grpc.CallOptions,
  answered: (error: Error | null) => void,
) => unknown;
