#include "rules/cel/sample_value.hpp"

#include <memory>
#include <string>

namespace klaw::rules::cel {
namespace {

/// Of a library's type no more than the name.
class NameOnly : public Extension {
public:
    explicit NameOnly(std::string_view name) : name_(name) {}
    std::string_view typeName() const override { return name_; }
    std::string toText() const override { return std::string(name_); }
    bool equals(const Extension&) const override { return true; }

private:
    std::string_view name_;
};

}  // namespace

Value sampleValue(const Type& type) {
    if (type.isObject()) return Value::map({});
    if (type.form != Type::Form::Known) return Value::integer(1);
    switch (type.kind) {
        case Kind::Null:
            return Value::null();
        case Kind::Bool:
            return Value::boolean(true);
        case Kind::Int:
            return Value::integer(1);
        case Kind::Uint:
            return Value::unsignedInteger(1);
        case Kind::Double:
            return Value::number(1);
        case Kind::String:
            return Value::string("");
        case Kind::Bytes:
            return Value::bytes("");
        case Kind::List:
            return Value::list({});
        case Kind::Map:
            return Value::map({});
        case Kind::Timestamp:
            return Value::timestampOf(0, 0);
        case Kind::Duration:
            return Value::durationOf(0, 0);
        case Kind::Type:
            return Value::type("int");
        case Kind::Optional:
            return Value::optionalNone();
        case Kind::Extension:
            return Value::extension(std::make_shared<NameOnly>(type.name));
    }
    return Value::null();
}

}  // namespace klaw::rules::cel
