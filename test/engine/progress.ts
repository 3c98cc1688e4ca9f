// How an operation goes: what is printed of it, how many resources took which step, what failed, and whether it stops.

import { formatOutputs, formatStep, isShown, type Shown } from "./display.js";
import type { Resource } from "./state.js";
import type { Step } from "./steps.js";

export type Severity = "debug" | "info" | "warning" | "error";

/** The operation has failed already and has said why. */
export class Stopped extends Error {}

export class Progress {
  readonly counts: Partial<Record<Step, number>> = {};
  errors = 0;
  /** Nothing new may begin. */
  stopped = false;
  /** Resolves when the operation stops. */
  readonly whenStopped: Promise<void>;
  private signal: () => void = () => {};
  private refused = false;
  private muted = false;
  private readonly indents = new Map<string, number>();

  constructor(
    private readonly output: (text: string) => void,
    readonly planning: boolean,
  ) {
    this.whenStopped = new Promise((resolve) => {
      this.signal = resolve;
    });
  }

  get succeeded(): boolean {
    return !this.stopped && !this.refused;
  }

  /** For everything that needs a running operation. */
  check(): void {
    if (this.stopped) throw new Stopped();
  }

  print(text: string): void {
    if (text !== "") this.output(text);
  }

  log(severity: Severity, message: string): void {
    if (severity === "debug") return;
    this.print(`${severity === "info" ? "" : `${severity}: `}${message.replace(/\n$/, "")}`);
  }

  /** Says why the operation stops. What is under way still ends. */
  fail(message: string): void {
    if (!this.muted) this.log("error", message);
    this.stop();
  }

  /** A step has failed, as opposed to the deciding before it. */
  failStep(message: string): void {
    const first = !this.stopped;
    this.errors += 1;
    this.fail(message);
    if (first) this.log("error", `${this.planning ? "preview" : "update"} failed`);
  }

  /** What an update would not do. A preview goes on, to show what leads to it. */
  refuse(message: string): void {
    if (!this.planning) {
      this.fail(message);
      throw new Stopped();
    }
    this.refused = true;
    this.log("error", message);
    this.log("error", "preview failed");
  }

  stop(): void {
    this.stopped = true;
    this.signal();
  }

  /** From here on the engine takes down what the operation works with: what fails by that is no news. */
  mute(): void {
    this.muted = true;
  }

  /** A resource of the program, shown below its parent. */
  place(urn: string, parent: string | undefined): void {
    this.indents.set(urn, this.below(parent));
  }

  begin(step: Step, old: Resource | undefined, news: Resource | undefined, refresh = false): void {
    this.print(formatStep(this.shown(step, old, news, refresh)));
  }

  end(step: Step, old: Resource | undefined, news: Resource | undefined, refresh = false): void {
    this.print(formatOutputs(this.shown(step, old, news, refresh)));
  }

  /** Steps that are part of another one, and those of the default provider, are in no number. */
  count(step: Step, { type }: Resource): void {
    if (step !== "same" && !isShown({ step, type, old: undefined, new: undefined })) return;
    if (type.startsWith("pulumi:providers:")) return;
    this.counts[step] = (this.counts[step] ?? 0) + 1;
  }

  private shown(step: Step, old: Resource | undefined, news: Resource | undefined, refresh: boolean): Shown {
    const { urn, type, parent } = (news ?? old) as Resource;
    const indent = this.indents.get(urn) ?? this.below(parent);
    return { step, urn, type, old, new: news, indent, planning: this.planning, refresh };
  }

  private below(parent: string | undefined): number {
    return parent === undefined ? 0 : (this.indents.get(parent) ?? -1) + 1;
  }
}
