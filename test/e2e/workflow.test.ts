/** The workflow of docs/report.md: its scripts are run as GitHub runs them, with a `gh` that answers from a file. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const guide = readFileSync(join(__dirname, "../../docs/report.md"), "utf8");
const [, workflow = ""] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
const [, script = ""] = /Post the plan\n.*? run: \|\n(.*)$/s.exec(workflow) ?? [];
const [, output = ""] = /- id: report\n\s+run: (.*)\n/.exec(workflow) ?? [];

const isThere = (command: string) => spawnSync(command, ["--version"]).status === 0;
const hasTools = process.platform !== "win32" && isThere("bash") && isThere("jq");

const GH = `#!/usr/bin/env bash
echo "$@" >> "$LOG"
for last; do :; done
while [ $# -gt 0 ]; do
  if [ "$1" = --jq ]; then jq -r "$2" comments.json; fi
  shift
done
if [[ "$last" == body=@* ]]; then cp "\${last#body=@}" posted.md; fi
`;

describe.runIf(hasTools)("a preview's plan", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "workflow-"));
    writeFileSync(join(directory, "gh"), GH);
    chmodSync(join(directory, "gh"), 0o755);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Runs both jobs on a report and the comments that the pull request has; gives what was asked of `gh`, and what was posted. */
  function run(markdown: string, comments: object[]) {
    const bash = (code: string, environment: Record<string, string>) =>
      execFileSync("bash", ["-eo", "pipefail", "-c", code], {
        cwd: directory,
        env: { ...process.env, PATH: `${directory}${delimiter}${process.env.PATH}`, ...environment },
      });
    writeFileSync(join(directory, "vod-report.json"), JSON.stringify({ version: 1, resources: [], markdown }));
    writeFileSync(join(directory, "comments.json"), JSON.stringify(comments));
    bash(output, { GITHUB_OUTPUT: join(directory, "output") });
    const line = readFileSync(join(directory, "output"), "utf8").trim().split("\n").at(-1) ?? "";
    const LOG = join(directory, "log");
    bash(script, { PLAN: line.replace("plan=", ""), COMMENTS: "repos/a/b/issues", PULL_REQUEST: "7", LOG });
    const posted = join(directory, "posted.md");
    const asked = readFileSync(LOG, "utf8").trim().split("\n").at(-1);
    return { asked, posted: existsSync(posted) ? readFileSync(posted, "utf8") : undefined };
  }

  const TABLE = "### ApsaraVideo VOD\n\n| resource |\n|---|\n| a\\`$(id)\\\"' |\n";
  const of = (id: number, login: string, body: string) => ({ id, user: { login }, body });

  test("becomes a comment, as it stands in the report", () => {
    const { asked, posted } = run(TABLE, [of(1, "somebody", TABLE), of(2, "github-actions[bot]", "### Tests")]);
    expect(asked).toBe("api repos/a/b/issues/7/comments --field body=@plan.md");
    expect(posted).toBe(`${TABLE}\n`);
  });

  test("takes the place of the last one in its comment, also if nothing is due any more", () => {
    const comments = [of(2, "github-actions[bot]", "### Tests"), of(3, "github-actions[bot]", TABLE)];
    expect(run(TABLE, comments)).toMatchObject({
      asked: "api --method PATCH repos/a/b/issues/comments/3 --field body=@plan.md",
    });
    expect(run("", comments).posted).toBe("### ApsaraVideo VOD\n\nNothing is due.\n");
  });

  test("makes no comment if nothing is due, and nothing was", () => {
    expect(run("", []).posted).toBeUndefined();
  });
});

describe.runIf(hasTools)("the commands with jq", () => {
  const [, example = ""] = /```json\n(.*?)```/s.exec(guide) ?? [];
  const commands = [...guide.matchAll(/^jq (?:-\w )?'(.*)' vod-report\.json$/gm)].map(([, command = ""]) => command);
  const ask = (command: string, report: string) => execFileSync("jq", ["-c", command], { input: report }).toString();

  test("answer by the example", () => {
    const urls = ["index.html", "player/app.css", "player/app.js"].map((name) => `"https://vod.example.com/${name}"\n`);
    expect(commands.map((command) => ask(command, example))).toEqual([urls.join(""), "true\n", "", "1997\n"]);
  });

  test("answer by a report that can't tell yet, with an error and pending paths", () => {
    const unknown = { name: "site", error: { message: "No." }, pending: { count: 2 }, quota: {} };
    const answers = commands.map((command) => ask(command, JSON.stringify({ resources: [unknown] })));
    expect(answers).toEqual(["", "false\n", '"site: No."\n', "null\n"]);
  });
});

test("the workflow has scripts to run, and gives no job that runs the program a right to write", () => {
  expect([script, output].every((code) => code.length > 20)).toBe(true);
  const [, preview = "", comment = ""] = /\n {2}preview:\n(.*)\n {2}comment:\n(.*)$/s.exec(workflow) ?? [];
  expect(workflow).toContain("\npermissions: {}\n");
  expect(preview).not.toContain("write");
  expect(comment).not.toMatch(/checkout|npm|pulumi/);
});
