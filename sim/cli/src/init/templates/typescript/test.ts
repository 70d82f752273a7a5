// Checks all traces: `node --test`. The variable AFRESH names the program, by default `afresh`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";

const folder = import.meta.dirname;

test("every state is the one that its messages call for", () => {
  const traces = readdirSync(`${folder}/traces`).map((trace) => `traces/${trace}`);
  const checked = spawnSync(process.env.AFRESH ?? "afresh", ["check", ...traces], { cwd: folder, encoding: "utf8" });
  assert.equal(checked.status, 0, `${checked.error ?? ""}${checked.stdout}${checked.stderr}`);
});
