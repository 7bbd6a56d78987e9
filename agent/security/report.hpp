#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/security/auditor.hpp"
#include "agent/security/terms.hpp"

namespace klaw::security {

struct ReportedFinding {
    Finding finding;
    bool isNew = false;                    ///< the run before did not have it
    std::optional<Exemption> exemption{};  ///< that holds now
    std::optional<Exemption> expired{};    ///< that held once: it counts again
};

struct AuditReport {
    std::string cluster, ns;  ///< `ns` empty: of the whole cluster
    std::string programVersion;
    TimePoint at{};
    std::vector<ReportedFinding> open;                    ///< severest first
    std::vector<ReportedFinding> exempted;                ///< neither new nor fixed
    std::vector<std::pair<const Check*, Subject>> fixed;  ///< that the run before had
    std::optional<TimePoint> previous;                    ///< when that was
    bool compared = false;                                ///< with it; else it was too long, or there was none
    std::vector<std::string> carriedOver;                 ///< keys of the run before that could not be judged now
    std::vector<Unread> unread;
    std::vector<const Check*> notJudged;  ///< or only in part
    std::size_t objects = 0, leftOut = 0;
    std::size_t count(Severity severity) const;
    std::size_t countNew() const;
};

/// `previous` null: there was none.
AuditReport reportOf(Findings findings, std::string cluster, std::string ns, TimePoint at, const Terms& terms,
                     const Run* previous);
Run runOf(const AuditReport& report);
/// Only what is at least as severe.
void keepFrom(AuditReport& report, Severity least);
std::optional<Severity> severityFromString(std::string_view text);

/// For people to keep and to pass on.
std::string toMarkdown(const AuditReport& report, const std::string& language);
std::string toJson(const AuditReport& report);
/// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
std::string toSarif(const AuditReport& report);

/// What stands in place of a list of findings that is empty.
std::string nothingFound(const AuditReport& report, bool chinese);
/// The lines below a list of findings: what is fixed, exempted, could not be read.
std::string summaryOf(const AuditReport& report, bool chinese);

}  // namespace klaw::security
