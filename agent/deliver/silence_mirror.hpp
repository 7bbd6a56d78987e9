#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/deliver/alertmanager_client.hpp"
#include "agent/deliver/commit.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/net/backoff.hpp"
#include "storage/silence_copy.hpp"

namespace klaw::deliver {

/// The silences of people by id, those that are durable. Ended ones may be missing.
using SilencesById = std::map<std::string, rules::Silence, std::less<>>;

/// How one silence fares in one Alertmanager.
struct SilenceCopyStatus {
    enum class State { Copied, Waiting, Refused };
    std::string alertmanager;
    State state = State::Waiting;
    std::string reason;  ///< of Refused, and of Waiting when a try failed
};

/// How an Alertmanager fares.
struct SilenceMirrorStatus {
    std::string alertmanager;
    std::size_t copied = 0;
    std::size_t waiting = 0;  ///< to be made, changed or expired there
    std::size_t refused = 0;  ///< never to be copied
    std::uint64_t failures = 0;
    std::string lastError;  ///< empty while all calls succeed
};

/// Keeps one Alertmanager's copies of Klaw's silences as the silences are: made, changed and expired there. It compares
/// what should be with what is known to be, so nothing is lost when a call fails or the agent ends. Before a request
/// leaves, storage knows that a copy may be there; it is found again by the end of its comment, so that a lost answer
/// makes no second one. What people expire in the Alertmanager stays expired. On the loop thread.
class SilenceMirror {
public:
    /// References outlive it.
    SilenceMirror(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& http, Commit commit,
                  const SilencesById& silences, AlertmanagerTarget target);

    /// What storage knows; before the start.
    void restore(const storage::SilenceCopy& copy) { copies_[copy.silenceId] = copy; }
    /// Calls the Alertmanager in this way from now on.
    void follow(AlertmanagerTarget target);
    /// Leaves it alone from now on.
    void leave();
    /// Looks again at the silences.
    void notify() { changed_.notify(); }
    /// Until cancelled.
    Task<void> run();

    bool followed() const { return target_.has_value(); }
    SilenceMirrorStatus status() const;
    SilenceCopyStatus statusOf(const rules::Silence& silence) const;

private:
    struct Refusal {
        TimePoint endsAt{};  ///< of the silence that was refused: another end is another try
        std::string reason;
    };
    /// A silence that is to be made or changed, or the id of one that is to be expired.
    struct Order {
        std::string id;
        std::optional<rules::Silence> silence;
    };

    bool settled(const rules::Silence& silence) const;
    bool over(const std::string& id) const;
    std::vector<Order> orders() const;
    std::optional<Order> nextOrder() const;
    Task<void> carryOut(Order order);
    Task<Result<void>> put(rules::Silence silence);
    Task<Result<void>> expire(std::string id);
    Task<void> note(storage::SilenceCopy copy);
    void failed(const Order& order, const Error& error);
    void noteAllDone();

    Loop& loop_;
    LoopClock& clock_;
    net::HttpClient& http_;
    Commit commit_;
    const SilencesById& silences_;
    std::string name_;
    std::optional<AlertmanagerTarget> target_;
    std::map<std::string, storage::SilenceCopy, std::less<>> copies_;  ///< by Klaw's id
    std::map<std::string, Refusal, std::less<>> refused_;              ///< by Klaw's id
    std::set<std::string, std::less<>> triedInVain_;                   ///< Klaw's ids, since the last pause
    bool pause_ = false;                                               ///< nobody answers: no use to go on
    net::Backoff backoff_;
    LoopCondition changed_;
    std::uint64_t failures_ = 0;
    std::string lastError_;
};

/// Of every Alertmanager that is configured. On the loop thread.
class SilenceMirrors {
public:
    /// References outlive it.
    SilenceMirrors(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& http, Commit commit);

    /// What was stored before; once, first.
    void restore(const std::vector<rules::Silence>& silences, const std::vector<storage::SilenceCopy>& copies);
    void follow(const std::vector<AlertmanagerTarget>& targets);
    /// Silences that were made, changed or ended, and are durable.
    void apply(const std::vector<rules::Silence>& silences);
    Task<void> stop() { co_await tasks_.stop(); }

    std::vector<SilenceMirrorStatus> status() const;
    /// In each Alertmanager that is configured; nothing of a silence that is not one of people.
    std::vector<SilenceCopyStatus> statusOf(const rules::Silence& silence) const;

private:
    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    net::HttpClient& http_;
    Commit commit_;
    SilencesById silences_;
    std::vector<storage::SilenceCopy> stored_;
    std::map<std::string, std::unique_ptr<SilenceMirror>, std::less<>> mirrors_;  ///< by name; once configured, kept
    TaskGroup tasks_;
};

}  // namespace klaw::deliver
