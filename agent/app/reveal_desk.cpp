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

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

/// What a message shows as it is: platforms take some of a text for their own signs.
bool isPlain(const std::string& value) {
    bool readable = isValidUtf8(value) && std::ranges::none_of(value, [](unsigned char c) {
                        return (c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f;
                    });
    return readable && value.find("<at") == std::string::npos;
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

RevealDesk::RevealDesk(Loop& loop, LoopClock& clock, Flush flush, NotesOf notesOf)
    : clock_(clock), flush_(std::move(flush)), notesOf_(std::move(notesOf)), tasks_(loop, reportFailure) {}

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
    auto notes = notesOf_(revealed.app);
    if (!notes) co_return fail(ErrorCode::NotFound, "the application it was asked in is gone");
    Note note{revealed.id,       revealed.app,    revealed.person, {},
              revealed.identity, revealed.target, clock_.now(),    clock_.now() + revealed.shownFor};
    // Before it leaves: what is not known to be there is never taken back.
    auto stored = co_await keep(note);
    if (!stored) co_return stored;
    auto text = textOf(revealed, value);
    auto sent = co_await notes->send(note.person, std::move(text), note.id);
    bool maybeSent = !sent && isLost(sent.error());
    if (!sent && !maybeSent) {
        storage::UnitOfWork unit;
        unit.meta.push_back({std::string(keyPrefix) + note.id, {}});
        co_await flush_(std::move(unit));
    }
    if (sent) note.ref = *sent;
    if (sent) stored = co_await keep(note);
    if (sent && !stored) spdlog::error("the message {} is to be taken back, which could not be stored", note.id);
    const std::string name = "recall of " + note.id;
    if (sent || maybeSent) tasks_.spawn(name, takeBack(std::move(note)));
    if (sent) co_return Result<void>();
    auto error = std::move(sent).error();
    bool quotes = !value.empty() && error.describe().find(value) != std::string::npos;
    if (quotes) error = Error(error.code, "the platform refused the message");
    co_return fail(std::move(error));
}

/// Tried again until it is gone, or so old that no platform takes it back.
Task<void> RevealDesk::takeBack(Note note) {
    if (auto left = note.until - clock_.now(); left > Duration::zero()) co_await clock_.sleepFor(left);
    auto pause = shortestPause;
    for (;;) {
        auto done = co_await recalled(note);
        if (done) co_return co_await end(std::move(note), "recalled", {});
        auto why = done.error().describe();
        spdlog::warn("the private message {} is not taken back yet: {}", note.id, why);
        bool hopeless = done.error().code == ErrorCode::OutcomeUnknown && note.ref.empty();
        if (hopeless || clock_.now() >= note.sentAt + longestTrying)
            co_return co_await end(std::move(note), "unknown", "it could not be taken back: " + why);
        co_await clock_.sleepFor(pause);
        pause = std::min(2 * pause, longestPause);
    }
}

/// Where nobody knows whether it was sent, a platform that drops repeats says which message it was, or sends this one
/// in its place.
Task<Result<void>> RevealDesk::recalled(Note& note) {
    auto notes = notesOf_(note.app);
    if (!notes) co_return fail(ErrorCode::NotFound, "the application \"" + note.app + "\" is gone");
    if (note.ref.empty() && !notes->dropsRepeats())
        co_return fail(ErrorCode::OutcomeUnknown, "nobody knows whether it was sent, nor which message it is");
    if (note.ref.empty()) {
        auto known = co_await notes->send(note.person, "…", note.id);
        if (!known) co_return fail(ErrorCode::Unavailable, known.error().message);
        note.ref = std::move(*known);
    }
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
