/** Builds the package before the tests, since the programs that the engine runs import it by name. */
import { compile } from "./compile.js";

export default function build(): void {
  compile("tsconfig.json");
}
