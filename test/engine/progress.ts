// The progress of an operation: what it prints, how many resources took which step, what failed, and whether it stops.

import type { DetailedDifference } from "./difference.js";
import { formatOutputs, formatStep, isShown, type Shown } from "./display.js";
import { isDefaultProvider, type Resource } from "./state.js";
import type { Step } from "./steps.js";

export type Severity = "debug" | "info" | "warning" | "error";

/** A line that somebody logs. */
export interface LogLine {
  severity: Severity;
  message: string;
  /** The resource beside which it is shown; empty for the stack. */
  urn: string;
  /** It says how far something is: a display may forget it. */
  ephemeral: boolean;
}

/** Thrown after the operation has failed and printed the reason. */
export class Stopped extends Error {}

export class Progress {
  readonly counts: Partial<Record<Step, number>> = {};
  /** What the program and its provider logged, below an error. */
  readonly logged: LogLine[] = [];
  errors = 0;
  /** No new step may begin. */
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

  /** Throws if the operation has stopped. */
  check(): void {
    if (this.stopped) throw new Stopped();
  }

  print(text: string): void {
    if (text !== "") this.output(text);
  }

  /**
   * Shows a line as `pulumi --diff` does: where it comes, also an ephemeral one, and without the resource. Pulumi's other displays
   * show it beside the resource, and a `debug` line only where they are asked to.
   */
  log({ severity, message, ...line }: LogLine): void {
    if (severity === "debug") return;
    const text = message.replace(/\n$/, "");
    if (severity !== "error") this.logged.push({ severity, message: text, ...line });
    this.print(`${severity === "info" ? "" : `${severity}: `}${text}`);
  }

  private logError(message: string): void {
    this.log({ severity: "error", message, urn: "", ephemeral: false });
  }

  /** Prints the reason and stops the operation. Running steps still end. */
  fail(message: string): void {
    if (!this.muted) this.logError(message);
    this.stop();
  }

  /** Fails a step, which counts as an error; a failed decision before it does not. */
  failStep(message: string): void {
    const first = !this.stopped;
    this.errors++;
    this.fail(message);
    if (first) this.logError(`${this.planning ? "preview" : "update"} failed`);
  }

  /** Refuses a step. An update stops; a preview fails in the end, but goes on to show what leads to the refusal. */
  refuse(message: string): void {
    if (!this.planning) {
      this.fail(message);
      throw new Stopped();
    }
    this.refused = true;
    this.logError(message);
    this.logError("preview failed");
  }

  stop(): void {
    this.stopped = true;
    this.signal();
  }

  /** Prints no more errors: the engine ends the operation's processes now, and what fails as a result is no news. */
  mute(): void {
    this.muted = true;
  }

  /** Shows a resource of the program below its parent. */
  place(urn: string, parent: string | undefined): void {
    this.indents.set(urn, this.below(parent));
  }

  begin(
    step: Step,
    old: Resource | undefined,
    news: Resource | undefined,
    refresh = false,
    detailed?: DetailedDifference,
  ): void {
    this.print(formatStep({ ...this.shown(step, old, news, refresh), detailed }));
  }

  end(step: Step, old: Resource | undefined, news: Resource | undefined, refresh = false): void {
    this.print(formatOutputs(this.shown(step, old, news, refresh)));
  }

  /** Counts a step, unless it is part of another one or belongs to a default provider. */
  count(step: Step, { type, urn }: Resource): void {
    if (step !== "same" && !isShown({ step, type, urn, old: undefined, new: undefined })) return;
    if (isDefaultProvider(urn)) return;
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
