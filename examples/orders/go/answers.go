package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// ask has the fields of all kinds of questions.
type ask struct {
	Key, Slot         string
	State, View, Body json.RawMessage
	Flows             []string
	Messages, Revised []int
	Late, Withdrawn   *int
	Each, Look        bool
	Seed              uint64
}

// Serve answers questions until the input ends. Text that the system prints goes to standard error.
func Serve[B, S any](system System[B, S]) {
	in, out := bufio.NewReader(os.Stdin), os.Stdout
	os.Stdout = os.Stderr
	for line, err := in.ReadBytes('\n'); err == nil; line, err = in.ReadBytes('\n') {
		batch := read[struct {
			Afresh, Batch json.RawMessage
			Messages      []json.RawMessage
			Questions     []question
		}](line)
		reply := object{"afresh": system.About()}
		if batch.Afresh == nil {
			answers := []json.RawMessage{}
			for _, question := range batch.Questions {
				answers = append(answers, answer(system, question, batch.Messages))
			}
			reply = object{"batch": batch.Batch, "answers": answers}
		}
		out.Write(append(write(reply), '\n'))
	}
}

type question map[string]json.RawMessage

// answer answers one question. Errors are panics, whose answer is the error.
func answer[B, S any](system System[B, S], question question, texts []json.RawMessage) (text []byte) {
	defer func() {
		if failed := recover(); failed != nil {
			text = write(raised(failed))
		}
	}()
	for kind, asked := range question {
		if kind == "place" {
			return write(place(system, texts[*read[int](asked)]))
		}
		ask := read[ask](asked)
		key, state, flows := ask.Key, read[S](ask.State), ask.Flows
		message := func(index int) *Message[B] { return read[Message[B]](texts[index]) }
		switch kind {
		case "fold":
			return write(fold(system, ask, message))
		case "look":
			return write(look(system, key, state, flows))
		case "receiver":
			return write(goes(system, key, ask.Slot, ask.Body))
		case "update":
			change := Change[B]{}
			if ask.Late != nil {
				change.After = message(*ask.Late)
			} else if ask.Withdrawn != nil {
				change.Before = message(*ask.Withdrawn)
			} else {
				change.Before, change.After = message(ask.Revised[0]), message(ask.Revised[1])
			}
			return write(known("state", system.Update(key, state, change, flows)))
		case "restate":
			history := []Message[B]{}
			for _, index := range ask.Messages {
				history = append(history, *message(index))
			}
			return write(known("view", system.Restate(key, history, flows)))
		case "learn":
			return write(known("state", system.Learn(key, state, ask.View)))
		case "compare":
			return write(object{"parts": system.Compare(key, state, ask.View)})
		case "workload":
			return write(object{"messages": system.Workload(ask.Seed)})
		}
	}
	panic(fmt.Errorf("unknown question %s", write(question)))
}

func place[B, S any](system System[B, S], message json.RawMessage) object {
	if reason := system.Admit(read[Message[json.RawMessage]](message).Body); reason != "" {
		return object{"reject": reason}
	}
	body := read[Message[B]](message).Body
	return known("position", system.Position(body)).with("keys", system.Keys(body))
}
