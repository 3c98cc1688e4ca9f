/** Somebody else who refreshes paths of the same account: the provider must not take their tasks for its own. */
import RPCClient from "@alicloud/pop-core";
import type { Emulator, ReceivedCall } from "../emulator/index.js";
import { pathsOf } from "../emulator/index.js";

export class Outsider {
  /** Their calls, as they arrived. */
  readonly sent = new Set<ReceivedCall>();
  /** The call whose first and last path they refresh next. */
  target: ReceivedCall | undefined;
  isCalling = false;

  constructor(private readonly emulator: Emulator) {}

  async act(): Promise<void> {
    const call = this.target;
    this.target = undefined;
    if (call === undefined) return;
    const { endpoint, accessKeyId, accessKeySecret } = this.emulator;
    const client = new RPCClient({ accessKeyId, accessKeySecret, endpoint, apiVersion: "2017-03-21" });
    const paths = pathsOf(call);
    const ends = [...new Set([...paths.slice(0, 1), ...paths.slice(-1)])];
    const parameters = { ObjectPath: ends.join("\n"), ObjectType: call.parameters.ObjectType };
    this.isCalling = true;
    this.emulator.clearFaults();
    // Whether their call is refused doesn't matter here.
    await client.request("RefreshVodObjectCaches", parameters, { method: "POST" }).catch(() => {});
    this.isCalling = false;
  }
}
