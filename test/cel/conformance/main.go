// Writes the tests of the official CEL conformance suite as JSON lines, one a test, for klaw_cel_conformance.
//
//	conformance DIRECTORY EXCLUSIONS >tests.jsonl      DIRECTORY is tests/simple/testdata of the module cel.dev/expr
//	conformance -propose DIRECTORY >exclusions.tsv     the exclusions that there must be
//
// A test that needs protobuf messages is left out. What is left out stands in EXCLUSIONS, one test a line with its
// reason; a line too many or too few is an error, so that nothing is left out unseen.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"

	exprpb "cel.dev/expr"
	_ "cel.dev/expr/conformance/proto2"
	_ "cel.dev/expr/conformance/proto3"
	testpb "cel.dev/expr/conformance/test"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
)

var files = []string{
	"basic", "bindings_ext", "comparisons", "conversions", "encoders_ext", "fields", "fp_math", "integer_math", "lists",
	"logic", "macros", "macros2", "math_ext", "optionals", "parse", "plumbing", "string", "string_ext", "timestamps",
}

// One line for the C++ runner. Values are protojson of cel.expr.Value.
type line struct {
	File      string                     `json:"file"`
	Section   string                     `json:"section"`
	Name      string                     `json:"name"`
	Expr      string                     `json:"expr"`
	Container string                     `json:"container,omitempty"`
	Locale    string                     `json:"locale,omitempty"`
	Unchecked bool                       `json:"unchecked,omitempty"`
	NoMacros  bool                       `json:"noMacros,omitempty"`
	Variables map[string]string          `json:"variables,omitempty"`
	Bindings  map[string]json.RawMessage `json:"bindings,omitempty"`
	Value     json.RawMessage            `json:"value,omitempty"`
	Errors    []string                   `json:"errors,omitempty"`
}

func main() {
	log.SetFlags(0)
	propose := flag.Bool("propose", false, "write the exclusions that there must be")
	flag.Parse()
	if *propose {
		proposeExclusions(flag.Arg(0))
		return
	}
	excluded := readExclusions(flag.Arg(1))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	count, left := 0, 0
	each(flag.Arg(0), func(id, file, section string, test *testpb.SimpleTest) {
		count++
		reason, listed := excluded[id]
		if needed := needsMessages(test); (needed != "") != listed {
			log.Fatalf("%s: listed as excluded %q, but the reason seen is %q", id, reason, needed)
		}
		if listed {
			delete(excluded, id)
			left++
			return
		}
		text, err := json.Marshal(toLine(file, section, test))
		if err != nil {
			log.Fatalf("%s: %v", id, err)
		}
		fmt.Fprintf(out, "%s\n", text)
	})
	for id := range excluded {
		log.Fatalf("%s: excluded, but there is no such test", id)
	}
	log.Printf("%d tests, of which %d need protobuf messages", count, left)
}

func proposeExclusions(directory string) {
	var lines []string
	each(directory, func(id, _, _ string, test *testpb.SimpleTest) {
		if reason := needsMessages(test); reason != "" {
			lines = append(lines, id+"\t"+reason)
		}
	})
	sort.Strings(lines)
	fmt.Println(strings.Join(lines, "\n"))
}

func readExclusions(path string) map[string]string {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	excluded := map[string]string{}
	for _, row := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		id, reason, found := strings.Cut(row, "\t")
		if !found || reason == "" {
			log.Fatalf("%s: %q has no reason", path, row)
		}
		excluded[id] = reason
	}
	return excluded
}

// Calls visit with each test and its name file/section/test; a name that is used twice gets a number.
func each(directory string, visit func(id, file, section string, test *testpb.SimpleTest)) {
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(directory, file+".textproto"))
		if err != nil {
			log.Fatal(err)
		}
		var suite testpb.SimpleTestFile
		if err := prototext.Unmarshal(text, &suite); err != nil {
			log.Fatalf("%s: %v", file, err)
		}
		seen := map[string]int{}
		for _, section := range suite.GetSection() {
			for _, test := range section.GetTest() {
				id := fmt.Sprintf("%s/%s/%s", file, section.GetName(), test.GetName())
				if seen[id]++; seen[id] > 1 {
					id = fmt.Sprintf("%s#%d", id, seen[id])
				}
				visit(id, file, section.GetName(), test)
			}
		}
	}
}

func toLine(file, section string, test *testpb.SimpleTest) line {
	row := line{
		File: file, Section: section, Name: test.GetName(), Expr: test.GetExpr(), Container: test.GetContainer(),
		Locale: test.GetLocale(), Unchecked: test.GetDisableCheck(), NoMacros: test.GetDisableMacros(),
		Variables: map[string]string{}, Bindings: map[string]json.RawMessage{},
	}
	for _, declared := range test.GetTypeEnv() {
		if declared.GetIdent() != nil {
			row.Variables[declared.GetName()] = compactText(declared.GetIdent().GetType())
		}
	}
	for name, bound := range test.GetBindings() {
		row.Bindings[name] = valueJSON(bound.GetValue())
	}
	switch expected := test.GetResultMatcher().(type) {
	case nil:
		row.Value = json.RawMessage(`{"boolValue":true}`)
	case *testpb.SimpleTest_Value:
		row.Value = valueJSON(expected.Value)
	case *testpb.SimpleTest_TypedResult:
		row.Value = valueJSON(expected.TypedResult.GetResult())
	case *testpb.SimpleTest_EvalError:
		row.Errors = messages(expected.EvalError)
	case *testpb.SimpleTest_AnyEvalErrors:
		for _, set := range expected.AnyEvalErrors.GetErrors() {
			row.Errors = append(row.Errors, messages(set)...)
		}
	default:
		log.Fatalf("%s/%s: expects %T, which the runner does not know", file, test.GetName(), expected)
	}
	return row
}

func messages(set *exprpb.ErrorSet) []string {
	var texts []string
	for _, status := range set.GetErrors() {
		texts = append(texts, status.GetMessage())
	}
	return texts
}

func compactText(kind *exprpb.Type) string {
	return strings.Join(strings.Fields(prototext.MarshalOptions{}.Format(kind)), " ")
}

func valueJSON(value *exprpb.Value) json.RawMessage {
	text, err := protojson.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		log.Fatal(err)
	}
	return compact.Bytes()
}
