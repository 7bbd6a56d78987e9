#include "agent/security/report.hpp"

#include <algorithm>
#include <set>

#include "base/digest.hpp"
#include "base/percent.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

/// In the database it is one value.
constexpr std::size_t mostKept = 5000, mostHashed = 45'000;

bool matches(std::string_view pattern, std::string_view text) {
    if (pattern.ends_with('*')) return text.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == text;
}

std::vector<std::string> parts(const std::string& key) {
    std::vector<std::string> all(1);
    for (char c : key) {
        if (c == '|')
            all.emplace_back();
        else
            all.back() += c;
    }
    return all;
}

/// What a key of an earlier run is about; nothing where its check is gone.
std::optional<std::pair<const Check*, Subject>> readKey(const std::string& key) {
    auto words = parts(key);
    const auto* check = words.size() == 4 ? findCheck(words[0]) : nullptr;
    if (!check) return std::nullopt;
    auto read = [&](std::size_t part) { return percentDecode(words[part]).value_or(words[part]); };
    return std::pair(check, Subject{read(1), read(2), read(3)});
}

/// Whether it would have been found now if it were still so.
bool isJudged(const Check& check, const Subject& subject, const Findings& findings) {
    if (findings.leftOut > 0 || std::ranges::find(findings.notJudged, &check) != findings.notJudged.end()) return false;
    auto kind = std::ranges::find(auditedKinds(), subject.kind, &ObjectKind::kind);
    auto lists = kind == auditedKinds().end() ? std::string_view("pods") : kind->resource;
    return std::ranges::none_of(findings.unread, [&](const Unread& unread) { return unread.resource == lists; });
}

void exempt(ReportedFinding& reported, const std::string& cluster, const Terms& terms, TimePoint at) {
    for (const auto& exemption : terms.exemptions) {
        if (!exemption.covers(reported.finding, cluster)) continue;
        (exemption.until > at ? reported.exemption : reported.expired) = exemption;
    }
}

}  // namespace

bool Exemption::covers(const Finding& finding, const std::string& inCluster) const {
    if (!cluster.empty() && !matches(cluster, inCluster)) return false;
    const auto& subject = finding.subject;
    auto in = subject.kind == "Namespace" ? subject.name : subject.ns;
    bool named = object.empty() || matches(object, subject.name) || matches(object, subject.kind + "/" + subject.name);
    return matches(check, finding.check->id) && (ns.empty() || matches(ns, in)) && named;
}

std::string keyHash(const std::string& key) {
    constexpr std::size_t enough = 16;
    return sha256Hex(key).substr(0, enough);
}

std::string toText(const Run& run) {
    Json json{{"at", formatRfc3339(run.at)}, {"findings", run.keys}, {"hashes", run.hashes}, {"cut", run.cut}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool fromText(const std::string&, const std::string& text, Run& into) {
    auto json = parsedJson<Json>(text);
    auto at = parseRfc3339(textAt(json, "at"));
    if (!at) return false;
    into = {*at, textsAt(json, "findings"), textsAt(json, "hashes"), flagAt(json, "cut", false)};
    return true;
}

std::optional<Severity> severityFromString(std::string_view text) {
    for (auto severity : {Severity::Low, Severity::Medium, Severity::High, Severity::Critical})
        if (toString(severity) == text) return severity;
    return std::nullopt;
}

std::size_t AuditReport::count(Severity severity) const {
    auto is = [&](const ReportedFinding& each) { return each.finding.check->severity == severity; };
    return static_cast<std::size_t>(std::ranges::count_if(open, is));
}

std::size_t AuditReport::countNew() const {
    return static_cast<std::size_t>(std::ranges::count_if(open, &ReportedFinding::isNew));
}

AuditReport reportOf(Findings findings, std::string cluster, std::string ns, TimePoint at, const Terms& terms,
                     const Run* previous) {
    AuditReport report;
    report.cluster = std::move(cluster);
    report.ns = std::move(ns);
    report.programVersion = terms.programVersion;
    report.at = at;
    std::set<std::string> before, hashed, keys;
    if (previous) before.insert(previous->keys.begin(), previous->keys.end());
    if (previous) hashed.insert(previous->hashes.begin(), previous->hashes.end());
    if (previous) report.previous = previous->at;
    report.compared = previous && !previous->cut;
    for (const auto& finding : findings.all) keys.insert(finding.key());
    for (const auto& key : before) {
        if (keys.contains(key)) continue;
        auto known = readKey(key);
        if (known && isJudged(*known->first, known->second, findings))
            report.fixed.push_back(std::move(*known));
        else if (known)
            report.carriedOver.push_back(key);
    }
    for (auto& finding : findings.all) {
        auto key = finding.key();
        bool wasThere = before.contains(key) || (!hashed.empty() && hashed.contains(keyHash(key)));
        bool isNew = report.compared && !wasThere;
        ReportedFinding reported{std::move(finding), isNew};
        exempt(reported, report.cluster, terms, at);
        (reported.exemption ? report.exempted : report.open).push_back(std::move(reported));
    }
    report.unread = std::move(findings.unread);
    report.notJudged = std::move(findings.notJudged);
    report.objects = findings.objects;
    report.leftOut = findings.leftOut;
    return report;
}

Run runOf(const AuditReport& report) {
    std::set<std::string> keys(report.carriedOver.begin(), report.carriedOver.end());
    for (const auto* list : {&report.open, &report.exempted})
        for (const auto& each : *list) keys.insert(each.finding.key());
    Run run{report.at, {}, {}, report.leftOut > 0 || keys.size() > mostKept + mostHashed};
    for (const auto& key : keys) {
        if (run.keys.size() < mostKept)
            run.keys.push_back(key);
        else if (run.hashes.size() < mostHashed)
            run.hashes.push_back(keyHash(key));
    }
    return run;
}

void keepFrom(AuditReport& report, Severity least) {
    auto isLess = [&](const ReportedFinding& each) { return each.finding.check->severity < least; };
    std::erase_if(report.open, isLess);
    std::erase_if(report.exempted, isLess);
    std::erase_if(report.fixed, [&](const auto& each) { return each.first->severity < least; });
}

}  // namespace klaw::security
