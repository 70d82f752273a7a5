// Declares the names of Node that these files use, so that `tsc -p .` needs no package. The package `@types/node`
// declares all of Node. To use it, install it, add `"types": ["node"]` to `tsconfig.json`, and delete this file.

declare var console: { log(...values: unknown[]): void; Console: new (output: object) => typeof console };
declare var process: {
  argv: string[];
  env: Record<string, string | undefined>;
  stdin: { setEncoding(encoding: "utf8"): { on(event: "data", take: (chunk: string) => void): void } };
  stdout: { write(text: string): boolean };
  stderr: { write(text: string): boolean };
};
interface ImportMeta {
  dirname: string;
}

declare module "node:assert/strict" {
  const assert: {
    equal<Value>(actual: unknown, expected: Value, message?: string): asserts actual is Value;
    match(text: string, pattern: RegExp, message?: string): void;
  };
  export default assert;
}

declare module "node:child_process" {
  type Done = { status: number | null; stdout: string; stderr: string; error?: Error };
  export function spawnSync(command: string, words: string[], options: { cwd: string; encoding: "utf8" }): Done;
}

declare module "node:fs" {
  export function readdirSync(path: string): string[];
}

declare module "node:test" {
  export function test(name: string, run: () => void): void;
}

declare module "node:util" {
  export function isDeepStrictEqual(one: unknown, other: unknown): boolean;
}
