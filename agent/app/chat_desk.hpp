#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/app/command_desk.hpp"
#include "agent/deliver/button_offers.hpp"
#include "base/async/task_group.hpp"
#include "notifiers/inbound.hpp"
#include "notifiers/people.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::app {

/// What is the same for everything that comes in from one application.
struct ChatApp {
    std::string platform;  ///< "feishu", "dingtalk": begins identities
    std::string channel;   ///< of the courier, for answers
    std::string language = "en";
    notifiers::People* people = nullptr;       ///< for names; outlives the desk; null: nobody can be looked up
    notifiers::People* departments = nullptr;  ///< the same for departments
};

/// The desk behind one application of a chat platform: what people write and press there becomes commands, answers go
/// out by the courier. The same thing is done once, however often the platform sends it. On the loop thread.
class ChatDesk final : public notifiers::InboundHandler {
public:
    /// Commits a unit and lets the courier carry its deliveries; calls back with what came of it.
    using Commit = std::function<void(storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done)>;

    /// References outlive the desk.
    ChatDesk(Loop& loop, LoopClock& clock, Random& random, CommandDesk& commands, Commit commit, ChatApp app);

    Task<notifiers::PressAnswer> press(notifiers::InboundPress press) override;
    void message(notifiers::InboundMessage message) override;
    Task<void> stop() { return tasks_.stop(); }
    /// Shows whoever asked how it goes on, on the card of the answer. `address`: from `Asked::replyTo`, also of an
    /// earlier life of the agent.
    void tell(const std::string& address, const Answered& answered);
    /// Shows people in a chat, or a person, what a program asks for, with a button that does it in their name; to be
    /// stored with the record of that.
    storage::Delivery proposal(const std::string& id, const std::string& chat, const Answered& answered) const;
    Task<access::Membership> membershipOf(std::string id) const;
    /// Of the desk that made the address; empty for what is none.
    static std::string channelOf(const std::string& address);

    struct Counts {
        std::uint64_t messages = 0;
        std::uint64_t presses = 0;
        std::uint64_t repeats = 0;  ///< dropped
    };
    const Counts& counts() const { return counts_; }

private:
    struct Pressed;
    Task<void> carryOut(notifiers::InboundPress press, std::shared_ptr<Pressed> pressed);
    Task<void> answer(notifiers::InboundMessage message);
    std::vector<storage::InboundKey> keysOf(const notifiers::InboundMessage& message) const;
    enum class Earlier { No, Yes, Unknown };
    Earlier wasThere(const std::vector<storage::InboundKey>& keys);
    void say(notifiers::Card card, notifiers::CardReply to);
    void show(const Answered& answered, notifiers::CardReply on);
    storage::Delivery pictureOf(const Answered& answered, notifiers::CardReply on) const;
    storage::Delivery deliveryOf(notifiers::Card card, std::string id) const;
    void put(storage::Delivery delivery, std::shared_ptr<Claims> claims = {});
    void withdraw(const std::string& deliveryId);
    Task<std::optional<notifiers::Card>> offered(notifiers::Card card);
    bool wasSaidLately(const notifiers::CardReply& to, const std::string& word);
    std::string addressOf(notifiers::CardReply to) const;
    Task<operate::Caller> callerOf(notifiers::Person person, std::string chat, TimePoint at) const;
    void addFilters(const Answered& answered, notifiers::Card& card) const;
    notifiers::Card cardOf(const std::string& id, const std::string& command, const Answered& answered) const;

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    CommandDesk& commands_;
    Commit commit_;
    ChatApp app_;
    Counts counts_;
    std::set<std::string> seen_;  ///< keys of messages, the latest
    std::deque<std::string> seenOrder_;
    std::map<std::string, TimePoint> refusals_;  ///< that came as messages: when, by where and which
    TaskGroup tasks_;
};

}  // namespace klaw::app
