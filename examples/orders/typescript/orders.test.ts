// Checks the order service with Afresh: `node --test`. The variable AFRESH names the program, if not `afresh`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

function check(...options: string[]) {
  const settings = { cwd: import.meta.dirname, encoding: "utf8" } as const;
  return spawnSync(process.env.AFRESH ?? "afresh", ["check", ...options], settings);
}

test("the traces are right", () => {
  const { status, stdout, stderr, error } = check("../traces/night.jsonl", "../traces/late-line.jsonl");
  assert.equal(status, 0, error?.message ?? stdout + stderr);
});

test("the bug is found", () => {
  const { status, stdout, stderr, error } = check("../traces/late-line.jsonl", "--system", "orders+late-line");
  assert.equal(status, 1, error?.message ?? stdout + stderr);
  assert.match(stdout, /incremental\/lines/);
});
