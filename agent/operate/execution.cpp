#include "agent/operate/execution.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/operate/object_text.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/digest.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

/// What a card has room for.
constexpr std::size_t longestOutput = 8'000;

}  // namespace

std::string toJson(const kube::ExecOutcome& outcome) {
    Json json{{"output", base64Encode(outcome.output)}, {"cut", outcome.cut}};
    if (outcome.exitCode) json["exitCode"] = *outcome.exitCode;
    if (!outcome.broken.empty()) json["broken"] = outcome.broken;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<kube::ExecOutcome> outcomeFromJson(const std::string& text) {
    auto json = Json::parse(text, nullptr, false);
    auto output = base64Decode(textAt(json, "/output"));
    if (!json.is_object() || !output) return fail(ErrorCode::DataLoss, "what came of the command cannot be read");
    kube::ExecOutcome outcome;
    outcome.output = std::move(*output);
    outcome.cut = valueAt(json, "/cut") == true;
    outcome.broken = textAt(json, "/broken");
    const auto& code = valueAt(json, "/exitCode");
    if (code.is_number_integer()) outcome.exitCode = code.get<int>();
    return outcome;
}

std::string endOf(const kube::ExecOutcome& outcome, bool chinese) {
    if (outcome.exitCode) return fmt::format(fmt::runtime(chinese ? "退出码 {}" : "exit code {}"), *outcome.exitCode);
    if (!outcome.broken.empty())
        return fmt::format(fmt::runtime(chinese ? "无法得知其结果：{}" : "it is not known how it ended: {}"),
                           maskSecrets(outcome.broken));
    return chinese ? "超时未结束，可能仍在容器中运行" : "it had not ended in its time, and may go on in the container";
}

std::string outputOf(const kube::ExecOutcome& outcome, bool chinese) {
    auto text = logText(validUtf8(outcome.output));  // masked whole: a key cut in two is not recognised
    bool cut = outcome.cut || text.size() > longestOutput;
    text = truncateUtf8(text, longestOutput, "");
    if (!text.empty() && !text.ends_with('\n')) text += "\n";
    if (cut) text += chinese ? "…（输出已截断）\n" : "… (it wrote more)\n";
    return text;
}

}  // namespace klaw::operate
