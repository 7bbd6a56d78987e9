#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "agent/kube/cluster_access.hpp"
#include "agent/kube/exec_plugin.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/net/http_client.hpp"

namespace klaw::kube {

/// Who we are to a cluster, as it stands now. On the loop thread.
class Credentials {
public:
    Credentials(Loop& loop, LoopClock& clock, ClusterAccess access);

    /// The Authorization header's value, empty when a certificate or nothing is used. Runs a plugin when its last
    /// answer has expired; several callers wait for one run.
    Task<Result<std::string>> authorization();
    /// The server answered 401: what is remembered is worth nothing. True when asking again may help.
    bool rejected();
    /// Certificates for TLS; a plugin's change them. `version` grows when they do.
    net::TlsOptions tls() const;
    std::uint64_t tlsVersion() const { return tlsVersion_; }

private:
    Result<std::string> tokenFromFile();
    Task<Result<std::string>> tokenFromPlugin();

    Loop& loop_;
    LoopClock& clock_;
    ClusterAccess access_;
    std::string fileToken_;
    std::filesystem::file_time_type fileTime_{};
    TimePoint fileReadAt_{};
    std::optional<ExecCredential> credential_;
    bool running_ = false;
    std::optional<Error> failure_;  ///< of the last run, for those who waited for it
    LoopCondition runEnded_;
    std::uint64_t tlsVersion_ = 0;
};

}  // namespace klaw::kube
