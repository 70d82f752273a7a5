// Answers the questions of Afresh for a system in Go. Copy this file; it needs only the standard library.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
)

// System is a system with states of type S. Its functions answer the questions that `docs/protocol.md` describes.
type System[S any] struct {
	About   Object                             // the fields of the first line, such as "name" and "answers"
	Apply   func(ask *Ask[S], message Message) // applies a message to ask.State
	Answers map[string]func(*Ask[S]) Object    // "place", "look", "receiver", "property", and those in About["answers"]
}

// Ask has the fields of a question, whatever its kind. The messages that a question refers to by index are in Batch.
type Ask[S any] struct {
	Key, Slot, Name          string
	State                    S // before the first message, the zero value
	States                   map[string]S
	View, Body               json.RawMessage
	Flows                    []string
	Place                    int
	Late, Withdrawn          *int
	Messages, After, Revised []int
	Steps, Look              bool
	Seed                     uint64
	Batch                    []Message `json:"-"`
}

// Message is a message. Read[T](message.Body) is its body.
type Message struct {
	From string          `json:"from"`
	ID   string          `json:"id"`
	Body json.RawMessage `json:"body"`
}

// Object is an object of JSON.
type Object map[string]any

// Serve answers questions until the input ends. Text that the system prints goes to standard error.
func Serve[S any](system System[S]) {
	in, out := bufio.NewReader(os.Stdin), os.Stdout
	os.Stdout = os.Stderr
	for line, err := in.ReadBytes('\n'); err == nil; line, err = in.ReadBytes('\n') {
		batch, answers := Read[map[string]json.RawMessage](line), []string{}
		if batch["afresh"] != nil {
			fmt.Fprintf(out, "{\"afresh\":%s}\n", Write(system.About))
			continue
		}
		messages := Read[[]Message](batch["messages"])
		for _, question := range Read[[]map[string]json.RawMessage](batch["questions"]) {
			for kind, text := range question {
				answers = append(answers, system.answer(kind, text, messages))
			}
		}
		fmt.Fprintf(out, "{\"batch\":%s,\"answers\":[%s]}\n", batch["batch"], strings.Join(answers, ","))
	}
}

// answer answers one question. A panic of the system is an answer, too.
func (system System[S]) answer(kind string, text []byte, messages []Message) (answer string) {
	states, begin := []string{}, "{"
	defer func() {
		if failed := recover(); failed != nil {
			if kind == "fold" {
				begin = `{"states":[` + strings.Join(states, ",") + "],"
			}
			// The line that caused the panic is the one below the panic on the stack.
			at := regexp.MustCompile(`\npanic\(.*\n.*\n.*\n.*/(.+:\d+)`).FindSubmatch(debug.Stack())[1]
			answer = fmt.Sprintf(`%s"error":%s,"kind":"%T","at":"%s"}`, begin, Write(fmt.Sprint(failed)), failed, at)
		}
	}()
	if kind == "place" {
		text = []byte(`{"place":` + string(text) + "}")
	}
	ask := Read[Ask[S]](text)
	ask.Batch = messages
	if kind != "fold" {
		return Write(system.Answers[kind](&ask))
	}
	for number, index := range ask.Messages {
		system.Apply(&ask, messages[index])
		if len(states) < len(ask.After) && ask.After[len(states)] == number+1 {
			look := Object{}
			if ask.Look {
				look = system.Answers["look"](&ask)
			}
			state := json.RawMessage(Write(ask.State))
			look["state"] = state
			states = append(states, Write(look))
			if ask.Steps { // It continues from the state that it wrote, as a service does.
				ask.State = Read[S](state)
			}
		}
	}
	return `{"states":[` + strings.Join(states, ",") + "]}"
}

// Read reads a value from JSON.
func Read[T any](text []byte) (value T) {
	if err := json.Unmarshal(text, &value); err != nil {
		panic(err)
	}
	return value
}

// Write writes a value as JSON.
func Write(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
