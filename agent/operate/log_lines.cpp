#include "agent/operate/log_lines.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "base/text/secrets.hpp"
#include "base/time.hpp"

namespace klaw::operate {
namespace {

struct Line {
    TimePoint at{};
    std::size_t log = 0;
    std::size_t place = 0;  ///< among all, as they were read
    std::string time, text;
    bool afterGap = false;
};

std::vector<std::string_view> splitLines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// A key may go over several lines, so all of them are masked at once. Where that leaves fewer, nobody can say of what
/// time each is: they stay together at the first time.
void mask(std::vector<Line>& lines) {
    std::string whole;
    for (const auto& line : lines) whole += line.text + "\n";
    auto masked = maskSecrets(whole);
    auto left = splitLines(masked);
    if (left.size() != lines.size()) {
        auto first = lines.front();
        first.time.clear();
        lines.assign(left.size(), first);
    }
    for (std::size_t i = 0; i < left.size(); ++i) lines[i].text = left[i];
}

/// A line without a time, which a container's crash can leave, is of the time of the one before.
std::vector<Line> linesOf(const ContainerLog& log, std::size_t number) {
    std::vector<Line> lines;
    TimePoint last{};
    for (auto whole : splitLines(log.text)) {
        Line line{last, number, 0, {}, std::string(whole), false};
        auto blank = std::min(whole.find(' '), whole.size());
        if (auto at = parseRfc3339(whole.substr(0, blank))) {
            line.at = last = std::max(last, *at);
            line.time = whole.substr(0, blank);
            line.text = whole.substr(std::min(blank + 1, whole.size()));
        }
        lines.push_back(std::move(line));
    }
    if (!lines.empty()) mask(lines);
    return lines;
}

std::vector<Line> around(const std::vector<Line>& lines, const RE2& pattern, std::size_t context) {
    std::vector<bool> wanted(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!RE2::PartialMatch(lines[i].text, pattern)) continue;
        auto from = i - std::min(i, context), to = std::min(i + context + 1, lines.size());
        std::fill(wanted.begin() + static_cast<std::ptrdiff_t>(from), wanted.begin() + static_cast<std::ptrdiff_t>(to),
                  true);
    }
    std::vector<Line> found;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!wanted[i]) continue;
        found.push_back(lines[i]);
        found.back().afterGap = context > 0 && found.size() > 1 && !wanted[i - 1];
    }
    return found;
}

}  // namespace

Result<LogAnswer> mergeLogs(const std::vector<ContainerLog>& logs, const LogQuestion& question) {
    RE2::Options options;
    options.set_log_errors(false);
    RE2 pattern(question.pattern, options);
    if (!pattern.ok())
        return fail(ErrorCode::InvalidArgument, "--grep: " + pattern.error(), {},
                    "put a backslash before characters with a meaning");
    std::vector<Line> all;
    for (std::size_t i = 0; i < logs.size(); ++i) {
        auto lines = linesOf(logs[i], i);
        if (!question.pattern.empty()) lines = around(lines, pattern, question.context);
        all.insert(all.end(), lines.begin(), lines.end());
    }
    for (std::size_t i = 0; i < all.size(); ++i) all[i].place = i;
    std::ranges::sort(all, {}, [](const Line& line) { return std::pair(line.at, line.place); });
    LogAnswer answer;
    answer.leftOut = all.size() - std::min(all.size(), question.most);
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(answer.leftOut));
    answer.lines = all.size();
    for (const auto& line : all) {
        if (line.afterGap) answer.text += "--\n";
        if (question.withTimes && !line.time.empty()) answer.text.append(line.time).append(" ");
        if (logs.size() > 1) answer.text.append("[").append(logs[line.log].name).append("] ");
        answer.text.append(line.text).append("\n");
    }
    return answer;
}

}  // namespace klaw::operate
