/**
 * One signed request of an RPC service over `@alicloud/pop-core`: the only place that signs.
 *
 * pop-core builds, signs and sends the request. What is unsafe about it stays in here: its errors hold keys and what was
 * signed, it throws objects that are no errors where an answer isn't JSON, and it reads for as long as something comes
 * (see {@link bounded}).
 */
import type { Agent, IncomingMessage } from "node:http";
import { z } from "zod";
import { holdsSecret, rememberSecrets, showText } from "../text/show.js";
import type { Credentials } from "./credentials.js";
import { type Bounds, bounded, type LimitExceeded } from "./http-agent.js";
import { classifyNetworkError, type NetworkFailure } from "./network-error.js";
import { loadPopCore } from "./pop-core.js";

interface SignedRequest {
  /** Origin of the service. */
  endpoint: string;
  apiVersion: string;
  action: string;
  /** They replace pop-core's own parameters of the same name, such as `Timestamp`. */
  parameters: Readonly<Record<string, string>>;
  credentials: Credentials;
  /** Made by `agentFor`: the bounds hold for no other. */
  agent: Agent;
  bounds: Bounds;
  /** Told what the `Date` header of an answer says, as soon as it arrives. */
  onDate?: (date: Date) => void;
}

/** What became of a request. It holds nothing that pop-core threw. */
interface Outcome {
  result: /** JSON that is no refusal, whatever its HTTP status. */
    | { answer: unknown }
    | { refusal: RefusalText }
    /** Which bound the request exceeded. */
    | { exceeded: LimitExceeded }
    /** The connection failed, or what came is no JSON object. */
    | { failure: NetworkFailure };
  /** The head of what came; undefined where nothing did. */
  response: IncomingMessage | undefined;
  /** Whether there was a connection to send the request over; where there is a proxy, one through it. */
  maySend: boolean;
}

/** What a service says when it refuses a request, without any secret. */
export interface RefusalText {
  code: string;
  /** Empty where the service gives no reason. */
  message: string;
  requestId: string | undefined;
}

/** What services call their errors and requests: a name or a number, never a sentence, and nothing that was sent. */
export const identifier = z
  .string()
  .regex(/^[\w.-]{1,100}$/)
  .refine((text) => !holdsSecret(text));
const refusalSchema = z.object({
  // A table of codes would find what every object has, such as "constructor".
  Code: identifier.refine((code) => !(code in Object.prototype)),
  Message: z.string().catch(""),
  RequestId: identifier.optional().catch(undefined),
});

/**
 * Signs a request, with a time stamp and a nonce of its own, and sends it as a POST. pop-core is loaded on the first
 * call.
 */
export async function sendSigned(request: SignedRequest): Promise<Outcome> {
  const { endpoint, apiVersion, action, parameters, credentials, agent, bounds, onDate } = request;
  const { Client, silence } = loadPopCore();
  silence();
  // A client signs with one set of credentials, and each request has those of its own moment.
  const client = new Client({ ...credentials, endpoint, apiVersion });
  rememberSecrets(Object.values(credentials));
  let response: IncomingMessage | undefined;
  let maySend = false;
  const observer = {
    onBody: (body: string) => rememberSecrets([new URLSearchParams(body).get("Signature") ?? undefined]),
    onConnection: () => {
      maySend = true;
    },
    onResponse: (head: IncomingMessage) => {
      response = head;
      const date = new Date(head.headers.date ?? "");
      if (!Number.isNaN(date.getTime())) onDate?.(date);
    },
  };
  // In lower case, `post` leaves the parameters in the URL.
  const send = (options: object) => client.request(action, parameters, { ...options, method: "POST", agent });
  const result = await bounded(send, bounds, observer).catch(readFailure);
  return { result, response, maySend };
}

/** Takes from what pop-core threw what may be shown. */
function readFailure(thrown: unknown): { refusal: RefusalText } | { failure: NetworkFailure } {
  const { data } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as { data?: unknown };
  const refusal = readRefusal(data);
  return refusal === undefined ? { failure: classifyNetworkError(thrown) } : { refusal };
}

/** Reads a refusal without its secrets; undefined where an answer is none, or its code holds a secret. */
export function readRefusal(answer: unknown): RefusalText | undefined {
  const parsed = refusalSchema.safeParse(answer);
  if (!parsed.success) return undefined;
  const { Code, Message, RequestId } = parsed.data;
  return { code: Code, message: showText(Message), requestId: RequestId };
}
