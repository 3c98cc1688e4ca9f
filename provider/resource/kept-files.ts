/**
 * A source whose `files` are among `ignoreChanges`: the engine hands the old ones back to the check, and the content stays
 * that of the last update.
 */
import { isDeepStrictEqual } from "node:util";
import { keepContent } from "../plan/plan.js";
import { baselineOf, type State } from "../plan/state.js";
import type { Inputs } from "../schema/inputs.js";
import { info, type Line, warning } from "../text/log.js";
import type { Properties } from "./context.js";
import type { Content } from "./deployment.js";

/** The mark of checked inputs whose `files` the engine handed back. */
const KEEPS_FILES = "__keepsFiles";

/**
 * What a check goes on with: the old files, and the source as it was with them, since they are no other's. Undefined if
 * `files` isn't ignored, or the program has no source any more.
 */
export function findKeptFiles(olds: Properties, news: Properties): Properties | undefined {
  if (news.source == null || olds.source == null || !isHandedBack(olds, news)) return undefined;
  return { source: olds.source, files: olds.files, [KEEPS_FILES]: true };
}

/** The inputs of a program without the `files` that the engine handed back. */
export function withoutKeptFiles(olds: Properties, { files, ...news }: Properties): Properties {
  return files === undefined || isHandedBack(olds, { files }) ? news : { ...news, files };
}

/** Whether `files`, which no program gives, are the old ones. */
function isHandedBack(olds: Properties, { files }: Properties): boolean {
  return files !== undefined && isDeepStrictEqual(files, olds.files);
}

/**
 * The inputs with source and files of the state, if the check found that they are kept: after an update that failed, the
 * engine's old inputs are older than the state.
 */
export function keepStateFiles(inputs: Inputs, news: Properties, { inputs: { source, files } }: State): Inputs {
  return isKept(inputs, news, source) ? { ...inputs, source, files } : inputs;
}

/** Whether the check found that `files` are kept: they may be older than the files on the disk. */
export function keepsFiles(news: Properties): boolean {
  return news[KEEPS_FILES] === true;
}

/** The content of the last update, if the check found that its files are kept. */
export function findKeptContent(inputs: Inputs, news: Properties, state: State | undefined): Content | undefined {
  if (state === undefined || !isKept(inputs, news, state.inputs.source)) return undefined;
  return { current: keepContent(baselineOf(state)) };
}

function isKept({ source }: Inputs, news: Properties, old: Inputs["source"]): old is NonNullable<Inputs["source"]> {
  return keepsFiles(news) && source !== undefined && old !== undefined;
}

/** Says what becomes of a source whose files are kept. */
export function describeKeptFiles(isOther: boolean): Line {
  const kept =
    "the content of the last update stays, and later changes are not sent; to send them, remove files from ignoreChanges";
  return isOther
    ? warning(`the new source is not used because ignoreChanges names files: ${kept}`)
    : info(`source is not read because ignoreChanges names files: ${kept}`);
}
