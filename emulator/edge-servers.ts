/**
 * Opens and closes the servers of the edge nodes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CertificateAuthority } from "./certificate.js";
import { type EdgeParts, serveNode } from "./edge-server.js";
import { close, type ListenOptions, listen } from "./listen.js";

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

export interface OpenOptions {
  /** How many nodes there are. */
  count: number;
  /** Whether each node also listens for TLS. */
  https?: boolean | undefined;
  host?: string | undefined;
  /** The port of the first node; the others take the ones after it, and TLS the ones after these. 0: any free ones. */
  port?: number | undefined;
}

export class EdgeServers {
  private readonly servers: Server[] = [];
  private directory: string | undefined;

  constructor(private readonly parts: EdgeParts) {}

  async open({ count, https, host, port = 0 }: OpenOptions): Promise<EdgeAddress> {
    // Loaded only now, since most emulators need no TLS.
    const authority = https ? new (await import("./certificate.js")).CertificateAuthority() : undefined;
    const at = (offset: number) => ({ port: port === 0 ? 0 : port + offset, ...(host !== undefined && { host }) });
    const open = async (node: number): Promise<NodeAddress> => {
      const serve = serveNode(node, this.parts);
      const http = await this.listen(createServer(serve), at(node));
      if (!authority) return { http };
      const tls = authority.createServer(serve);
      return { http, https: await this.listen(tls, { ...at(count + node), scheme: "https" }) };
    };
    const nodes = await Promise.all(Array.from({ length: count }, (_, node) => open(node)));
    const edge = nodes[0]?.http ?? "";
    return authority ? { edge, nodes, ...this.publish(authority) } : { edge, nodes };
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map(close));
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  private listen(server: Server, { port, ...options }: ListenOptions & { port: number }): Promise<string> {
    this.servers.push(server);
    return listen(server, port, options);
  }

  private publish({ certificate }: CertificateAuthority): { authority: string; authorityFile: string } {
    this.directory = mkdtempSync(join(tmpdir(), "vod-authority-"));
    const authorityFile = join(this.directory, "authority.pem");
    writeFileSync(authorityFile, certificate);
    return { authority: certificate, authorityFile };
  }
}
