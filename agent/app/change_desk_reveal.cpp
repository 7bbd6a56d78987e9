// A value of a Secret that was read for one person: it leaves by their private message and nowhere else.
#include <nlohmann/json.hpp>

#include "agent/app/change_desk.hpp"
#include "agent/app/change_records.hpp"
#include "agent/app/chat_desk.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/digest.hpp"

namespace klaw::app {

/// `secret`: the object with all its values.
Task<Result<void>> ChangeDesk::showInPrivate(const Open& open, std::string secret) {
    auto json = nlohmann::json::parse(secret, nullptr, false);
    const auto& encoded = operate::valueAt(json, operate::pointerTo("/data", open.plan.revealedKey));
    bool same = operate::textAt(json, "/metadata/uid") == open.plan.uid &&
                operate::stateOf(json, {}) == open.plan.state && encoded.is_string();
    auto value = same ? base64Decode(encoded.get<std::string>()) : std::nullopt;
    if (!value) co_return fail(ErrorCode::Conflict, open.plan.title() + " was changed meanwhile");
    if (!reveal_) co_return fail(ErrorCode::Unsupported, "there are no private messages here");
    Revealed revealed;
    revealed.id = open.id;
    revealed.app = ChatDesk::channelOf(open.replyTo);
    revealed.person = open.caller.identity.substr(open.caller.identity.find(':') + 1);
    revealed.identity = open.caller.identity;
    revealed.target = open.plan.target();
    revealed.title = open.plan.title();
    revealed.key = open.plan.revealedKey;
    revealed.cluster = open.plan.cluster;
    revealed.shownFor = open.plan.shownFor;
    revealed.chinese = open.caller.chinese();
    co_return co_await reveal_(std::move(revealed), std::move(*value));
}

Task<Answered> ChangeDesk::revealed(Open open, std::string secret, std::shared_ptr<Claims> claims) {
    auto shown = co_await showInPrivate(open, std::move(secret));
    bool chinese = open.caller.chinese();
    auto said = shown ? Answered::saying((chinese ? "已执行：" : "Done: ") + open.plan.summary + "\n")
                      : Answered::refusing(open.plan.summary);
    auto why = shown ? std::string() : shown.error().describe();
    if (!shown)
        said.text +=
            (chinese ? "：无法发送私信，未显示：" : ": not shown, as the private message could not be sent: ") + why +
            "\n";
    bool unknown = !shown && isLost(shown.error());
    said.settles = true;
    said.became = shown ? Became::Done : unknown ? Became::Unknown : Became::Failed;
    said.card = open.card;
    said.pagedCommand = open.plan.summary;
    storage::UnitOfWork unit;
    claims->replyIn(unit, said);
    auto stored = co_await close(open,
                                 shown     ? "done"
                                 : unknown ? "unknown"
                                           : "failed",
                                 std::move(why), std::move(unit));
    if (!stored) claims->replied.clear();
    co_return said;
}

}  // namespace klaw::app
