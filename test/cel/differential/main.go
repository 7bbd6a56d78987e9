// Writes generated CEL expressions over real objects with what cel-go makes of them, as JSON lines for the C++ side.
//
//	differential -recording FILE [-seed N] [-count N] [-seconds N]
//
// The first lines are the objects, {"object":…}; each further line is {"o":index,"e":expression} with "v", the value as
// protojson of cel.expr.Value, or "x", the error of the evaluation, or "r", why it does not compile. Of expressions that
// were made faulty on purpose and compile all the same there is no more than "c". The same seed gives the same lines. With
// -seconds it goes on for that long and takes one seed after the other.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"sort"
	"strings"
	"time"

	exprpb "cel.dev/expr"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"k8s.io/apiserver/pkg/cel/library"
)

var now = time.Date(2026, 11, 23, 19, 40, 0, 123456789, time.UTC)

type row struct {
	Object   int             `json:"o"`
	Expr     string          `json:"e"`
	Value    json.RawMessage `json:"v,omitempty"`
	Error    string          `json:"x,omitempty"`
	Refusal  string          `json:"r,omitempty"`
	Compiles bool            `json:"c,omitempty"`
}

func main() {
	log.SetFlags(0)
	recording := flag.String("recording", "", "the recording that the objects come from")
	seed := flag.Int64("seed", 1, "of the generator")
	count := flag.Int("count", 1000, "expressions for one seed")
	seconds := flag.Int("seconds", 0, "go on for this long")
	flag.Parse()
	env := environment()
	objects := distinctObjects(*recording, 24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, object := range objects {
		writeLine(out, map[string]any{"object": object})
	}
	end := time.Now().Add(time.Duration(*seconds) * time.Second)
	for first := true; first || time.Now().Before(end); first = false {
		writeExpressions(out, env, objects, *seed, *count)
		*seed++
	}
}

// What Kubernetes gives its CEL expressions, and the extensions that its newest versions and Klaw add.
func environment() *cel.Env {
	env, err := cel.NewEnv(
		cel.Variable("object", cel.DynType), cel.Variable("now", cel.TimestampType), cel.Variable("cluster", cel.StringType),
		cel.OptionalTypes(), cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true),
		cel.EnableIdentifierEscapeSyntax(),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals()),
		ext.Strings(), ext.Math(), ext.Encoders(), ext.Bindings(), ext.Sets(), ext.TwoVarComprehensions(), ext.Lists(),
		library.Regex(), library.Lists(), library.Quantity(), library.IP(), library.CIDR(), library.URLs())
	if err != nil {
		log.Fatal(err)
	}
	return env
}

func writeExpressions(out *bufio.Writer, env *cel.Env, objects []any, seed int64, count int) {
	random := rand.New(rand.NewSource(seed))
	seen := map[string]bool{}
	for written := 0; written < count; {
		index := random.Intn(len(objects))
		generator := newGenerator(random, objects[index])
		faulty := random.Intn(3) == 0
		text := generator.top()
		if faulty {
			text = generator.faulty()
		}
		if seen[text] || len(text) > 600 {
			continue
		}
		seen[text] = true
		if result, ok := judge(env, text, objects[index], faulty); ok {
			result.Object = index
			writeLine(out, result)
			written++
		}
	}
}

// What cel-go says of an expression; of a faulty one that compiles the value is not asked, as it may be of a kind on
// which cel-go departs from the specification.
func judge(env *cel.Env, text string, object any, faulty bool) (row, bool) {
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return row{Expr: text, Refusal: issues.Err().Error()}, true
	}
	if faulty {
		return row{Expr: text, Compiles: true}, true
	}
	return evaluate(env, checked, text, object)
}

// False for what cel-go answers differently from time to time (the order of maps), what it panics on, and what has no
// form as a message.
func evaluate(env *cel.Env, checked *cel.Ast, text string, object any) (row, bool) {
	program, err := env.Program(checked, cel.CostLimit(1_000_000))
	if err != nil {
		return row{}, false
	}
	var first row
	for i := 0; i < 8; i++ {
		result := row{Expr: text}
		value, _, err := program.Eval(map[string]any{"object": object, "now": now, "cluster": "demo"})
		if err != nil {
			if strings.Contains(err.Error(), "cost limit") || strings.Contains(err.Error(), "internal error") {
				return row{}, false
			}
			result.Error = err.Error()
		} else {
			message, err := cel.ValueAsProto(value)
			if err != nil || types.IsUnknown(value) || !plain(message) {
				return row{}, false
			}
			if result.Value, err = toJSON(sortedMaps(message)); err != nil {
				return row{}, false
			}
		}
		if i == 0 {
			first = result
		} else if !bytes.Equal(first.Value, result.Value) || (first.Error == "") != (result.Error == "") {
			return row{}, false
		}
	}
	return first, true
}

