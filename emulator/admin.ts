/**
 * The admin endpoint `/_emulator/…` beside the API. It does with JSON what the methods of an emulator do, for somebody
 * who runs it as a program. The service has nothing like it.
 */
import { parseConditions, parseFault, parseTimeChange } from "./admin-input.js";
import type { ReceivedCall } from "./call-log.js";
import type { Controls } from "./controls.js";
import type { EdgeEvent } from "./edge-work.js";
import type { Reply } from "./reply.js";
import type { WireRequest } from "./wire.js";

export const ADMIN_PREFIX = "/_emulator";

type Route = (input: unknown) => unknown;

export class Admin {
  private readonly routes: Record<string, Route>;

  constructor(controls: Controls, received: ReceivedCall[], events: EdgeEvent[]) {
    this.routes = {
      "GET ": () => controls.state(),
      "GET /received": () => received,
      "DELETE /received": () => received.splice(0),
      "GET /events": () => events,
      "DELETE /events": () => events.splice(0),
      "GET /tasks": () => controls.tasks(),
      "GET /cache": () => controls.cached(),
      "GET /faults": () => controls.faults.list(),
      "POST /faults": (input) => {
        // All faults are parsed before one is set, so that a list with a mistake sets none.
        for (const fault of (Array.isArray(input) ? input : [input]).map(parseFault)) controls.fault(fault);
        return controls.faults.list();
      },
      "DELETE /faults": () => {
        controls.clearFaults();
        return controls.faults.list();
      },
      "POST /conditions": (input) => {
        controls.set(parseConditions(input));
        return controls.state();
      },
      "POST /time": (input) => {
        const { set, advance, frozen } = parseTimeChange(input);
        if (set !== undefined) controls.setTime(set);
        if (advance !== undefined) controls.advance(advance);
        if (frozen !== undefined) frozen ? controls.freeze() : controls.thaw();
        return controls.state();
      },
    };
  }

  handle(request: WireRequest): Reply {
    // A web page in a browser on this machine must not control the emulator.
    if (request.headers.origin !== undefined) return json(403, { error: "Not for browsers." });
    const name = `${request.method} ${request.path.slice(ADMIN_PREFIX.length).replace(/\/$/, "")}`;
    const route = Object.hasOwn(this.routes, name) ? this.routes[name] : undefined;
    if (!route) return json(404, { error: `There is no "${name}"; there are ${Object.keys(this.routes).join(", ")}.` });
    try {
      return json(200, route(request.method === "POST" ? JSON.parse(request.body.toString("utf8")) : undefined));
    } catch (error) {
      return json(400, { error: (error as Error).message });
    }
  }
}

function json(status: number, value: unknown): Reply {
  return { status, headers: { "content-type": "application/json" }, body: `${JSON.stringify(value, undefined, 2)}\n` };
}
