package main

import (
	"strings"

	exprpb "cel.dev/expr"
	testpb "cel.dev/expr/conformance/test"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/ext"
)

// Why a test needs protobuf messages or enums; "" when it does not.
func needsMessages(test *testpb.SimpleTest) string {
	for _, declared := range test.GetTypeEnv() {
		if name := messageIn(declared.GetIdent().GetType()); name != "" {
			return "declares a variable of the message type " + name
		}
	}
	for _, bound := range test.GetBindings() {
		if name := messageInValue(bound.GetValue()); name != "" {
			return "binds the message " + name
		}
	}
	if reason := messageInExpression(test.GetExpr()); reason != "" {
		return reason
	}
	if name := messageInValue(test.GetValue()); name != "" {
		return "expects the message " + name
	}
	return ""
}

var parsing = func() *cel.Env {
	env, err := cel.NewEnv(cel.OptionalTypes(), ext.Bindings(), ext.TwoVarComprehensions(), cel.EnableIdentifierEscapeSyntax())
	if err != nil {
		panic(err)
	}
	return env
}()

func messageInExpression(text string) string {
	parsed, issues := parsing.ParseSource(common.NewTextSource(text))
	if issues.Err() != nil {
		return "" // a test of syntax errors
	}
	reason := ""
	ast.PreOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(node ast.Expr) {
		switch {
		case reason != "":
		case node.Kind() == ast.StructKind && node.AsStruct().TypeName() != "":
			reason = "makes the message " + node.AsStruct().TypeName()
		case node.Kind() == ast.SelectKind:
			if name := qualified(node); strings.HasPrefix(name, "google.protobuf.") && !knownType(name) {
				reason = "names the protobuf type " + name
			}
		}
	}))
	return reason
}

// "google.protobuf.NullValue" for a chain of selections from an identifier.
func qualified(node ast.Expr) string {
	switch node.Kind() {
	case ast.IdentKind:
		return node.AsIdent()
	case ast.SelectKind:
		if left := qualified(node.AsSelect().Operand()); left != "" {
			return left + "." + node.AsSelect().FieldName()
		}
	}
	return ""
}

func knownType(name string) bool {
	return name == "google.protobuf.Timestamp" || name == "google.protobuf.Duration"
}

func messageIn(kind *exprpb.Type) string {
	switch {
	case kind.GetMessageType() != "" && !knownType(kind.GetMessageType()):
		return kind.GetMessageType()
	case kind.GetListType() != nil:
		return messageIn(kind.GetListType().GetElemType())
	case kind.GetMapType() != nil:
		return messageIn(kind.GetMapType().GetValueType())
	case kind.GetWrapper() != 0:
		return "wrapper of " + kind.GetWrapper().String()
	}
	return ""
}

func messageInValue(value *exprpb.Value) string {
	switch kind := value.GetKind().(type) {
	case *exprpb.Value_ObjectValue:
		if name := kind.ObjectValue.GetTypeUrl()[strings.LastIndex(kind.ObjectValue.GetTypeUrl(), "/")+1:]; !knownType(name) {
			return name
		}
	case *exprpb.Value_EnumValue:
		return kind.EnumValue.GetType()
	case *exprpb.Value_ListValue:
		for _, element := range kind.ListValue.GetValues() {
			if name := messageInValue(element); name != "" {
				return name
			}
		}
	case *exprpb.Value_MapValue:
		for _, entry := range kind.MapValue.GetEntries() {
			if name := messageInValue(entry.GetValue()); name != "" {
				return name
			}
		}
	}
	return ""
}
