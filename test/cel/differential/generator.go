package main

import (
	"fmt"
	"math/rand"
	"sort"
	"strconv"
	"strings"
)

// A type of the grammar.
type kind int

const (
	boolean kind = iota
	integer
	unsigned
	double
	text
	binary
	timestamp
	duration
	integers // list
	texts    // list
	dynamics // list of anything
	table    // map of texts to integers
	quantity
	address
	block
	optionalInteger
	optionalText
	anything // a path in the object, or any of the above behind dyn()
	kinds
)

// A place in the object and what is there.
type path struct {
	segments []any // string or int
	kind     kind
}

type local struct {
	name string
	kind kind
}

type generator struct {
	*rand.Rand
	paths   []path
	words   []string // short texts of the object
	locals  []local
	counter int
	ill     bool // takes wrong types now and then
}

func newGenerator(random *rand.Rand, object any) *generator {
	g := &generator{Rand: random}
	g.collect(nil, object)
	return g
}

func (g *generator) collect(segments []any, value any) {
	add := func(kind kind) {
		g.paths = append(g.paths, path{append([]any(nil), segments...), kind})
	}
	switch typed := value.(type) {
	case map[string]any:
		add(table)
		var keys []string
		for key := range typed {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			g.collect(append(segments[:len(segments):len(segments)], key), typed[key])
		}
	case []any:
		add(dynamics)
		for i, element := range typed {
			if i < 3 {
				g.collect(append(segments[:len(segments):len(segments)], i), element)
			}
		}
	case string:
		add(text)
		if len(typed) < 40 {
			g.words = append(g.words, typed)
		}
	case int64:
		add(integer)
	case float64:
		add(double)
	case bool:
		add(boolean)
	default:
		add(anything)
	}
}

func one[T any](g *generator, choices ...T) T {
	return choices[g.Intn(len(choices))]
}

// An expression whose value can be compared: no quantity, address or optional by itself.
func (g *generator) top() string {
	g.locals, g.counter = nil, 0
	depth := 1 + g.Intn(4)
	wanted := one(g, boolean, boolean, boolean, boolean, integer, integer, unsigned, double, text, text, binary, timestamp,
		duration, integers, texts, dynamics, table, anything)
	return g.of(wanted, depth)
}

// An expression of a type; now and then one of another type behind dyn(), so that errors are compared too.
func (g *generator) of(wanted kind, depth int) string {
	if g.ill && g.Intn(8) == 0 {
		wanted = kind(g.Intn(int(kinds)))
	}
	if g.Intn(60) == 0 && depth > 0 && wanted != optionalInteger && wanted != optionalText {
		return "dyn(" + g.exactly(kind(g.Intn(int(quantity))), depth-1) + ")"
	}
	return g.exactly(wanted, depth)
}

func (g *generator) exactly(wanted kind, depth int) string {
	if found := g.localOf(wanted); found != "" && g.Intn(2) == 0 {
		return found
	}
	if depth <= 0 {
		return g.leaf(wanted)
	}
	if g.Intn(8) == 0 {
		return g.anyShape(wanted, depth-1)
	}
	return g.shape(wanted, depth-1)
}

func (g *generator) localOf(wanted kind) string {
	for _, i := range g.Perm(len(g.locals)) {
		if g.locals[i].kind == wanted || (wanted == anything && g.locals[i].kind < quantity && g.Intn(2) == 0) {
			return g.locals[i].name
		}
	}
	return ""
}

