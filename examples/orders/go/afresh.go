package main

import "encoding/json"

// Copy this file, answers.go, fold.go and json.go to test a system in Go. They need only the standard library.

// System is a system with bodies of type B and states of type S. A state is nil before the first message. Embed Base
// for the methods that a system does not need.
type System[B, S any] interface {
	About() About
	// Keys returns the keys that a message concerns.
	Keys(body B) []string
	// Apply returns the state after a message. It may change the state that it gets.
	Apply(key string, state *S, message Message[B], flows []string) *S
	// View returns the part of the state that is recorded and compared.
	View(key string, state *S) any
	// Outputs returns everything that should have been sent, by slot.
	Outputs(key string, state *S, flows []string) map[string]any

	// Admit returns the reason why a message must not count, or nothing.
	Admit(body json.RawMessage) string
	// Position returns the place of a message in the history of its keys: a number, a list of numbers, or nil.
	Position(body B) any
	// Receiver returns where an output goes.
	Receiver(key, slot string) string
	// Route returns the body of a message to other keys, or nil if the output goes to its receiver.
	Route(key, slot string, body any) any
	// Invariants returns the invariants that the state breaks.
	Invariants(key string, state *S) []Violation

	// Update returns the state after a change of the history, or nil if it must be folded again.
	Update(key string, state *S, change Change[B], flows []string) *S
	// Restate returns the view after these messages, computed in another way, or nil.
	Restate(key string, messages []Message[B], flows []string) any
	// Learn returns the state with the values that only a recorded view tells, or nil.
	Learn(key string, state *S, view json.RawMessage) *S
	// Compare tells for each part of a view whether it is `equal`, `differs` or is `unknown`.
	Compare(key string, state *S, view json.RawMessage) map[string]string
	// Workload returns the messages of a simulated run.
	Workload(seed uint64) []Message[B]
}

// About says what a system is. Answers has the optional questions that it answers: "update", "restate" and so on.
type About struct {
	Protocol int      `json:"protocol"`
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Flows    []string `json:"flows"`
	Answers  []string `json:"answers"`
}

// Message is a message with a body of type B.
type Message[B any] struct {
	From string `json:"from"`
	ID   string `json:"id"`
	Body B      `json:"body"`
}

// Change is a change of the history. Before is nil for a message that comes late, and After for a withdrawn one.
type Change[B any] struct{ Before, After *Message[B] }

// Violation is an invariant that does not hold, and a text for people.
type Violation struct {
	Invariant string `json:"invariant"`
	Found     string `json:"found"`
}

// Base has the methods that a system need not have.
type Base[B, S any] struct{}

func (Base[B, S]) Admit(json.RawMessage) string                          { return "" }
func (Base[B, S]) Position(B) any                                        { return nil }
func (Base[B, S]) Receiver(string, string) string                        { return "downstream" }
func (Base[B, S]) Route(string, string, any) any                         { return nil }
func (Base[B, S]) Invariants(string, *S) []Violation                     { return nil }
func (Base[B, S]) Update(string, *S, Change[B], []string) *S             { return nil }
func (Base[B, S]) Restate(string, []Message[B], []string) any            { return nil }
func (Base[B, S]) Learn(string, *S, json.RawMessage) *S                  { return nil }
func (Base[B, S]) Compare(string, *S, json.RawMessage) map[string]string { return nil }
func (Base[B, S]) Workload(uint64) []Message[B]                          { return nil }
