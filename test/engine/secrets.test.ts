import { describe, expect, it } from "vitest";
import { newCrypter, openCrypter } from "./secrets.js";

// The Pulumi CLI 3.260 made these with the passphrase "pw".
const MADE_BY_PULUMI = {
  salt: "v1:dXxCJzpE+aE=:v1:MC2ydFiMBctThxR4:+o2KXz/HGTuaPNYD88BXqV0evt0kSg==",
  ciphertext: "v1:kHS8H+TSqrDiukbd:169ON58rL4yLALFpzD4RadZnwxzTwRHulA==",
};

describe("the passphrase secrets provider", () => {
  it("decrypts what the Pulumi CLI encrypted", async () => {
    expect((await openCrypter("pw", MADE_BY_PULUMI.salt)).decrypt(MADE_BY_PULUMI.ciphertext)).toBe('"hunter2"');
  });

  it("encrypts to Pulumi's form, and never twice to the same text", async () => {
    const crypter = await newCrypter("pw");
    const texts = [crypter.encrypt("hunter2"), crypter.encrypt("hunter2")];
    expect(crypter.salt).toMatch(/^v1:[\w+/]{11}=:v1:[\w+/]{16}:[\w+/]+=*$/);
    for (const text of texts) expect(text).toMatch(/^v1:[\w+/]{16}:[\w+/]+=*$/);
    expect(texts[0]).not.toBe(texts[1]);
    expect(texts.map((text) => crypter.decrypt(text))).toEqual(["hunter2", "hunter2"]);
  });

  it("needs only the salt and the passphrase to decrypt", async () => {
    const { salt, encrypt } = await newCrypter("pässword");
    expect((await openCrypter("pässword", salt)).decrypt(encrypt("ü"))).toBe("ü");
  });

  it("says that a passphrase is wrong", async () => {
    await expect(openCrypter("px", MADE_BY_PULUMI.salt)).rejects.toThrow("incorrect passphrase");
  });

  it("refuses a text that was tampered with", async () => {
    const crypter = await openCrypter("pw", MADE_BY_PULUMI.salt);
    expect(() => crypter.decrypt(MADE_BY_PULUMI.ciphertext.replace("169O", "169P"))).toThrow();
    expect(() => crypter.decrypt("hunter2")).toThrow("not of the form");
  });
});
