// An ES module program that hashes a text and files.
import * as pulumi from "@pulumi/pulumi";
import { hashContent, hashFiles, VodCacheRefresh } from "pulumi-alicloud-vod";

const config = new pulumi.Config();

export const text = new VodCacheRefresh("text", {
  paths: ["https://vod.example.com/text"],
  contentHash: pulumi.output(config.require("text")).apply(hashContent),
}).contentHash;

export const files = new VodCacheRefresh("files", {
  paths: ["https://vod.example.com/files"],
  contentHash: hashFiles("*.mjs"),
}).contentHash;
