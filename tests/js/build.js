/**
 * Bundles `src/streamlab/web` into the files that ship: `node build.js [--compare] FOLDER [--maps]`.
 *
 * With `--compare` nothing is written: it fails if the folder is not what the sources build. With
 * `--maps` each bundle has a source map beside it, and does not name it: the bundle stays the same.
 */

import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";

const WEB = "../../src/streamlab/web";
const [compare, folder] = process.argv[2] === "--compare" ? [true, process.argv[3]] : [false, process.argv[2]];
const hosts = ["page", "dashboard", "widget", "drift_plot", "slider"].map((name) => `${WEB}/hosts/${name}.js`);
const styles = ["page", "dashboard", "widget"].map((name) => `${WEB}/hosts/${name}.css`);

const { outputFiles = [] } = await build({
  entryPoints: [
    ...[...hosts, ...styles].map((path) => ({ in: path, out: basename(path).replace(/\.\w+$/, "") })),
    { in: `${WEB}/player/index.js`, out: "player" },
  ],
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  logLevel: "warning",
  outdir: folder,
  write: !compare,
  sourcemap: process.argv.includes("--maps") && "external",
  banner: { js: "// Built from the sources beside this folder by `make web`." },
});

if (compare) {
  const built = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const stale = (await readdir(folder)).filter((name) => !built.has(name));
  for (const [name, text] of built) {
    const shipped = await readFile(join(folder, name), "utf8").catch(() => "");
    if (shipped !== text) stale.push(name);
  }
  if (stale.length) {
    console.error(`Not what the sources build: ${stale.join(", ")}. Run \`make web\`.`);
    process.exit(1);
  }
}
