#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"

namespace klaw::security {

struct Finding;

/// What people set.
struct Settings {
    /// Minor version of Kubernetes that is the newest: no list of releases is asked for.
    int newestMinor = 36;
    /// How long before its end a certificate is told of.
    Duration certificatesEndWithin = 30 * 24h;
};

/// What people have looked at and accept until a day.
struct Exemption {
    std::string check;   ///< id of one, or "*"
    std::string ns;      ///< empty: everywhere
    std::string object;  ///< "Deployment/web", "web"; empty: all. In these four a `*` at the end stands for anything
    std::string reason;
    TimePoint until{};
    std::string cluster{};  ///< empty: all
    bool covers(const Finding& finding, const std::string& inCluster) const;
    friend bool operator==(const Exemption&, const Exemption&) = default;
};

/// What an audit goes by.
struct Terms {
    Settings settings;
    std::vector<Exemption> exemptions;
    std::string programVersion;
};

/// What is kept of a run to compare the next one with.
struct Run {
    TimePoint at{};
    std::vector<std::string> keys;    ///< Finding::key(), sorted
    std::vector<std::string> hashes;  ///< keyHash() of the keys beyond those: what became of these is not told by name
    bool cut = false;                 ///< there were more still
};
/// Enough of a digest to tell keys apart.
std::string keyHash(const std::string& key);
std::string toText(const Run& run);
/// False for what cannot be read.
bool fromText(const std::string& scope, const std::string& text, Run& into);

}  // namespace klaw::security
