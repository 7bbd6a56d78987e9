#include "agent/deliver/findings_sections.hpp"

#include <algorithm>

#include "notifiers/words.hpp"

namespace klaw::deliver {
namespace {

using notifiers::CardSection;

struct Phrases {
    std::string_view logs, previousLogs, events, nothingWritten, noLogs, noEvents, skipped, colon, open, close;
};

const Phrases& phrasesFor(const std::string& language) {
    static const Phrases en{"Last log lines of ",
                            "Last log lines before the restart of ",
                            "Events",
                            "It has written nothing.",
                            "The logs could not be read",
                            "The Events could not be read",
                            "Not looked up: too much happens at once",
                            ": ",
                            " (",
                            ")"};
    static const Phrases zh{"最近日志：",
                            "重启前的最近日志：",
                            "事件时间线",
                            "没有输出任何日志。",
                            "无法读取日志",
                            "无法读取事件",
                            "同时发生的告警过多，未查询",
                            "：",
                            "（",
                            "）"};
    return language.starts_with("zh") ? zh : en;
}

/// The first Pod that still fails, as logs are looked up.
const rules::Alert* failingPod(const rules::Incident& incident) {
    for (const auto& alert : incident.alerts)
        if (alert.state() == rules::AlertState::Firing && alert.object.resource == "pods") return &alert;
    return nullptr;
}

bool asksFor(const rules::Incident& incident, const char* what) {
    return std::ranges::any_of(incident.alerts, [&](const rules::Alert& alert) {
        return std::ranges::find(alert.enrich, what) != alert.enrich.end();
    });
}

std::string logsCommand(const std::string& pod, const rules::Incident& incident) {
    const auto& findings = incident.findings;
    auto command = "logs " + pod;
    if (!findings.ns.empty()) command += " -n " + findings.ns;
    if (!findings.container.empty()) command += " --container " + findings.container;
    if (findings.previous) command += " --previous";
    return command + " --cluster " + incident.cluster;
}

CardSection logsSection(const rules::Incident& incident, const Phrases& phrases) {
    const auto& findings = incident.findings;
    CardSection section;
    section.heading = std::string(findings.previous ? phrases.previousLogs : phrases.logs) + findings.pod +
                      (findings.container.empty() ? "" : "/" + findings.container);
    if (!findings.logs.empty()) {
        section.kind = CardSection::Kind::Code;
        section.lines = findings.logs;
        section.keepEnd = true;
    } else if (findings.logsTrouble.empty()) {
        section.lines.emplace_back(phrases.nothingWritten);
    } else {
        section.lines.push_back(std::string(phrases.noLogs) + std::string(phrases.colon) + findings.logsTrouble);
        if (!findings.pod.empty()) section.lines.push_back(logsCommand(findings.pod, incident));
    }
    return section;
}

/// "11-23 18:04:05 BackOff ×12 (Pod web-0): Back-off restarting failed container"
std::string eventLine(const rules::TimelineEvent& event, const Phrases& phrases, const CardStyle& style) {
    std::string line = event.type == "Warning" ? "⚠ " : "";
    line += notifiers::localTime(event.at, style.utcOffsetMinutes).substr(5, 14) + " " + event.reason;
    if (event.count > 1) line += " ×" + std::to_string(event.count);
    return line + std::string(phrases.open) + event.object + std::string(phrases.close) + std::string(phrases.colon) +
           event.message;
}

CardSection eventsSection(const rules::Findings& findings, const Phrases& phrases, const CardStyle& style) {
    CardSection section;
    section.heading = phrases.events;
    section.keepEnd = true;
    for (const auto& event : findings.events) section.lines.push_back(eventLine(event, phrases, style));
    if (!findings.eventsTrouble.empty())
        section.lines.push_back(std::string(phrases.noEvents) + std::string(phrases.colon) + findings.eventsTrouble);
    return section;
}

CardSection skippedSection(const rules::Incident& incident, const Phrases& phrases) {
    CardSection section;
    bool logs = asksFor(incident, rules::enrichLogs);
    section.heading = logs ? phrases.logs : phrases.events;
    section.lines.emplace_back(phrases.skipped);
    const auto* pod = failingPod(incident);
    if (!pod) return section;
    section.heading += logs ? pod->object.name : "";
    auto place = pod->object.ns.empty() ? std::string() : " -n " + pod->object.ns;
    section.lines.push_back((logs ? "logs " : "describe pod/") + pod->object.name + place + " --cluster " +
                            incident.cluster);
    return section;
}

}  // namespace

std::vector<CardSection> findingsSections(const rules::Incident& incident, const CardStyle& style) {
    const auto& phrases = phrasesFor(style.language);
    const auto& findings = incident.findings;
    std::vector<CardSection> sections;
    if (findings.at == TimePoint{}) {
        if (findings.skipped && !incident.resolvedAt) sections.push_back(skippedSection(incident, phrases));
        return sections;
    }
    bool ofLogs = !findings.pod.empty() || !findings.logsTrouble.empty();
    if (ofLogs) sections.push_back(logsSection(incident, phrases));
    if (!findings.events.empty() || !findings.eventsTrouble.empty())
        sections.push_back(eventsSection(findings, phrases, style));
    return sections;
}

}  // namespace klaw::deliver
