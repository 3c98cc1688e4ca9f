/** Errors that end a program with one message. */
import * as pulumi from "@pulumi/pulumi";

/**
 * Makes an error of which Pulumi prints the message alone. Pulumi formats its stack trace all the same, which takes many
 * seconds in a program in TypeScript and keeps everything else waiting, so it has none.
 */
export function makeRunError(message: string): pulumi.RunError {
  return Object.assign(new pulumi.RunError(message), { stack: "" });
}
