#include "test/cel/support/agreement.hpp"

#include <array>
#include <stdexcept>
#include <vector>

#include "base/packed/packed.hpp"
#include "rules/cel/program.hpp"
#include "test/cel/support/typed_value.hpp"

namespace klaw::rules::cel {
namespace {

/// The result as text when there is none.
tl::expected<Value, std::string> evaluate(const std::string& expression, PackedView object) {
    static const Environment environment = [] {
        Environment made{{"object", "now", "cluster"}};
        made.bounded = false;
        return made;
    }();
    auto program = Program::compile(expression, environment);
    if (!program) return tl::unexpected("refused: " + program.error().place + ": " + program.error().message);
    const std::array bindings{Value::packed(object), Value::timestampOf(1'795'462'800, 123'456'789),
                              Value::stringView("demo")};
    auto value = program->evaluate(bindings);
    if (!value) return tl::unexpected(value.error().message);
    return *value;
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
    auto seen = evaluate(expression, objects_->all.at(row.at("o").get<std::size_t>()).view());
    ++result_.compared;
    std::string wanted;
    bool agreed = false;
    if (row.contains("v")) {
        ++result_.values;
        auto value = fromTypedJson(row["v"]);
        if (!value) throw std::runtime_error(value.error().message);
        agreed = seen && identical(*seen, *value);
        wanted = described(*value);
    } else {
        agreed = !seen;
        wanted = "error: " + row.at("x").get<std::string>();
    }
    result_.agreed += agreed;
    if (!agreed)
        report_(expression + "\n    gave   " + (seen ? described(*seen) : "error: " + seen.error()) + "\n    cel-go " +
                wanted);
}

}  // namespace klaw::rules::cel
