#include "test/cel/support/agreement.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/packed/packed.hpp"
#include "rules/cel/program.hpp"
#include "test/cel/support/typed_value.hpp"

namespace klaw::rules::cel {
namespace {

Result<Program> compile(const std::string& expression) {
    static const Environment environment = [] {
        Environment made{{"object", "now", "cluster"}};
        made.types = {Type(), Kind::Timestamp, Kind::String};
        made.bounded = false;
        return made;
    }();
    return Program::compile(expression, environment);
}

/// What came of an expression, in words that both sides share.
struct Outcome {
    enum class Kind { Refused, Failed, Value };
    Kind kind;
    std::string text;
    std::optional<Value> value;
};

Outcome outcomeOf(const Result<Program>& program, PackedView object) {
    if (!program)
        return {Outcome::Kind::Refused, "refused: " + program.error().place + ": " + program.error().message, {}};
    const std::array bindings{Value::packed(object), Value::timestampOf(1'795'462'800, 123'456'789),
                              Value::stringView("demo")};
    auto value = program->evaluate(bindings);
    if (!value) return {Outcome::Kind::Failed, "error: " + value.error().message, {}};
    return {Outcome::Kind::Value, described(*value), *value};
}

/// Whether a name in the expression begins with a dot: `.x`, not `a.x`.
bool hasRootName(std::string_view expression) {
    for (auto dot = expression.find('.'); dot != expression.npos; dot = expression.find('.', dot + 1)) {
        auto before = expression.substr(0, dot).find_last_not_of(" \t\n");
        if (before == expression.npos ||
            std::string_view("([{,:?&|=<>+-*/%!").find(expression[before]) != expression.npos)
            return true;
    }
    return false;
}

struct Difference {
    const char* reason;
    bool (*applies)(std::string_view expression);
};
/// What one of the two refuses and the other one compiles, by design.
constexpr std::array byDesign{
    Difference{"a name that begins with a dot: to cel-go it may be a variable of a macro, and .math.least is unknown",
               hasRootName},
};

/// Why Klaw is not to agree with cel-go here; null where it is.
const char* differenceByDesign(const std::string& expression, bool compiles, bool compilesThere) {
    if (compiles == compilesThere) return nullptr;
    const auto* found = std::ranges::find_if(byDesign, [&](const auto& known) { return known.applies(expression); });
    return found == byDesign.end() ? nullptr : found->reason;
}

}  // namespace

struct AgreementCheck::Objects {
    std::vector<PackedObject> all;
};

AgreementCheck::AgreementCheck(std::function<void(std::string_view)> report)
    : report_(std::move(report)), objects_(std::make_unique<Objects>()) {}
AgreementCheck::~AgreementCheck() = default;

void AgreementCheck::read(std::string_view line) {
    constexpr std::string_view mark = R"({"object":)";
    if (!line.starts_with(mark)) return compare(line);
    auto object = packJson(line.substr(mark.size(), line.size() - mark.size() - 1));
    if (!object) throw std::runtime_error("an object that is no JSON");
    objects_->all.push_back(std::move(*object));
}

void AgreementCheck::compare(std::string_view line) {
    auto row = nlohmann::json::parse(line);
    auto expression = row.at("e").get<std::string>();
    auto program = compile(expression);
    if (const auto* reason = differenceByDesign(expression, program.has_value(), !row.contains("r"))) {
        ++result_.byDesign[reason];
        return;
    }
    ++result_.compared;
    auto seen = outcomeOf(program, objects_->all.at(row.at("o").get<std::size_t>()).view());
    std::string wanted;
    bool agreed = false;
    if (row.contains("v")) {
        ++result_.values;
        auto value = fromTypedJson(row["v"]);
        if (!value) throw std::runtime_error(value.error().message);
        agreed = seen.value && identical(*seen.value, *value);
        wanted = described(*value);
    } else if (row.contains("x")) {
        agreed = seen.kind == Outcome::Kind::Failed;
        wanted = "error: " + row["x"].get<std::string>();
    } else if (row.contains("r")) {
        ++result_.refusals;
        agreed = seen.kind == Outcome::Kind::Refused;
        wanted = "refused: " + row["r"].get<std::string>();
    } else {
        agreed = seen.kind != Outcome::Kind::Refused;
        wanted = "compiles";
    }
    result_.agreed += agreed;
    if (!agreed) report_(expression + "\n    gave   " + seen.text + "\n    cel-go " + wanted);
}

}  // namespace klaw::rules::cel
