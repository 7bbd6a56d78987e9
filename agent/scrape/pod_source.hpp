#pragma once

#include <functional>
#include <optional>
#include <set>

#include "agent/scrape/http_source.hpp"
#include "agent/scrape/metric_source.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::scrape {

/// The pages of Pods that ask for it by the annotations prometheus.io/scrape, port, path and scheme: a source
/// "pod NAMESPACE/NAME" each. Asked is the address that the kubelet reports, whatever the annotations say. One after
/// the other; a Pod that hangs holds the others up for a few seconds. Since anyone who may run a Pod may write one, a
/// page of more than `maxPageBytes` is refused. Series get the labels `namespace` and `pod`.
class PodSource final : public MetricSource {
public:
    static constexpr std::size_t maxPageBytes = 32u << 20;

    /// References outlive it. Only series that `wanted` names are kept.
    PodSource(Loop& loop, const rules::ObjectSource& objects, std::string cluster, Duration every,
              std::function<bool(std::string_view)> wanted)
        : client_(loop, clientOptions()),
          objects_(objects),
          cluster_(std::move(cluster)),
          every_(every),
          wanted_(std::move(wanted)) {}
    std::string name() const override { return "annotated Pods of " + cluster_; }
    Duration every() const override { return every_; }
    Task<void> look(MetricSink& sink) override;

private:
    static net::HttpClientOptions clientOptions();

    net::HttpClient client_;
    const rules::ObjectSource& objects_;
    std::string cluster_;
    Duration every_;
    std::function<bool(std::string_view)> wanted_;
    std::set<std::string> sources_;  ///< that were asked last time
};

/// The page of a running Pod that asks to be scraped; nothing for the others. InvalidArgument for annotations that make
/// no address.
Result<std::optional<HttpTarget>> targetOfPod(std::string_view cluster, PackedView pod);

}  // namespace klaw::scrape
