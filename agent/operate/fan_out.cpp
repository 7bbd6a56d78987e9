#include "agent/operate/fan_out.hpp"

#include <fmt/format.h>

namespace klaw::operate {
namespace {

std::string shown(const std::string& cluster, const Error& error) {
    return error.place == cluster ? error.describe() : cluster + ": " + error.describe();
}

}  // namespace

std::string failureText(const std::vector<std::string>& failures, bool chinese) {
    if (failures.empty()) return {};
    return fmt::format("{}\n{}\n", chinese ? "没有回答的集群：" : "Without an answer:", fmt::join(failures, "\n"));
}

Task<Result<FanOut>> fanOut(Control& control, Caller caller, std::vector<std::string> clusters, std::string path,
                            std::string accept) {
    std::vector<Question> questions;
    for (const auto& cluster : clusters) questions.push_back({cluster, path, accept});
    auto answers = co_await control.askClusters(std::move(caller), std::move(questions));
    FanOut outcome;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i])
            outcome.bodies.push_back({clusters[i], std::move(answers[i]->text)});
        else
            outcome.failures.push_back(shown(clusters[i], answers[i].error()));
    }
    if (!outcome.bodies.empty()) co_return outcome;
    if (answers.size() == 1) co_return fail(std::move(answers.front()).error());
    co_return fail(ErrorCode::Unavailable, fmt::format("no cluster answered: {}", fmt::join(outcome.failures, "; ")));
}

}  // namespace klaw::operate
