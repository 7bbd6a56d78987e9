package main

import (
	"regexp"
	"strings"
)

var tokens = regexp.MustCompile(`\s+|[0-9]+(\.[0-9]+)?(e-?[0-9]+)?u?|b?'(\\.|[^'\\])*'|[A-Za-z_][A-Za-z0-9_]*|&&|\|\||[=!<>]=|.`)

// What a slip of the hand may leave behind.
var strays = []string{"(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "!", "-", "+", "&&", "||", "==", "in", "'", "\"", "0x",
	"1", "1.", "1u", "'a'", "null", "true", "object", "now", "nowhere", "size", "has", "v1", "for", "9223372036854775808", "\\"}

// An expression that most likely does not compile: with wrong types, a slip of the hand, or both.
func (g *generator) faulty() string {
	g.ill = g.Intn(3) > 0
	text := g.top()
	if !g.ill || g.Intn(4) == 0 {
		text = g.slip(text)
	}
	return text
}

// A token is gone, twice there, another one, in another place, or has company.
func (g *generator) slip(text string) string {
	all := tokens.FindAllString(text, -1)
	at, other := g.Intn(len(all)), g.Intn(len(all))
	switch g.Intn(5) {
	case 0:
		all[at] = ""
	case 1:
		all[at] += all[at]
	case 2:
		all[at] = one(g, strays...)
	case 3:
		all[at], all[other] = all[other], all[at]
	default:
		all[at] += one(g, strays...)
	}
	return strings.Join(all, "")
}
