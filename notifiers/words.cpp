#include "notifiers/words.hpp"

#include <cstdio>
#include <cstdlib>

namespace klaw::notifiers {
namespace {

bool isChinese(std::string_view language) {
    return language.starts_with("zh");
}

constexpr Words kEnglish{
    .since = "Since",
    .sinceWithin = "since",
    .resolvedAt = "Resolved",
    .lasted = "Lasted",
    .time = "Time",
    .acknowledgedBy = "Acknowledged by",
    .silencedBy = "Silenced by",
    .until = "until",
    .affected = "Affected",
    .assignee = "Assigned to",
    .commands = "Commands",
    .links = "Links",
    .apply = "Apply",
    .least = "least",
    .greatest = "greatest",
    .threshold = "threshold",
    .rule = "rule",
    .incident = "incident",
    .startedBefore = "started before Klaw was watching",
    .mayBeRepeat = "This card may have been sent before: the answer to an earlier try was lost.",
    .withoutMentions = "Sent without mentions: the platform refused one of them.",
    .rest = "Shortened to fit. All of it:",
    .shortened = "Shortened to fit.",
    .colon = ": ",
    .comma = ", ",
    .listComma = ", ",
};

constexpr Words kChinese{
    .since = "开始时间",
    .sinceWithin = "自",
    .resolvedAt = "恢复时间",
    .lasted = "持续",
    .time = "时间",
    .acknowledgedBy = "已认领",
    .silencedBy = "已静默",
    .until = "至",
    .affected = "受影响",
    .assignee = "负责人",
    .commands = "命令",
    .links = "链接",
    .apply = "确定",
    .least = "最低",
    .greatest = "最高",
    .threshold = "阈值",
    .rule = "规则",
    .incident = "事件",
    .startedBefore = "在 Klaw 开始监视之前已发生",
    .mayBeRepeat = "此卡片可能是重复的：上一次发送未收到应答。",
    .withoutMentions = "未提及任何人：平台拒绝了其中一个提及。",
    .rest = "内容过长已截断，完整内容：",
    .shortened = "内容过长已截断。",
    .colon = "：",
    .comma = "，",
    .listComma = "、",
};

}  // namespace

const Words& wordsFor(std::string_view language) {
    return isChinese(language) ? kChinese : kEnglish;
}

std::string_view statusWord(CardStatus status, std::string_view language) {
    bool zh = isChinese(language);
    switch (status) {
        case CardStatus::Firing:
            return zh ? "告警中" : "Firing";
        case CardStatus::Acknowledged:
            return zh ? "已认领" : "Acknowledged";
        case CardStatus::Acting:
            return zh ? "处理中" : "Acting";
        case CardStatus::Acted:
            return zh ? "已处理" : "Acted on";
        case CardStatus::Failed:
            return zh ? "处理失败" : "Action failed";
        case CardStatus::Silenced:
            return zh ? "已静默" : "Silenced";
        case CardStatus::Resolved:
            return zh ? "已恢复" : "Resolved";
        case CardStatus::Continued:
            return zh ? "已转到下方新卡片" : "Continued in a newer card below";
        case CardStatus::Digest:
            return zh ? "汇总" : "Digest";
        case CardStatus::Test:
            return zh ? "测试" : "Test";
        case CardStatus::Reply:
            return zh ? "答复" : "Answer";
    }
    return {};
}

std::string_view severityWord(rules::Severity severity, std::string_view language) {
    bool zh = isChinese(language);
    switch (severity) {
        case rules::Severity::Critical:
            return zh ? "严重" : "critical";
        case rules::Severity::Warning:
            return zh ? "警告" : "warning";
        case rules::Severity::Info:
            return zh ? "提示" : "info";
    }
    return {};
}

std::string andMore(std::size_t count, std::string_view language) {
    auto number = std::to_string(count);
    return isChinese(language) ? "… 另有 " + number + " 个" : "… and " + number + " more";
}

std::string linesLeftOut(std::size_t count, std::string_view language) {
    auto number = std::to_string(count);
    if (isChinese(language)) return "… 省略 " + number + " 行";
    return "… " + number + (count == 1 ? " line left out" : " lines left out");
}

std::string_view symbolOf(const Card& card) {
    switch (card.status) {
        case CardStatus::Acknowledged:
        case CardStatus::Acted:
            return "🟡";
        case CardStatus::Acting:
            return "🔵";
        case CardStatus::Silenced:
        case CardStatus::Continued:
            return "⚪";
        case CardStatus::Resolved:
            return "🟢";
        case CardStatus::Test:
        case CardStatus::Reply:
            return "🔵";
        case CardStatus::Firing:
        case CardStatus::Failed:
        case CardStatus::Digest:
            break;
    }
    if (card.severity == rules::Severity::Critical) return "🔴";
    return card.severity == rules::Severity::Warning ? "🟠" : "🔵";
}

std::string localTime(TimePoint time, int utcOffsetMinutes) {
    auto shifted = std::chrono::floor<std::chrono::seconds>(time) + std::chrono::minutes(utcOffsetMinutes);
    auto text = formatRfc3339(TimePoint(shifted));  // "2026-11-23T18:00:05Z"
    text[10] = ' ';
    text.pop_back();
    if (utcOffsetMinutes == 0) return text + " UTC";
    char zone[16];
    auto minutes = std::abs(utcOffsetMinutes);
    std::snprintf(zone, sizeof zone, " %c%02d:%02d", utcOffsetMinutes < 0 ? '-' : '+', minutes / 60 % 100,
                  minutes % 60);
    return text + zone;
}

std::string roughly(Duration duration) {
    auto unit = duration >= 24h ? Duration(1h) : duration >= 1h ? Duration(1min) : Duration(1s);
    if (duration >= 10min && duration < 1h) unit = 1min;
    return formatDuration(duration - duration % unit);
}

}  // namespace klaw::notifiers
