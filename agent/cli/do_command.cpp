#include <fstream>
#include <iostream>
#include <sstream>

#include "agent/cli/agent_client.hpp"
#include "agent/cli/commands.hpp"

namespace klaw::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
    if (words.size() == 1) return words.front();
    std::string text;
    for (const auto& word : words) {
        bool blank = word.find(' ') != std::string::npos;
        text += (text.empty() ? "" : " ") + (blank ? "\"" + word + "\"" : word);
    }
    return text;
}

Result<std::string> textOf(const std::string& file) {
    if (file.empty()) return std::string();
    std::ostringstream text;
    std::ifstream in(file);
    if (file != "-" && !in)
        return fail(ErrorCode::NotFound, "it cannot be read", file, "check the path and its permissions");
    text << (file == "-" ? std::cin.rdbuf() : in.rdbuf());
    return text.str();
}

}  // namespace

int doCommand(const DoOptions& options) {
    auto agent = findAgent(options.config, options.data);
    if (!agent) return refuse(agent.error());
    auto text = textOf(options.file);
    if (!text) return refuse(text.error());
    auto answer = askAgent(*agent, joined(options.words), options.language, *text);
    return answer ? show(*answer) : refuse(answer.error());
}

}  // namespace klaw::cli
