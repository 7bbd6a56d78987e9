#include "agent/app/chat_desk.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/async/loop_condition.hpp"
#include "base/text/utf8.hpp"

namespace klaw::app {
namespace {

using notifiers::Card;
using notifiers::CardSection;
using notifiers::InboundMessage;
using notifiers::InboundPress;
using notifiers::PressAnswer;

/// Rows of a table that a phone shows without scrolling far.
constexpr std::size_t pageSize = 15;
/// Platforms give a press two or three seconds, network included.
constexpr Duration answerWithin = 900ms;
constexpr std::size_t longestToast = 200;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    auto from = text.find_first_not_of(blank);
    if (from == text.npos) return {};
    return std::string(text.substr(from, text.find_last_not_of(blank) - from + 1));
}

std::vector<std::string> linesOf(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t from = 0; from < text.size();) {
        auto end = std::min(text.find('\n', from), text.size());
        lines.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return lines;
}

/// Whether blanks hold the text in columns.
bool isAligned(const std::string& text) {
    return text.find("   ") != text.npos || text.find("\n  ") != text.npos;
}

bool isChinese(const std::string& language) {
    return language.starts_with("zh");
}

/// Shows what another command answers, in place of what the card shows.
notifiers::CardButton turnButton(std::string label, std::string command) {
    notifiers::CardButton button;
    button.label = std::move(label);
    button.verb = "page";
    button.command = std::move(command);
    return button;
}

}  // namespace

/// A press that is being carried out, whether or not somebody still waits for its answer.
struct ChatDesk::Pressed {
    explicit Pressed(Loop& loop) : changed(loop) {}
    std::optional<PressAnswer> answer;
    LoopCondition changed;
};

ChatDesk::ChatDesk(Loop& loop, LoopClock& clock, Random& random, CommandDesk& commands, Commit commit, ChatApp app)
    : loop_(loop),
      clock_(clock),
      random_(random),
      commands_(commands),
      commit_(std::move(commit)),
      app_(std::move(app)),
      tasks_(loop, reportFailure) {}

operate::Caller ChatDesk::callerOf(const notifiers::Person& person, const std::string& chat, TimePoint at) const {
    operate::Caller caller;
    if (!person.id.empty()) caller.identity = app_.platform + ":" + person.id;
    caller.name = commands_.policy().nameOf(caller.identity);
    if (caller.name.empty()) caller.name = person.name;
    if (!chat.empty()) caller.chat = app_.platform + ":" + chat;
    caller.language = app_.language;
    if (at != TimePoint()) caller.at = at;
    return caller;
}

Task<PressAnswer> ChatDesk::press(InboundPress press) {
    ++counts_.presses;
    auto pressed = std::make_shared<Pressed>(loop_);
    tasks_.spawn("press in " + app_.channel, carryOut(std::move(press), pressed));
    auto answered = [pressed] { return pressed->answer.has_value(); };
    bool inTime = co_await pressed->changed.until(answered, clock_, clock_.now() + answerWithin);
    if (inTime) co_return *pressed->answer;
    PressAnswer later;
    later.toast = isChinese(app_.language) ? "正在处理，卡片会更新" : "Working on it: the card will tell";
    co_return later;
}

Task<void> ChatDesk::carryOut(InboundPress press, std::shared_ptr<Pressed> pressed) {
    Asked asked{callerOf(press.by, press.chat, press.at),
                {},
                {},
                pageSize,
                {},
                progressTo({press.chat, press.cardRef, {}, {}, {}, true})};
    auto answered = co_await commands_.press(std::move(asked), press.nonce, std::move(press.inputs));
    PressAnswer answer;
    answer.kind = answered.ok ? PressAnswer::Kind::Success : PressAnswer::Kind::Error;
    bool onItsCard = press.verb == "page" || press.verb == "confirm" || press.verb == "undo";
    if (onItsCard && answered.ok) {
        answer.card = co_await offered(cardOf(press.cardRef, answered.pagedCommand, answered), answered.card);
    } else if (!answered.confirm.empty()) {
        auto command = answered.pagedCommand.substr(0, answered.pagedCommand.find(" --"));
        say(cardOf("preview-" + press.eventId, command, answered), {press.chat, press.cardRef, {}, {}, {}, true});
        answer.kind = PressAnswer::Kind::Info;
        answer.toast = isChinese(app_.language) ? "请在预览卡片上确认" : "Confirm it on the card with the preview";
    } else if (answered.reads) {
        say(cardOf("answer-" + press.eventId, answered.pagedCommand, answered),
            {press.chat, press.cardRef, {}, {}, {}, false});
        answer.kind = PressAnswer::Kind::Info;
        answer.toast = isChinese(app_.language) ? "已回复到群里" : "The answer is in the chat";
    } else {
        answer.toast = truncateUtf8(trimmed(answered.text), longestToast);
        // Not every platform shows a word to the presser: there it comes as a message.
        bool unseen = app_.platform == "dingtalk" && !answered.ok && !press.by.id.empty();
        if (unseen) say(cardOf("refusal-" + press.eventId, press.verb, answered), {{}, {}, {}, {}, press.by.id, false});
    }
    pressed->answer = std::move(answer);
    pressed->changed.notify();
}

