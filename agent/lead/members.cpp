#include "agent/lead/members.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/async/caught.hpp"
#include "base/digest.hpp"

namespace klaw::lead {
namespace {

constexpr Duration patience = 2s;
constexpr int keepsDeadFor = 6;  ///< times as long as it takes to be dead

}  // namespace

Members::Members(MemberStore& store, LoopClock& clock, Tenure::Elapsed elapsed, MemberOptions options,
                 std::function<void()> changed)
    : store_(store),
      clock_(clock),
      elapsed_(std::move(elapsed)),
      options_(std::move(options)),
      changed_(std::move(changed)),
      name_(options_.election + "-member-" + sha256Hex(options_.identity).substr(0, 10)) {}

Task<void> Members::run() {
    for (;;) {
        auto outcome = co_await caught(round());
        note(outcome);
        if (!std::exchange(known_, true)) changed_();
        co_await clock_.sleepFor(options_.retry);
    }
}

Task<Result<void>> Members::round() {
    auto records = co_await store_.list(patience);
    lookFailed_ = lookFailed_ || !records;
    if (!records) co_return fail(std::move(records).error());
    see(std::move(*records));
    if (leads_) co_await removeDead();
    co_return co_await renew();
}

Task<Result<void>> Members::renew() {
    auto mine = seen_.find(name_);
    MemberRecord record = mine == seen_.end() ? MemberRecord() : mine->second.record;
    record.name = name_;
    record.address = options_.address;
    record.serving = serving_;
    auto& lease = record.lease;
    auto now = formatMicroTime(clock_.now());
    if (lease.holder.empty()) lease.acquireTime = now;
    lease.holder = options_.identity;
    lease.seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.lasts).count();
    lease.renewTime = now;
    return store_.put(std::move(record), patience);
}

void Members::see(std::vector<MemberRecord> records) {
    auto now = elapsed_();
    // Nobody can renew while the API server is away: whoever is alive has as long again from when it is back.
    auto since = now - lookedAt_;
    bool wasBlind = since >= options_.lasts || (std::exchange(lookFailed_, false) && since >= options_.lasts / 2);
    lookedAt_ = now;
    auto before = std::exchange(seen_, {});
    std::vector<Member> others;
    for (auto& record : records) {
        auto known = before.find(record.name);
        bool changed = wasBlind || known == before.end() || !known->second.record.lease.sameRecord(record.lease);
        auto changedAt = changed ? now : known->second.changedAt;
        bool alive = now < changedAt + std::chrono::seconds(record.lease.seconds);
        if (!record.proved) doubt(record);
        if (alive && record.proved && record.name != name_ && !record.lease.holder.empty())
            others.push_back({record.lease.holder, record.address, record.serving});
        auto name = record.name;
        seen_.emplace(std::move(name), Seen{std::move(record), changedAt});
    }
    tell(std::move(others));
}

/// Said once.
void Members::doubt(const MemberRecord& record) {
    if (!doubted_.insert(record.name).second) return;
    spdlog::warn(
        "the Lease {} is not taken for a replica's: it is of one with another token of `share`, or of somebody else",
        record.name);
}

void Members::tell(std::vector<Member> others) {
    std::ranges::sort(others, {}, &Member::identity);
    if (others == others_) return;
    auto before = std::exchange(others_, std::move(others));
    for (const auto& each : others_)
        if (std::ranges::find(before, each.identity, &Member::identity) == before.end())
            spdlog::info("replica {} is there, at {}", each.identity, each.address);
    for (const auto& each : before)
        if (std::ranges::find(others_, each.identity, &Member::identity) == others_.end())
            spdlog::info("replica {} is gone", each.identity);
    known_ = true;
    changed_();
}

Task<void> Members::removeDead() {
    std::vector<std::string> dead;
    for (const auto& [name, seen] : seen_)
        if (name != name_ && elapsed_() >= seen.changedAt + keepsDeadFor * options_.lasts) dead.push_back(name);
    for (auto& name : dead) {
        auto removed = co_await store_.remove(name, patience);
        if (!removed && removed.error().code != ErrorCode::NotFound)
            spdlog::warn("the Lease {} of a replica that is gone cannot be deleted: {}", name,
                         removed.error().describe());
    }
}

void Members::note(const Result<void>& outcome) {
    // It was written by somebody else meanwhile, or is there already: the next round knows.
    bool isFine = outcome || outcome.error().code == ErrorCode::Conflict;
    auto before = std::exchange(trouble_, isFine ? "" : outcome.error().describe());
    if (before == trouble_) return;
    if (trouble_.empty())
        spdlog::info("the Leases of the replicas can be read and written again");
    else
        spdlog::warn("the Leases of the replicas cannot be read or written, so shares do not move: {}", trouble_);
}

Task<void> Members::leave() {
    auto name = name_;
    auto removed = co_await store_.remove(std::move(name), patience);
    if (!removed && removed.error().code != ErrorCode::NotFound)
        spdlog::warn("others wait until the Lease of this replica has run out: {}", removed.error().describe());
}

}  // namespace klaw::lead
