/**
 * Opens and closes the servers of the edge nodes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CertificateAuthority } from "./certificate.js";
import { type EdgeParts, serveNode } from "./edge-server.js";
import { close, listen } from "./listen.js";

export interface NodeAddress {
  /** Base URLs: `http://127.0.0.1:PORT`, and with `https` also `https://127.0.0.1:PORT`. */
  http: string;
  https?: string;
}

export interface EdgeAddress {
  edge: string;
  nodes: NodeAddress[];
  authority?: string;
  authorityFile?: string;
}

export class EdgeServers {
  private readonly servers: Server[] = [];
  private directory: string | undefined;

  constructor(private readonly parts: EdgeParts) {}

  async open(count: number, https = false): Promise<EdgeAddress> {
    // Loaded only now, since most emulators need no TLS.
    const authority = https ? new (await import("./certificate.js")).CertificateAuthority() : undefined;
    const nodes = await Promise.all(Array.from({ length: count }, (_, node) => this.openNode(node, authority)));
    const edge = nodes[0]?.http ?? "";
    return authority ? { edge, nodes, ...this.publish(authority) } : { edge, nodes };
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map(close));
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  private async openNode(node: number, authority: CertificateAuthority | undefined): Promise<NodeAddress> {
    const serve = serveNode(node, this.parts);
    const http = await this.listen(createServer(serve), "http");
    if (!authority) return { http };
    return { http, https: await this.listen(authority.createServer(serve), "https") };
  }

  private listen(server: Server, scheme: "http" | "https"): Promise<string> {
    this.servers.push(server);
    return listen(server, 0, scheme);
  }

  private publish({ certificate }: CertificateAuthority): { authority: string; authorityFile: string } {
    this.directory = mkdtempSync(join(tmpdir(), "vod-authority-"));
    const authorityFile = join(this.directory, "authority.pem");
    writeFileSync(authorityFile, certificate);
    return { authority: certificate, authorityFile };
  }
}
