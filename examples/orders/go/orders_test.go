package main

// Checks the order service with Afresh: `go build -o target/orders . && go test`. The variable AFRESH names the
// program, if not `afresh`.

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const (
	night    = "../traces/night.jsonl"
	lateLine = "../traces/late-line.jsonl"
)

func expect(t *testing.T, code int, text string, options ...string) {
	t.Helper()
	afresh := os.Getenv("AFRESH")
	if afresh == "" {
		afresh = "afresh"
	}
	command := exec.Command(afresh, append([]string{"check"}, options...)...)
	output, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	if ended := command.ProcessState.ExitCode(); ended != code || !strings.Contains(string(output), text) {
		t.Errorf("expected exit code %d and `%s`, not %d:\n%s", code, text, ended, output)
	}
}

func TestTheTracesAreRight(t *testing.T) {
	expect(t, 0, "ok", night, lateLine)
}

func TestTheBugIsFound(t *testing.T) {
	expect(t, 1, "incremental/lines", lateLine, "--system", "orders+late-line")
}
