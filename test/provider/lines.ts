/** Lines of a provider as a test reads them. */
import { formatLine, type Log, logTo } from "../../provider/text/log.js";

/** A log that adds every line to a list. */
export function logInto(lines: string[]): Log {
  return logTo((line) => lines.push(formatLine(line)));
}
