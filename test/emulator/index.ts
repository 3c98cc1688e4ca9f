/** The emulator for the tests of this repository: what users import, and parts that aren't theirs. */
export { pathsOf } from "../../emulator/call-log.js";
export { DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_DOMAINS } from "../../emulator/emulator.js";
export * from "../../emulator/index.js";
export { publish } from "../../emulator/publish.js";
export { view } from "../../emulator/view.js";
