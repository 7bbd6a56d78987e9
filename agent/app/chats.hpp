#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/app/call_budgets.hpp"
#include "agent/app/chat_desk.hpp"
#include "agent/app/config.hpp"
#include "base/net/http_client.hpp"
#include "base/net/http_server.hpp"
#include "notifiers/notifier.hpp"
#include "notifiers/private_notes.hpp"

namespace klaw::app {

/// One application as it runs, for the page and metrics.
struct ChatView {
    std::string name;
    std::string platform;
    bool listens = false;
    bool connected = false;
    std::string lastError;
    std::optional<TimePoint> lastHeardOf;
    notifiers::InboundCounts inbound;
    ChatDesk::Counts counts;
    notifiers::People::Counts names, departments;  ///< of people, looked up
    std::map<std::string, std::uint64_t> calls;    ///< of the platform's API, by its name
};

/// The applications on chat platforms: each has its token, its connection and its desk. On the loop thread.
class Chats {
public:
    using Meta = std::map<std::string, std::string, std::less<>>;

    /// References outlive the chats; `meta` is what was stored.
    Chats(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& http, const CallBudgets& budgets,
          CommandDesk& commands, ChatDesk::Commit commit, const Meta& meta);
    ~Chats();

    /// After the budgets have followed it. One whose settings stay as they were keeps its connection. The connections
    /// of others end.
    void follow(const Config& config);
    /// Writes as the application of the channel; null when it has none.
    std::unique_ptr<notifiers::Notifier> notifierOf(const ChannelConfig& channel) const;
    /// One for each application, of its name: where answers leave.
    std::vector<std::unique_ptr<notifiers::Notifier>> replyNotifiers() const;
    /// How the application of that name writes to one person; null when there is none.
    std::unique_ptr<notifiers::PrivateNotes> privateNotesOf(const std::string& app) const;
    std::vector<ChatView> views() const;
    /// What was posted to /callback/NAME for the application of that name; `rest`: what followed. 404 for others.
    Task<net::ServerResponse> receive(net::ServerRequest request, std::string name, std::string rest);
    /// A card in a chat of the application, or to a person, for `answered.confirm` to be pressed. NotFound where there
    /// is no such application, Unavailable where it hears no presses.
    Result<storage::Delivery> proposal(const std::string& app, const std::string& chat, const std::string& id,
                                       const Answered& answered) const;
    /// The first application of a platform: "feishu"; empty where there is none.
    std::string applicationOf(std::string_view platform) const;
    /// Which departments somebody is in, by an application of their platform.
    Task<access::Membership> membershipOf(std::string identity) const;
    Task<void> stop();
    /// To the desk that made the address; nothing where its application is gone.
    void tell(const std::string& address, const Answered& answered) const;

private:
    struct Line;
    void openFeishu(Line& line);
    void openDingTalk(Line& line);
    void noteCorporation(const std::string& app, const std::string& corporation);
    std::unique_ptr<Line> open(const AppConfig& config, const std::string& language, const std::string& url);

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    net::HttpClient& http_;
    const CallBudgets& budgets_;
    CommandDesk& commands_;
    ChatDesk::Commit commit_;
    std::map<std::string, std::string> corporations_;  ///< of DingTalk, by the id of the application
    std::vector<std::unique_ptr<Line>> lines_;
    std::vector<std::unique_ptr<Line>> leaving_;
    TaskGroup endings_;
};

}  // namespace klaw::app
