#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/kube/api_server.hpp"
#include "agent/scrape/metric_source.hpp"
#include "base/clock.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::scrape {

/// How long leases of one namespace were not renewed. The moment of a renewal is when it was seen, as the node
/// controller has it: the clocks of those who write leases may be wrong.
class LeaseAges {
public:
    /// Forgets those that are not in `renewTimes` (by name). The ages by name; nothing before leases have been looked
    /// at for `settles`: one that is not renewed any more looks as if it just had been when it is seen first.
    std::optional<std::map<std::string, Duration>> seen(const std::map<std::string, std::string>& renewTimes,
                                                        TimePoint now);

    static constexpr Duration settles = 30s;

private:
    struct Seen {
        std::string renewTime;
        TimePoint at;
    };
    std::map<std::string, Seen> seen_;
    std::optional<TimePoint> since_;
};

/// Leases of nodes that are ready, or of the control plane in kube-system: sources "leases of nodes" and "leases of
/// components". They are asked for rather than watched, as each changes every few seconds.
class LeaseSource final : public MetricSource {
public:
    enum class Of { Nodes, Components };
    /// References outlive it.
    LeaseSource(kube::ApiServer& server, const rules::ObjectSource& objects, const Clock& clock, Of of)
        : server_(server), objects_(objects), clock_(clock), of_(of) {}
    std::string name() const override { return source() + " of " + server_.access().name; }
    Duration every() const override { return 10s; }
    Task<void> look(MetricSink& sink) override;

private:
    std::string source() const { return of_ == Of::Nodes ? "leases of nodes" : "leases of components"; }
    std::vector<rules::Sample> samplesOf(const std::map<std::string, Duration>& ages) const;
    std::vector<rules::Sample> samplesOfNodes(const std::map<std::string, Duration>& ages) const;

    kube::ApiServer& server_;
    const rules::ObjectSource& objects_;
    const Clock& clock_;
    Of of_;
    LeaseAges ages_;
};

}  // namespace klaw::scrape
