/** What a process reports: one for all of its resources, of both kinds. */
import { ReportFiles } from "./report-file.js";
import { StepSummary } from "./step-summary.js";

export class RunReport {
  readonly files = new ReportFiles();
  readonly summary = new StepSummary();
}
