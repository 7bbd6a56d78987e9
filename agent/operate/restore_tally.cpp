#include "agent/operate/restore_tally.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/text/secrets.hpp"

namespace klaw::operate {
namespace {

constexpr std::size_t mostLines = 200;

struct Words {
    const char *done, *doneZh, *would, *wouldZh, *sign;
};
constexpr Words words[] = {
    {"created", "已创建", "to create", "将创建", "✅"},
    {"there already and the same", "已存在且相同", "there already and the same", "已存在且相同", "＝"},
    {"overwritten", "已覆盖", "to overwrite", "将覆盖", "✅"},
    {"there already and different, left as they are", "已存在但不同，保持原样",
     "there already and different, left as they are", "已存在但不同，保持原样", "≠"},
    {"not restored", "未恢复", "not restored", "不恢复", "–"},
    {"not tried", "未试运行", "to create once their namespace or definition is there", "待命名空间或定义创建后再创建",
     "…"},
    {"failed", "失败", "refused by the cluster", "被集群拒绝", "❌"},
};

}  // namespace

void RestoreTally::add(std::string object, Outcome outcome, std::string why) {
    ++counts[static_cast<std::size_t>(outcome)];
    auto& list = outcome == Outcome::Failed ? failures : others;
    if (list.size() < mostLines) list.push_back({std::move(object), outcome, std::move(why)});
}

void RestoreTally::explain(const std::string& object, std::string why) {
    auto line = std::ranges::find(others, object, &Line::object);
    if (line != others.end()) line->why = std::move(why);
}

std::uint64_t RestoreTally::total() const {
    return std::accumulate(std::begin(counts), std::end(counts), std::uint64_t(0));
}

std::string RestoreTally::text(bool chinese, bool done) const {
    std::string text;
    for (std::size_t i = 0; i < std::size(words); ++i) {
        if (counts[i] == 0) continue;
        const auto* word =
            chinese ? (done ? words[i].doneZh : words[i].wouldZh) : (done ? words[i].done : words[i].would);
        text += (text.empty() ? "" : chinese ? "，" : ", ") + std::to_string(counts[i]) + " " + word;
    }
    return text.empty() ? (chinese ? "没有对象" : "no objects") : text;
}

std::string RestoreTally::lines(bool chinese) const {
    std::string text;
    std::size_t shown = 0;
    for (const auto* list : {&failures, &others})
        for (const auto& line : *list) {
            if (shown == mostLines) break;
            ++shown;
            text += std::string(words[static_cast<std::size_t>(line.outcome)].sign) + " " + line.object +
                    (line.why.empty() ? "" : ": " + maskSecrets(line.why)) + "\n";
        }
    if (total() > shown)
        text += chinese ? "… 还有 " + std::to_string(total() - shown) + " 个：`audit` 有全部记录\n"
                        : "… and " + std::to_string(total() - shown) + " more: `audit` has all of them\n";
    return text;
}

std::string RestoreTally::toJson() const {
    return nlohmann::json(std::vector<std::uint64_t>(std::begin(counts), std::end(counts))).dump();
}

RestoreTally RestoreTally::fromJson(const std::string& json) {
    RestoreTally tally;
    auto list = nlohmann::json::parse(json, nullptr, false);
    if (!list.is_array()) return tally;
    for (std::size_t i = 0; i < std::size(tally.counts) && i < list.size(); ++i)
        if (list[i].is_number_unsigned()) tally.counts[i] = list[i].get<std::uint64_t>();
    return tally;
}

}  // namespace klaw::operate
