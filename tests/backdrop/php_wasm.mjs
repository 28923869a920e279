// Runs PHP of a version that Debian does not have, built for WebAssembly.
//
//   node php_wasm.mjs PACKAGES VERSION kit KIT INCLUDES             answers the conformance kit
//   node php_wasm.mjs PACKAGES VERSION site PROGRAM FOLDER MODULE   does what each line says
//
// PACKAGES is a directory in which `npm ci` has run; VERSION is one such as 8-5.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [packages, version, work, program, ...places] = process.argv.slice(2);
const { resolve } = createRequire(join(packages, "package.json"));
const load = (name) => import(pathToFileURL(resolve(name)).href);
const { loadPHPRuntime, PHP } = await load("@php-wasm/universal");
const { getPHPLoaderModule } = await load(`@php-wasm/node-${version}`);
const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule()));

/** Copies a directory into the file system of PHP. */
function copied(folder) {
  php.mkdirTree(folder);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) copied(path);
    else if (entry.isFile()) php.writeFile(path, readFileSync(path));
  }
}

async function ran(words) {
  const lines = [
    "error_reporting(E_ALL);",
    `$argv = json_decode(base64_decode('${Buffer.from(JSON.stringify(words)).toString("base64")}'));`,
    "define('HEADCOUNT_QUESTIONS', '/questions');",
    `require '${program}';`,
  ];
  php.writeFile("/start.php", `<?php\n${lines.join("\n")}\n`);
  const { text, errors, exitCode } = await php.run({ scriptPath: "/start.php" });
  if (exitCode || errors) process.stderr.write(`${errors}${text}\n`);
  return text;
}

copied(dirname(program));
places.forEach(copied);
let hello = "";
for await (const line of createInterface({ input: process.stdin })) {
  if (work === "site") {
    console.log(await ran([program, ...places, ...JSON.parse(line)]));
    continue;
  }
  hello ||= line;
  php.writeFile("/questions", hello === line ? `${line}\n` : `${hello}\n${line}\n`);
  console.log((await ran([program, ...places])).trim().split("\n").at(-1));
}
process.exit(0);
