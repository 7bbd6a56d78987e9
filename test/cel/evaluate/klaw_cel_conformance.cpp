// Evaluates the tests that test/cel/conformance wrote, and says how many passed in each file.
//
//   klaw_cel_conformance tests.jsonl
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>

#include "rules/cel/program.hpp"
#include "test/cel/support/typed_value.hpp"

namespace klaw::rules::cel {
namespace {

struct Outcome {
    bool passed = false;
    std::string seen;
    std::string wanted;
};

/// The result as text when there is none.
tl::expected<Value, std::string> evaluate(const nlohmann::json& test) {
    Environment environment;
    environment.container = test.value("container", "");
    environment.checked = !test.value("unchecked", false);
    environment.macros = !test.value("noMacros", false);
    environment.bounded = false;
    std::vector<Value> bindings;
    const auto bound = test.value("bindings", nlohmann::json::object());
    for (const auto& [name, json] : bound.items()) {
        auto value = fromTypedJson(json);
        if (!value) throw std::runtime_error("binding " + name + ": " + value.error().message);
        environment.variables.push_back(name);
        bindings.push_back(std::move(*value));
    }
    auto program = Program::compile(test.at("expr").get<std::string>(), environment);
    if (!program) return tl::unexpected("refused: " + program.error().place + ": " + program.error().message);
    auto value = program->evaluate(bindings);
    if (!value) return tl::unexpected(value.error().message);
    return *value;
}

Outcome run(const nlohmann::json& test) {
    auto seen = evaluate(test);
    auto text = seen ? described(*seen) : "error: " + seen.error();
    if (!test.contains("value")) return {!seen, text, "error " + test.value("errors", nlohmann::json()).dump()};
    auto wanted = fromTypedJson(test["value"]);
    if (!wanted) return {false, text, "a value that cannot be read: " + wanted.error().message};
    return {seen && identical(*seen, *wanted), text, described(*wanted)};
}

int runAll(std::istream& tests) {
    struct Count {
        int passed = 0;
        int all = 0;
    };
    std::map<std::string, Count> files;
    for (std::string line; std::getline(tests, line);) {
        auto test = nlohmann::json::parse(line);
        auto file = test.at("file").get<std::string>();
        auto outcome = run(test);
        ++files[file].all;
        files[file].passed += outcome.passed;
        if (outcome.passed) continue;
        std::cout << "FAILED " << file << "/" << test.at("section").get<std::string>() << "/"
                  << test.at("name").get<std::string>() << ": " << test.at("expr").get<std::string>() << "\n    gave   "
                  << outcome.seen << "\n    wanted " << outcome.wanted << "\n";
    }
    Count total;
    for (const auto& [file, count] : files) {
        std::cout << file << ": " << count.passed << " of " << count.all << "\n";
        total.passed += count.passed;
        total.all += count.all;
    }
    std::cout << "conformance: " << total.passed << " of " << total.all << "\n";
    return total.all > 0 && total.passed == total.all ? 0 : 1;
}

}  // namespace
}  // namespace klaw::rules::cel

int main(int argc, char** argv) {
    std::ifstream tests(argc > 1 ? argv[1] : "");
    if (!tests) {
        std::cerr << "usage: klaw_cel_conformance tests.jsonl\n";
        return 2;
    }
    return klaw::rules::cel::runAll(tests);
}
