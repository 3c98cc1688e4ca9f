/**
 * The arguments of each resource, by its name.
 *
 * @param {number} resources how many.
 * @param {number} paths of each.
 */
exports.resourceArgs = (resources, paths) =>
  Array.from({ length: resources }, (_, resource) => [
    `site-${resource}`,
    {
      paths: Array.from(
        { length: paths },
        (_, path) => `https://vod.example.com/site-${resource}/clip-${path}/index.m3u8`,
      ),
      contentHash: "v1",
    },
  ]);
