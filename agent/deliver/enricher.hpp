#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/net/token_bucket.hpp"
#include "base/result.hpp"
#include "rules/incident.hpp"

namespace klaw::deliver {

/// How much an API server may be asked about incidents; a storm of them must not become one of requests.
struct EnrichmentLimits {
    std::size_t atOnce = 4;
    std::size_t waiting = 32;
    unsigned perMinute = 60;  ///< incidents, each worth up to five requests
    Duration again = 5min;    ///< what is older is looked up anew when the incident changes
};

/// Looks up what the cards of incidents shall show, as their rules ask with `enrich`: the last log lines of the
/// container that failed, of a Job in the Pod of it that failed last, and the Events of the object and its owner. On
/// the loop thread.
class Enricher {
public:
    /// GET of a path with query from the API server of a cluster. Cancelled like every wait.
    using Ask = std::function<Task<Result<std::string>>(std::string cluster, std::string path)>;
    using Found = std::function<void(const std::string& incident, rules::Findings findings)>;

    Enricher(Loop& loop, LoopClock& clock, Ask ask, Found found, EnrichmentLimits limits = {});

    enum class Answer { No, Skipped, UnderWay };
    /// Looks up what the update makes worth looking up, within the limits; `found` hears of it later.
    Answer consider(const rules::IncidentUpdate& update);

    /// Until nothing asks that cluster any more: then it may go.
    Task<void> settled(std::string cluster);
    Task<void> stop() { return tasks_.stop(); }

    struct Counts {
        std::uint64_t asked = 0;    ///< requests
        std::uint64_t failed = 0;   ///< those without the answer that was meant
        std::uint64_t skipped = 0;  ///< incidents
    };
    const Counts& counts() const { return counts_; }

private:
    struct Question {
        std::string incident;
        rules::ObjectRef object;
        rules::ObjectRef owner;
        std::string pod;        ///< whose logs; empty: that of the Job which failed is still to be found
        std::string container;  ///< empty: whichever failed
        bool logs = false;
        bool events = false;
    };
    static std::optional<Question> questionOf(const rules::Incident& incident);
    bool isWorthwhile(const rules::IncidentUpdate& update) const;
    void begin();
    Task<void> answer(Question question);
    Task<bool> readEvents(const Question& question, rules::Findings& findings);
    Task<bool> findPod(Question& question, rules::Findings& findings);
    Task<bool> readLogs(const Question& question, rules::Findings& findings);
    Task<Result<std::string>> ask(const Question& question, std::string path);

    LoopClock& clock_;
    Ask ask_;
    Found found_;
    EnrichmentLimits limits_;
    net::TokenBucket budget_;
    std::deque<Question> waiting_;
    std::map<std::string, std::size_t> asking_;  ///< by cluster: how many
    std::map<std::string, TimePoint> lastTry_;   ///< by incident
    std::size_t underWay_ = 0;
    LoopCondition changed_;
    Counts counts_;
    TaskGroup tasks_;
};

}  // namespace klaw::deliver
