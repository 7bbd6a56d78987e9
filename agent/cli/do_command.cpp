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

}  // namespace

int doCommand(const DoOptions& options) {
    auto agent = findAgent(options.config, options.data);
    if (!agent) return refuse(agent.error());
    auto answer = askAgent(*agent, joined(options.words), options.language);
    return answer ? show(*answer) : refuse(answer.error());
}

}  // namespace klaw::cli
