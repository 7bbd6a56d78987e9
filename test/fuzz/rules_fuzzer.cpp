// Rule files of any bytes: rules or errors with a place, within bounded time; what was read is written and read again
// the same.
#include <cstdlib>
#include <string>

#include "rules/load/load_rules.hpp"
#include "rules/load/rule_writer.hpp"
#include "rules/rule_table.hpp"
#include "rules/rule_test.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace klaw::rules;
    const std::string text(reinterpret_cast<const char*>(data), size);
    auto report = loadRules({{"fuzz.yaml", text}});
    for (const auto& error : report.errors)
        if (error.place.empty()) std::abort();  // people could not find the mistake
    (void)markdownTable(report);
    (void)upstreamTable(report);
    for (const auto& rule : report.rules->rules()) {
        auto again = loadRules({{"written.yaml", ruleFileOf(rule.text)}});
        const auto* same = again.rules->find(rule.name);
        if (!again.ok() || !same || same->text != rule.text) std::abort();
    }
    (void)runRuleTests({"fuzz_test.yaml", text}, report);
    return 0;
}
