/** Somebody else who refreshes paths of the same account: tasks of theirs must not pass for those of a call of ours. */
import RPCClient from "@alicloud/pop-core";
import type { Emulator, ReceivedCall } from "../emulator/index.js";
import { pathsOf } from "../emulator/index.js";

export class Outsider {
  /** Their calls, as they arrived. */
  readonly sent = new Set<ReceivedCall>();
  /** A call whose first and last path they refresh as well. */
  isDue: ReceivedCall | undefined;
  isCalling = false;

  constructor(private readonly emulator: Emulator) {}

  async act(): Promise<void> {
    const call = this.isDue;
    this.isDue = undefined;
    if (call === undefined) return;
    const { endpoint, accessKeyId, accessKeySecret } = this.emulator;
    const client = new RPCClient({ accessKeyId, accessKeySecret, endpoint, apiVersion: "2017-03-21" });
    const paths = pathsOf(call);
    const ends = [...new Set([...paths.slice(0, 1), ...paths.slice(-1)])];
    const parameters = { ObjectPath: ends.join("\n"), ObjectType: call.parameters.ObjectType };
    this.isCalling = true;
    this.emulator.clearFaults();
    // What they are refused for is theirs to see to.
    await client.request("RefreshVodObjectCaches", parameters, { method: "POST" }).catch(() => {});
    this.isCalling = false;
  }
}
