/**
 * `npm run python-sdks`: installs the official Python SDKs below `node_modules`, where the tests look for them. The
 * tests install nothing themselves.
 */
import { installPythonSdks } from "./python-sdk.js";

installPythonSdks().catch((error: unknown) => {
  process.stderr.write(`python-sdks: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