// Shapes that fit every type.
func (g *generator) anyShape(wanted kind, depth int) string {
	switch g.Intn(6) {
	case 0:
		return fmt.Sprintf("(%s ? %s : %s)", g.of(boolean, depth), g.exactly(wanted, depth), g.exactly(wanted, depth))
	case 1:
		return fmt.Sprintf("[%s, %s][%s]", g.exactly(wanted, depth), g.exactly(wanted, depth), one(g, "0", "1", "0", "2"))
	case 2:
		return fmt.Sprintf("{%s: %s}[%s]", quoted("k"), g.exactly(wanted, depth), one(g, "'k'", "'k'", "'n'"))
	case 3:
		name := g.fresh()
		bound := kind(g.Intn(int(anything)))
		init := g.of(bound, depth)
		return fmt.Sprintf("cel.bind(%s, %s, %s)", name, init, g.within(local{name, bound}, wanted, depth))
	case 4:
		return fmt.Sprintf("optional.of(%s).%s", g.exactly(wanted, depth),
			one(g, "value()", "orValue("+g.exactly(wanted, depth)+")"))
	default:
		return fmt.Sprintf("[%s].%s", g.exactly(wanted, depth), one(g, "reverse()[0]", "map(q, q)[0]", "filter(q, true)[0]", "distinct()[0]",
			"first().value()", "last().value()", "slice(0, 1)[0]"))
	}
}

// An expression that may use one more local.
func (g *generator) within(extra local, wanted kind, depth int) string {
	g.locals = append(g.locals, extra)
	defer func() { g.locals = g.locals[:len(g.locals)-1] }()
	return g.of(wanted, depth)
}

func (g *generator) fresh() string {
	g.counter++
	return "v" + strconv.Itoa(g.counter)
}

// A path of the object, sometimes one that is not there.
func (g *generator) path(wanted kind) string {
	var chosen path
	for try := 0; try < 30; try++ {
		chosen = g.paths[g.Intn(len(g.paths))]
		if chosen.kind == wanted || wanted == anything {
			break
		}
	}
	out := "object"
	for i, segment := range chosen.segments {
		if g.Intn(40) == 0 {
			segment = one[any](g, "absent", "name", 7)
		}
		if i == len(chosen.segments)-1 && g.Intn(25) == 0 {
			break
		}
		switch typed := segment.(type) {
		case int:
			out += fmt.Sprintf("[%d%s]", typed, one(g, "", "", "", "u", ".0"))
		case string:
			switch {
			case !isName(typed):
				out += "[" + quoted(typed) + "]"
			case g.Intn(10) == 0:
				out += "['" + typed + "']"
			default:
				out += "." + typed
			}
		}
	}
	return out
}

// The same with optional steps.
func (g *generator) optionalPath() string {
	chosen := g.paths[g.Intn(len(g.paths))]
	out := "object"
	for i, segment := range chosen.segments {
		// only the last step: after a step into a text cel-go depends on how it joined the steps
		if i == len(chosen.segments)-1 && g.Intn(6) == 0 {
			segment = one[any](g, "absent", "name", 7)
		}
		optional := i == len(chosen.segments)-1 || g.Intn(3) == 0
		mark := ""
		if optional {
			mark = "?"
		}
		switch typed := segment.(type) {
		case int:
			out += fmt.Sprintf("[%s%d]", mark, typed)
		case string:
			if isName(typed) {
				out += "." + mark + typed
			} else {
				out += "[" + mark + quoted(typed) + "]"
			}
		}
	}
	if !strings.Contains(out, "?") {
		out += ".?name"
	}
	return out
}

func isName(text string) bool {
	for i, c := range text {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	switch text {
	case "", "in", "true", "false", "null", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
		"let", "loop", "package", "namespace", "return", "var", "void", "while":
		return false
	}
	return true
}

func quoted(text string) string {
	var out strings.Builder
	out.WriteByte('\'')
	for _, c := range text {
		switch {
		case c == '\'' || c == '\\':
			out.WriteString("\\" + string(c))
		case c == '\n':
			out.WriteString("\\n")
		case c < 0x20 || c == 0x7f:
			fmt.Fprintf(&out, "\\u%04x", c)
		default:
			out.WriteRune(c)
		}
	}
	out.WriteByte('\'')
	return out.String()
}
