package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

func fold[B, S any](system System[B, S], ask *ask, message func(int) *Message[B]) (answer object) {
	states := []json.RawMessage{}
	defer func() {
		if failed := recover(); failed != nil {
			answer = raised(failed)
		}
		answer["states"] = states
	}()
	state := read[S](ask.State)
	for number, index := range ask.Messages {
		state = system.Apply(ask.Key, state, *message(index), ask.Flows)
		if ask.Each || number+1 == len(ask.Messages) {
			written, seen := write(state), object{}
			if ask.Look {
				seen = look(system, ask.Key, state, ask.Flows)
			}
			states = append(states, write(seen.with("state", json.RawMessage(written))))
			// A service, too, continues from the state that it wrote.
			state = read[S](written)
		}
	}
	return object{}
}

func look[B, S any](system System[B, S], key string, state *S, flows []string) object {
	outputs := object{}
	for slot, body := range system.Outputs(key, state, flows) {
		outputs[slot] = goes(system, key, slot, body).with("body", body)
	}
	violations := append([]Violation{}, system.Invariants(key, state)...)
	return object{"view": system.View(key, state), "outputs": outputs, "violations": violations}
}

func goes[B, S any](system System[B, S], key, slot string, body any) object {
	if route := system.Route(key, slot, body); route != nil {
		return object{"route": route}
	}
	return object{"to": system.Receiver(key, slot)}
}

// raised describes a panic, with the place in the code that caused it.
func raised(failed any) object {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	frame, more := frames.Next()
	isBelow := false
	for ; more && (!isBelow || strings.HasPrefix(frame.Function, "runtime.")); frame, more = frames.Next() {
		isBelow = isBelow || frame.Function == "runtime.gopanic"
	}
	at := fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
	return object{"error": fmt.Sprint(failed), "kind": fmt.Sprintf("%T", failed), "at": at}
}
