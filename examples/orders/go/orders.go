// The order service, as `../python/orders.py` describes it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"sort"
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

type AccountView struct {
	Credit int `json:"credit"`
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

var hasBug = contains(os.Args, "--bug")

func main() {
	about := Object{"protocol": 1, "name": "orders", "version": "1", "flows": []string{"reminders"}}
	about["answers"] = []string{"update", "restate", "learn", "compare", "workload"}
	if contains(os.Args, "--properties") {
		about["properties"] = []Object{{"name": "credits-are-of-orders", "expect": "always"}}
	}
	Serve(System[State]{About: about, Apply: apply, Answers: map[string]func(*Ask[State]) Object{
		"place":    place,
		"look":     look,
		"receiver": receiver,
		"update":   update,
		"restate":  restate,
		"learn":    learn,
		"compare":  compare,
		"property": property,
		"workload": workload,
	}})
}

func place(ask *Ask[State]) Object {
	text := ask.Batch[ask.Place].Body
	if reason := admit(text); reason != "" {
		return Object{"reject": reason}
	}
	body := Read[Body](text)
	if body.Credit != nil {
		// An order has one credit at most, so the order of the credits of an account does not matter.
		return Object{"keys": []string{"account/" + body.Account}, "position": 0}
	}
	return Object{"keys": []string{body.Order}, "position": body.Change}
}

// admit returns the reason why a message must not count, or nothing.
func admit(text json.RawMessage) string {
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

func apply(ask *Ask[State], message Message) {
	if ask.State == (State{}) {
		ask.State = newState(ask.Key)
	}
	state, body := ask.State, Read[Body](message.Body)
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
}

func look(ask *Ask[State]) Object {
	view, outputs, violations := viewOf(ask), Object{}, []Object{}
	for slot, body := range outputsOf(ask.Key, view, ask.Flows) {
		output := goes(slot, body)
		output["body"] = body
		outputs[slot] = output
	}
	if order := ask.State.Order; order != nil && order.Paid < 0 {
		found := fmt.Sprintf("paid is %d", order.Paid)
		violations = append(violations, Object{"invariant": "paid-is-not-negative", "found": found})
	}
	return Object{"view": view, "outputs": outputs, "violations": violations}
}

// viewOf returns an OrderView or an AccountView.
func viewOf(ask *Ask[State]) any {
	state := ask.State
	if state == (State{}) {
		state = newState(ask.Key)
	}
	if state.Account != nil {
		view := AccountView{}
		for _, credit := range state.Credits {
			view.Credit += credit
		}
		return view
	}
	end := ""
	if state.Shipped {
		end = "shipped"
	} else if state.Cancelled {
		end = "cancelled"
	}
	return orderView(state.Customer, state.Lines, state.Paid, end)
}

func outputsOf(key string, seen any, flows []string) Object {
	outputs := Object{}
	view, isOrder := seen.(OrderView)
	if !isOrder {
		if account := seen.(AccountView); account.Credit > 0 {
			outputs["voucher"] = account
		}
		return outputs
	}
	if view.Total > 0 && view.Status != "cancelled" {
		outputs["invoice"] = Object{"order": key, "total": view.Total}
	}
	if view.Status == "paid" || view.Status == "shipped" {
		items := Object{}
		for item, line := range view.Lines {
			items[item] = line.Count
		}
		outputs["shipment"] = Object{"order": key, "items": items}
	}
	if view.Status == "open" && view.Total > view.Paid && contains(flows, "reminders") {
		outputs["reminder"] = Object{"order": key, "due": view.Total - view.Paid}
	}
	back := view.Paid - view.Total
	if view.Status == "cancelled" {
		back = view.Paid
	}
	if back > 0 && view.Customer == nil {
		outputs["refund"] = Object{"order": key, "amount": back}
	} else if back > 0 {
		outputs["credit"] = Object{"account": *view.Customer, "order": key, "credit": back}
	}
	return outputs
}

func receiver(ask *Ask[State]) Object {
	return goes(ask.Slot, ask.Body)
}

// goes tells where an output goes. A credit is a message to the account of the customer.
func goes(slot string, body any) Object {
	switch slot {
	case "credit":
		return Object{"route": body}
	case "refund":
		return Object{"to": "bank"}
	case "shipment":
		return Object{"to": "warehouse"}
	}
	return Object{"to": "customer"}
}

// update adds a late payment to the others. Anything else is folded again.
func update(ask *Ask[State]) Object {
	if ask.State == (State{}) || ask.Late == nil {
		return Object{}
	}
	body := Read[Body](ask.Batch[*ask.Late].Body)
	switch {
	case body.Paid != nil:
		ask.State.Paid += *body.Paid
	case body.Item != nil && hasBug:
		// The bug: a line that comes late replaces a newer line of the same item.
		ask.State.setLine(body)
	default:
		return Object{}
	}
	return Object{"state": ask.State}
}

// restate selects what counts of all messages, without going from state to state.
func restate(ask *Ask[State]) Object {
	if strings.HasPrefix(ask.Key, "account/") {
		return Object{}
	}
	var customer *string
	lines, paid, end := map[string]Line{}, 0, ""
	for number := len(ask.Messages) - 1; number >= 0; number-- {
		body := Read[Body](ask.Batch[ask.Messages[number]].Body)
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
	return Object{"view": orderView(customer, lines, paid, end)}
}

// learn restores an order from its view, which shows all of its state. The view of an account does not show its
// single credits.
func learn(ask *Ask[State]) Object {
	if strings.HasPrefix(ask.Key, "account/") {
		return Object{}
	}
	view := Read[OrderView](ask.View)
	shipped, cancelled := view.Status == "shipped", view.Status == "cancelled"
	return Object{"state": Order{view.Customer, view.Lines, view.Paid, shipped, cancelled}}
}

// compare leaves out parts that older versions did not record.
func compare(ask *Ask[State]) Object {
	recorded, parts := Read[Object](ask.View), Object{}
	for name, value := range Read[Object]([]byte(Write(viewOf(ask)))) {
		if other, has := recorded[name]; !has {
			parts[name] = "unknown"
		} else if reflect.DeepEqual(value, other) {
			parts[name] = "equal"
		} else {
			parts[name] = "differs"
		}
	}
	return Object{"parts": parts}
}

// property tells the first credit, in the order of accounts and of orders, of an order without a state.
func property(ask *Ask[State]) Object {
	for _, key := range sorted(ask.States) {
		if account := ask.States[key].Account; account != nil {
			for _, order := range sorted(account.Credits) {
				if _, isKnown := ask.States[order]; !isKnown {
					return Object{"broken": fmt.Sprintf("%s has a credit of %s, which is unknown", key, order)}
				}
			}
		}
	}
	return Object{}
}

func workload(ask *Ask[State]) Object {
	draw := Draw{ask.Seed%2147483646 + 1}
	changes := map[string]int{}
	messages := []Object{}
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
		messages = append(messages, Object{"from": "shop", "id": fmt.Sprintf("m-%d", number), "body": body})
	}
	return Object{"messages": messages}
}

// Draw is the generator of Park and Miller, which gives the same numbers in every language.
type Draw struct{ state uint64 }

func (draw *Draw) below(limit int) int {
	draw.state = draw.state * 48271 % 2147483647
	return int(draw.state % uint64(limit))
}

func newState(key string) State {
	if strings.HasPrefix(key, "account/") {
		return State{Account: &Account{Credits: map[string]int{}}}
	}
	return State{Order: &Order{Lines: map[string]Line{}}}
}

func (order *Order) setLine(body Body) {
	if *body.Count == 0 {
		delete(order.Lines, *body.Item)
	} else {
		order.Lines[*body.Item] = Line{*body.Count, *body.Price}
	}
}

func orderView(customer *string, lines map[string]Line, paid int, end string) OrderView {
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

func sorted[T any](values map[string]T) []string {
	names := []string{}
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
