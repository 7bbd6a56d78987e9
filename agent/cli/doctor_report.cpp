#include "agent/cli/doctor_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/operate/table.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"

namespace klaw::cli {
namespace {

const Words& wordOf(Finding::Condition condition) {
    static const Words ok{"ok", "正常"}, unknown{"unknown", "未知"}, warning{"warning", "警告"},
        failed{"FAILED", "失败"};
    switch (condition) {
        case Finding::Condition::Ok:
            return ok;
        case Finding::Condition::Unknown:
            return unknown;
        case Finding::Condition::Warning:
            return warning;
        case Finding::Condition::Failed:
            break;
    }
    return failed;
}

/// One line, whatever others wrote into it.
std::string shown(std::string_view text) {
    auto masked = maskSecrets(validUtf8(text));
    while (!masked.empty() && masked.back() == '\n') masked.pop_back();
    std::string line;
    for (char c : masked) {
        if (c == '\n')
            line += "; ";
        else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
            line += c;
    }
    return line;
}

}  // namespace

std::string evidenceOf(const Error& error) {
    return error.place.empty() ? error.message : error.place + ": " + error.message;
}

void DoctorReport::add(Condition condition, std::string check, Words subject, std::string evidence, Words remedy) {
    findings_.push_back({condition,
                         std::move(check),
                         {shown(subject.en), shown(subject.zh)},
                         shown(evidence),
                         {shown(remedy.en), shown(remedy.zh)}});
}

std::size_t DoctorReport::count(Condition condition) const {
    return static_cast<std::size_t>(std::ranges::count(findings_, condition, &Finding::condition));
}

std::string DoctorReport::text(std::string_view language) const {
    bool zh = language == "zh";
    std::vector<std::vector<std::string>> rows;
    std::string remedies;
    for (const auto& finding : findings_) {
        rows.push_back({wordOf(finding.condition).in(language), finding.subject.in(language), finding.evidence});
        if (finding.condition == Condition::Ok || finding.remedy.en.empty()) continue;
        auto remedy =
            fmt::format("- {}{}{}\n", finding.subject.in(language), zh ? "：" : ": ", finding.remedy.in(language));
        if (remedies.find(remedy) == std::string::npos) remedies += remedy;
    }
    auto headings = zh ? std::vector<std::string>{"状态", "检查项", "依据"}
                       : std::vector<std::string>{"STATE", "CHECK", "EVIDENCE"};
    auto text = operate::formatTable(headings, rows);
    if (!remedies.empty()) text += (zh ? "\n处理建议：\n" : "\nWhat to do:\n") + remedies;
    return text + fmt::format(fmt::runtime(zh ? "\n{} 项正常，{} 项警告，{} 项失败，{} 项未知\n"
                                              : "\n{} ok, {} warnings, {} failed, {} unknown\n"),
                              count(Condition::Ok), count(Condition::Warning), count(Condition::Failed),
                              count(Condition::Unknown));
}

std::string DoctorReport::json(std::string_view language) const {
    static constexpr const char* conditions[] = {"ok", "unknown", "warning", "failed"};
    auto checks = nlohmann::ordered_json::array();
    for (const auto& finding : findings_)
        checks.push_back({{"check", finding.check},
                          {"state", conditions[static_cast<int>(finding.condition)]},
                          {"subject", finding.subject.in(language)},
                          {"evidence", finding.evidence},
                          {"remedy", finding.condition == Condition::Ok ? "" : finding.remedy.in(language)}});
    nlohmann::ordered_json all{{"ok", count(Condition::Ok)},
                               {"warnings", count(Condition::Warning)},
                               {"failed", count(Condition::Failed)},
                               {"unknown", count(Condition::Unknown)},
                               {"checks", std::move(checks)}};
    return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace klaw::cli
