#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/access/access.hpp"
#include "agent/operate/caller.hpp"
#include "agent/operate/output.hpp"
#include "base/async/task.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::app {

/// What is known of the change that an answer is about.
enum class Became {
    Nothing,  ///< it says nothing of that
    Waits,    ///< for another person
    Goes,     ///< it has begun
    Done,
    Failed,   ///< it is over without it
    Unknown,  ///< somebody has to look
};

struct Answered {
    bool ok = false;
    std::string text;
    bool tabular = false;               ///< `text` is in columns
    std::vector<std::string> rows{};    ///< the same for a phone, each on two lines
    std::string below{};                ///< what stands below them
    operate::Page page;                 ///< which one of how many
    std::string pagedCommand;           ///< the command without the number of a page
    std::string confirm;                ///< the command that carries out what `text` says would happen
    std::vector<std::string> clusters;  ///< one of them was meant: `--cluster` says which
    std::vector<std::pair<std::string, std::string>> choices;      ///< label and command of each: one of them was meant
    std::vector<std::pair<std::string, std::string>> decisions{};  ///< the same for what another person is to decide
    std::string filterCommand;                                     ///< the list that can be narrowed; empty: it cannot
    std::vector<std::pair<std::string, std::string>> filters;      ///< label and command of each way to narrow it
    bool reads = false;                                            ///< nothing was or would be changed
    bool living = false;                                           ///< it goes on after this, or can be changed
    bool progresses = false;                                       ///< more of it follows soon
    bool settles = false;  ///< what came of a change that was confirmed, good or bad
    Became became = Became::Nothing;
    std::vector<access::Request> needs{};  ///< what whoever confirms `confirm` must be allowed
    std::string undo;                      ///< the command that takes back what was done
    std::string card;                      ///< id of the card whose button was pressed
    std::string button;                    ///< what that button is for: "page", "confirm", "ack"

    static Answered saying(std::string text) {
        Answered answer;
        answer.ok = true;
        answer.text = std::move(text);
        return answer;
    }
    static Answered refusing(std::string text) {
        auto answer = saying(std::move(text));
        answer.ok = false;
        return answer;
    }
};

/// What a command uses up, the message it came in or the button that was pressed, and its reply. They go into the
/// transaction of what the command does, so that none is lost without the others.
struct Claims {
    std::vector<storage::InboundKey> inbound;
    std::vector<storage::OfferUse> offers;
    std::vector<storage::AuditEntry> audit{};  ///< what led to it: the approval of another person
    std::vector<storage::MetaEntry> meta{};
    /// Makes the reply of an answer; nothing where another way tells it. May be empty.
    std::function<std::optional<storage::Delivery>(const Answered& answer)> reply{};
    std::string replied{};  ///< id of the reply that is durable with what was done; empty: it is still to be given
    /// Into the first unit that asks, before what it records; later ones get nothing.
    void moveInto(storage::UnitOfWork& unit) {
        for (auto& key : inbound) unit.inbound.push_back(std::move(key));
        for (auto& offer : offers) unit.usedOffers.push_back(std::move(offer));
        for (auto& entry : meta) unit.meta.push_back(std::move(entry));
        unit.audit.insert(unit.audit.begin(), std::make_move_iterator(audit.begin()),
                          std::make_move_iterator(audit.end()));
        inbound.clear();
        offers.clear();
        audit.clear();
        meta.clear();
    }
    /// The answer with what was done.
    void replyIn(storage::UnitOfWork& unit, const Answered& answer) {
        auto delivery = reply && replied.empty() ? reply(answer) : std::nullopt;
        if (!delivery) return;
        replied = delivery->id;
        unit.newDeliveries.push_back(std::move(*delivery));
    }
};

/// The second person who approved a change.
struct Approved {
    std::string id;  ///< of the approval
    std::string identity;
    std::string name;
    std::string cluster{};  ///< of what was approved
    const std::string& shownName() const { return name.empty() ? identity : name; }
};

/// How far a command may go, whatever it says.
enum class Extent {
    Whole,
    Preview,  ///< what it would change is shown, never done
    Read,
};

/// Begins the ids of cards by which people confirm what a program has asked for.
inline constexpr std::string_view programCardPrefix = "mcp-";

/// A command as somebody gave it.
struct Asked {
    operate::Caller caller;
    /// Which departments the caller is in, asked for only where a decision may depend on it; empty: they are in none.
    std::function<Task<access::Membership>()> membership{};
    std::string command;
    std::string attachment{};            ///< a text that goes with it, or empty
    operate::PageSize page;              ///< what the asker can read at once; no rows: all
    std::string card{};                  ///< id of the card whose button was pressed, or of the answer
    std::string cardRef{};               ///< that card, as its platform names it
    std::string replyTo{};               ///< where the asker hears how it goes on, as a chat names it; empty: nowhere
    bool withForms = true;               ///< a button can ask for more where it was pressed
    bool offered = false;                ///< the command is one of Klaw's own, behind a button
    std::optional<Approved> approved{};  ///< it was asked for earlier, and somebody else has approved it
    Extent extent = Extent::Whole;
    bool maybeRepeated = false;  ///< nobody can say whether the same message was there before
    std::shared_ptr<Claims> claims = std::make_shared<Claims>();
};

}  // namespace klaw::app
