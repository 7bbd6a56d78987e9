#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/net/http_client.hpp"
#include "base/result.hpp"
#include "rules/silence.hpp"

namespace klaw::deliver {

/// An Alertmanager whose silences follow Klaw's.
struct AlertmanagerTarget {
    std::string name;                 ///< unique among those configured
    std::string cluster;              ///< whose alerts those without a label `cluster` are
    std::string url;                  ///< http or https, with the path prefix if there is one
    std::string token;                ///< bearer; empty: none
    std::filesystem::path tokenFile;  ///< read at each call, since tokens in Pods are renewed; empty: none
    friend bool operator==(const AlertmanagerTarget&, const AlertmanagerTarget&) = default;
};

/// A silence that an Alertmanager has, not at its end.
struct RemoteSilence {
    std::string id;
    std::string startsAt;  ///< as written there: a silence that holds is changed only under the same start
};

/// The calls of its API, version 2 (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml), that
/// silences need. On the loop thread; the client outlives the calls. Errors: InvalidArgument when it refuses what it
/// was asked; Unavailable, DeadlineExceeded, OutcomeUnknown when there is no answer; Internal for other answers.
class AlertmanagerClient {
public:
    AlertmanagerClient(net::HttpClient& http, AlertmanagerTarget target);

    /// nullopt when there is none, or it is over.
    Task<Result<std::optional<RemoteSilence>>> find(std::string id);
    /// The one whose comment ends with this text.
    Task<Result<std::optional<RemoteSilence>>> findByComment(std::string ending);
    /// Makes it, or changes `known`; the id that it has then.
    Task<Result<std::string>> put(rules::Silence silence, std::optional<RemoteSilence> known);
    Task<Result<void>> expire(std::string id);

private:
    Task<Result<net::HttpResponse>> call(std::string method, std::string path, std::string body);

    net::HttpClient& http_;
    AlertmanagerTarget target_;
};

}  // namespace klaw::deliver
