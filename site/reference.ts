/** The reference of the TypeScript package, which TypeDoc makes of the docstrings of `sdk/`. */
import { join } from "node:path";
import { TYPESCRIPT } from "./pages.js";

/** Where a class has a member from says nothing to a reader: its bases aren't part of the package. */
const BASES = /\n#+ (?:Extends|Inherited from|Overrides|Implementation of)\n\n(?:[^\n#].*\n)+/g;

export async function writeReference(root: string): Promise<void> {
  const { Application } = await import("typedoc");
  const { MarkdownPageEvent } = await import("typedoc-plugin-markdown");
  const options = {
    plugin: ["typedoc-plugin-markdown"],
    entryPoints: [join(root, "sdk/index.ts")],
    tsconfig: join(root, "tsconfig.json"),
    out: join(root, TYPESCRIPT),
    name: "The TypeScript package",
    readme: "none",
    logLevel: "Warn" as const,
    disableSources: true,
    excludePrivate: true,
    excludeProtected: true,
    // What every resource of Pulumi has, Pulumi documents.
    excludeExternals: true,
    excludeInternal: true,
    hideBreadcrumbs: true,
    hidePageHeader: true,
    pageTitleTemplates: { member: "{name}" },
    // A type in one line stands on the page of the package.
    membersWithOwnFile: ["Class", "Function", "Interface"],
    parametersFormat: "table",
    validation: { invalidLink: true, invalidPath: true, notExported: false },
    treatWarningsAsErrors: true,
  };
  const typedoc = await Application.bootstrapWithPlugins(options);
  typedoc.renderer.on(MarkdownPageEvent.END as never, (page: { contents?: string | undefined }) => {
    page.contents = page.contents?.replace(BASES, "");
  });
  const project = await typedoc.convert();
  if (project === undefined) throw new Error("TypeDoc can't read sdk/.");
  typedoc.validate(project);
  await typedoc.generateOutputs(project);
  if (typedoc.logger.hasErrors() || typedoc.logger.hasWarnings()) {
    throw new Error("TypeDoc reports what stands above: the docstrings of sdk/ must be mended.");
  }
}