// Nothing that a message wraps but times: an optional inside a list has no form of its own.
func plain(value *exprpb.Value) bool {
	switch kind := value.GetKind().(type) {
	case *exprpb.Value_ObjectValue:
		url := kind.ObjectValue.GetTypeUrl()
		return strings.HasSuffix(url, "/google.protobuf.Timestamp") || strings.HasSuffix(url, "/google.protobuf.Duration")
	case *exprpb.Value_ListValue:
		for _, element := range kind.ListValue.GetValues() {
			if !plain(element) {
				return false
			}
		}
	case *exprpb.Value_MapValue:
		for _, entry := range kind.MapValue.GetEntries() {
			if !plain(entry.GetKey()) || !plain(entry.GetValue()) {
				return false
			}
		}
	}
	return true
}

// Maps have no order; the lines shall be the same for the same seed.
func sortedMaps(value *exprpb.Value) *exprpb.Value {
	switch kind := value.GetKind().(type) {
	case *exprpb.Value_ListValue:
		for _, element := range kind.ListValue.GetValues() {
			sortedMaps(element)
		}
	case *exprpb.Value_MapValue:
		entries := kind.MapValue.GetEntries()
		for _, entry := range entries {
			sortedMaps(entry.GetValue())
		}
		keyOf := func(entry *exprpb.MapValue_Entry) string {
			text, err := proto.MarshalOptions{Deterministic: true}.Marshal(entry.GetKey())
			if err != nil {
				log.Fatal(err)
			}
			return string(text)
		}
		sort.Slice(entries, func(i, j int) bool { return keyOf(entries[i]) < keyOf(entries[j]) })
	}
	return value
}

func toJSON(value *exprpb.Value) (json.RawMessage, error) {
	text, err := protojson.Marshal(value)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	err = json.Compact(&compact, text)
	return compact.Bytes(), err
}

func writeLine(out *bufio.Writer, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(out, "%s\n", text)
}

// The last version of some objects of every kind in a recording.
func distinctObjects(path string, limit int) []any {
	file, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(plain)
	lines.Buffer(nil, 16<<20)
	byKind := map[string]map[string]any{}
	for lines.Scan() {
		var line struct {
			Resource string `json:"resource"`
			Event    struct {
				Type   string         `json:"type"`
				Object map[string]any `json:"object"`
			} `json:"event"`
		}
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.UseNumber()
		if err := decoder.Decode(&line); err != nil {
			log.Fatal(err)
		}
		if line.Resource == "" || line.Event.Type == "BOOKMARK" || line.Event.Object == nil {
			continue
		}
		metadata, _ := line.Event.Object["metadata"].(map[string]any)
		delete(metadata, "managedFields")
		if byKind[line.Resource] == nil {
			byKind[line.Resource] = map[string]any{}
		}
		byKind[line.Resource][fmt.Sprint(metadata["namespace"], "/", metadata["name"])] = numbers(line.Event.Object)
	}
	return pick(byKind, limit)
}

// Takes turns between the kinds.
func pick(byKind map[string]map[string]any, limit int) []any {
	var objects []any
	for turn := 0; turn < limit && len(objects) < limit; turn++ {
		for _, kind := range sortedKeys(byKind) {
			names := sortedKeys(byKind[kind])
			if turn < len(names) && len(objects) < limit {
				objects = append(objects, byKind[kind][names[turn]])
			}
		}
	}
	return objects
}

func sortedKeys[T any](from map[string]T) []string {
	var keys []string
	for key := range from {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// Whole numbers as int64, as Kubernetes reads them.
func numbers(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		for key, element := range typed {
			typed[key] = numbers(element)
		}
	case []any:
		for i, element := range typed {
			typed[i] = numbers(element)
		}
	case json.Number:
		if whole, err := typed.Int64(); err == nil {
			return whole
		}
		fraction, _ := typed.Float64()
		return fraction
	}
	return value
}
