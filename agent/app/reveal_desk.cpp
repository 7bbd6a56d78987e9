#include "agent/app/reveal_desk.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/app/change_records.hpp"
#include "base/digest.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/utf8.hpp"

namespace klaw::app {
namespace {

using Json = nlohmann::json;

/// Of a message of either platform, with room for what is around it.
constexpr std::size_t longestValue = 8'000;
constexpr Duration shortestPause = 2s, longestPause = 1min;
/// Platforms take nothing back that is older.
constexpr Duration longestTrying = 24h;
/// Platforms that drop repeats do so for an hour; a repeat is on its way for a while.
constexpr Duration repeatsDropped = 55min;
constexpr Duration longestFarewell = 5s;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

/// What a message shows as it is: platforms take some of a text for their own signs, mentions and formats.
bool isPlain(const std::string& value) {
    bool readable = isValidUtf8(value) && std::ranges::none_of(value, [](unsigned char c) {
                        return (c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f;
                    });
    auto isSign = [&](std::string_view sign) { return value.find(sign) != std::string::npos; };
    return readable && !isSign("<") && !isSign("**") && !isSign("](");
}

std::string textOf(const Revealed& revealed, const std::string& value) {
    bool plain = isPlain(value);
    auto head = revealed.chinese
                    ? fmt::format("{} 的 {}（集群 {}），{} 后撤回{}：", revealed.title, revealed.key, revealed.cluster,
                                  formatDuration(revealed.shownFor), plain ? "" : "，base64 编码")
                    : fmt::format("{} of {} (cluster {}), shown for {}{}:", revealed.key, revealed.title,
                                  revealed.cluster, formatDuration(revealed.shownFor), plain ? "" : ", in base64");
    return head + "\n" + (plain ? value : base64Encode(value));
}

}  // namespace

/// A message that is there, or may be.
struct RevealDesk::Note {
    std::string id, app, person;
    std::string ref;  ///< empty: it was about to be sent
    std::string identity, target;
    TimePoint sentAt{}, until{};
};

struct RevealDesk::Delivery {
    explicit Delivery(Loop& loop) : changed(loop) {}
    LoopCondition changed;
    std::optional<Result<void>> outcome;
};

RevealDesk::RevealDesk(Loop& loop, LoopClock& clock, Flush flush, NotesOf notesOf)
    : loop_(loop),
      clock_(clock),
      flush_(std::move(flush)),
      notesOf_(std::move(notesOf)),
      delivered_(loop),
      tasks_(loop, reportFailure) {}

storage::MetaEntry RevealDesk::kept(const Note& note) {
    Json json{{"app", note.app},
              {"person", note.person},
              {"ref", note.ref},
              {"identity", note.identity},
              {"target", note.target},
              {"sentAt", formatRfc3339(note.sentAt)},
              {"until", formatRfc3339(note.until)}};
    return {std::string(keyPrefix) + note.id, json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Task<Result<void>> RevealDesk::keep(const Note& note) {
    storage::UnitOfWork unit;
    unit.meta.push_back(kept(note));
    auto stored = co_await flush_(std::move(unit));
    if (!stored) co_return fail(std::move(stored).error());
    co_return Result<void>();
}

Task<Result<void>> RevealDesk::show(Revealed revealed, std::string value) {
    if (value.size() > longestValue)
        co_return fail(ErrorCode::InvalidArgument,
                       "the value has " + std::to_string(value.size()) + " bytes, more than a message takes");
    Note note{revealed.id,       revealed.app,    revealed.person, {},
              revealed.identity, revealed.target, clock_.now(),    clock_.now() + revealed.shownFor};
    auto delivery = std::make_shared<Delivery>(loop_);
    const std::string name = "private message " + note.id;
    auto text = textOf(revealed, value);
    if (!tasks_.spawn(name, deliver(delivery, std::move(note), std::move(text))))
        co_return fail(ErrorCode::Unsupported, "the agent ends");
    std::function<bool()> ended = [delivery] { return delivery->outcome.has_value(); };
    co_await delivery->changed.until(std::move(ended));
    co_return *delivery->outcome;
}

Task<void> RevealDesk::deliver(std::shared_ptr<Delivery> delivery, Note note, std::string text) {
    struct UnderWay {
        UnderWay(RevealDesk& of, Delivery& what) : desk(of), delivery(what) { ++desk.delivering_; }
        ~UnderWay() {
            if (!delivery.outcome) delivery.outcome = fail(ErrorCode::OutcomeUnknown, "the sending was interrupted");
            delivery.changed.notify();
            --desk.delivering_;
            desk.delivered_.notify();
        }
        UnderWay(const UnderWay&) = delete;
        UnderWay& operator=(const UnderWay&) = delete;
        RevealDesk& desk;
        Delivery& delivery;
    };
    UnderWay underWay(*this, *delivery);
    auto outcome = co_await sent(std::move(note), std::move(text));
    delivery->outcome = std::move(outcome);
}

Task<Result<void>> RevealDesk::sent(Note note, std::string text) {
    auto notes = notesOf_(note.app);
    if (!notes) co_return fail(ErrorCode::NotFound, "the application it was asked in is gone");
    // Before it leaves: what is not known to be there is never taken back.
    auto stored = co_await keep(note);
    if (!stored) co_return stored;
    auto answer = co_await notes->send(note.person, std::move(text), note.id);
    if (!answer && !isLost(answer.error())) {
        storage::UnitOfWork unit;
        unit.meta.push_back({std::string(keyPrefix) + note.id, {}});
        co_await flush_(std::move(unit));
        co_return fail(std::move(answer).error());
    }
    if (answer) note.ref = *answer;
    if (!answer) note.until = clock_.now();  // nobody is told that it may be there
    if (answer) stored = co_await keep(note);
    if (!stored) spdlog::error("the message {} is to be taken back, which could not be stored", note.id);
    const std::string name = "recall of " + note.id;
    tasks_.spawn(name, takeBack(std::move(note)));
    if (!answer) co_return fail(std::move(answer).error());
    co_return Result<void>();
}

Task<void> RevealDesk::stop() {
    std::function<bool()> none = [this] { return delivering_ == 0; };
    co_await delivered_.until(std::move(none), clock_, clock_.now() + longestFarewell);
    co_await tasks_.stop();
}

/// Tried again until it is gone, or so old that no platform takes it back.
Task<void> RevealDesk::takeBack(Note note) {
    if (note.ref.empty()) {
        auto known = co_await identified(note);
        std::string why = known ? std::string() : known.error().describe();
        if (!known) co_return co_await end(std::move(note), "unknown", "it could not be taken back: " + why);
        auto stored = co_await keep(note);
        if (!stored) spdlog::error("which message {} is could not be stored", note.id);
    }
    if (auto left = note.until - clock_.now(); left > Duration::zero()) co_await clock_.sleepFor(left);
    auto pause = shortestPause;
    for (;;) {
        auto done = co_await recalled(note);
        if (done) co_return co_await end(std::move(note), "recalled", {});
        auto why = done.error().describe();
        spdlog::warn("the private message {} is not taken back yet: {}", note.id, why);
        if (clock_.now() >= note.sentAt + longestTrying)
            co_return co_await end(std::move(note), "unknown", "it could not be taken back: " + why);
        co_await clock_.sleepFor(pause);
        pause = std::min(2 * pause, longestPause);
    }
}

/// Where nobody knows whether it was sent, a platform that drops repeats says which message it was, or sends this one
/// in its place. Later it would only send another one.
Task<Result<void>> RevealDesk::identified(Note& note) {
    Error why(ErrorCode::OutcomeUnknown, "nobody knows whether it was sent, nor which message it is");
    auto pause = shortestPause;
    while (clock_.now() < note.sentAt + repeatsDropped) {
        auto notes = notesOf_(note.app);
        if (notes && !notes->dropsRepeats()) break;
        Result<std::string> known = fail(ErrorCode::NotFound, "the application \"" + note.app + "\" is gone");
        if (notes) known = co_await notes->send(note.person, "…", note.id);
        if (known) note.ref = std::move(*known);
        if (known) co_return Result<void>();
        why = std::move(known).error();
        co_await clock_.sleepFor(pause);
        pause = std::min(2 * pause, longestPause);
    }
    co_return fail(std::move(why));
}

Task<Result<void>> RevealDesk::recalled(const Note& note) {
    auto notes = notesOf_(note.app);
    if (!notes) co_return fail(ErrorCode::NotFound, "the application \"" + note.app + "\" is gone");
    co_return co_await notes->recall(note.ref);
}

Task<void> RevealDesk::end(Note note, std::string_view decision, std::string result) {
    Json detail{{"change", note.id}, {"of", note.identity}};
    if (!result.empty()) detail["result"] = result;
    storage::UnitOfWork unit;
    unit.audit.push_back({clock_.now(), "klaw", "reveal", std::string(decision), note.target,
                          detail.dump(-1, ' ', false, Json::error_handler_t::replace)});
    unit.meta.push_back({std::string(keyPrefix) + note.id, {}});
    auto stored = co_await flush_(std::move(unit));
    if (!stored) spdlog::error("the end of {} could not be stored: {}", note.id, stored.error().describe());
}

void RevealDesk::resume(const std::map<std::string, std::string, std::less<>>& meta) {
    for (auto entry = meta.lower_bound(keyPrefix); entry != meta.end() && entry->first.starts_with(keyPrefix);
         ++entry) {
        auto json = Json::parse(entry->second, nullptr, false);
        Note note;
        note.id = entry->first.substr(keyPrefix.size());
        note.app = textAt(json, "app");
        note.person = textAt(json, "person");
        note.ref = textAt(json, "ref");
        note.identity = textAt(json, "identity");
        note.target = textAt(json, "target");
        note.sentAt = parseRfc3339(textAt(json, "sentAt")).value_or(clock_.now());
        note.until = note.ref.empty() ? clock_.now() : parseRfc3339(textAt(json, "until")).value_or(clock_.now());
        const std::string name = "recall of " + note.id;
        tasks_.spawn(name, takeBack(std::move(note)));
    }
}

}  // namespace klaw::app
