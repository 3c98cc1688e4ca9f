/** Somebody else who refreshes paths of the same account: the provider must not take their tasks for its own. */
import RPCClient from "@alicloud/pop-core";
import type { Emulator, ReceivedCall } from "../emulator/index.js";
import { pathsOf } from "../emulator/index.js";

export class Outsider {
  /** Their calls, as they arrived, each with the provider's call whose ends it repeats, if there is one. */
  readonly sent = new Map<ReceivedCall, ReceivedCall | undefined>();
  /** The call whose first and last path they refresh next. */
  target: ReceivedCall | undefined;
  isCalling = false;
  private repeated: ReceivedCall | undefined;

  constructor(private readonly emulator: Emulator) {}

  /** Takes note of a call that arrived while they were calling. */
  record(call: ReceivedCall): void {
    this.sent.set(call, this.repeated);
  }

  /** Refreshes the ends of the target. */
  async act(): Promise<void> {
    const call = this.target;
    this.target = undefined;
    if (call === undefined) return;
    const paths = pathsOf(call);
    this.repeated = call;
    const { ObjectType = "File", Force } = call.parameters;
    await this.refresh([...paths.slice(0, 1), ...paths.slice(-1)], ObjectType, Force);
    this.repeated = undefined;
  }

  /** Refreshes paths in one call. */
  async refresh(paths: readonly string[], objectType: string, force = "false"): Promise<void> {
    const { endpoint, accessKeyId, accessKeySecret } = this.emulator;
    const client = new RPCClient({ accessKeyId, accessKeySecret, endpoint, apiVersion: "2017-03-21" });
    const parameters = { ObjectPath: [...new Set(paths)].join("\n"), ObjectType: objectType, Force: force };
    this.isCalling = true;
    this.emulator.clearFaults();
    // Whether their call is refused doesn't matter here.
    await client.request("RefreshVodObjectCaches", parameters, { method: "POST" }).catch(() => {});
    this.isCalling = false;
  }
}
