#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/app/config.hpp"
#include "agent/cli/commands.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"
#include "base/net/http_client.hpp"
#include "base/random.hpp"
#include "notifiers/card.hpp"
#include "notifiers/inbound.hpp"
#include "notifiers/notifier.hpp"

namespace klaw::cli {

/// One thing that the check of an application has found. No text holds a secret.
struct SetupFinding {
    enum class Kind { Fine, Missing, Unknown };
    Kind kind = Kind::Fine;
    std::string what;
    std::string remedy{};  ///< where what is missing is mended
};

/// What the check of an application finds, told as it comes.
class SetupReport {
public:
    using Tell = std::function<void(const SetupFinding&)>;
    explicit SetupReport(Tell tell) : tell_(std::move(tell)) {}

    void fine(const std::string& what);
    void missing(const std::string& what, const std::string& remedy);
    /// What could not be found out.
    void unknown(const std::string& what, const Error& error);
    bool complete() const { return !incomplete_; }

private:
    Tell tell_;
    bool incomplete_ = false;
};

/// A line each.
void printFinding(const SetupFinding& finding);

/// What a set-up knows of an application.
struct SetupSubject {
    app::AppConfig app;
    std::string secretLine;                  ///< of the YAML: "secret_env: FEISHU_APP_SECRET"
    std::vector<std::string> chats;          ///< where it writes
    std::vector<std::string> departments{};  ///< of its platform, that `access` names
    std::set<rules::Ring> rings{};           ///< how routes and rules ring people
    std::string person;                      ///< who pressed or wrote; empty: nobody yet
};

/// Of the options, and of questions where a person can be asked: id, secret, domain, chat. An Error says what to give.
Result<SetupSubject> subjectOf(const SetupOptions& options, app::ChannelConfig::Type type, const std::string& variable);
/// The applications of that type in a configuration (`--check`), with the chats of their channels.
Result<std::vector<SetupSubject>> subjectsOf(const SetupOptions& options, app::ChannelConfig::Type type);

/// What a person does in front of the running set-up. Presses on other cards than its own are anybody's.
class SetupInbound final : public notifiers::InboundHandler {
public:
    explicit SetupInbound(std::string nonceOfTheCard) : nonce(std::move(nonceOfTheCard)) {}
    Task<notifiers::PressAnswer> press(notifiers::InboundPress press) override;
    void message(notifiers::InboundMessage message) override { messages.push_back(std::move(message)); }
    std::vector<notifiers::InboundMessage> messages;
    std::vector<notifiers::InboundPress> presses;
    const std::string nonce;
};

/// A loop with an HTTP client, for a command that does one thing after the other.
class SetupRun {
public:
    template <class T>
    T run(Task<T> task) {
        auto result = std::make_shared<std::optional<T>>();
        tasks.spawn("question", store(std::move(task), result));
        loop.runUntil([&] { return result->has_value(); }, longestTask);
        return *result ? std::move(**result) : T(fail(ErrorCode::DeadlineExceeded, "the platform does not answer"));
    }
    /// False when the time is up.
    bool until(const std::function<bool()>& holds, Duration atMost);
    /// A line that a person types while connections go on.
    std::optional<std::string> askMeanwhile(const std::string& question);
    void stop(notifiers::InboundConnection& connection);

    Loop loop;
    SystemLoopClock clock{loop};
    SystemRandom random;
    net::HttpClient client{loop, net::HttpClientOptions()};
    TaskGroup tasks{loop, [](const std::string&, const std::string&) {}};

private:
    static constexpr Duration longestTask = 90s;
    template <class T>
    static Task<void> store(Task<T> task, std::shared_ptr<std::optional<T>> result) {
        result->emplace(co_await std::move(task));
    }
};

/// A card that says what works; with a button that comes back with `nonce` where there is one.
notifiers::Card setupCard(const std::string& language, TimePoint now, const std::string& nonce);
/// What klaw.yaml needs, without any secret.
std::string yamlOf(const SetupSubject& subject);

}  // namespace klaw::cli
