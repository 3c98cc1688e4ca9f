/** The viewers of a run: they fill the edge between deployments, and view what it has after one. */
import { Agent, request } from "node:http";
import type { Emulator } from "../emulator/index.js";

export class Viewers {
  views = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(private readonly emulator: Emulator) {}

  /** Returns what a viewer of a URL gets. */
  view(url: string, node = 0): Promise<{ status: number; body: string }> {
    this.views++;
    const { host, protocol, pathname, search } = new URL(url);
    const headers = { host, "x-forwarded-proto": protocol.slice(0, -1) };
    return new Promise((resolve, reject) => {
      const options = { path: pathname + search, headers, agent: this.agent };
      const viewing = request(this.emulator.nodes[node]?.http ?? "", options, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          body += text;
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      });
      // On a busy machine the edge may close a connection just when it is used again.
      const retry = (error: Error) => (viewing.reusedSocket ? resolve(this.view(url, node)) : reject(error));
      viewing.on("error", retry).end();
    });
  }

  /** Views URLs at every node. */
  async viewAll(urls: readonly string[]): Promise<void> {
    const nodes = [...this.emulator.nodes.keys()];
    await Promise.all(urls.flatMap((url) => nodes.map((node) => this.view(url, node))));
  }

  close(): void {
    this.agent.destroy();
  }
}
