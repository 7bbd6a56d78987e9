#include "agent/security/finding.hpp"

#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::security {
namespace {

constexpr std::size_t mostEvidence = 8, longestPath = 300, longestValue = 200, longestDump = 4000, longestName = 600;

std::string shown(std::string_view text, std::size_t longest) {
    return truncateUtf8(notifiers::oneLine(maskSecrets(text)), longest);
}

}  // namespace

std::string_view toString(Severity severity) {
    static constexpr std::string_view names[] = {"low", "medium", "high", "critical"};
    return names[static_cast<std::size_t>(severity)];
}

std::string Subject::text() const {
    return truncateUtf8(notifiers::oneLine(kind + " " + (ns.empty() ? "" : ns + "/") + name), longestName);
}

void EvidenceList::add(std::string_view path, std::string_view value) {
    Evidence evidence{shown(path, longestPath), shown(value.substr(0, longestDump), longestValue)};
    for (const auto& known : kept_)
        if (known == evidence) return;
    if (kept_.size() < mostEvidence)
        kept_.push_back(std::move(evidence));
    else
        ++leftOut_;
}

void EvidenceList::addJson(std::string_view path, const Json& value) {
    if (value.is_null()) return addMissing(path);
    if (value.is_string()) return add(path, std::string_view(value.get_ref<const std::string&>()));
    add(path, std::string_view(value.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

void EvidenceList::addMissing(std::string_view path) {
    add(path, std::string_view("not set"));
}

}  // namespace klaw::security
