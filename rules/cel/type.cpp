#include "rules/cel/type.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace klaw::rules::cel {
namespace {

struct Word {
    std::string_view word;
    Kind kind;
};
constexpr std::array<Word, 13> words{{{"null", Kind::Null},
                                      {"bool", Kind::Bool},
                                      {"int", Kind::Int},
                                      {"uint", Kind::Uint},
                                      {"double", Kind::Double},
                                      {"string", Kind::String},
                                      {"bytes", Kind::Bytes},
                                      {"list", Kind::List},
                                      {"map", Kind::Map},
                                      {"timestamp", Kind::Timestamp},
                                      {"duration", Kind::Duration},
                                      {"type", Kind::Type},
                                      {"optional", Kind::Optional}}};

class TypeReader {
public:
    TypeReader(std::string_view text, const std::function<Type(std::string_view)>& other)
        : left_(text), other_(other) {}

    std::vector<Type> all() {
        auto types = list();
        if (!left_.empty()) throw std::invalid_argument("no type: " + std::string(left_));
        return types;
    }

private:
    std::vector<Type> list() {
        std::vector<Type> types{next()};
        while (left_.starts_with(',')) {
            left_.remove_prefix(left_.find_first_not_of(", "));
            types.push_back(next());
        }
        return types;
    }

    Type next() {
        auto word = left_.substr(0, left_.find_first_of("(), "));
        left_.remove_prefix(word.size());
        auto type = named(word);
        if (!left_.starts_with('(')) return type;
        left_.remove_prefix(1);
        type.of = list();
        if (!left_.starts_with(')')) throw std::invalid_argument("no type: " + std::string(left_));
        left_.remove_prefix(1);
        return type;
    }

    Type named(std::string_view word) const {
        if (word == "dyn") return {};
        if (word.size() == 1 && std::isupper(static_cast<unsigned char>(word[0])))
            return Type::variableOf(static_cast<std::size_t>(word[0] - 'A'));
        const auto* known = std::ranges::find(words, word, &Word::word);
        return known != words.end() ? Type(known->kind) : other_(word);
    }

    std::string_view left_;
    const std::function<Type(std::string_view)>& other_;
};

}  // namespace

Type Type::list(Type element) {
    Type type(Kind::List);
    type.of[0] = std::move(element);
    return type;
}

Type Type::map(Type key, Type value) {
    Type type(Kind::Map);
    type.of[0] = std::move(key);
    type.of[1] = std::move(value);
    return type;
}

Type Type::optional(Type element) {
    Type type(Kind::Optional);
    type.of[0] = std::move(element);
    return type;
}

Type Type::variableOf(std::size_t index) {
    Type type;
    type.form = Form::Variable;
    type.variable = index;
    return type;
}

Type Type::object(std::vector<const ObjectType*> alternatives) {
    Type type;
    type.form = Form::Object;
    type.objects = std::move(alternatives);
    return type;
}

std::size_t Type::size() const {
    std::size_t count = 1;
    for (const auto& parameter : of) count += parameter.size();
    return count;
}

std::string Type::text() const {
    if (form == Form::Object) return std::string(objects.front()->name());
    if (form != Form::Known) return "dyn";
    std::string text(kind == Kind::Extension ? name : typeName(kind));
    for (std::size_t i = 0; i < of.size(); ++i) text += (i == 0 ? "(" : ", ") + of[i].text();
    return of.empty() ? text : text + ")";
}

std::optional<Type> fieldOf(const Type& object, std::string_view name) {
    std::optional<Type> found;
    std::vector<const ObjectType*> alternatives;
    for (const auto* alternative : object.objects) {
        auto field = alternative->field(name);
        if (!field) continue;
        for (const auto* type : field->objects)
            if (std::ranges::find(alternatives, type) == alternatives.end()) alternatives.push_back(type);
        if (found && *found != *field) found = found->isObject() && field->isObject() ? *found : Type();
        if (!found) found = std::move(field);
    }
    if (found && found->isObject()) found->objects = std::move(alternatives);
    return found;
}

std::vector<Type> parseTypes(std::string_view text, const std::function<Type(std::string_view)>& other) {
    return TypeReader(text, other).all();
}

}  // namespace klaw::rules::cel
