/**
 * What may be shown or stored of a text from outside: what a service says, a file's name, an input's value. It becomes one
 * line of bounded length, in which nothing moves a terminal's cursor or the direction of writing, and no word holds a secret.
 */

/** What stands in the place of a secret. */
export const HIDDEN = "[secret]";

/** A sentence without what it quotes, and without what stands between two quotations: a name may have a quotation mark itself. */
export function hideQuoted(sentence: string): string {
  return sentence.replace(/["].*["]/s, HIDDEN);
}

/** How long a line may be where nothing else bounds it, in characters. */
const LINE_SHOWN = 4_000;

/** How much of a service's sentence is read, and how much of that is shown, in characters. */
const TEXT_READ = 2_000;
const TEXT_SHOWN = 300;

/** How much is shown of a path, in characters. */
const PATH_SHOWN = 120;

/** The length from which a part of a secret is hidden like the whole, in characters. */
const PIECE = 12;

/** The shortest secret that is looked for, in characters: a shorter one is part of too many words. Real ones have 16 or more. */
const LEAST_SECRET = 8;

/** How many secrets are remembered: more than there are requests under way at once. */
const REMEMBERED = 256;

/**
 * How gateways and pages write a character: `%2B` (`%252B` where it was encoded twice), `\u002B`, `&#x2B;`, `&#43;`,
 * `&plus;`.
 */
const ESCAPED =
  /(?:%(?:25)*|\\+u00|\\+x)([0-7][0-9a-f])|&#x0*([0-7][0-9a-f]);?|&#0*(\d{2,3});?|&(amp|plus|sol|equals);|\\/gi;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", plus: "+", sol: "/", equals: "=" };

/** Parameters that are secret in every request. */
const ECHO = /\b(Signature|SecurityToken|AccessKey(Id|Secret)|auth_key|password)"?[=:]./i;

/** A signature of any request, as HMAC-SHA1 has it in base64. */
const SIGNATURE = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{27}=(?![A-Za-z0-9+/=])/;

/** Whitespace and line breaks. JavaScript's `\s` has the byte order mark as well, and lacks U+0085. */
const SPACES = /[\t-\r\u0085\p{Z}]+/gu;

