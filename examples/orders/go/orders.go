// The order service, as `../python/orders.py` describes it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
)

// Body is the body of a message. The field that is not nil says what changed.
type Body struct {
	Order     string          `json:"order"`
	Change    int             `json:"change"`
	Account   string          `json:"account,omitempty"`
	Credit    *int            `json:"credit,omitempty"`
	Customer  *string         `json:"customer,omitempty"`
	Item      *string         `json:"item,omitempty"`
	Count     *int            `json:"count,omitempty"`
	Price     *int            `json:"price,omitempty"`
	Paid      *int            `json:"paid,omitempty"`
	Shipped   json.RawMessage `json:"shipped,omitempty"`
	Cancelled json.RawMessage `json:"cancelled,omitempty"`
}

// State is the state of an order or of an account; the other is nil.
type State struct {
	*Order
	*Account
}

type Order struct {
	Customer  *string         `json:"customer"`
	Lines     map[string]Line `json:"lines"`
	Paid      int             `json:"paid"`
	Shipped   bool            `json:"shipped"`
	Cancelled bool            `json:"cancelled"`
}

type Line struct {
	Count int `json:"count"`
	Price int `json:"price"`
}

type Account struct {
	Credits map[string]int `json:"credits"`
}

type OrderView struct {
	Customer *string         `json:"customer"`
	Lines    map[string]Line `json:"lines"`
	Paid     int             `json:"paid"`
	Status   string          `json:"status"`
	Total    int             `json:"total"`
}

const largest = 1000000

var (
	kinds  = []string{"cancelled", "credit", "customer", "item", "paid", "shipped"}
	texts  = []string{"account", "customer", "item", "order"}
	least  = map[string]int{"change": 0, "count": 0, "credit": 0, "paid": -largest, "price": 0}
	needed = map[string][]string{"credit": {"account", "order"}, "item": {"order", "change", "count", "price"}}
	items  = []string{"bread", "milk", "salt", "tea"}
)

// Orders is the order service.
type Orders struct {
	Base[Body, State]
	bug bool
}

func main() {
	Serve[Body, State](Orders{bug: len(os.Args) > 1 && os.Args[1] == "--bug"})
}

func (Orders) About() About {
	answers := []string{"update", "restate", "learn", "compare", "workload"}
	return About{Protocol: 1, Name: "orders", Version: "1", Flows: []string{"reminders"}, Answers: answers}
}

func (Orders) Admit(text json.RawMessage) string {
	body := map[string]any{}
	if json.Unmarshal(text, &body) != nil {
		return "the body is not an object"
	}
	found := []string{}
	for _, kind := range kinds {
		if _, has := body[kind]; has {
			found = append(found, kind)
		}
	}
	if len(found) != 1 {
		return "expected one of " + strings.Join(kinds, ", ")
	}
	names, has := needed[found[0]]
	if !has {
		names = []string{"order", "change"}
	}
	for _, name := range names {
		if _, has := body[name]; !has {
			return name + " is missing"
		}
	}
	for _, name := range texts {
		value, has := body[name]
		if _, isText := value.(string); has && !isText {
			return name + " is not a text"
		}
	}
	for _, name := range []string{"change", "count", "credit", "paid", "price"} {
		value, has := body[name]
		number, isNumber := value.(float64)
		within := isNumber && number == math.Trunc(number) && float64(least[name]) <= number && number <= largest
		if has && !within {
			return fmt.Sprintf("%s is not a whole number from %d to %d", name, least[name], largest)
		}
	}
	return ""
}

func (Orders) Keys(body Body) []string {
	if body.Credit != nil {
		return []string{"account/" + body.Account}
	}
	return []string{body.Order}
}

func (Orders) Position(body Body) any {
	// An order has one credit at most, so the order of the credits of an account does not matter.
	return body.Change
}

func (Orders) Apply(key string, state *State, message Message[Body], flows []string) *State {
	if state == nil {
		state = newState(key)
	}
	body := message.Body
	switch {
	case body.Credit != nil:
		state.Credits[body.Order] = *body.Credit
	case body.Customer != nil:
		state.Customer = body.Customer
	case body.Item != nil:
		state.setLine(body)
	case body.Paid != nil:
		state.Paid += *body.Paid
	case body.Shipped != nil:
		state.Shipped = !state.Cancelled
	case body.Cancelled != nil:
		state.Cancelled = !state.Shipped
	default:
		panic(errors.New("the message tells no change"))
	}
	return state
}

func (Orders) View(key string, state *State) any {
	if state == nil {
		state = newState(key)
	}
	if state.Account != nil {
		sum := 0
		for _, credit := range state.Credits {
			sum += credit
		}
		return map[string]int{"credit": sum}
	}
	end := ""
	if state.Shipped {
		end = "shipped"
	} else if state.Cancelled {
		end = "cancelled"
	}
	return viewOf(state.Customer, state.Lines, state.Paid, end)
}

func (orders Orders) Outputs(key string, state *State, flows []string) map[string]any {
	outputs := map[string]any{}
	view, isOrder := orders.View(key, state).(OrderView)
	if !isOrder {
		credit := orders.View(key, state).(map[string]int)
		if credit["credit"] > 0 {
			outputs["voucher"] = credit
		}
		return outputs
	}
	if view.Total > 0 && view.Status != "cancelled" {
		outputs["invoice"] = map[string]any{"order": key, "total": view.Total}
	}
	if view.Status == "paid" || view.Status == "shipped" {
		items := map[string]int{}
		for item, line := range view.Lines {
			items[item] = line.Count
		}
		outputs["shipment"] = map[string]any{"order": key, "items": items}
	}
	if view.Status == "open" && view.Total > view.Paid && contains(flows, "reminders") {
		outputs["reminder"] = map[string]any{"order": key, "due": view.Total - view.Paid}
	}
	back := view.Paid - view.Total
	if view.Status == "cancelled" {
		back = view.Paid
	}
	if back > 0 && view.Customer == nil {
		outputs["refund"] = map[string]any{"order": key, "amount": back}
	} else if back > 0 {
		outputs["credit"] = map[string]any{"account": *view.Customer, "order": key, "credit": back}
	}
	return outputs
}

