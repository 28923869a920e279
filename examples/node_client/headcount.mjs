// A client of headcount in one file, for Node 18 or later, without dependencies. It sends JSON.
//
//   node headcount.mjs yes    --project bee [--registry registry.json] [--state DIR]
//   node headcount.mjs no     ...
//   node headcount.mjs show   --answers answers.json ...
//   node headcount.mjs send   --answers answers.json [--server URL] [--now] ...
//   node headcount.mjs conformance        answers `headcount-registry conformance`
//
// registry.json is what `headcount-registry build` writes; answers.json has an answer for each key.
// `yes` agrees to all keys of the basic level as they are declared today; once they ask for more,
// nothing is sent until somebody says yes again. `send` belongs in a daily cron job.

import { createHash, createHmac, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY, GRACE = 2 * DAY;
const FIRST_MONDAY = 4 * DAY; // 1970-01-05
const METHOD = "/headcount.v1.TelemetryService/";

// Weeks: ISO 8601, in UTC.

export function week(seconds) {
  const start = FIRST_MONDAY + Math.floor((seconds - FIRST_MONDAY) / WEEK) * WEEK;
  const thursday = new Date((start + 3 * DAY) * 1000);
  const year = thursday.getUTCFullYear();
  const days = (thursday.getTime() - Date.UTC(year, 0, 1)) / 1000 / DAY;
  const number = String(Math.floor(days / 7) + 1).padStart(2, "0");
  return { week: `${String(year).padStart(4, "0")}-W${number}`, start, end: start + WEEK };
}

export function weekNamed(name) {
  if (!/^[0-9]{4}-W[0-9]{2}$/.test(name) || name.endsWith("\n")) return null;
  const fourth = Date.UTC(Number(name.slice(0, 4)), 0, 4) / 1000; // always in week 1
  const found = week(fourth + (Number(name.slice(6)) - 1) * WEEK);
  return found.week === name ? { start: found.start, end: found.end } : null;
}

// Tokens: which may be made, and how.

export function token(secret, project, name) {
  return createHmac("sha256", secret).update(`${project}:${name}`).digest().subarray(0, 16);
}

/** The week of the first report, if one is made in the week `own`; "" if it is unknown. */
function firstWeek(state, own) {
  if (!state?.latest) return own;
  return (state.since ?? "") <= own ? state.since ?? "" : "";
}

function mayForOwn(state, own) {
  return !Object.entries(state.named).some(([other, name]) => name === own && other !== own);
}

function mayForNamed(state, own, name) {
  if (!weekNamed(name ?? "")) return false;
  return own in state.named ? state.named[own] === name : name > state.latest;
}

// Cutting: what is left of an answer before it leaves; null is no answer.

const WORDS = {
  yes: true, true: true, on: true, enabled: true, 1: true,
  no: false, false: false, off: false, disabled: false, 0: false,
};

const byCodePoint = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const trimmed = (answer) => (typeof answer === "string" ? answer.trim() : "");

function version(raw, precision) {
  let text = raw.trim();
  if (text.startsWith("5.5.5-") && /mariadb/i.test(text)) text = text.slice(6);
  text = text.replace(/^[0-9]+\.x-/, "").replace(/^[vV]/, "");
  const components = [];
  for (const component of text.match(/^[0-9.]*/)[0].split(".")) {
    if (!component || component.length > 9 || components.length === precision) break;
    components.push(component);
  }
  return components.join(".") || "other";
}

function declared(key, text) {
  const value = Object.hasOwn(key.aliases, text) ? key.aliases[text] : text;
  return key.values.some((each) => each.text === value) ? value : "other";
}

function product(key, answer) {
  let [name, release] = Array.isArray(answer) && answer.length === 2 ? answer : [answer, ""];
  if (!trimmed(name)) return null;
  name = name.trim();
  if (!Array.isArray(answer)) {
    const names = [...key.values.map((each) => each.text), ...Object.keys(key.aliases)];
    const known = names.sort((a, b) => b.length - a.length).find(
      (each) => name.startsWith(each) && /^([ \t/(:-]|$)/.test(name.slice(each.length)));
    if (known) [name, release] = [known, name.slice(known.length).replace(/^[ \t/(:-]+/, "")];
  }
  const value = declared(key, name);
  // The version of a product that nobody declared would tell which it is.
  if (value === "other" || typeof release !== "string" || !key.precision) return [value, ""];
  const cut = version(release, key.precision);
  return [value, cut === "other" ? "" : cut];
}

function count(key, answer) {
  const text = typeof answer === "number" ? String(answer) : trimmed(answer);
  if (!/^[0-9]{1,18}$/.test(text)) return null;
  return [0, ...key.buckets].filter((bound) => bound <= Number(text)).at(-1);
}

function list(key, answer) {
  if (!Array.isArray(answer)) return null;
  const named = (text) => (Object.hasOwn(key.aliases, text) ? key.aliases[text] : text);
  const item = (text) => (key.values.length ? declared(key, text)
    : key.catalogue.includes(named(text)) ? named(text) : "other");
  const items = new Set(answer.map(trimmed).filter(Boolean).map(item));
  return [...items].sort(byCodePoint).slice(0, key.max_items || 200);
}

function words(answer) {
  const text = trimmed(answer).split(/\s+/).join(" ");
  const seen = !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
  return text && seen && [...text].length <= 64 ? text : null;
}

export function cut(key, answer) {
  switch (key.type) {
    case "boolean": {
      if (typeof answer === "boolean") return answer;
      const text = typeof answer === "number" ? String(answer) : trimmed(answer);
      const meant = Object.hasOwn(key.aliases, text) ? key.aliases[text] : text;
      return Object.hasOwn(WORDS, meant.toLowerCase()) ? WORDS[meant.toLowerCase()] : null;
    }
    case "choice": return trimmed(answer) ? declared(key, answer.trim()) : null;
    case "version": return trimmed(answer) ? version(answer, key.precision || 1) : null;
    case "product": return product(key, answer);
    case "count": return count(key, answer);
    case "list": return list(key, answer);
    case "text": return words(answer);
    default: return null; // a type of a later time: nothing is sent that we cannot cut
  }
}

// Reports: as JSON, and as the bytes that their digest is made of.

/** The answer to the convention `common:installation_age`, which no collector gives. */
function age(first, own) {
  const since = weekNamed(first)?.start;
  const number = since === undefined ? 0 : (weekNamed(own).start - since) / WEEK + 1;
  const ranges = [[1, "other"], [2, "first week"], [5, "2 to 4 weeks"], [25, "5 to 24 weeks"]];
  return ranges.find(([below]) => number < below)?.[1] ?? "other";
}

/** The report of a week: answers of collectors, and the age of the installation. */
function reportOf(project, state, own, answers) {
  const ours = project.keys.filter((key) => key.convention?.name === "common:installation_age");
  const said = ours.map((key) => [key.name, age(firstWeek(state, own), own)]);
  return report(project, { ...answers, ...Object.fromEntries(said) });
}

function varint(number) {
  const bytes = [];
  for (; number > 127; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
  return Buffer.from([...bytes, number]);
}

function field(number, content) {
  if (typeof content === "number") return Buffer.concat([varint(number * 8), varint(content)]);
  const bytes = Buffer.from(content);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** JSON and bytes of one key's message. */
function message(key, value) {
  const number = (text) => key.values.find((each) => each.text === text)?.number ?? 1;
  const name = (text) => key.values.find((each) => each.text === text)?.identifier ?? "VALUE_OTHER";
  switch (key.type) {
    case "boolean": return [{ value }, field(1, Number(value))];
    case "choice": return [{ value: name(value) }, field(1, number(value))];
    case "product": {
      const release = value[1] ? { version: value[1] } : {};
      const bytes = [field(1, number(value[0])), ...(value[1] ? [field(2, value[1])] : [])];
      return [{ value: name(value[0]), ...release }, Buffer.concat(bytes)];
    }
    case "count": return [{ value: String(value) }, field(1, value)];
    case "list": {
      if (!value.length) return [{}, Buffer.alloc(0)];
      if (!key.values.length) {
        return [{ values: value }, Buffer.concat(value.map((item) => field(1, item)))];
      }
      const sorted = [...value].sort((a, b) => number(a) - number(b));
      const packed = Buffer.concat(sorted.map((item) => varint(number(item))));
      return [{ values: sorted.map(name) }, field(1, packed)];
    }
    default: return [{ value }, field(1, value)];
  }
}

export function report(project, answers) {
  const json = {};
  const parts = [];
  for (const key of [...project.keys].sort((a, b) => a.number - b.number)) {
    const value = cut(key, Object.hasOwn(answers, key.name) ? answers[key.name] : null);
    if (value === null) continue;
    const [shown, bytes] = message(key, value);
    json[key.field.replace(/_+([a-z0-9])/g, (_, sign) => sign.toUpperCase())] = shown;
    parts.push(field(key.number, bytes));
  }
  const binary = Buffer.concat(parts);
  return {
    json,
    binary: binary.toString("hex"),
    digest: createHash("sha256").update(binary).digest("hex"),
  };
}

export function envelope(project, name, made, json) {
  return {
    week: name,
    token: made.toString("base64"),
    registryDigest: project.digest,
    report: { "@type": `type.googleapis.com/${project.message}`, ...json },
  };
}

export const ignored = (body) =>
  (body.ignored ?? []).map(({ key = "", reason }) => ({ key, reason }));

// What the server says, and what follows from it.

const CODES = new Set(`CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS
  PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED
  INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED`.split(/\s+/));
const DROPPED = new Set(`INVALID_ARGUMENT NOT_FOUND UNIMPLEMENTED FAILED_PRECONDITION
  PERMISSION_DENIED UNAUTHENTICATED OUT_OF_RANGE ALREADY_EXISTS`.split(/\s+/));
const BEFORE_THE_SERVICE = {
  404: "UNIMPLEMENTED", 429: "RESOURCE_EXHAUSTED",
  502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "UNAVAILABLE",
};

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The meaning of an answer that is not 200 with JSON. */
export function refusal(status, headers, body) {
  const json = (headers["content-type"] ?? "").startsWith("application/json");
  const told = json ? parsed(body)?.code : undefined;
  const code = String(told ?? "").toUpperCase().replace("CANCELED", "CANCELLED");
  if (!CODES.has(code)) return { code: BEFORE_THE_SERVICE[status] ?? "UNKNOWN", open_weeks: [] };
  const weeks = ["headcount-open-weeks", "trailer-headcount-open-weeks"]
    .flatMap((name) => (headers[name] ?? "").split(",")).map((name) => name.trim());
  return { code, open_weeks: weeks.filter(Boolean) };
}

export function follows(code, now, name, tries, chance) {
  if (code === "OK") return { then: "counted" };
  if (DROPPED.has(code)) return { then: "dropped" };
  const step = Math.min(tries + (code === "RESOURCE_EXHAUSTED" ? 1 : 0), 2);
  const moment = now + [1, 6, 24][step] * HOUR * (0.5 + chance);
  return moment < weekNamed(name).end + GRACE ? { then: "later", moment } : { then: "dropped" };
}

// When it leaves.

export function draw(now, notBefore, chance, first = false) {
  const { week: name, start, end } = week(now);
  const begin = Math.max(now, notBefore);
  if (begin >= end) return null;
  // The first moment is drawn over seven days, so that a wave of answers is none of reports.
  const spread = first && notBefore > start;
  const moment = begin + chance * (spread ? WEEK : end - begin);
  if (spread && moment >= end) return { week: name, moment: begin, skipped: true };
  return { week: name, moment: Math.max(begin, Math.min(moment, end - 1)), skipped: false };
}

export function stands(plan, now) {
  const { start, end } = weekNamed(plan.week);
  return now >= start && now < (plan.done ? end : end + GRACE);
}

export const due = (plan, now) => !plan.done && stands(plan, now) && plan.moment <= now;

// Switches.

const CI = `CI CONTINUOUS_INTEGRATION BUILD_NUMBER TF_BUILD GITHUB_ACTIONS GITLAB_CI APPVEYOR TRAVIS
  CIRCLECI CODEBUILD_BUILD_ID TEAMCITY_VERSION JB_SPACE_API_URL JENKINS_URL BUILDKITE DRONE
  BITBUCKET_BUILD_NUMBER SEMAPHORE CIRRUS_CI PYTEST_CURRENT_TEST PYTEST_VERSION TOX_ENV_NAME
  NOX_CURRENT_SESSION`.split(/\s+/);

/** The path of the file by which a machine's administrator turns everything off. */
export function offFile(platform, environment) {
  if (platform === "win32") return `${environment.PROGRAMDATA ?? "C:\\ProgramData"}\\headcount\\off`;
  if (platform === "darwin") return "/Library/Application Support/headcount/off";
  return "/etc/headcount/off";
}

function isThere(file) {
  try {
    return Boolean(fs.lstatSync(file));
  } catch (error) {
    return !["ENOENT", "ENOTDIR"].includes(error.code); // if we may not look, it counts
  }
}

export function switchedOff(environment, administrator, file) {
  const said = (name) => (environment[name] ?? "").trim().toLowerCase();
  const no = (name) => ["", "0", "false", "no"].includes(said(name));
  if (administrator) return "administrator";
  if (isThere(file)) return "machine";
  if (!no("DO_NOT_TRACK")) return "environment";
  if (!["", "on", "1", "true", "yes"].includes(said("HEADCOUNT_TELEMETRY"))) return "environment";
  return CI.some((name) => !no(name)) ? "automated" : null;
}

// One installation: its state is an object that `save` puts on disk before anything leaves.

export function granted(project, before, now) {
  if (before?.decision === "granted") return { ...before, consent: project.consent_digest };
  // Whoever said no may have been counted this week, and the secret is gone.
  const spent = before?.spent ? weekNamed(before.spent).end : 0;
  return {
    decision: "granted", consent: project.consent_digest, notBefore: Math.max(now + DAY, spent),
    spent: before?.spent,
    secret: randomBytes(32).toString("hex"), latest: "", named: {}, plan: null,
  };
}

export function denied(before, now) {
  const spent = before?.decision === "granted" ? week(now).week : before?.spent;
  return { decision: "denied", spent };
}

/** Send what is due, or by hand what this week has not sent yet; `state` changes as it goes. */
export async function send({ project, state, save, collect, transport, now, chance, byHand }) {
  if (state?.decision !== "granted") return "off";
  if (state.consent !== project.consent_digest) return "off: say yes to what is asked now";
  let plan = state.plan && stands(state.plan, now) ? state.plan : null;
  if (!plan) {
    const drawn = draw(now, state.notBefore, chance(), !state.plan);
    if (drawn) {
      plan = state.plan = { ...drawn, tries: 0, done: drawn.skipped };
      save(state);
    }
  }
  if (byHand && (!plan || plan.skipped) && week(now).week !== state.spent) {
    plan = state.plan = { week: week(now).week, moment: now, tries: 0, done: false };
  }
  if (!plan || plan.done || !(byHand || due(plan, now))) return "not due";
  plan.report ??= reportOf(project, state, plan.week, await collect()); // frozen: what was shown is what is sent
  const told = await submitted({ project, state, save, transport });
  const next = follows(told.code, now, plan.week, plan.tries, chance());
  if (next.then === "later") Object.assign(plan, { moment: next.moment, tries: plan.tries + 1 });
  else Object.assign(plan, { done: true, report: undefined });
  save(state);
  return `${next.then}: ${told.code}`;
}

async function submitted({ project, state, save, transport }) {
  const own = state.plan.week;
  const leave = (name) => {
    if (name === own) state.since = firstWeek(state, own);
    if (name > state.latest) state.latest = name;
    save(state); // on disk before the token is made
    const made = token(Buffer.from(state.secret, "hex"), project.name, name);
    return transport.submit(envelope(project, name, made, state.plan.report.json));
  };
  let told;
  if (mayForOwn(state, own)) {
    told = await leave(own);
    if (told.code !== "FAILED_PRECONDITION") return told;
  } else {
    told = await transport.openWeeks();
    if (told.code !== "OK") return told;
  }
  const [name] = told.open_weeks;
  if (!mayForNamed(state, own, name)) return { code: "FAILED_PRECONDITION" };
  state.named[own] = name;
  return leave(name);
}

/** The way to a server; no header says anything about this host. */
export function connect(server) {
  const url = new URL(server);
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !loopback) throw new Error(`${server}: use https://`);
  const call = (method, body) => new Promise((resolve) => {
    const failed = () => resolve({ code: "UNAVAILABLE", open_weeks: [] });
    const { request } = url.protocol === "https:" ? https : http;
    const asked = request(new URL(url.pathname.replace(/\/$/, "") + METHOD + method, url), {
      method: "POST", timeout: 10_000, headers: { "content-type": "application/json" },
    }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part)).on("error", failed);
      response.on("end", () => {
        const kind = response.headers["content-type"] ?? "";
        const taken = response.statusCode === 200 && kind.startsWith("application/json");
        const json = taken ? parsed(text) : null;
        resolve(json ? { code: "OK", body: json }
          : refusal(response.statusCode, response.headers, text));
      });
    });
    asked.on("timeout", () => asked.destroy()).on("error", failed).end(JSON.stringify(body));
  });
  return {
    submit: (body) => call("SubmitReport", body),
    openWeeks: async () => {
      const told = await call("GetRegistry", {});
      return { ...told, open_weeks: told.body?.policy?.openWeeks ?? [] };
    },
  };
}

// The command line.

function stored(path) {
  return fs.existsSync(path) ? JSON.parse(fs.readFileSync(path, "utf8")) : null;
}

function store(path, state) {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = fs.openSync(`${path}.new`, "w", 0o600);
  fs.writeSync(file, JSON.stringify(state, null, 1));
  fs.fsyncSync(file);
  fs.closeSync(file);
  fs.renameSync(`${path}.new`, path); // whole, or not at all
}

async function run(command, options) {
  const registry = JSON.parse(fs.readFileSync(options.registry, "utf8"));
  const whole = registry.projects.find((each) => each.name === options.project);
  if (!whole) throw new Error(`${options.registry} has no project ${options.project}`);
  const today = new Date().toISOString().slice(0, 10);
  const asked = (key) => key.level === "basic" && !(key.expires && today >= key.expires);
  const project = { ...whole, keys: whole.keys.filter(asked) };
  const path = join(options.state, `${project.name}.json`);
  const state = stored(path);
  const now = Date.now() / 1000;
  const collect = () => JSON.parse(fs.readFileSync(options.answers, "utf8"));
  if (command === "yes") store(path, granted(project, state, now));
  else if (command === "no") store(path, denied(state, now));
  else if (command === "show") {
    const frozen = state?.plan && stands(state.plan, now) ? state.plan.report : null;
    const { json, digest } = frozen ?? reportOf(project, state, week(now).week, collect());
    console.log(JSON.stringify({ report: json, digest, frozen: Boolean(frozen) }, null, 2));
  } else if (command === "send") {
    // Nothing is sent directly to a project that declares a relay, and this client seals nothing.
    const off = switchedOff(process.env, false, offFile(process.platform, process.env))
      || (project.relay && "its relay needs a client that seals");
    const endpoint = options.server ?? project.endpoint.replace(/^grpc(s?):/, "http$1:");
    console.log(off ? `off: ${off}` : await send({
      project, state, collect, now, byHand: options.now, chance: Math.random,
      save: (changed) => store(path, changed), transport: connect(endpoint),
    }));
  } else throw new Error(`${command}: say yes, no, show or send`);
}

// The questions of `headcount-registry conformance`.

async function history({ project: name, secret, agreed, steps }, projects) {
  const project = projects[name];
  let kept = JSON.stringify({ ...granted(project, null, agreed), secret });
  const told = [];
  for (const { at, answers, open_weeks, writable = true } of steps) {
    const left = [];
    const transport = {
      submit: async ({ week: sent, token: made }) => {
        left.push({ week: sent, token: Buffer.from(made, "base64").toString("hex") });
        return { open_weeks: [], ...(answers[left.length - 1] ?? { code: "OK" }) };
      },
      openWeeks: async () => ({ code: "OK", open_weeks }),
    };
    const save = (state) => {
      if (!writable) throw new Error("the disk is full");
      kept = JSON.stringify(state);
    };
    await send({
      project, transport, save, state: JSON.parse(kept), now: at, byHand: true,
      chance: () => 0.5, collect: () => ({}),
    }).catch((error) => writable && Promise.reject(error));
    told.push(left);
  }
  return { steps: told };
}

async function ages({ project: name, agreed, latest, reports }, projects) {
  const project = projects[name];
  const state = { ...granted(project, null, agreed), latest };
  const told = [];
  for (const at of reports) {
    await send({
      project, state, now: at, byHand: true, chance: () => 0.5, save: () => {},
      collect: () => ({}), transport: {
        submit: async (body) => {
          told.push(body.report.installationAge.value);
          return { code: "OK" };
        },
      },
    });
  }
  return { ages: told };
}

async function planned({ project: name, agreed, looks }, projects) {
  const state = granted(projects[name], null, agreed);
  const told = [];
  for (const { at, chance } of looks) {
    await send({
      project: projects[name], state, now: at, chance: () => chance, save: () => {},
      collect: () => ({}), transport: { submit: async () => ({ code: "OK" }) },
    });
    told.push(state.plan && { ...state.plan, skipped: Boolean(state.plan.skipped) });
  }
  return { plans: told };
}

/** An off file of the kind that a question names; its path. */
function made(folder, kind) {
  const path = join(folder, "off");
  if (kind === "file") fs.writeFileSync(path, "on");
  else if (kind === "directory") fs.mkdirSync(path);
  else if (kind === "dangling link") fs.symlinkSync(join(folder, "gone"), path);
  else if (kind === "below a file") {
    fs.writeFileSync(path, "");
    return join(path, "off");
  }
  return path;
}

const QUESTIONS = {
  week: ({ seconds }) => week(seconds),
  week_named: ({ week: name }) => weekNamed(name),
  token: ({ secret, project, week: name }) =>
    ({ token: token(Buffer.from(secret, "hex"), project, name).toString("hex") }),
  history,
  cut: ({ project, key, answer }, projects) =>
    ({ value: cut(projects[project].keys.find((each) => each.name === key), answer) }),
  report: ({ project, answers }, projects) => report(projects[project], answers),
  envelope_json: ({ project, week: name, token: made, report: json }, projects) =>
    envelope(projects[project], name, Buffer.from(made, "hex"), json),
  response_json: ({ body }) => ({ ignored: ignored(body) }),
  answer: ({ code, now, week: name, tries, chance }) => follows(code, now, name, tries, chance),
  http: ({ status, headers, body }) => refusal(status, headers, body),
  draw: ({ now, not_before, chance, first }) => draw(now, not_before, chance, first),
  planned,
  ages,
  plan: (plan) => ({ stands: stands(plan, plan.now), due: due(plan, plan.now) }),
  off_file: ({ system, environment }) =>
    ({ path: offFile({ windows: "win32", macos: "darwin" }[system] ?? system, environment) }),
  switches: ({ environment, administrator_off, off_file }) => {
    const folder = fs.mkdtempSync(join(tmpdir(), "headcount-"));
    try {
      return { rule: switchedOff(environment, administrator_off, made(folder, off_file)) };
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  },
};

async function conformance() {
  let projects = {};
  for await (const line of createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    if (question.do === "hello") {
      projects = question.projects;
      const does = Object.keys(QUESTIONS);
      console.log(JSON.stringify({ protocol: 1, client: "headcount.mjs, an example", does }));
      continue;
    }
    const told = { id: question.id };
    try {
      told.answer = await QUESTIONS[question.do](question.given, projects);
    } catch (error) {
      told.error = String(error);
    }
    console.log(JSON.stringify(told));
  }
}

const [, started] = process.argv;
if (started && import.meta.url === pathToFileURL(fs.realpathSync(started)).href) {
  const text = (value) => ({ type: "string", default: value });
  const { values, positionals: [command = ""] } = parseArgs({
    allowPositionals: true,
    options: {
      project: text(""), registry: text("registry.json"), state: text(".headcount"),
      answers: text("answers.json"), server: { type: "string" }, now: { type: "boolean" },
    },
  });
  const work = command === "conformance" ? conformance() : run(command, values);
  work.catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
