#include "agent/recording/envelope.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace klaw::recording {
namespace {

constexpr int currentVersion = 1;
constexpr double longestRecording = 100.0 * 365 * 86400;

tl::unexpected<Error> broken(std::string what) {
    return fail(ErrorCode::DataLoss, std::move(what));
}

/// Reads the few short members of an envelope by hand; what follows the key of the payload is left alone.
class EnvelopeScan {
public:
    explicit EnvelopeScan(kube::PaddedText line) : line_(line), text_(line.text()) {}

    bool accept(char expected) {
        skipSpace();
        if (at_ == text_.size() || text_[at_] != expected) return false;
        ++at_;
        return true;
    }
    bool string(std::string_view& out, std::string& unescaped) {
        if (!accept('"')) return false;
        auto begin = at_;
        bool escapes = false;
        for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] != '\\') continue;
            escapes = true;
            ++at_;
        }
        if (at_ >= text_.size()) return false;
        out = text_.substr(begin, at_++ - begin);
        return !escapes || unescape(text_.substr(begin - 1, at_ - begin + 1), out, unescaped);
    }
    bool number(double& out) {
        skipSpace();
        auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out);
        at_ = static_cast<std::size_t>(end - text_.data());
        return error == std::errc();
    }
    /// Everything up to the brace that closes the line.
    bool rest(kube::PaddedText& out) {
        skipSpace();
        auto end = text_.find_last_not_of(" \t\r");
        if (end == text_.npos || text_[end] != '}' || end < at_) return false;
        auto size = text_.substr(at_, end - at_).find_last_not_of(" \t\r") + 1;
        out = {line_.data + at_, size, line_.capacity - at_};
        return size > 1 && out.data[0] == '{' && out.data[size - 1] == '}';
    }

private:
    void skipSpace() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
    }
    static bool unescape(std::string_view literal, std::string_view& out, std::string& storage) {
        auto value = nlohmann::json::parse(literal, nullptr, false);
        if (!value.is_string()) return false;
        storage = value.get<std::string>();
        out = storage;
        return true;
    }

    kube::PaddedText line_;
    std::string_view text_;
    std::size_t at_ = 0;
};

Result<Duration> duration(double seconds) {
    if (!(seconds >= 0 && seconds < longestRecording)) return broken("\"t\" is not a number of seconds from 0 on");
    return Duration(std::llround(seconds * 1e9));
}

}  // namespace

Result<RecordingEntry> parseEnvelope(kube::PaddedText line, std::string (&strings)[2]) {
    EnvelopeScan scan(line);
    RecordingEntry entry;
    bool timed = false;
    if (!scan.accept('{')) return broken("not a JSON object");
    do {
        std::string_view key;
        std::string ignored;
        if (!scan.string(key, ignored) || !scan.accept(':'))
            return broken("a malformed member, or no \"event\" and no \"scrape\"");
        if (key == "t") {
            double seconds = -1;
            if (!scan.number(seconds)) return broken("\"t\" is not a number");
            auto at = duration(seconds);
            if (!at) return fail(at.error());
            entry.at = *at;
            timed = true;
        } else if (key == "cluster" || key == "resource") {
            bool isCluster = key == "cluster";
            auto& into = isCluster ? entry.cluster : entry.resource;
            if (!scan.string(into, strings[isCluster ? 0 : 1]))
                return broken(fmt::format("\"{}\" is not a string", key));
        } else if (key == "event" || key == "scrape") {
            kube::PaddedText payload;
            if (!scan.rest(payload)) return broken(fmt::format("\"{}\" is not an object, or the line is cut", key));
            if (!timed || entry.cluster.empty())
                return broken(fmt::format("\"t\" and \"cluster\" must stand before \"{}\"", key));
            if (key == "scrape") {
                entry.scrape = payload.text();
                return entry;
            }
            if (entry.resource.empty()) return broken("\"resource\" must stand before \"event\"");
            entry.event = payload;
            return entry;
        } else {
            return broken(fmt::format("unknown member \"{}\"", key));
        }
    } while (scan.accept(','));
    return broken("neither \"event\" nor \"scrape\"");
}

bool looksLikeHeader(std::string_view line) {
    auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos || line[begin] != '{') return false;
    auto key = line.find_first_not_of(" \t", begin + 1);
    return key != line.npos && line.substr(key).starts_with("\"klaw\"");
}

Result<RecordingHeader> parseHeader(std::string_view line) {
    constexpr std::size_t longestHeader = 1u << 20;
    auto json = nlohmann::json::parse(line.substr(0, longestHeader), nullptr, false);
    if (!json.is_object() || json.value("klaw", nlohmann::json()) != "recording")
        return broken("not the header of a recording");
    auto version = json.value("version", nlohmann::json());
    if (!version.is_number_integer()) return broken("a header without version");
    if (version != currentVersion) {
        return fail(ErrorCode::Unsupported, fmt::format("a recording of version {}", version.dump()), {},
                    fmt::format("this program reads version {}", currentVersion));
    }
    RecordingHeader header;
    auto started = json.value("started", nlohmann::json());
    auto time = started.is_string() ? parseRfc3339(started.get<std::string>()) : std::nullopt;
    if (!time) return broken("\"started\" is not an RFC 3339 time");
    header.started = *time;
    auto clusters = json.value("clusters", nlohmann::json::object());
    if (!clusters.is_object()) return broken("\"clusters\" is not an object");
    for (const auto& [name, about] : clusters.items()) {
        auto served = about.is_object() ? about.value("version", nlohmann::json()) : nlohmann::json();
        header.clusters[name] = served.is_string() ? served.get<std::string>() : std::string();
    }
    return header;
}

std::string formatHeader(const RecordingHeader& header) {
    nlohmann::ordered_json json;
    json["klaw"] = "recording";
    json["version"] = currentVersion;
    json["started"] = formatRfc3339(header.started);
    json["clusters"] = nlohmann::ordered_json::object();
    for (const auto& [name, version] : header.clusters) json["clusters"][name]["version"] = version;
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace klaw::recording
