#pragma once

#include "agent/app/config.hpp"
#include "agent/cli/doctor_report.hpp"
#include "base/net/http_client.hpp"

namespace klaw::cli {

/// Asks each API server of the configuration, from here and by its credentials: whether it answers, what its clock
/// says, what ends soon.
void examineClusters(const app::Config& config, DoctorReport& report);

/// This clock beside that of whoever answered so.
void examineClock(const std::string& check, Words subject, const net::HttpHead& head, TimePoint now,
                  DoctorReport& report);

/// Of what a kubeconfig shows the API server; the first one of the PEM is its own.
void judgeClientCertificate(const std::string& cluster, std::string_view pem, TimePoint now, DoctorReport& report);

/// The instant of an IMF-fixdate, as a `Date` header has it; nothing for anything else.
std::optional<TimePoint> instantOf(std::string_view date);

}  // namespace klaw::cli
