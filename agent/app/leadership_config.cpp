#include "agent/app/leadership_config.hpp"

#include <algorithm>

#include "agent/app/config_values.hpp"
#include "base/net/url.hpp"
#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

void readLease(const YamlCursor& value, LeadershipConfig& leadership) {
    auto text = value.text("lease").value;
    auto slash = text.find('/');
    if (slash == text.npos || slash == 0 || slash + 1 == text.size() || text.find('/', slash + 1) != text.npos)
        return value.error("lease: \"" + text + "\" is no Lease", "write NAMESPACE/NAME, for example klaw/klaw");
    leadership.leaseNamespace = text.substr(0, slash);
    leadership.leaseName = text.substr(slash + 1);
}

/// "10.0.0.7:8080" is what a Pod knows of itself, and "http://fd00::7:8080" what becomes of an IPv6 address in a
/// template.
std::string urlOf(std::string address) {
    if (address.find("://") == address.npos) address.insert(0, "http://");
    while (address.ends_with('/')) address.pop_back();
    auto host = address.find("://") + 3, port = address.rfind(':');
    bool isBareIpv6 = std::count(address.begin() + static_cast<std::ptrdiff_t>(host), address.end(), ':') > 1 &&
                      address.find('[') == address.npos;
    if (isBareIpv6) address.insert(port, "]").insert(host, "[");
    return address;
}

// clang-format off
constexpr Field<ShareConfig> shareFields[] = {
    {"address", [](const YamlCursor& v, ShareConfig& s) { s.address = urlOf(v.text("address").value); }},
    {"address_env", [](const YamlCursor& v, ShareConfig& s) { s.address = urlOf(secretFromEnvironment(v, "address_env")); }},
    {"token_env", [](const YamlCursor& v, ShareConfig& s) { s.token = secretFromEnvironment(v, "token_env"); }},
    {"token_file", [](const YamlCursor& v, ShareConfig& s) { s.token = secretFromFile(v, "token_file"); }},
};
// clang-format on

void readShare(const YamlCursor& value, LeadershipConfig& leadership) {
    auto& share = leadership.share.emplace();
    rules::decodeFields<ShareConfig>(value, "share", shareFields, share);
    if (share.address.empty())
        value.error("share: it is not said where the other replicas reach this one",
                    "add `address_env` or `address: http://HOST:PORT` of what `listen` opens");
    else if (auto url = net::parseUrl(share.address); !url || !isWebAddress(share.address))
        value.error("share: \"" + share.address + "\" is no address", "write http://HOST:PORT");
    if (share.token.empty())
        value.error("share: there is no token, without which anybody could read what is watched",
                    "add `token_env` or `token_file`, the same for all replicas; `openssl rand -hex 32` makes one");
}

// clang-format off
constexpr Field<LeadershipConfig> leadershipFields[] = {
    {"lease", readLease},
    {"cluster", [](const YamlCursor& v, LeadershipConfig& l) { l.cluster = v.text("cluster").value; }},
    {"identity", [](const YamlCursor& v, LeadershipConfig& l) { l.identity = v.text("identity").value; }},
    {"identity_env", [](const YamlCursor& v, LeadershipConfig& l) { l.identity = secretFromEnvironment(v, "identity_env"); }},
    {"duration", [](const YamlCursor& v, LeadershipConfig& l) { l.lasts = rules::readDuration(v, "duration"); }},
    {"renew", [](const YamlCursor& v, LeadershipConfig& l) { l.renewWithin = rules::readDuration(v, "renew"); }},
    {"retry", [](const YamlCursor& v, LeadershipConfig& l) { l.retry = rules::readDuration(v, "retry"); }},
    {"share", readShare},
};
// clang-format on

void checkTimes(const YamlCursor& value, const LeadershipConfig& leadership) {
    if (leadership.lasts < 2s || leadership.lasts % 1s != Duration::zero())
        value.error("duration: it is shorter than 2s, or no whole seconds", "the default is 10s");
    if (leadership.renewWithin + 1s > leadership.lasts)
        value.error("renew: a leader must stop at least 1s before another may begin",
                    "make it shorter than `duration`; the default is 6s");
    if (leadership.retry <= Duration::zero() || 2 * leadership.retry > leadership.renewWithin)
        value.error("retry: a leader must be able to try twice within `renew`", "the default is 2s");
}

}  // namespace

void readLeadership(const YamlCursor& value, Config& config) {
    auto& leadership = config.leadership.emplace();
    rules::decodeFields<LeadershipConfig>(value, "leadership", leadershipFields, leadership);
    if (leadership.leaseName.empty())
        value.error("leadership: it is not said by which Lease", "add `lease: NAMESPACE/NAME`");
    constexpr std::size_t longestLabel = 63;  // of Kubernetes: members are found by it
    if (leadership.share && leadership.leaseName.size() > longestLabel)
        value.error("lease: with `share` its name has 63 characters at most", "choose a shorter one");
    checkTimes(value, leadership);
}

/// Its kubeconfig must be at hand before anybody leads: one in a Secret is not.
void checkLeadership(const YamlCursor& root, const Config& config) {
    if (!config.leadership || config.leadership->cluster.empty()) return;
    const auto& name = config.leadership->cluster;
    auto found = std::ranges::find(config.clusters, name, &ClusterConfig::name);
    if (found == config.clusters.end())
        root.error("leadership: there is no cluster \"" + name + "\"", "name one of `clusters`");
    else if (found->secret)
        root.error("leadership: the kubeconfig of \"" + name + "\" is in a Secret", "name a cluster with a file");
}

}  // namespace klaw::app
