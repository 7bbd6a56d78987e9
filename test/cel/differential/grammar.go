package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var zones = []string{"'UTC'", "'Asia/Shanghai'", "'America/New_York'", "'Europe/Berlin'", "'+05:30'", "'-03:00'",
	"'Asia/Kathmandu'", "'Nowhere'", "''"}
var patterns = []string{"'^[a-z]+'", "'[0-9]+'", "'a|b'", "'.*o.*'", "'(a+)(b*)'", "'^$'", "'\\\\d{2,}'", "'[^a-z]'", "''",
	"'('", "'\\\\bpod'", "'(?i)READY'", "'\\\\pL'"}
var units = []string{"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "e-2", "E2", "Q", "kB"}

func (g *generator) leaf(wanted kind) string {
	if wanted <= texts && wanted != unsigned && wanted != binary && g.Intn(4) == 0 {
		switch wanted {
		case timestamp:
			return one(g, "now", "timestamp(object.metadata.creationTimestamp)")
		case duration, integers:
		case texts:
			return "object.metadata.?finalizers.orValue(dyn([]))"
		default:
			return g.path(wanted)
		}
	}
	switch wanted {
	case boolean:
		return one(g, "true", "false", "has("+g.fieldPath()+")")
	case integer:
		return one(g, "0", "1", "-1", "2", "3", "7", "10", "-100", "9223372036854775807", "-9223372036854775808",
			strconv.FormatInt(int64(g.Uint64()), 10), strconv.Itoa(g.Intn(1000)))
	case unsigned:
		return one(g, "0u", "1u", "2u", "7u", "18446744073709551615u", strconv.Itoa(g.Intn(1000))+"u")
	case double:
		return one(g, "0.0", "1.0", "-1.5", "2.5", "1e10", "1e-7", "1.7976931348623157e308", "123456789.25", "0.1",
			"(0.0 / 0.0)", "(1.0 / 0.0)", strconv.FormatFloat(math.Round(g.NormFloat64()*1e6)/1e3, 'f', 3, 64))
	case text:
		words := []string{"", "a", "abc", "Hello, Wörld", "汉字", "a,b,,c", " x ", "1", "-7", "3.5", "1e3", "true", "100m",
			"1.5Gi", "2026-11-23T10:00:00Z", "1h30m", "😀!", "+5", "0x1F", "NaN", "aGVsbG8="}
		return quoted(one(g, append(words, g.words...)...))
	case binary:
		return one(g, "b''", "b'abc'", "b'\\xff\\x00'", "b'汉'", "bytes("+g.leaf(text)+")")
	case timestamp:
		return one(g, "now", "timestamp('2026-11-23T10:00:00Z')", "timestamp('1969-12-31T23:59:59.999999999Z')",
			"timestamp(int(timestamp('2024-02-29T12:00:00+05:30')))", "timestamp('9999-12-31T23:59:59Z')",
			"timestamp('2026-03-29T01:30:00Z')", "timestamp("+strconv.Itoa(g.Intn(2_000_000_000))+")")
	case duration:
		return one(g, "duration('1h')", "duration('-90s')", "duration('1.5h')", "duration('250ms')", "duration('0')",
			"duration('2562047h')", "duration('1h2m3.004005006s')", "duration('-1ns')")
	case integers:
		return one(g, "dyn([])", "[1, 2, 3]", "[3, 1, 2]", "[5]", "[-1, 9223372036854775807]", "[2, 2, 1]")
	case texts:
		return one(g, "dyn([])", "['a', 'b']", "['b', 'a', 'b']", "['汉', '']", fmt.Sprintf("[%s, %s]", g.leaf(text), g.leaf(text)))
	case dynamics:
		return one(g, "[1, 'a', 2.0, null]", "[[1], [2, 3]]", "[dyn(1), dyn(2u), dyn(3.0)]", g.path(dynamics), g.path(dynamics))
	case table:
		return one(g, "{}", "{'a': 1}", "{'a': 1, 'b': 2}", "{'x': 3, '汉': 4}")
	case quantity:
		number := one(g, "0", "1", "100", "1.5", "-2", "0.25", ".5", "3.", "1000", "123456789", "999999999999", "0.0000000001",
			"98765432109876", "+7")
		unit := one(g, units...)
		if len(number) > 4 && strings.ContainsAny(unit, "TPE") {
			number = "1" // beyond 1.3e27 our quantities saturate
		}
		return "quantity('" + number + unit + "')"
	case address:
		return one(g, "ip('10.0.0.1')", "ip('127.0.0.1')", "ip('::1')", "ip('fe80::1')", "ip('224.0.0.5')", "ip('2001:db8::ff')",
			"ip('300.1.1.1')", "ip('::ffff:1.2.3.4')", "ip('010.0.0.1')", "ip('0.0.0.0')")
	case block:
		return one(g, "cidr('10.0.0.0/8')", "cidr('10.1.2.3/16')", "cidr('2001:db8::/32')", "cidr('0.0.0.0/0')",
			"cidr('10.0.0.0/33')", "cidr('10.0.0.1/32')", "cidr('127.0.0.0/08')")
	case optionalInteger:
		return one(g, "optional.of(1)", "optional.none()", "optional.ofNonZeroValue(0)", "{'a': 1}.?a", "[1, 2][?5]")
	case optionalText:
		return one(g, "optional.of('a')", "optional.none()", "optional.ofNonZeroValue('')", "object.?metadata.?name")
	default:
		return one(g, g.path(anything), g.path(anything), "null", "dyn("+g.leaf(kind(g.Intn(int(quantity))))+")",
			g.optionalPath()+".orValue("+g.leaf(kind(g.Intn(int(texts))))+")")
	}
}

// A path that ends in a field, as has() wants it.
func (g *generator) fieldPath() string {
	for try := 0; try < 20; try++ {
		found := g.path(anything)
		if dot := strings.LastIndex(found, "."); dot > 0 && isName(found[dot+1:]) {
			return found
		}
	}
	return "object.metadata.absent"
}

func (g *generator) shape(wanted kind, depth int) string {
	any := func() kind { return one(g, integer, unsigned, double, text, boolean, timestamp, duration, binary) }
	f := fmt.Sprintf
	switch wanted {
	case boolean:
		return g.booleanShape(depth)
	case integer:
		a := func() string { return g.of(integer, depth) }
		switch g.Intn(14) {
		case 0, 1, 2:
			return f("(%s %s %s)", a(), one(g, "+", "-", "*", "/", "%"), a())
		case 3:
			return f("size(%s)", g.of(one(g, text, binary, integers, texts, dynamics, table), depth))
		case 4:
			return f("int(%s)", g.of(one(g, text, double, unsigned, timestamp, integer), depth))
		case 5:
			return f("%s.%s(%s)", g.of(text, depth), one(g, "indexOf", "lastIndexOf"), g.of(text, depth))
		case 6:
			return f("%s.%s(%s)", g.of(integers, depth), one(g, "indexOf", "lastIndexOf"), a())
		case 7:
			// of plain lists: unlike elements are left out without an error in Kubernetes' library
			return f("%s.%s()", g.leaf(integers), one(g, "sum", "min", "max"))
		case 8:
			zone := ""
			if g.Intn(2) == 0 {
				zone = one(g, zones...)
			}
			return f("%s.%s(%s)", g.of(timestamp, depth), one(g, "getFullYear", "getMonth", "getDate", "getDayOfMonth",
				"getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds"), zone)
		case 9: // not getMilliseconds: there cel-go departs from the conformance suite
			return f("%s.%s()", g.of(duration, depth), one(g, "getHours", "getMinutes", "getSeconds"))
		case 10:
			return f("math.%s(%s, %s)", one(g, "greatest", "least", "bitAnd", "bitOr", "bitXor"), a(), a())
		case 11:
			return f("math.%s(%s)", one(g, "abs", "sign", "bitNot"), a())
		case 12:
			return one(g, f("%s.compareTo(%s)", g.of(quantity, depth), g.of(quantity, depth)), f("%s.asInteger()", g.of(quantity, depth)),
				f("sign(%s)", g.of(quantity, depth)), f("%s.prefixLength()", g.of(block, depth)), f("%s.family()", g.of(address, depth)))
		default:
			return one(g, f("-(%s)", a()), f("%s.orValue(%s)", g.of(optionalInteger, depth), a()),
				f("math.%s(%s, %s)", one(g, "bitShiftLeft", "bitShiftRight"), a(), a()), f("%s[%s]", g.of(table, depth), g.of(text, depth)),
				f("%s[%s]", g.of(integers, depth), a()))
		}
	case unsigned:
		return one(g, f("(%s %s %s)", g.of(unsigned, depth), one(g, "+", "-", "*", "/", "%"), g.of(unsigned, depth)),
			f("uint(%s)", g.of(one(g, integer, double, text), depth)), f("math.%s(%s, %s)", one(g, "greatest", "least", "bitAnd", "bitXor"),
				g.of(unsigned, depth), g.of(unsigned, depth)))
	case double:
		a := func() string { return g.of(double, depth) }
		return one(g, f("(%s %s %s)", a(), one(g, "+", "-", "*", "/"), a()), f("double(%s)", g.of(one(g, integer, unsigned, text), depth)),
			f("math.%s(%s)", one(g, "ceil", "floor", "round", "trunc", "abs", "sign", "sqrt"), a()), f("-(%s)", a()),
			f("%s.asApproximateFloat()", g.of(quantity, depth)))
	case text:
		return g.textShape(depth)
	case binary:
		return one(g, f("bytes(%s)", g.of(text, depth)), f("(%s + %s)", g.of(binary, depth), g.of(binary, depth)),
			f("base64.decode(%s)", g.of(text, depth)), f("base64.decode(base64.encode(%s))", g.of(binary, depth)))
	case timestamp:
		return one(g, f("(%s %s %s)", g.of(timestamp, depth), one(g, "+", "-"), g.of(duration, depth)),
			f("timestamp(%s)", g.of(one(g, text, integer, timestamp), depth)), f("timestamp(string(%s))", g.of(timestamp, depth)))
	case duration:
		return one(g, f("(%s - %s)", g.of(timestamp, depth), g.of(timestamp, depth)), f("(%s %s %s)", g.of(duration, depth), one(g, "+", "-"),
			g.of(duration, depth)), f("duration(%s)", g.of(text, depth)), f("duration(string(%s))", g.of(duration, depth)))
	case integers, texts, dynamics:
		return g.listShape(wanted, depth)
	case table:
		k, v := g.fresh(), g.fresh()
		inner := g.bodies(local{k, text}, local{v, integer})
		switch g.Intn(4) {
		case 0:
			// no key twice and none that is no text, which cel-go lets pass against the conformance suite
			return f("{'k' + %s: %s, 'z' + %s: %s}", g.of(text, depth), g.of(integer, depth), g.of(text, depth), g.of(integer, depth))
		case 1:
			return f("{?'k' + %s: %s, 'z': %s}", g.of(text, depth), g.of(optionalInteger, depth), g.of(integer, depth))
		case 2:
			return f("%s.transformMap(%s, %s, %s)", g.of(table, depth), k, v, inner(integer, depth))
		default:
			return f("%s.transformMap(%s, %s, %s, %s)", g.of(table, depth), k, v, inner(boolean, depth), inner(integer, depth))
		}
	case quantity:
		return one(g, f("%s.%s(%s)", g.of(quantity, depth), one(g, "add", "sub"), one(g, g.of(quantity, depth), "1", "-100", "9223372036854775807")),
			f("quantity(%s)", g.of(text, depth)), f("quantity(string(%s))", g.of(integer, depth)))
	case address:
		return one(g, f("ip(%s)", g.of(text, depth)), f("%s.ip()", g.of(block, depth)))
	case block:
		return f("%s.masked()", g.of(block, depth))
	case optionalInteger, optionalText:
		of := integer
		if wanted == optionalText {
			of = text
		}
		name := g.fresh()
		switch g.Intn(4) {
		case 0:
			return f("optional.%s(%s)", one(g, "of", "ofNonZeroValue"), g.of(of, depth))
		case 1:
			return f("%s.or(%s)", g.of(wanted, depth), g.of(wanted, depth))
		case 2:
			return f("%s.optMap(%s, %s)", g.of(wanted, depth), name, g.within(local{name, of}, of, depth))
		default:
			return f("%s.optFlatMap(%s, %s)", g.of(wanted, depth), name, g.within(local{name, of}, wanted, depth))
		}
	default:
		switch g.Intn(4) {
		case 0:
			return f("type(%s)", g.of(any(), depth))
		case 1:
			return f("%s.orValue(%s)", g.optionalPath(), g.of(any(), depth))
		case 2:
			return f("(%s ? dyn(%s) : dyn(%s))", g.of(boolean, depth), g.of(any(), depth), g.of(any(), depth))
		default:
			return g.path(anything)
		}
	}
}

// Makes bodies of a macro that may use its variables.
func (g *generator) bodies(variables ...local) func(kind, int) string {
	return func(wanted kind, depth int) string {
		g.locals = append(g.locals, variables...)
		defer func() { g.locals = g.locals[:len(g.locals)-len(variables)] }()
		return g.of(wanted, depth)
	}
}

func elementOf(list kind) kind {
	switch list {
	case integers:
		return integer
	case texts:
		return text
	}
	return anything
}

func (g *generator) booleanShape(depth int) string {
	f := fmt.Sprintf
	b := func() string { return g.of(boolean, depth) }
	t := func() string { return g.of(text, depth) }
	v, w := g.fresh(), g.fresh()
	list := one(g, integers, texts, dynamics)
	switch g.Intn(20) {
	case 0, 1:
		return f("(%s && %s)", b(), b())
	case 2, 3:
		return f("(%s || %s)", b(), b())
	case 4:
		return f("!(%s)", b())
	case 5, 6:
		same := one(g, integer, unsigned, double, text, binary, timestamp, duration, boolean)
		return f("(%s %s %s)", g.of(same, depth), one(g, "==", "!=", "<", "<=", ">", ">="), g.of(same, depth))
	case 7:
		return f("(%s %s %s)", g.of(anything, depth), one(g, "==", "!=", "<", ">="), g.of(anything, depth))
	case 8:
		number := func() string { return g.of(one(g, integer, unsigned, double), depth) }
		return f("(%s %s %s)", number(), one(g, "<", "<=", ">", ">="), number())
	case 9:
		list := one(g, integers, texts, table)
		return f("(%s %s %s)", g.of(list, depth), one(g, "==", "!="), g.of(list, depth))
	case 10:
		return f("(%s in %s)", g.of(elementOf(list), depth), g.of(list, depth))
	case 11:
		return f("(%s in %s)", t(), g.of(table, depth))
	case 12:
		return f("%s.%s(%s)", t(), one(g, "contains", "startsWith", "endsWith"), t())
	case 13:
		return f("%s.matches(%s)", t(), one(g, patterns...))
	case 14, 15:
		return f("%s.%s(%s, %s)", g.of(list, depth), one(g, "all", "exists", "exists_one"), v, g.bodies(local{v, elementOf(list)})(boolean, depth))
	case 16:
		return f("%s.%s(%s, %s, %s)", g.of(list, depth), one(g, "all", "exists", "existsOne"), v, w,
			g.bodies(local{v, integer}, local{w, elementOf(list)})(boolean, depth))
	case 17:
		return f("%s.%s(%s, %s, %s)", g.of(table, depth), one(g, "all", "exists", "existsOne"), v, w,
			g.bodies(local{v, text}, local{w, integer})(boolean, depth))
	case 18:
		return one(g, f("%s.%s(%s)", g.of(quantity, depth), one(g, "isGreaterThan", "isLessThan"), g.of(quantity, depth)),
			f("isQuantity(%s)", t()), f("%s.isInteger()", g.of(quantity, depth)), f("isIP(%s)", t()), f("isCIDR(%s)", t()),
			f("%s.containsIP(%s)", g.of(block, depth), g.of(address, depth)), f("%s.containsCIDR(%s)", g.of(block, depth), g.of(block, depth)),
			f("%s.%s()", g.of(address, depth), one(g, "isLoopback", "isGlobalUnicast", "isUnspecified", "isLinkLocalUnicast", "isLinkLocalMulticast")))
	default:
		return one(g, f("has(%s)", g.fieldPath()), f("%s.hasValue()", g.of(one(g, optionalInteger, optionalText), depth)),
			f("%s.isSorted()", g.leaf(one(g, integers, texts))), f("math.%s(%s)", one(g, "isNaN", "isInf", "isFinite"), g.of(double, depth)),
			f("sets.%s(%s, %s)", one(g, "contains", "equivalent", "intersects"), g.of(integers, depth), g.of(integers, depth)),
			f("bool(%s)", t()), f("%s.hasValue()", g.optionalPath()),
			f("(type(%s) == %s)", g.of(anything, depth), one(g, "int", "string", "map", "list", "null_type", "double")))
	}
}

func (g *generator) textShape(depth int) string {
	f := fmt.Sprintf
	t := func() string { return g.of(text, depth) }
	n := func() string { return one(g, "0", "1", "2", "5", g.of(integer, depth)) }
	switch g.Intn(16) {
	case 0, 1:
		return f("(%s + %s)", t(), t())
	case 2, 3:
		return f("string(%s)", g.of(one(g, integer, unsigned, double, boolean, binary, timestamp, duration, text), depth))
	case 4:
		return f("%s.%s()", t(), one(g, "lowerAscii", "upperAscii", "trim", "reverse"))
	case 5:
		return f("%s.substring(%s)", t(), n())
	case 6:
		return f("%s.substring(%s, %s)", t(), n(), n())
	case 7:
		return f("%s.charAt(%s)", t(), n())
	case 8:
		return f("%s.replace(%s, %s)", t(), t(), t())
	case 9:
		return f("%s.replace(%s, %s, %s)", t(), t(), t(), n())
	case 10:
		return f("%s.join(%s)", g.of(texts, depth), t())
	case 11:
		return f("strings.quote(%s)", t())
	case 12:
		// %e and %f get doubles only: of integers cel-go 0.26 makes "%!e(int64=2)", against the conformance suite
		if g.Intn(3) == 0 {
			return f("%s.format([%s])", quoted(one(g, "<%.2f>", "<%e>", "<%.0f>", "<%f>", "<%.3e>")), "double("+g.of(double, depth)+")")
		}
		given := g.of(one(g, text, integer, unsigned, double, boolean, timestamp, duration, integers, table, anything), depth)
		return f("%s.format([%s])", quoted(one(g, "<%s>", "<%d>", "<%x>", "<%X>", "<%o>", "<%b>", "%%|%s")), given)
	case 13:
		return f("base64.encode(%s)", g.of(binary, depth))
	case 14:
		return f("%s.find(%s)", t(), one(g, patterns...))
	default:
		return one(g, f("%s.orValue(%s)", g.of(optionalText, depth), t()), f("string(type(%s) == int)", g.of(anything, depth)),
			f("string(%s)", g.of(address, depth)), f("string(%s)", g.of(block, depth)), f("%s.value()", g.of(optionalText, depth)))
	}
}

func (g *generator) listShape(wanted kind, depth int) string {
	f := fmt.Sprintf
	element := elementOf(wanted)
	v, w := g.fresh(), g.fresh()
	source := one(g, integers, texts, dynamics)
	body := g.bodies(local{v, elementOf(source)})
	own := g.bodies(local{v, element})
	two := g.bodies(local{v, integer}, local{w, elementOf(source)})
	if wanted == texts && g.Intn(3) == 0 {
		return one(g, f("%s.split(%s)", g.of(text, depth), g.of(text, depth)), f("%s.split(%s, %s)", g.of(text, depth), g.of(text, depth), one(g, "0", "1", "2", "-1")),
			f("%s.findAll(%s)", g.of(text, depth), one(g, patterns...)), f("%s.findAll(%s, %s)", g.of(text, depth), one(g, patterns...), one(g, "0", "1", "-1", "2")))
	}
	switch g.Intn(10) {
	case 0:
		return f("[%s, %s]", g.of(element, depth), g.of(element, depth))
	case 1:
		return f("(%s + %s)", g.of(wanted, depth), g.of(wanted, depth))
	case 2:
		return f("%s.map(%s, %s)", g.of(source, depth), v, body(element, depth))
	case 3:
		return f("%s.map(%s, %s, %s)", g.of(source, depth), v, body(boolean, depth), body(element, depth))
	case 4, 5:
		return f("%s.filter(%s, %s)", g.of(wanted, depth), v, own(boolean, depth))
	case 6:
		return f("%s.transformList(%s, %s, %s)", g.of(source, depth), v, w, two(element, depth))
	case 7:
		return f("%s.%s", g.of(wanted, depth), one(g, "distinct()", "reverse()", "sort()", "slice(0, 1)", "slice(1, 2)", "flatten()", "flatten(2)"))
	case 8:
		return f("%s.sortBy(%s, %s)", g.of(wanted, depth), v, own(one(g, integer, text), depth))
	default:
		if wanted == integers {
			return one(g, "lists.range(3)", f("[?%s, %s]", g.of(optionalInteger, depth), g.of(integer, depth)))
		}
		return f("[?%s]", g.of(one(g, optionalInteger, optionalText), depth))
	}
}