/// With nonces on its buttons, once they are durable; nothing when they cannot be.
Task<std::optional<Card>> ChatDesk::offered(Card card, std::string id) {
    storage::Delivery shown;
    shown.incidentId = std::move(id);
    shown.channel = app_.channel;
    shown.payload = notifiers::toJson(card);
    auto made = deliver::offersFor(shown, clock_.now(), random_);
    storage::UnitOfWork unit;
    unit.offers = std::move(made.offers);
    auto stored = co_await deliver::committed(commit_, loop_, std::move(unit));
    if (!stored) co_return std::nullopt;
    deliver::putNonces(made.nonces, card);
    co_return card;
}

/// Shows on the pressed card, or on that of the answer, how it goes on.
std::function<void(const Answered&)> ChatDesk::progressTo(notifiers::CardReply to) {
    return [this, to = std::move(to), number = 0](const Answered& answered) mutable {
        if (answered.card.empty()) return;
        auto card = cardOf(answered.card, answered.pagedCommand, answered);
        card.reply = to;
        put(std::move(card), answered.card + ".progress" + std::to_string(++number));
    };
}

void ChatDesk::message(InboundMessage message) {
    ++counts_.messages;
    tasks_.spawn("message in " + app_.channel, answer(std::move(message)));
}

/// Remembers the message. False for one that was there before, also before a restart.
Task<bool> ChatDesk::isNew(const InboundMessage& message) {
    storage::UnitOfWork unit;
    auto scope = app_.channel + ":";
    if (!message.eventId.empty()) unit.inbound.push_back({scope + "event:" + message.eventId, clock_.now()});
    if (!message.messageId.empty()) unit.inbound.push_back({scope + "message:" + message.messageId, clock_.now()});
    auto stored = co_await deliver::committed(commit_, loop_, std::move(unit));
    if (stored || stored.error().code != ErrorCode::Conflict) co_return true;
    ++counts_.repeats;
    co_return false;
}

Task<void> ChatDesk::answer(InboundMessage message) {
    if (!co_await isNew(message)) co_return;
    auto command = trimmed(message.text);
    if (command.empty()) command = "help";
    notifiers::CardReply to{message.chat,
                            message.messageId,
                            message.replyTarget,
                            message.replyUntil,
                            message.direct ? message.from.id : std::string(),
                            true};
    auto id = "reply-" + message.messageId;
    Asked asked{callerOf(message.from, message.chat, message.at), command, {}, pageSize, id, progressTo(to)};
    auto answered = co_await commands_.execute(std::move(asked));
    to.living = answered.living;
    auto shown = answered.pagedCommand.empty() ? command : answered.pagedCommand;
    say(cardOf(id, shown, answered), std::move(to));
}

void ChatDesk::say(Card card, notifiers::CardReply to) {
    card.reply = std::move(to);
    auto id = card.id;
    put(std::move(card), std::move(id));
}

/// One with buttons stays and is changed in place.
void ChatDesk::put(Card card, std::string deliveryId) {
    storage::Delivery delivery;
    delivery.id = deliveryId + "." + app_.channel;
    delivery.channel = app_.channel;
    delivery.reason = "reply";
    delivery.idempotencyKey = storage::deliveryKey(deliveryId, 1, app_.channel);
    delivery.payload = notifiers::toJson(card);
    delivery.createdAt = delivery.notBefore = clock_.now();
    delivery.livingCard = card.reply->living;
    if (delivery.livingCard) delivery.incidentId = card.id;
    storage::UnitOfWork unit;
    unit.newDeliveries.push_back(std::move(delivery));
    commit_(std::move(unit), {});
}

Card ChatDesk::cardOf(const std::string& id, const std::string& command, const Answered& answered) const {
    bool zh = isChinese(app_.language);
    Card card;
    card.id = id;
    card.status = notifiers::CardStatus::Reply;
    card.severity = answered.ok ? rules::Severity::Info : rules::Severity::Warning;
    card.title = command;
    card.language = app_.language;
    card.updatedAt = clock_.now();
    CardSection section;
    section.kind = answered.tabular || isAligned(answered.text) ? CardSection::Kind::Code : CardSection::Kind::Text;
    section.lines = linesOf(answered.text);
    card.sections.push_back(std::move(section));
    if (!answered.confirm.empty()) {
        card.buttons.push_back(turnButton(zh ? "确认" : "Confirm", answered.confirm));
        card.buttons.back().verb = "confirm";
        card.buttons.back().style = notifiers::CardButton::Style::Primary;
        card.footer.notes.push_back(answered.confirm.substr(0, answered.confirm.find(" --expect")) + " --yes");
    }
    if (!answered.undo.empty()) {
        card.buttons.push_back(turnButton(zh ? "撤销" : "Undo", answered.undo));
        card.buttons.back().verb = "undo";
        card.footer.notes.push_back(answered.undo);
    }
    for (const auto& cluster : answered.clusters)
        card.buttons.push_back(turnButton(cluster, command + " --cluster " + cluster));
    const auto& page = answered.page;
    if (page.of <= 1) return card;
    auto turned = [&](std::size_t to) { return command + " --page " + std::to_string(to); };
    auto number = std::to_string(page.number), of = std::to_string(page.of);
    card.footer.notes.push_back(zh ? "第 " + number + " / " + of + " 页" : "page " + number + " of " + of);
    if (page.number < page.of) card.footer.notes.push_back(command + " --page " + std::to_string(page.number + 1));
    if (page.number > 1) card.buttons.push_back(turnButton(zh ? "上一页" : "Previous", turned(page.number - 1)));
    if (page.number < page.of) card.buttons.push_back(turnButton(zh ? "下一页" : "Next", turned(page.number + 1)));
    return card;
}

}  // namespace klaw::app
