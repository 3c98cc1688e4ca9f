/** Builds the tools before the tests, since some tests run a tool as its npm script does. */
import { compile } from "./compile.js";

export default function build(): void {
  compile("test/tsconfig.tools.json");
}
