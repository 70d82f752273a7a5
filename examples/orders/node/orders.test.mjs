// Checks the order service with Afresh: `node --test`. The variable AFRESH names the program, if not `afresh`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

function check(...options) {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  return spawnSync(process.env.AFRESH ?? "afresh", ["check", ...options], { cwd, encoding: "utf8" });
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
