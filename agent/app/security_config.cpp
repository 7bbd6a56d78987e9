#include "agent/app/security_config.hpp"

#include <algorithm>
#include <charconv>

#include "agent/security/check.hpp"
#include "rules/load/value_readers.hpp"
#include "rules/suggestion.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;
using security::Exemption;
using security::Terms;

/// "1.36"
void readNewest(const YamlCursor& value, Terms& terms) {
    auto text = value.text("newest_kubernetes").value;
    int minor = 0;
    bool begins = text.starts_with("1.");
    const auto* end = text.data() + text.size();
    auto read = std::from_chars(text.data() + (begins ? 2 : 0), end, minor);
    if (!begins || read.ec != std::errc() || read.ptr != end || minor < 1)
        return value.error("newest_kubernetes: \"" + text + "\" is no minor version", "write for example \"1.36\"");
    terms.settings.newestMinor = minor;
}

/// A day, which it ends with, or an instant.
void readUntil(const YamlCursor& value, Exemption& exemption) {
    auto text = value.text("until").value;
    constexpr std::size_t lengthOfADay = 10;
    auto at = text.size() == lengthOfADay ? parseRfc3339(text + "T00:00:00Z") : parseRfc3339(text);
    if (!at) return value.error("until: \"" + text + "\" is no day", "write for example 2026-12-31");
    exemption.until = text.size() == lengthOfADay ? *at + 24h : *at;
}

void readCheck(const YamlCursor& value, Exemption& exemption) {
    exemption.check = value.text("check").value;
    if (exemption.check.ends_with('*') || security::findCheck(exemption.check)) return;
    std::vector<std::string_view> ids;
    for (const auto& check : security::checks()) ids.push_back(check.id);
    auto near = rules::nearest(exemption.check, ids);
    value.error("check: there is no check \"" + exemption.check + "\"",
                near ? "did you mean " + std::string(*near) + "?" : "docs/security-audit.md lists them");
}

constexpr Field<Exemption> exemptionFields[] = {
    {"check", readCheck},
    {"cluster", [](const YamlCursor& v, Exemption& e) { e.cluster = v.text("cluster").value; }},
    {"namespace", [](const YamlCursor& v, Exemption& e) { e.ns = v.text("namespace").value; }},
    {"object", [](const YamlCursor& v, Exemption& e) { e.object = v.text("object").value; }},
    {"reason", [](const YamlCursor& v, Exemption& e) { e.reason = v.text("reason").value; }},
    {"until", readUntil},
};

void readExemptions(const YamlCursor& value, Terms& terms) {
    for (const auto& item : value.items("exemptions")) {
        Exemption exemption;
        rules::decodeFields<Exemption>(item, "exemptions", exemptionFields, exemption);
        if (exemption.check.empty()) item.error("exemptions: from no check", "add `check`: an id, or \"*\"");
        if (exemption.reason.empty()) item.error("exemptions: without a reason", "add `reason`");
        if (exemption.until == TimePoint{})
            item.error("exemptions: without an end", "add `until`: the last day, such as 2026-12-31");
        terms.exemptions.push_back(std::move(exemption));
    }
}

constexpr Field<Terms> securityFields[] = {
    {"exemptions", readExemptions},
    {"newest_kubernetes", readNewest},
    {"certificates_end_within",
     [](const YamlCursor& v, Terms& t) {
         t.settings.certificatesEndWithin = rules::readDuration(v, "certificates_end_within");
     }},
};

}  // namespace

void readSecurity(const YamlCursor& value, Config& config) {
    rules::decodeFields<Terms>(value, "security", securityFields, config.security);
}

}  // namespace klaw::app
