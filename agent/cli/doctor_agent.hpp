#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/app/backup_settings.hpp"
#include "agent/cli/doctor_report.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/labels.hpp"

namespace klaw::cli {

// What a running agent says of itself, judged. Pure: no clock, no network.

/// A page of /metrics.
class MetricsPage {
public:
    static Result<MetricsPage> read(const std::string& text);
    /// Of the first series with that name.
    std::optional<double> value(const std::string& name) const;
    void forEach(const std::string& name,
                 const std::function<void(const rules::Labels& labels, double value)>& visit) const;

private:
    struct Series {
        rules::Labels labels;
        double value;
    };
    std::map<std::string, std::vector<Series>> series_;
};

/// Of /readyz.
void judgeReadiness(int status, const std::string& text, DoctorReport& report);
/// Of /api/state: clusters, channels, warnings; false at a standby, which knows no channels.
bool judgeState(const std::string& json, DoctorReport& report);
/// Of the command `rules --json` in English.
void judgeRules(const std::string& json, DoctorReport& report);
/// Of this machine and of what it runs in.
struct Limits {
    std::optional<double> memoryBytes;
};
void judgeMetrics(const MetricsPage& page, const std::vector<app::BackupConfig>& backups, TimePoint now,
                  const Limits& limits, DoctorReport& report);
/// `skew`: how far this machine's clock is before the other one.
void judgeClock(const std::string& check, Words subject, Duration skew, DoctorReport& report);

}  // namespace klaw::cli
