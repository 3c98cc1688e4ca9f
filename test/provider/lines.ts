/** Lines of a provider as a test reads them. */
import { formatLine, type Log, logTo } from "../../provider/text/log.js";

/** A log that adds every line to a list. */
export function logInto(lines: string[]): Log {
  return logTo((line) => lines.push(formatLine(line)));
}

/** The URN of a resource without a parent. */
export const urnOf = (name: string, kind = "VodCacheRefresh") =>
  `urn:pulumi:dev::test::pulumi-nodejs:dynamic/alicloud-vod:${kind}::${name}`;
