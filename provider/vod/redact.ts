/** Hides the secrets in what a service says, in any spelling. */

/** How much of a message is read, and how much of that is shown, in characters. */
const MESSAGE_READ = 10_000;
const MESSAGE_SHOWN = 300;

/** The length from which a part of a secret is hidden like the whole, in characters. */
const PIECE = 12;

/**
 * How gateways and pages write a character: `%2B` (`%252B` where it was encoded twice), `\u002B`, `&#x2B;`, `&#43;`,
 * `&plus;`.
 */
const ESCAPED =
  /(?:%(?:25)*|\\+u00|\\+x)([0-7][0-9a-f])|&#x0*([0-7][0-9a-f]);?|&#0*(\d{2,3});?|&(amp|plus|sol|equals);|\\/gi;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", plus: "+", sol: "/", equals: "=" };

/** Parameters that are secret in every request. */
const ECHO = /\b(Signature|SecurityToken|AccessKeyId)"?[=:]./i;

/** The service's message as one line without secrets: the gateway echoes what was signed. */
export function withoutSecrets(message: string, holdsSecret: (text: string) => boolean): string {
  const line = unescaped(message.slice(0, MESSAGE_READ));
  const signed = line.search(/(server )?string to sign is:/i);
  const said = (signed === -1 ? line : line.slice(0, signed)).trimEnd().replace(/,$/, "");
  const shown = said.split(" ").map((word) => (ECHO.test(word) || holdsSecret(word) ? "[secret]" : word));
  return shown.join(" ").slice(0, MESSAGE_SHOWN).toWellFormed();
}

/**
 * Makes a test for texts that hold a secret, as it is or in base64, or a part of one: it looks for every piece of
 * {@link PIECE} characters.
 */
export function secretFinder(values: readonly string[]): (text: string) => boolean {
  const secrets = values.filter((secret) => secret !== "");
  const texts = [...secrets, ...secrets.flatMap(inBase64).filter(({ length }) => length >= PIECE)];
  const pieces = texts.flatMap((text) => {
    const count = Math.max(1, text.length - PIECE + 1);
    return Array.from({ length: count }, (_, start) => text.slice(start, start + PIECE).toLowerCase());
  });
  return (text) => {
    const searched = text.toLowerCase();
    return pieces.some((piece) => searched.includes(piece));
  };
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

/** A text as one line, without control characters and escapes. */
function unescaped(text: string): string {
  const decode = (line: string) =>
    line.replace(ESCAPED, (_, hex?: string, entityHex = hex, decimal?: string, entity = "") => {
      const code = entityHex === undefined ? decimal : `0x${entityHex}`;
      return code === undefined ? (ENTITIES[entity.toLowerCase()] ?? "") : String.fromCharCode(Number(code));
    });
  // An escaped text can be escaped again, by another writer in another way.
  const line = decode(decode(decode(text)));
  return line.replace(/\p{Cf}+/gu, "").replace(/[\p{Cc}\s]+/gu, " ");
}