/**
 * What isn't printed but has an effect: control characters, line breaks, the direction of writing, and the brace of Pulumi's own marks
 * of colors, such as `<{%fg 1%}>`, of which an unknown one ends the Pulumi CLI. Emoji need joiners.
 */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]|(?![\u200c\u200d])\p{Cf}|(?<=<)\{(?=%)/gu;

/** A user name and a password before a host: up to an `@`, also where the password has a character that needs encoding. */
const USER = /(?:[^/\\?#]*@|[^/\\?#:@]*:(?!\d{0,5}(?:[/\\?#]|$)).*@)/.source;
const USER_OF_PATH = new RegExp(`^((?:[a-z][a-z0-9+.-]*:(?=[/\\\\]))?[/\\\\]*)${USER}`, "is");
const USER_IN_WORD = new RegExp(`(//)${USER}|[^/"'(<>:@]+:[^/@]+@`, "gs");

/** The secrets of this run with the texts to look for, the last used ones last. */
const secrets = new Map<string, Pieces>();

/** How many secrets have a piece: each request has a signature, so pieces come and go one secret at a time. */
const known = new Map<string, number>();
/** The same of texts that are too short for a piece. */
const knownWhole = new Map<string, number>();

/** The texts by which a secret is found, in lower case: those that are too short for a piece, and the pieces of the others. */
interface Pieces {
  whole: readonly string[];
  parts: ReadonlySet<string>;
}

/** Remembers secrets of this run: from then on, no text that is shown holds them. */
export function rememberSecrets(values: readonly (string | undefined)[]): void {
  for (const value of values) {
    if (value === undefined || value.length < LEAST_SECRET) continue;
    const pieces = secrets.get(value) ?? takeToPieces(value);
    if (!secrets.delete(value)) count(pieces, 1);
    secrets.set(value, pieces);
  }
  for (const value of secrets.keys()) if (secrets.size > REMEMBERED) forgetSecret(value);
}

function forgetSecret(value: string): void {
  const pieces = secrets.get(value);
  if (pieces) count(pieces, -1);
  secrets.delete(value);
}

function count({ whole, parts }: Pieces, change: 1 | -1): void {
  for (const [counts, texts] of [
    [known, parts],
    [knownWhole, whole],
  ] as const) {
    for (const text of texts) {
      const others = (counts.get(text) ?? 0) + change;
      if (others > 0) counts.set(text, others);
      else counts.delete(text);
    }
  }
}

/** Whether a text holds a secret of this run, in any spelling, or a part of {@link PIECE} characters of one. */
export function holdsSecret(text: string): boolean {
  if (secrets.size === 0) return false;
  const decoded = decode(text);
  // The last one reads the base64 of URLs. Most texts are the same in each spelling.
  const spellings = new Set([text, decoded, decoded.replaceAll("-", "+").replaceAll("_", "/")]);
  for (const spelling of spellings) {
    const searched = spelling.replace(/[\p{Cc}\p{Cf}]+/gu, "").toLowerCase();
    for (const secret of knownWhole.keys()) if (searched.includes(secret)) return true;
    for (let at = 0; at + PIECE <= searched.length; at++) {
      if (known.has(searched.slice(at, at + PIECE))) return true;
    }
  }
  return false;
}

/** A text without its own line breaks, control characters and marks of direction: each is written as `\x1b`. */
export function escapeControls(text: string): string {
  return text.toWellFormed().replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) as number;
    const digits = code.toString(16);
    if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\u{${digits}}`;
  });
}

/** Any text as one line without secrets. What is encoded in it stays so: it may be a path that a person looks for. */
export function showLine(text: string, most = LINE_SHOWN): string {
  const shown = escapeControls(hideSecrets(text));
  return shown.length > most ? `${shown.slice(0, most - 1).toWellFormed()}…` : shown;
}

/** What a service says, as one line without secrets: the gateway echoes what was signed. */
export function showText(message: string): string {
  const line = message.slice(0, TEXT_READ);
  const signed = line.search(/(server )?string to sign is:/i);
  const said = decode(signed === -1 ? line : line.slice(0, signed).trimEnd().replace(/,$/, ""));
  const words = said.replace(SPACES, " ").trimEnd().split(" ").map(cutUrls);
  const shown = words.map((word) => (ECHO.test(word) || SIGNATURE.test(word) ? HIDDEN : word));
  return showLine(shown.join(" "), TEXT_SHOWN);
}

/** A path without user name and password, without its query and its fragment, which may hold a signature. */
export function showPath(path: string): string {
  return cutPath(path, PATH_SHOWN);
}

/** The same in full length, for a file that lists paths. */
export function showWholePath(path: string): string {
  return cutPath(path, LINE_SHOWN);
}

function cutPath(path: string, most: number): string {
  const bare = path.replace(USER_OF_PATH, "$1…@").replace(/([?#]).*$/s, "$1…");
  return showLine(bare, most);
}

/** Cuts from the URLs of a word what may be secret: user name and password, query and fragment. */
function cutUrls(word: string): string {
  const [, before = "", , query = "", end = ""] = /^(.+?)([?#])(\S+?)([)\]}>"'.,;:!]*)$/.exec(word) ?? [];
  const isUrl = /[/.]/.test(before) || query.includes("=");
  const bare = word.replace(USER_IN_WORD, "$1…@");
  return query !== "" && isUrl ? `${bare.replace(/([?#]).*$/, "$1…")}${end}` : bare;
}

function hideSecrets(text: string): string {
  if (secrets.size === 0) return text;
  const words = text.split(" ");
  if (words.length === 1) return holdsSecret(text) ? HIDDEN : text;
  const hidden = words.map((word) => (holdsSecret(word) ? HIDDEN : word));
  // A secret may be spread over several words.
  const rest = hidden.filter((word) => word !== HIDDEN).join("");
  return holdsSecret(rest) ? HIDDEN : hidden.join(" ");
}

/** The texts by which a secret is found: as it is, in base64 and in hexadecimal digits. */
function takeToPieces(value: string): Pieces {
  const isLong = ({ length }: string) => length >= PIECE;
  const texts = [value, ...[...inBase64(value), inHex(value)].filter(isLong)].map((text) => text.toLowerCase());
  const parts = new Set<string>();
  for (const text of texts.filter(isLong)) {
    for (let at = 0; at + PIECE <= text.length; at++) parts.add(text.slice(at, at + PIECE));
  }
  return { whole: texts.filter((text) => !isLong(text)), parts };
}

/**
 * The base64 of a text at any position: its three alignments, without the characters that depend on the text around
 * it.
 */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]);
    return bytes.toString("base64").slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });
}

function inHex(text: string): string {
  return Buffer.from(text).toString("hex");
}

/** A text without the escapes of URLs, JSON and pages. An escaped text can be escaped again, by another writer. */
function decode(text: string): string {
  const once = (line: string) =>
    line.replace(ESCAPED, (_, hex?: string, entityHex = hex, decimal?: string, entity = "") => {
      const code = entityHex === undefined ? decimal : `0x${entityHex}`;
      return code === undefined ? (ENTITIES[entity.toLowerCase()] ?? "") : String.fromCharCode(Number(code));
    });
  return once(once(once(text)));
}
