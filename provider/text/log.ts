/** Lines for a person, by the severities of Pulumi's engine. */

/** `progress` says how far something is: the engine shows it in the status column, and forgets it. */
export type Severity = "info" | "warning" | "progress";

export interface Line {
  severity: Severity;
  /** Without a severity, and without the name of a resource. */
  text: string;
}

/** Shows lines beside a resource. */
export interface Log {
  info(text: string): void;
  warning(text: string): void;
  progress(text: string): void;
}

/** @param show gets every line. */
export function logTo(show: (line: Line) => void): Log {
  const by = (severity: Severity) => (text: string) => show({ severity, text });
  return { info: by("info"), warning: by("warning"), progress: by("progress") };
}

/** A line where nothing else tells its severity and its resource. */
export function formatLine({ severity, text }: Line, name?: string): string {
  return (name === undefined ? "" : `${name}: `) + (severity === "warning" ? `warning: ${text}` : text);
}

/** Shows lines in order. */
export function write(log: Log, lines: readonly Line[]): void {
  for (const { severity, text } of lines) log[severity](text);
}

export const info = (text: string): Line => ({ severity: "info", text });

export const warning = (text: string): Line => ({ severity: "warning", text });
