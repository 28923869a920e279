// Parses PHP as a version of it would, and tells which functions and constants are used:
//
//   node php_parser.mjs PACKAGES 5.6 FILE ...
//
// Prints one line of JSON: faults (each with file and line) and names, sorted.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [packages, version, ...files] = process.argv.slice(2);
const { Engine } = createRequire(join(packages, "package.json"))("php-parser");
const [major, minor] = version.split(".").map(Number);
const parser = new Engine({
  parser: { php7: major >= 7, version: major * 100 + minor, suppressErrors: false },
  ast: { withPositions: true },
});
const faults = [];
const names = new Set();

/** What the parser lets pass in PHP 5.6, and PHP 5.6 does not: by the kind of a node. */
const callable = ["a return type", (node) => node.type];
const NEWER = {
  call: ["a closure that is called at once", (node) => node.what.kind === "closure"],
  catch: ["several classes in one catch", (node) => node.what.length > 1],
  class: ["a class without a name", (node) => node.isAnonymous],
  classconstant: ["a constant with visibility", (node) => node.visibility],
  closure: callable,
  function: callable,
  list: ["a list with keys, or a short one", (node) =>
    node.shortForm || node.items.some((item) => item?.key)],
  method: callable,
  parameter: ["a type of PHP 7", ({ type, nullable }) =>
    nullable || (type && type.kind !== "name" && !["array", "callable"].includes(type.name))],
  staticlookup: ["the class of an object", (node) =>
    node.what.kind === "variable" && node.offset.name === "class"],
  usegroup: ["a group of uses", (node) => node.name && node.items.length > 1],
};

/** Notes every function that is called by name, every class and every constant. */
function walk(node, file) {
  if (Array.isArray(node)) node.forEach((each) => walk(each, file));
  if (!node || typeof node !== "object" || !node.kind) return;
  const [what, isNewer] = NEWER[node.kind] ?? [];
  if (version === "5.6" && isNewer?.(node)) faults.push(`${file}:${node.loc.start.line}: ${what}`);
  if (node.kind === "name") names.add(node.name.replace(/^\\/, ""));
  for (const [part, value] of Object.entries(node)) if (part !== "loc") walk(value, file);
}

for (const file of files) {
  try {
    walk(parser.parseCode(readFileSync(file, "utf8"), file), file);
  } catch (error) {
    faults.push(`${file}:${error.lineNumber ?? "?"}: ${error.message}`);
  }
}
console.log(JSON.stringify({ faults, names: [...names].sort() }));
