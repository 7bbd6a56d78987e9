#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/task.hpp"
#include "base/result.hpp"
#include "notifiers/card.hpp"

namespace klaw::notifiers {

/// Proof of a delivery.
struct Receipt {
    std::string platformRef;  ///< what update() needs and the ledger shows; empty where the platform gives none
    std::string detail;       ///< what was done to get it through: "shortened", "sent without mentions: …"; else empty

    Receipt() = default;
    Receipt(std::string ref, std::string what) : platformRef(std::move(ref)), detail(std::move(what)) {}
};

/// Somebody to be called by name. Kinds that a platform does not know are left out by its notifier.
struct Mention {
    enum class Kind {
        UserId,  ///< DingTalk userid, Feishu open_id (`ou_…`) or user_id
        Mobile,
        Email,
        All,
    };
    Kind kind = Kind::UserId;
    std::string id;
    std::string name;  ///< for platforms that show a name of ours; may be empty

    Mention() = default;
    Mention(Kind k, std::string i, std::string n = {}) : kind(k), id(std::move(i)), name(std::move(n)) {}
};

struct SendContext {
    /// Unique per thing said, the same for every try of it. Sent to platforms that drop repeats.
    std::string idempotencyKey;
    std::vector<Mention> mentions;
    /// An earlier try of the same ended in OutcomeUnknown. Where the platform has no idempotency key the card then
    /// says that it may be a repeat.
    bool mayRepeat = false;

    SendContext() = default;
    explicit SendContext(std::string key) : idempotencyKey(std::move(key)) {}
};

/// At most `count` calls in any `window`.
struct CallBudget {
    unsigned count = 0;
    Duration window{};
};

class Account;

/// What the courier must know to be polite. Nothing here is enforced by the notifier itself.
struct NotifierLimits {
    std::vector<CallBudget> budgets;  ///< all of them hold at once; below what the platform allows; empty: none
    std::size_t maxBytes = 0;         ///< of one request body; cards are shortened to it by the notifier
    bool canUpdate = false;
    /// At least this long between two changes of one message that only show other numbers and details.
    Duration updateGap{};
    std::shared_ptr<Account> account;  ///< whose calls they are; null: nobody counts them
    bool canRing = false;              ///< ring() does something
    bool buttonsCallBack = false;      ///< a press comes back with the button's nonce
    /// Without it a repeat after OutcomeUnknown may be seen twice by people.
    bool hasIdempotencyKey = false;
};

/// One channel: a robot, a bot, a URL, a screen. On the loop thread only; several sends may run at once.
///
/// Errors carry the decision whether to try again in `retry`: Never is permanent and must become visible to people,
/// with a remedy; Later asks for the courier's back-off; After gives a lower bound. The codes that mean something to
/// the courier:
///   ResourceExhausted  the channel as a whole is throttled: hold back everything for it until `retry.after`
///   OutcomeUnknown     the request left and no answer came; retry is Later, see NotifierLimits::hasIdempotencyKey
///   Unavailable, DeadlineExceeded   nothing was taken; safe to try again
///   Unsupported, Later  refused for a reason that Klaw does not know, maybe for good: is tried again ever more rarely
///   Unauthenticated, PermissionDenied, InvalidArgument, NotFound   configuration or content; retry is Never
///   Cancelled          the waiting task was cancelled; nothing is known about the call
class Notifier {
public:
    virtual ~Notifier() = default;
    /// The channel's name in the configuration.
    virtual std::string_view name() const = 0;
    /// "dingtalk-robot", "feishu-bot", "webhook", "terminal": metric label and ledger word.
    virtual std::string_view kind() const = 0;
    virtual NotifierLimits limits() const = 0;
    virtual Task<Result<Receipt>> send(Card card, SendContext context) = 0;
    /// Replaces what was sent under `platformRef`. Unsupported (Never) unless limits().canUpdate.
    virtual Task<Result<Receipt>> update(std::string platformRef, Card card, SendContext context);
    /// Calls those who are mentioned in the context by `card.ring`, about what was sent under `platformRef`.
    /// Unsupported (Never) unless limits().canRing. It is not idempotent: after OutcomeUnknown nobody knows whether it
    /// rang.
    virtual Task<Result<Receipt>> ring(std::string platformRef, Card card, SendContext context);
};

}  // namespace klaw::notifiers
