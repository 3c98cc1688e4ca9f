// What the configuration asks for: so many resources, of so many paths each.
const pulumi = require("@pulumi/pulumi");

const config = new pulumi.Config();
const paths = config.requireNumber("paths");

/** The arguments of each resource, by its name. */
exports.resources = Array.from({ length: config.requireNumber("resources") }, (_, resource) => [
  `site-${resource}`,
  {
    paths: Array.from(
      { length: paths },
      (_, path) => `https://vod.example.com/site-${resource}/clip-${path}/index.m3u8`,
    ),
    contentHash: "v1",
  },
]);
