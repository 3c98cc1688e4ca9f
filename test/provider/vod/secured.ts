/** Proxies and TLS on this machine, with a self-signed certificate; all are removed after each test. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterEach } from "vitest";

/**
 * A key and a self-signed certificate of vod.cn-shanghai.aliyuncs.com and localhost, valid until 2120, for these
 * tests alone.
 */
const KEY =
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgilMDqouEhSHcHYZW+9omCL2jZxuP0wfHu025Bimx5SKhRANCAATfcBBlOobOCkaL8nF0KzKc8IjtVu2JqJoSn1LZNE7xmui6GXmbt1U5zAqx4zzZug473s7fTLI6ZlIfMtRMAckd";
const CERTIFICATE =
  "MIIBoDCCAUWgAwIBAgIBATAKBggqhkjOPQQDAjAkMSIwIAYDVQQDDBlwdWx1bWktYWxpY2xvdWQtdm9kIHRlc3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAkMSIwIAYDVQQDDBlwdWx1bWktYWxpY2xvdWQtdm9kIHRlc3RzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE33AQZTqGzgpGi/JxdCsynPCI7VbtiaiaEp9S2TRO8Zrouhl5m7dVOcwKseM82boOO97O30yyOmZSHzLUTAHJHaNmMGQwMgYDVR0RBCswKYIcdm9kLmNuLXNoYW5naGFpLmFsaXl1bmNzLmNvbYIJbG9jYWxob3N0MA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFF/K5x24M+ayXzdd/6pOVJieithuMAoGCCqGSM49BAMCA0kAMEYCIQCFlsqkuu4I2MnOp2kn58T6Ii52K849lpUlqg5ZHKSK5AIhAKMUCgTUTRj2hymBTxTVrwVVxpgMWO62P1I39cfHPLDH";
export const identity = {
  key: createPrivateKey({ key: Buffer.from(KEY, "base64"), format: "der", type: "pkcs8" }).export({
    format: "pem",
    type: "pkcs8",
  }),
  cert: new X509Certificate(Buffer.from(CERTIFICATE, "base64")).toString(),
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Starts a server, and gives its port. */
export async function portOf(server: TcpServer | Server, host = "127.0.0.1"): Promise<number> {
  const sockets = new Set<{ destroy(): unknown }>();
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy that leads every tunnel to one port, and records what it is asked for. */
export async function proxying({ port = 0, status = 200, secure = false, host = "127.0.0.1" }) {
  const asked: { target: string | undefined; authorization: string | undefined }[] = [];
  const server = (secure ? createSecureServer(identity) : createServer()) as Server;
  server.on("connect", (request, client) => {
    asked.push({ target: request.url, authorization: request.headers["proxy-authorization"] });
    client.on("error", () => {});
    if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 6\r\n\r\ns3cr3t`);
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    const upstream = connect(port, "127.0.0.1").on("error", () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  return { asked, proxyPort: await portOf(server, host) };
}

/**
 * A proxy that takes connections and never gives a tunnel: it says nothing, or one byte after the other.
 *
 * @returns its URL, and a promise that settles when its first connection is closed.
 */
export async function stalling(kind: "silent" | "dripping"): Promise<{ proxy: URL; closed: Promise<unknown> }> {
  let close = (_: unknown) => {};
  const closed = new Promise((resolve) => {
    close = resolve;
  });
  const server = createTcpServer((socket) => {
    socket.on("error", () => {}).on("close", close);
    if (kind === "silent") return socket.resume();
    socket.write("HTTP/1.1 200 OK\r\nx: ");
    const drip = setInterval(() => socket.write("a"), 20);
    socket.on("close", () => clearInterval(drip)).resume();
  });
  return { proxy: new URL(`http://127.0.0.1:${await portOf(server)}`), closed };
}
