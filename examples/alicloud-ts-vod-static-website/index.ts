import * as alicloud from "@pulumi/alicloud";
import * as pulumi from "@pulumi/pulumi";
import * as crypto from "crypto";
import * as fs from "fs";
import * as path from "path";
import { VodCacheRefresh } from "pulumi-alicloud-vod";

const config = new pulumi.Config();
const bucket = config.require("bucket");
const domain = config.require("domain");

// Every file below www becomes an object of the bucket.
const uploads = fs
    .readdirSync("www", { recursive: true, encoding: "utf8" })
    .filter(name => fs.statSync(path.join("www", name)).isFile())
    .map(name => {
        const source = path.join("www", name);
        const key = name.split(path.sep).join("/");
        // Without the hash, a file with new content and the same name would not be uploaded again.
        const contentMd5 = crypto.createHash("md5").update(fs.readFileSync(source)).digest("base64");
        return new alicloud.oss.BucketObject(key, { bucket, key, source, contentMd5 });
    });

// Once they are uploaded, the edge gets the files that changed, and no others.
const site = new VodCacheRefresh("site", {
    source: { directory: "www", baseUrl: `https://${domain}/`, indexDocument: "index.html" },
}, { dependsOn: uploads });

export const url = `https://${domain}/`;
export const refreshed = site.refreshed;
export const status = site.status;
