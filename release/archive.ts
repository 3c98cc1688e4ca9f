/** Archives (`.tar.gz`) that are the same for the same files, wherever they are made. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

export interface ArchivedFile {
  name: string;
  content: Buffer;
  isExecutable: boolean;
}

const BLOCK = 512;

/** Source: POSIX, the format `ustar`. */
export function archive(files: readonly ArchivedFile[]): Buffer {
  const blocks = files.flatMap(({ name, content, isExecutable }) => [
    header(name, content.length, isExecutable ? 0o755 : 0o644),
    content,
    Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
  ]);
  // Without the time and the system, which gzip would write into its header.
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 });
}

function header(name: string, size: number, mode: number): Buffer {
  if (Buffer.byteLength(name) > 99) throw new Error(`${name} is too long a name for an archive.`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  const write = (text: string, at: number) => block.write(text, at, "latin1");
  write(name, 0);
  write(octal(mode, 7), 100);
  write(octal(0, 7), 108);
  write(octal(0, 7), 116);
  write(octal(size, 11), 124);
  write(octal(0, 11), 136);
  write(" ".repeat(8), 148);
  write("0", 156);
  write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  write(`${octal(sum, 6)} `, 148);
  return block;
}

/** The checksums of files as `sha256sum --check` reads them. */
export function checksums(files: readonly { name: string; content: Buffer }[]): string {
  return files.map(({ name, content }) => `${createHash("sha256").update(content).digest("hex")}  ${name}\n`).join("");
}
