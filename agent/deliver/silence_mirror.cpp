#include "agent/deliver/silence_mirror.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/deliver/alertmanager_matchers.hpp"

namespace klaw::deliver {
namespace {

using State = SilenceCopyStatus::State;

constexpr net::Backoff::Limits pauses{1s, 60s, 60s};

/// What the comment of a copy ends with.
std::string markerOf(const std::string& silenceId) {
    return "[klaw silence " + silenceId + "]";
}

/// As the Alertmanager is to have it.
Result<rules::Silence> copyOf(rules::Silence silence, const AlertmanagerTarget& target) {
    auto matchers = matchersForAlertmanager(silence.matchers, target.cluster);
    if (!matchers) return fail(std::move(matchers).error());
    silence.matchers = std::move(*matchers);
    silence.comment += (silence.comment.empty() ? "" : " ") + markerOf(silence.id);
    return silence;
}

Task<Result<std::optional<RemoteSilence>>> locate(AlertmanagerClient& client, std::string silenceId,
                                                  std::string remoteId) {
    if (remoteId.empty()) co_return co_await client.findByComment(markerOf(silenceId));
    co_return co_await client.find(std::move(remoteId));
}

}  // namespace

SilenceMirror::SilenceMirror(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& http, Commit commit,
                             const SilencesById& silences, AlertmanagerTarget target)
    : loop_(loop),
      clock_(clock),
      http_(http),
      commit_(std::move(commit)),
      silences_(silences),
      name_(target.name),
      target_(std::move(target)),
      backoff_(random, pauses),
      changed_(loop) {}

void SilenceMirror::follow(AlertmanagerTarget target) {
    if (target_ == target) return;
    target_ = std::move(target);
    refused_.clear();
    triedInVain_.clear();
    pause_ = false;
    notify();
}

void SilenceMirror::leave() {
    target_.reset();
    lastError_.clear();
}

bool SilenceMirror::settled(const rules::Silence& silence) const {
    if (auto refusal = refused_.find(silence.id); refusal != refused_.end())
        return refusal->second.endsAt == silence.endsAt;
    auto copy = copies_.find(silence.id);
    return copy != copies_.end() && !copy->second.remoteId.empty() && copy->second.endsAt == silence.endsAt;
}

bool SilenceMirror::over(const std::string& id) const {
    auto silence = silences_.find(id);
    return silence == silences_.end() || silence->second.endsAt <= clock_.now();
}

std::vector<SilenceMirror::Order> SilenceMirror::orders() const {
    std::vector<Order> all;
    if (!target_) return all;
    for (const auto& [id, copy] : copies_)
        if (copy.endsAt > clock_.now() && over(id)) all.push_back({id, std::nullopt});
    for (const auto& [id, silence] : silences_)
        if (silence.endsAt > clock_.now() && !settled(silence)) all.push_back({id, silence});
    return all;
}

std::optional<SilenceMirror::Order> SilenceMirror::nextOrder() const {
    for (auto& order : orders())
        if (!triedInVain_.contains(order.id)) return std::move(order);
    return std::nullopt;
}

Task<void> SilenceMirror::run() {
    for (;;) {
        auto order = nextOrder();
        if (order && !pause_) {
            co_await carryOut(std::move(*order));
        } else if (pause_ || !triedInVain_.empty()) {
            co_await clock_.sleepFor(backoff_.next());
            triedInVain_.clear();
            pause_ = false;
        } else {
            noteAllDone();
            auto something = [this] { return nextOrder().has_value(); };
            co_await changed_.until(something);
        }
    }
}

Task<void> SilenceMirror::carryOut(Order order) {
    Result<void> done;
    if (order.silence)
        done = co_await put(*order.silence);
    else
        done = co_await expire(order.id);
    if (!done)
        failed(order, done.error());
    else
        refused_.erase(order.id);
}

void SilenceMirror::noteAllDone() {
    backoff_.reset();
    if (lastError_.empty()) return;
    lastError_.clear();
    spdlog::info("Alertmanager {} follows the silences again", name_);
}

Task<Result<void>> SilenceMirror::put(rules::Silence silence) {
    auto wanted = copyOf(silence, *target_);
    if (!wanted) co_return fail(std::move(wanted).error());
    AlertmanagerClient client(http_, *target_);
    storage::SilenceCopy copy{silence.id, name_, {}, silence.endsAt};
    std::string knownId;
    if (auto stored = copies_.find(silence.id); stored != copies_.end()) {
        knownId = stored->second.remoteId;
        copy.endsAt = std::max(copy.endsAt, stored->second.endsAt);
    }
    co_await note(copy);
    auto found = co_await locate(client, silence.id, std::move(knownId));
    if (!found) co_return fail(std::move(found).error());
    auto id = co_await client.put(std::move(*wanted), std::move(*found));
    if (!id) co_return fail(std::move(id).error());
    copy.remoteId = std::move(*id);
    copy.endsAt = silence.endsAt;
    co_await note(copy);
    spdlog::info("silence {} stands in Alertmanager {} as {}", silence.id, name_, copy.remoteId);
    co_return Result<void>();
}

Task<Result<void>> SilenceMirror::expire(std::string id) {
    AlertmanagerClient client(http_, *target_);
    auto copy = copies_[id];
    auto found = co_await locate(client, id, copy.remoteId);
    if (!found) co_return fail(std::move(found).error());
    if (*found) {
        auto expired = co_await client.expire((*found)->id);
        if (!expired) co_return expired;
    }
    copy.endsAt = clock_.now();
    co_await note(copy);
    spdlog::info("silence {} has ended in Alertmanager {} as well", id, name_);
    co_return Result<void>();
}

/// Should it not become durable, the worst is one more look after a restart.
Task<void> SilenceMirror::note(storage::SilenceCopy copy) {
    copies_[copy.silenceId] = copy;
    std::erase_if(copies_, [this](const auto& each) { return each.second.endsAt <= clock_.now(); });
    storage::UnitOfWork unit;
    unit.silenceCopies.push_back(std::move(copy));
    co_await committed(commit_, loop_, std::move(unit));
}

void SilenceMirror::failed(const Order& order, const Error& error) {
    bool forGood = error.code == ErrorCode::Unsupported || error.code == ErrorCode::InvalidArgument;
    if (forGood && order.silence) {
        std::erase_if(refused_, [this](const auto& each) { return over(each.first); });
        refused_[order.id] = {order.silence->endsAt, error.describe()};
        spdlog::warn("silence {} holds here and not in Alertmanager {}: {}", order.id, name_, error.describe());
        return;
    }
    triedInVain_.insert(order.id);
    pause_ = error.code != ErrorCode::Internal;
    if (error.code == ErrorCode::Cancelled) return;  // the agent ends
    ++failures_;
    if (lastError_ != error.describe())
        spdlog::warn("Alertmanager {} does not follow the silences yet, it is tried again: {}", name_,
                     error.describe());
    lastError_ = error.describe();
}

SilenceMirrorStatus SilenceMirror::status() const {
    SilenceMirrorStatus status;
    status.alertmanager = name_;
    status.failures = failures_;
    status.lastError = lastError_;
    for (const auto& order : orders()) status.waiting += !order.silence;
    for (const auto& [id, silence] : silences_) {
        if (over(id)) continue;
        auto state = statusOf(silence).state;
        ++(state == State::Copied ? status.copied : state == State::Refused ? status.refused : status.waiting);
    }
    return status;
}

SilenceCopyStatus SilenceMirror::statusOf(const rules::Silence& silence) const {
    auto refusal = refused_.find(silence.id);
    if (!settled(silence)) return {name_, State::Waiting, triedInVain_.contains(silence.id) ? lastError_ : ""};
    if (refusal != refused_.end()) return {name_, State::Refused, refusal->second.reason};
    return {name_, State::Copied, {}};
}

SilenceMirrors::SilenceMirrors(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& http, Commit commit)
    : loop_(loop),
      clock_(clock),
      random_(random),
      http_(http),
      commit_(std::move(commit)),
      tasks_(loop, [](const std::string& name, const std::string& what) { spdlog::error("{}: {}", name, what); }) {}

void SilenceMirrors::restore(const std::vector<rules::Silence>& silences,
                             const std::vector<storage::SilenceCopy>& copies) {
    for (const auto& silence : silences) silences_[silence.id] = silence;
    stored_ = copies;
}

void SilenceMirrors::follow(const std::vector<AlertmanagerTarget>& targets) {
    for (const auto& [name, mirror] : mirrors_) {
        auto named = [&](const AlertmanagerTarget& target) { return target.name == name; };
        if (std::ranges::none_of(targets, named)) mirror->leave();
    }
    for (const auto& target : targets) {
        auto& mirror = mirrors_[target.name];
        if (mirror) {
            mirror->follow(target);
            continue;
        }
        mirror = std::make_unique<SilenceMirror>(loop_, clock_, random_, http_, commit_, silences_, target);
        for (const auto& copy : stored_)
            if (copy.alertmanager == target.name) mirror->restore(copy);
        tasks_.spawn("silences of Alertmanager " + target.name, mirror->run());
    }
}

void SilenceMirrors::apply(const std::vector<rules::Silence>& silences) {
    if (silences.empty()) return;
    std::erase_if(silences_, [this](const auto& each) { return each.second.endsAt <= clock_.now(); });
    for (const auto& silence : silences) silences_[silence.id] = silence;
    for (const auto& [name, mirror] : mirrors_) mirror->notify();
}

std::vector<SilenceMirrorStatus> SilenceMirrors::status() const {
    std::vector<SilenceMirrorStatus> all;
    for (const auto& [name, mirror] : mirrors_)
        if (mirror->followed()) all.push_back(mirror->status());
    return all;
}

std::vector<SilenceCopyStatus> SilenceMirrors::statusOf(const rules::Silence& silence) const {
    std::vector<SilenceCopyStatus> all;
    if (!silences_.contains(silence.id)) return all;
    for (const auto& [name, mirror] : mirrors_)
        if (mirror->followed()) all.push_back(mirror->statusOf(silence));
    return all;
}

}  // namespace klaw::deliver
