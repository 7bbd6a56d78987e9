// skills/*/references/verbs.md are made from the tools and the catalogue.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/mcp/tool.hpp"
#include "agent/operate/catalogue.hpp"

namespace klaw::mcp {
namespace {

std::string cell(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

std::string argumentsOf(const Tool& tool) {
    std::string text;
    for (const auto& parameter : tool.parameters)
        text += fmt::format("{}`{}{}`", text.empty() ? "" : ", ", parameter.name, parameter.required ? "!" : "");
    return text;
}

std::string reference() {
    std::string text =
        "# Tools and commands\n\nMade from Klaw's catalogue; do not edit. An argument with `!` is needed.\n\n"
        "| tool | what it does | arguments |\n|---|---|---|\n";
    for (const auto& tool : tools())
        text += fmt::format("| `{}` | {} | {} |\n", tool.name, cell(tool.description), argumentsOf(tool));
    text +=
        "\n`change_plan` takes `verb!`, `arguments` (the words after it), `options`, `namespace`, `cluster`, and for "
        "`apply` `manifest`.\n\n| command | what it does | who may | danger |\n|---|---|---|---|\n";
    for (auto name : plannableVerbs()) {
        const auto& verb = *operate::findVerb(name);
        text += fmt::format("| `{}` | {} | {} | {} |\n", cell(verb.usage), verb.summary.en, operate::whoMay(verb),
                            operate::dangerOf(verb, false));
    }
    return text;
}

TEST(McpSkills, ReferenceSaysWhatThereIs) {
    for (const auto* skill : {"kubernetes", "cluster"}) {
        auto file = std::string(KLAW_SOURCE_DIR) + "/skills/" + skill + "/references/verbs.md";
        if (std::getenv("KLAW_UPDATE_GOLDEN")) {
            std::filesystem::create_directories(std::filesystem::path(file).parent_path());
            ASSERT_TRUE((std::ofstream(file) << reference()).flush()) << file;
        }
        std::ostringstream text;
        text << std::ifstream(file).rdbuf();
        EXPECT_EQ(text.str(), reference()) << file << "; KLAW_UPDATE_GOLDEN=1 writes it";
    }
}

}  // namespace
}  // namespace klaw::mcp
