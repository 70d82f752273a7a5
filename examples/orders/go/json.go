package main

import "encoding/json"

type object map[string]any

// known is an object with a field, or without it if its value is nil.
func known(name string, value any) object {
	if text := write(value); string(text) != "null" {
		return object{name: json.RawMessage(text)}
	}
	return object{}
}

func (object object) with(name string, value any) object {
	object[name] = value
	return object
}

// read reads a value from JSON. It returns nil if there is none.
func read[T any](text []byte) (value *T) {
	if len(text) > 0 {
		if err := json.Unmarshal(text, &value); err != nil {
			panic(err)
		}
	}
	return value
}

func write(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
