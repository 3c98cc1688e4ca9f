/** Builds the package before the tests: programs that the engine runs import it by its name. */
import { compile } from "./compile.js";

export default function build(): void {
  compile("tsconfig.json");
}
