// Writes the fields of Kubernetes' built-in kinds, from their Go types, as rules/schema/kubernetes.txt has them.
//
//	schema >rules/schema/kubernetes.txt
//
// First the version, then a line for each resource with its type, then each type once with its fields.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path"
	"reflect"
	"runtime/debug"
	"sort"
	"strings"
)

func main() {
	log.SetFlags(0)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintf(out, "# The fields of Kubernetes' built-in kinds. Written by test/cel/schema.\nversion %s\n", version())
	known := types{}
	for _, name := range sortedKeys(resources) {
		fmt.Fprintf(out, "resource %s %s\n", name, known.text(reflect.TypeOf(resources[name])))
	}
	for _, name := range sortedKeys(known) {
		fmt.Fprintf(out, "%s\n", name)
		for _, line := range known[name] {
			fmt.Fprintf(out, "  %s\n", line)
		}
	}
}

// "1.36" of the module k8s.io/api v0.36.3.
func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "k8s.io/api" {
			return "1." + strings.Split(module.Version, ".")[1]
		}
	}
	log.Fatal("this program was built without k8s.io/api")
	return ""
}

// The fields of each object type by its name, "replicas int".
type types map[string][]string

// What a value of a Go type is in JSON, in CEL's words. Adds the object types that it names.
func (known types) text(of reflect.Type) string {
	if text, special := specialTypes[of]; special {
		return text
	}
	if writesItself(of) {
		return "dyn"
	}
	switch of.Kind() {
	case reflect.Pointer:
		return known.text(of.Elem())
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32:
		return "int"
	case reflect.String:
		return "string"
	case reflect.Float64:
		return "dyn" // a whole one arrives as an int
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return "string" // base64
		}
		return "list(" + known.text(of.Elem()) + ")"
	case reflect.Map:
		return "map(string, " + known.text(of.Elem()) + ")"
	case reflect.Struct:
		return known.object(of)
	}
	log.Fatalf("%s: no type of JSON", of)
	return ""
}

// JSON of its own that says nothing here of its shape.
func writesItself(of reflect.Type) bool {
	marshaler := reflect.TypeFor[json.Marshaler]()
	return of.Kind() == reflect.Struct && (of.Implements(marshaler) || reflect.PointerTo(of).Implements(marshaler))
}

func (known types) object(of reflect.Type) string {
	name := groupOf(of) + "." + of.Name()
	if _, done := known[name]; !done {
		known[name] = []string{} // it may contain itself
		known[name] = known.fields(of)
	}
	return name
}

func (known types) fields(of reflect.Type) []string {
	var lines []string
	for i := range of.NumField() {
		field := of.Field(i)
		name := strings.Split(field.Tag.Get("json"), ",")[0]
		switch {
		case name == "-":
		case name == "" && field.Anonymous:
			lines = append(lines, known.fields(field.Type)...)
		default:
			lines = append(lines, name+" "+known.text(field.Type))
		}
	}
	sort.Strings(lines)
	return lines
}

// "apps" of k8s.io/api/apps/v1.
func groupOf(of reflect.Type) string {
	return path.Base(path.Dir(of.PkgPath()))
}

func sortedKeys[T any](from map[string]T) []string {
	var keys []string
	for key := range from {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
