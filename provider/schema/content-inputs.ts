/** The content that inputs name, and what stands for something besides it. */
import { z } from "zod";
import { FOLLOW_SYMLINKS } from "../content/files.js";
import { orUnknown } from "./unknown.js";

export const globs = z.array(z.string()).meta({ mustBe: 'a list of globs, such as ["**/*.html"]' });

/** Content in one of its three forms; what each means for a resource is said there. */
export const contentSchemas = {
  paths: z
    .array(z.string().meta({ mustBe: 'a path, such as "https://vod.example.com/player/app.js"' }))
    .min(1)
    .optional()
    .meta({ mustBe: 'a list of at least one path, such as ["https://vod.example.com/player/app.js"]' }),
  contentHash: z
    .string()
    .min(1)
    .optional()
    .meta({ mustBe: 'a string that changes with the content, such as hashFiles("./dist") or a version' }),
  contents: z
    .record(z.string(), z.string().min(1).meta({ mustBe: 'a hash, such as "9f86d081"' }))
    .optional()
    .meta({ mustBe: 'an object with a hash for each URL, such as { "https://vod.example.com/a.js": "9f86d081" }' }),
} as const;

export const sourceSchema = z
  .strictObject({
    directory: z.string().min(1).meta({
      description:
        "The directory with the files, relative to the program's directory. It may be empty, but it must exist.",
      mustBe: 'the path of a directory, such as "./dist"',
    }),
    baseUrl: z.string().min(1).meta({
      description:
        "The URL of the directory, such as `https://vod.example.com/player/`: the URL of a file is this and the file's name.",
      mustBe: 'the URL of the directory, such as "https://vod.example.com/player/"',
    }),
    include: globs
      .optional()
      .describe(
        "Globs of the files that are served, relative to the directory. The name of a directory means all below it, as in " +
          "`exclude`. Defaults to all files, those that begin with a dot too.",
      ),
    exclude: globs
      .optional()
      .describe("Globs of the files and directories that are not served, relative to the directory. Defaults to none."),
    indexDocument: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          "The name of the file that is also served at the URL of its directory, such as `index.html`. When it changes, both " +
          "URLs are due. Defaults to none.",
        mustBe: 'the name of a file, such as "index.html"',
      }),
    cleanUrls: z
      .boolean()
      .optional()
      .meta({
        description:
          "Whether a page is also served at its name without `.html`, and with `indexDocument` a directory also without its slash. " +
          "When a page changes, all its URLs are due. Defaults to `false`.",
        default: false,
      }),
    followSymlinks: z
      .enum(FOLLOW_SYMLINKS)
      .optional()
      .meta({
        description:
          "How far symbolic links are followed. `inside`: within the directory; a link that leaves it is an error. `always`: wherever " +
          "they lead, as in the outputs of Bazel and pnpm. A link that leads back to a directory that contains it is an error. " +
          "Defaults to `inside`.",
        default: "inside",
      }),
  })
  .meta({
    mustBe:
      '{ directory: "./dist", baseUrl: "https://vod.example.com/" }, with include, exclude, indexDocument, cleanUrls and ' +
      "followSymlinks if needed",
  });
export type Source = z.infer<typeof sourceSchema>;

/** What stands for something besides the content. */
export const triggersSchema = orUnknown(z.array(z.any()))
  .optional()
  .meta({ mustBe: 'a list of any values, such as ["headers v2"]' });
