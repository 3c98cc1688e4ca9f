/**
 * TLS for the emulator's edge: an authority that is made for each emulator, and its certificate for each host that a client
 * names. They are written in DER (X.690) by hand, since Node only reads them.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type { RequestListener, Server } from "node:http";
import { createServer } from "node:https";
import { createSecureContext, type SecureContext, type TlsOptions } from "node:tls";

const DAY_MS = 86_400_000;
const VALID_DAYS = 365;

/** The identifiers of what a certificate names, in DER. */
const OID = {
  ecdsaWithSha256: "06082a8648ce3d040302",
  commonName: "0603550403",
  subjectKeyIdentifier: "0603551d0e",
  keyUsage: "0603551d0f",
  subjectAltName: "0603551d11",
  basicConstraints: "0603551d13",
  authorityKeyIdentifier: "0603551d23",
  extendedKeyUsage: "0603551d25",
  serverAuth: "06082b06010505070301",
};

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const TRUE = Buffer.from("0101ff", "hex");
/** A tag that the field of a structure gives. */
const field = (number: number, isConstructed: boolean) => (isConstructed ? 0xa0 : 0x80) | number;

const AUTHORITY_NAME = "Emulator of ApsaraVideo VOD";
const LOOPBACK = Buffer.from([127, 0, 0, 1]);

interface Keys {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

export class CertificateAuthority {
  private readonly keys: Keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  /** One key is enough for the certificates of all names. */
  private readonly serverKeys: Keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  private readonly contexts = new Map<string, SecureContext>();
  /** The certificate of the authority, as PEM. */
  readonly certificate = this.issue(AUTHORITY_NAME, this.keys.publicKey, [
    extension(OID.basicConstraints, true, der(SEQUENCE, TRUE)),
    // keyCertSign and cRLSign.
    extension(OID.keyUsage, true, der(BIT_STRING, Buffer.from([1, 0b0000_0110]))),
  ]);

  /** Returns a server that shows a certificate for whatever host a client names; for `localhost` to who names none. */
  createServer(listener: RequestListener): Server {
    const SNICallback: TlsOptions["SNICallback"] = (host, done) => done(null, this.contextOf(host));
    return createServer({ ...this.issueFor("localhost"), SNICallback }, listener);
  }

  private contextOf(host: string): SecureContext {
    const known = this.contexts.get(host);
    if (known) return known;
    const context = createSecureContext(this.issueFor(host));
    this.contexts.set(host, context);
    return context;
  }

  private issueFor(host: string): { key: string; cert: string } {
    const names = [der(field(2, false), Buffer.from(host)), der(field(7, false), LOOPBACK)];
    const cert = this.issue(host, this.serverKeys.publicKey, [
      extension(OID.basicConstraints, true, der(SEQUENCE)),
      // digitalSignature.
      extension(OID.keyUsage, true, der(BIT_STRING, Buffer.from([7, 0b1000_0000]))),
      extension(OID.extendedKeyUsage, false, der(SEQUENCE, Buffer.from(OID.serverAuth, "hex"))),
      extension(OID.subjectAltName, false, der(SEQUENCE, ...names)),
    ]);
    return { key: String(this.serverKeys.privateKey.export({ type: "pkcs8", format: "pem" })), cert };
  }

  private issue(name: string, publicKey: KeyObject, extensions: Buffer[]): string {
    const now = Date.now();
    const authorityKey = der(SEQUENCE, der(field(0, false), keyIdentifier(this.keys.publicKey)));
    const content = der(
      SEQUENCE,
      // Version 3.
      der(field(0, true), der(INTEGER, Buffer.from([2]))),
      der(INTEGER, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      ALGORITHM,
      distinguishedName(AUTHORITY_NAME),
      der(SEQUENCE, utcTime(now - DAY_MS), utcTime(now + VALID_DAYS * DAY_MS)),
      distinguishedName(name),
      publicKey.export({ type: "spki", format: "der" }),
      der(
        field(3, true),
        der(
          SEQUENCE,
          ...extensions,
          extension(OID.subjectKeyIdentifier, false, der(OCTET_STRING, keyIdentifier(publicKey))),
          extension(OID.authorityKeyIdentifier, false, authorityKey),
        ),
      ),
    );
    const signature = sign("sha256", content, this.keys.privateKey);
    return toPem(der(SEQUENCE, content, ALGORITHM, der(BIT_STRING, Buffer.from([0]), signature)));
  }
}

/** Encodes a value: its tag, its length, and its parts. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content), content]);
}

function lengthOf({ length }: Buffer): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff]);
}

const ALGORITHM = der(SEQUENCE, Buffer.from(OID.ecdsaWithSha256, "hex"));

function extension(oid: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [TRUE] : [];
  return der(SEQUENCE, Buffer.from(oid, "hex"), ...critical, der(OCTET_STRING, value));
}

function distinguishedName(commonName: string): Buffer {
  const name = der(SEQUENCE, Buffer.from(OID.commonName, "hex"), der(UTF8_STRING, Buffer.from(commonName)));
  return der(SEQUENCE, der(SET, name));
}

/** `yyMMddHHmmssZ`. */
function utcTime(ms: number): Buffer {
  return der(UTC_TIME, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }))
    .digest();
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
