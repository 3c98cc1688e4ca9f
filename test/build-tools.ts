/** Builds the tools before the tests: some of them run a tool as its npm script does. */
import { compile } from "./compile.js";

export default function build(): void {
  compile("test/tsconfig.tools.json");
}
