/**
 * Handles one call of the API: logs it, applies faults, lets the gateway check it, and lets the service answer it.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Account } from "./account.js";
import { type ReceivedCall, withoutSecrets } from "./call-log.js";
import type { Clock } from "./clock.js";
import { Refusal, refusal } from "./errors.js";
import { faultOutcome, type Outcome, RESET } from "./fault-reply.js";
import { type FaultBook, isAfterWork } from "./faults.js";
import { authenticate, Nonces } from "./gateway.js";
import { answerReply, type Reply, refusalReply } from "./reply.js";
import { type RpcCall, readCall } from "./rpc-call.js";
import type { VodService } from "./service.js";
import type { WireRequest } from "./wire.js";

/** The HTTP methods of an RPC call. */
const METHODS = ["GET", "POST"];

export interface ApiParts {
  account: Account;
  clock: Clock;
  service: VodService;
  faults: FaultBook;
  received: ReceivedCall[];
  /** How long a task that is accepted now takes, in ms. */
  taskDelayMs: () => number;
  /** Carries out the tasks that have ended; called before and after each call, whose own tasks may end at once. */
  settle: () => void;
}

export class Api {
  private readonly nonces = new Nonces();
  /** Ends delayed calls when the emulator closes. */
  private readonly closing = new AbortController();

  constructor(private readonly parts: ApiParts) {}

  async handle(request: WireRequest): Promise<Outcome> {
    const call = readCall(request);
    const log = this.log(request, call);
    const { delay, reply: fault } = this.parts.faults.take(call.action);
    if (delay && !delay.afterWork) await this.wait(delay.ms);
    const answer = fault && !isAfterWork(fault) ? undefined : this.work(request, call, log.requestId);
    const outcome = fault ? faultOutcome(fault, answer, log.requestId, call.format) : (answer ?? RESET);
    if (delay?.afterWork) await this.wait(delay.ms);
    if (outcome === RESET) return outcome;
    log.status = outcome.status;
    if (outcome.code !== undefined) log.code = outcome.code;
    return outcome;
  }

  close(): void {
    this.closing.abort();
  }

  private work(request: WireRequest, call: RpcCall, requestId: string): Reply {
    const { account, clock, service, faults, taskDelayMs, settle } = this.parts;
    settle();
    try {
      if (request.path !== "/" || !METHODS.includes(request.method)) throw refusal("InvalidAction.NotFound");
      authenticate(request, call, account, this.nonces, clock.wall());
      const course = () => faults.takeCourse(call.action, taskDelayMs());
      const answer = service.call(call.action, call.parameters, course);
      return answerReply(call.action, answer, requestId, call.format);
    } catch (error) {
      if (error instanceof Refusal) return refusalReply(error, requestId, call.format);
      throw error;
    } finally {
      settle();
    }
  }

  private log(request: WireRequest, { action, parameters }: RpcCall): ReceivedCall {
    const log: ReceivedCall = {
      action,
      parameters: withoutSecrets(parameters),
      at: this.parts.clock.now(),
      status: 0,
      requestId: randomUUID().toUpperCase(),
      method: request.method,
    };
    this.parts.received.push(log);
    return log;
  }

  private async wait(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.closing.signal });
  }
}
