/**
 * Adds up which lines of `src/streamlab/web` the tests ran, in Node and in the browser, and fails
 * if they are too few: `node coverage.js FOLDER PERCENT`.
 *
 * Of FOLDER it reads `node` (what NODE_V8_COVERAGE left), `browser` (what `tests/browser/covered.py`
 * did: counts of the bundles) and `bundles` (with the maps that lead from there to the sources).
 */

import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CoverageReport } from "monocart-coverage-reports";

const WEB = resolve("../../src/streamlab/web");
const [folder, least] = process.argv.slice(2);

/** @param {string} path */
const read = (path) => readFile(path, "utf8");

/** @param {string} name @returns {Promise<any[]>} */
async function countsIn(name) {
  const path = join(folder, name);
  const files = await readdir(path).catch(() => /** @type {string[]} */ ([]));
  return Promise.all(files.map(async (file) => JSON.parse(await read(join(path, file)))));
}

async function countedInNode() {
  const scripts = (await countsIn("node")).flatMap(({ result }) => result);
  const ours = scripts.filter(({ url }) => url.startsWith(`${pathToFileURL(WEB)}/`));
  return Promise.all(ours.map(async (each) => ({ ...each, source: await read(fileURLToPath(each.url)) })));
}

async function countedInBrowser() {
  const scripts = (await countsIn("browser")).flat();
  return Promise.all(
    scripts.map(async ({ bundle, functions }) => ({
      url: `${pathToFileURL(WEB)}/bundles/${bundle}`,
      functions,
      source: await read(join(folder, "bundles", bundle)),
      sourceMap: JSON.parse(await read(join(folder, "bundles", `${bundle}.map`))),
    })),
  );
}

/**
 * The lines that were not run, neighbours together: `12-14 20`.
 *
 * @param {Record<string, number | string>} counts by line, without blank ones and comments
 */
function notRun(counts) {
  /** @type {number[][]} */
  const runs = [];
  let wasRun = true;
  for (const [line, count] of Object.entries(counts)) {
    if (count === 0 && wasRun) runs.push([Number(line), Number(line)]);
    else if (count === 0) runs[runs.length - 1][1] = Number(line);
    wasRun = count !== 0;
  }
  return runs.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(" ");
}

const [inNode, inBrowser] = [await countedInNode(), await countedInBrowser()];
if (!inBrowser.length) {
  console.log("No browser counted anything: the lines of the front end are not judged.");
  process.exit();
}
const report = new CoverageReport({
  logging: "error",
  outputDir: join(folder, "report"),
  reports: [["v8-json", { outputFile: "report.json" }]],
  all: { dir: [WEB], filter: { "**/bundles/**": false, "**/*.js": true } },
  sourcePath: (path) => path.replace(/^.*streamlab\/web\//, ""),
});
for (const counts of [inNode, inBrowser]) if (counts.length) await report.add(counts);
const { files = [], summary } = (await report.generate()) ?? {};

for (const { sourcePath, summary: { lines }, data } of files)
  console.log(`${lines.pct}%`.padStart(7), sourcePath.padEnd(26), notRun(data?.lines ?? {}));
const { pct, covered, total } = /** @type {any} */ (summary).lines;
console.log(`${pct} % of the front end's lines were run (${covered} of ${total}); at least ${least} % are expected.`);
process.exitCode = pct < Number(least) ? 1 : 0;