func (Orders) Receiver(key, slot string) string {
	switch slot {
	case "refund":
		return "bank"
	case "shipment":
		return "warehouse"
	}
	return "customer"
}

func (Orders) Route(key, slot string, body any) any {
	if slot == "credit" {
		return body
	}
	return nil
}

func (Orders) Invariants(key string, state *State) []Violation {
	if state == nil || state.Order == nil || state.Paid >= 0 {
		return nil
	}
	return []Violation{{Invariant: "paid-is-not-negative", Found: fmt.Sprintf("paid is %d", state.Paid)}}
}

// Update adds a late payment to the others. Anything else is folded again.
func (orders Orders) Update(key string, state *State, change Change[Body], flows []string) *State {
	if state == nil || change.Before != nil {
		return nil
	}
	body := change.After.Body
	if body.Paid != nil {
		state.Paid += *body.Paid
		return state
	}
	if body.Item != nil && orders.bug {
		// The bug: a line that comes late replaces a newer line of the same item.
		state.setLine(body)
		return state
	}
	return nil
}

// Restate selects what counts of all messages, without going from state to state.
func (Orders) Restate(key string, messages []Message[Body], flows []string) any {
	if strings.HasPrefix(key, "account/") {
		return nil
	}
	var customer *string
	lines, paid, end := map[string]Line{}, 0, ""
	for i := len(messages) - 1; i >= 0; i-- {
		body := messages[i].Body
		switch {
		case body.Customer != nil && customer == nil:
			customer = body.Customer
		case body.Item != nil:
			if _, isKnown := lines[*body.Item]; !isKnown {
				lines[*body.Item] = Line{*body.Count, *body.Price}
			}
		case body.Paid != nil:
			paid += *body.Paid
		case body.Shipped != nil:
			end = "shipped"
		case body.Cancelled != nil:
			end = "cancelled"
		}
	}
	for item, line := range lines {
		if line.Count == 0 {
			delete(lines, item)
		}
	}
	return viewOf(customer, lines, paid, end)
}

// Learn restores an order from its view, which shows all of its state. The view of an account does not show its
// single credits.
func (Orders) Learn(key string, state *State, text json.RawMessage) *State {
	if strings.HasPrefix(key, "account/") {
		return nil
	}
	view := read[OrderView](text)
	shipped, cancelled := view.Status == "shipped", view.Status == "cancelled"
	return &State{Order: &Order{view.Customer, view.Lines, view.Paid, shipped, cancelled}}
}

// Compare leaves out parts that older versions did not record.
func (orders Orders) Compare(key string, state *State, text json.RawMessage) map[string]string {
	recorded, parts := *read[map[string]any](text), map[string]string{}
	for name, value := range *read[map[string]any](write(orders.View(key, state))) {
		if other, has := recorded[name]; !has {
			parts[name] = "unknown"
		} else if reflect.DeepEqual(value, other) {
			parts[name] = "equal"
		} else {
			parts[name] = "differs"
		}
	}
	return parts
}

func (Orders) Workload(seed uint64) []Message[Body] {
	draw := Draw{seed%2147483646 + 1}
	changes := map[string]int{}
	messages := []Message[Body]{}
	for number, count := 1, 5+draw.below(25); number <= count; number++ {
		order := fmt.Sprintf("o-%d", 1+draw.below(3))
		changes[order]++
		body := Body{Order: order, Change: changes[order]}
		switch kind := draw.below(12); {
		case kind < 6:
			item, count, price := items[draw.below(4)], draw.below(4), 0
			price = 50 + 50*draw.below(9)
			body.Item, body.Count, body.Price = &item, &count, &price
		case kind < 9:
			paid := 50 + 50*draw.below(20)
			body.Paid = &paid
		case kind < 10:
			customer := fmt.Sprintf("c-%d", 1+draw.below(2))
			body.Customer = &customer
		case kind == 10:
			body.Shipped = json.RawMessage("true")
		default:
			body.Cancelled = json.RawMessage("true")
		}
		messages = append(messages, Message[Body]{"shop", fmt.Sprintf("m-%d", number), body})
	}
	return messages
}

// Draw is the generator of Park and Miller, which gives the same numbers in every language.
type Draw struct{ state uint64 }

func (draw *Draw) below(limit int) int {
	draw.state = draw.state * 48271 % 2147483647
	return int(draw.state % uint64(limit))
}

func newState(key string) *State {
	if strings.HasPrefix(key, "account/") {
		return &State{Account: &Account{Credits: map[string]int{}}}
	}
	return &State{Order: &Order{Lines: map[string]Line{}}}
}

func (state *State) setLine(body Body) {
	if *body.Count == 0 {
		delete(state.Lines, *body.Item)
	} else {
		state.Lines[*body.Item] = Line{*body.Count, *body.Price}
	}
}

func viewOf(customer *string, lines map[string]Line, paid int, end string) OrderView {
	total := 0
	for _, line := range lines {
		total += line.Count * line.Price
	}
	status := end
	if status == "" && 0 < total && total <= paid {
		status = "paid"
	} else if status == "" {
		status = "open"
	}
	return OrderView{customer, lines, paid, status, total}
}

func contains(texts []string, text string) bool {
	for _, other := range texts {
		if other == text {
			return true
		}
	}
	return false
}
