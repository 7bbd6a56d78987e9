#include "agent/app/chat_desk.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/deliver/urgency.hpp"
#include "base/async/loop_condition.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/utf8.hpp"

namespace klaw::app {
namespace {

using notifiers::Card;
using notifiers::CardReply;
using notifiers::CardSection;
using notifiers::InboundMessage;
using notifiers::InboundPress;
using notifiers::PressAnswer;

/// What a phone shows without scrolling far, and the platform takes with what else is on the card.
operate::PageSize pageOn(const std::string& platform) {
    return {15, platform == "dingtalk" ? 5'000u : 15'000u};
}
/// Platforms give a press two or three seconds, network included.
constexpr Duration answerWithin = 900ms;
constexpr std::size_t longestToast = 200;
/// How long what was done by a press waits for the answer to that press, which shows the same.
constexpr Duration answerIsOnItsWay = 3s;
constexpr Duration waitForName = 300ms;
/// Whoever asks has heard by then that it is being worked on.
constexpr Duration waitForDepartments = 8s;

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

/// Whether a button can ask for something where it is pressed.
bool hasForms(const std::string& platform) {
    return platform != "dingtalk";
}

bool isChinese(const std::string& language) {
    return language.starts_with("zh");
}

/// Beside a refusal.
std::string unknownOrganisation(bool chinese) {
    return chinese ? "Klaw 还不知道自己属于哪个组织：请先在群里 @机器人 发一条消息，或由管理员配置 `corp_id`\n"
                   : "Klaw does not know yet which organisation is its own: mention the robot once, or let an "
                     "administrator set `corp_id`\n";
}

std::string whyUnknown(const Error& error) {
    bool silent = error.code == ErrorCode::DeadlineExceeded || error.code == ErrorCode::Unavailable ||
                  error.code == ErrorCode::OutcomeUnknown;
    return silent ? "the directory did not answer" : "the directory says: " + error.message;
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
    bool givenUp = false;  ///< nobody waits for the answer any more
    std::string picture;   ///< id of the stored delivery that shows the same as the card of the answer
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

/// Asked for only where a role may follow from it: platforms meter every question.
Task<access::Membership> ChatDesk::membershipOf(std::string id) const {
    access::Membership membership;
    bool counts = app_.departments && !id.empty() && commands_.policy().namesDepartments(app_.platform);
    if (!counts) co_return membership;
    auto known = co_await app_.departments->know(std::move(id), waitForDepartments);
    if (!known) {
        membership.unknown = whyUnknown(known.error());
        co_return membership;
    }
    for (const auto& department : known->departments)
        membership.departments.push_back(access::departmentPrefix(app_.platform) + department);
    co_return membership;
}

/// Who has no name in the configuration is looked up; that is worth a moment, for which no answer to a press waits.
Task<operate::Caller> ChatDesk::callerOf(notifiers::Person person, std::string chat, TimePoint at) const {
    operate::Caller caller;
    if (!person.id.empty()) caller.identity = app_.platform + ":" + person.id;
    caller.name = commands_.policy().nameOf(caller.identity);
    std::optional<notifiers::PersonEntry> known;
    if (caller.name.empty() && app_.people) known = co_await app_.people->find(person.id, waitForName);
    if (known) caller.name = known->name;
    if (caller.name.empty()) caller.name = person.name;
    if (!chat.empty()) caller.chat = app_.platform + ":" + chat;
    caller.language = app_.language;
    if (at != TimePoint()) caller.at = at;
    co_return caller;
}

Task<PressAnswer> ChatDesk::press(InboundPress press) {
    ++counts_.presses;
    auto pressed = std::make_shared<Pressed>(loop_);
    tasks_.spawn("press in " + app_.channel, carryOut(std::move(press), pressed));
    struct Waiting {
        explicit Waiting(std::shared_ptr<Pressed> of) : pressed(std::move(of)) {}
        ~Waiting() { pressed->givenUp = true; }  // also when the connection goes or the configuration changes
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        std::shared_ptr<Pressed> pressed;
    };
    Waiting waiting(pressed);
    auto answered = [pressed] { return pressed->answer.has_value(); };
    co_await pressed->changed.until(answered, clock_, clock_.now() + answerWithin);
    if (pressed->answer) {
        if (!pressed->picture.empty()) withdraw(pressed->picture);
        co_return *pressed->answer;
    }
    PressAnswer later;
    later.toast = isChinese(app_.language) ? "正在处理，卡片会更新" : "Working on it: the card will tell";
    co_return later;
}

Task<void> ChatDesk::carryOut(InboundPress press, std::shared_ptr<Pressed> pressed) {
    auto caller = co_await callerOf(press.by, press.chat, press.at);
    auto presser = press.by.id;
    CardReply here{press.chat, press.cardRef, {}, {}, {}, true};
    Asked asked;
    asked.caller = std::move(caller);
    asked.membership = [this, presser] { return membershipOf(presser); };
    asked.page = pageOn(app_.platform);
    asked.cardRef = press.cardRef;
    asked.withForms = hasForms(app_.platform);
    asked.replyTo = addressOf(here);
    auto claims = asked.claims;
    claims->reply = [this, here, pressed](const Answered& done) -> std::optional<storage::Delivery> {
        if (!done.settles) return std::nullopt;
        auto picture = pictureOf(done, here);
        if (!pressed->givenUp) picture.notBefore += answerIsOnItsWay;
        return picture;
    };
    auto answered = co_await commands_.press(std::move(asked), press.nonce, std::move(press.inputs));
    if (press.by.beforeOwnOrganisation) answered.text += unknownOrganisation(isChinese(app_.language));
    PressAnswer answer;
    answer.kind = answered.ok ? PressAnswer::Kind::Success : PressAnswer::Kind::Error;
    // The button's own word for what it is: not every template sends it, and anybody could send another.
    const auto& button = answered.button;
    bool decides = button == "approve" || button == "refuse";
    bool onItsCard = button == "page" || button == "filter" || button == "confirm" || button == "undo" || decides;
    if (onItsCard && (answered.ok || answered.settles)) {
        if (!pressed->givenUp) answer.card = co_await offered(cardOf(answered.card, answered.pagedCommand, answered));
        if (pressed->givenUp && claims->replied.empty()) show(answered, std::move(here));
    } else if (!answered.choices.empty()) {
        say(cardOf("choice-" + press.eventId, answered.pagedCommand, answered), std::move(here));
        answer.kind = PressAnswer::Kind::Info;
        answer.toast = isChinese(app_.language) ? "请在新卡片上选择" : "Choose on the new card";
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
        // Not every platform shows a word to the presser, and none shows a late one: there it comes as a message, into
        // the group where the platform does not say who it was.
        bool hidden = app_.platform == "dingtalk";
        bool toPerson = hidden && !press.by.id.empty();
        CardReply to{press.chat, press.cardRef, {}, {}, {}, false};
        if (toPerson) to = {{}, {}, {}, {}, press.by.id, false};
        bool unseen = hidden || press.by.beforeOwnOrganisation || pressed->givenUp;
        if (unseen && !answered.ok && !wasSaidLately(to, answered.text))
            say(cardOf("refusal-" + press.eventId, button, answered), std::move(to));
    }
    if (answer.card) pressed->picture = claims->replied;
    pressed->answer = std::move(answer);
    pressed->changed.notify();
}

/// The same word again for every press would be a call each.
bool ChatDesk::wasSaidLately(const CardReply& to, const std::string& word) {
    constexpr Duration lately = 1min;
    auto now = clock_.now();
    std::erase_if(refusals_, [&](const auto& said) { return said.second + lately <= now; });
    return !refusals_.try_emplace(to.chat + to.person + "\n" + word, now).second;
}

/// With nonces on its buttons, once they are durable; nothing when they cannot be.
Task<std::optional<Card>> ChatDesk::offered(Card card) {
    storage::Delivery shown;
    shown.incidentId = card.id;
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

/// In place of what its card shows.
void ChatDesk::show(const Answered& answered, CardReply on) {
    put(pictureOf(answered, std::move(on)));
}

storage::Delivery ChatDesk::pictureOf(const Answered& answered, CardReply on) const {
    constexpr std::size_t tokenBytes = 6;
    auto card = cardOf(answered.card, answered.pagedCommand, answered);
    card.reply = std::move(on);
    auto picture = deliveryOf(std::move(card), answered.card + "." + random_.token(tokenBytes));
    if (answered.progresses) picture.reason = deliver::progressReason;
    return picture;
}

/// Kept with what goes on, so it has no secret: a card that stays is not changed by the webhook of a message.
std::string ChatDesk::addressOf(CardReply to) const {
    to.webhook.clear();
    Card card;
    card.id = "address";
    card.reply = std::move(to);
    return nlohmann::json{{"channel", app_.channel}, {"card", notifiers::toJson(card)}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string ChatDesk::channelOf(const std::string& address) {
    return textAt(parsedJson(address), "channel");
}

void ChatDesk::tell(const std::string& address, const Answered& answered) {
    auto card = notifiers::cardFromJson(textAt(parsedJson(address), "card"));
    if (card && card->reply) show(answered, std::move(*card->reply));
}

storage::Delivery ChatDesk::proposal(const std::string& id, const std::string& chat, const Answered& answered) const {
    auto card = cardOf(id, answered.pagedCommand, answered);
    card.reply = CardReply{chat, {}, {}, {}, {}, true};
    return deliveryOf(std::move(card), id);
}

void ChatDesk::message(InboundMessage message) {
    ++counts_.messages;
    tasks_.spawn("message in " + app_.channel, answer(std::move(message)));
}

std::vector<storage::InboundKey> ChatDesk::keysOf(const InboundMessage& message) const {
    std::vector<storage::InboundKey> keys;
    auto scope = app_.channel + ":";
    if (!message.eventId.empty()) keys.push_back({scope + "event:" + message.eventId, clock_.now()});
    if (!message.messageId.empty()) keys.push_back({scope + "message:" + message.messageId, clock_.now()});
    return keys;
}

/// Also before a restart. Only what it does, or else its answer, makes it known for good: a message that was lost with
/// the agent may come again.
ChatDesk::Earlier ChatDesk::wasThere(const std::vector<storage::InboundKey>& keys) {
    constexpr std::size_t mostRemembered = 10'000;
    auto stored = commands_.knows(keys);
    bool known = stored && *stored;
    for (const auto& each : keys) {
        if (!seen_.insert(each.key).second)
            known = true;
        else
            seenOrder_.push_back(each.key);
    }
    while (seenOrder_.size() > mostRemembered) {
        seen_.erase(seenOrder_.front());
        seenOrder_.pop_front();
    }
    if (known) ++counts_.repeats;
    return known ? Earlier::Yes : stored ? Earlier::No : Earlier::Unknown;
}

Task<void> ChatDesk::answer(InboundMessage message) {
    auto claims = std::make_shared<Claims>();
    claims->inbound = keysOf(message);
    auto earlier = wasThere(claims->inbound);
    if (earlier == Earlier::Yes) co_return;
    auto command = trimmed(withPlainBlanks(message.text));
    if (command.empty()) command = "help";
    auto whole = std::exchange(command, operate::shownCommand(command));
    notifiers::CardReply to{message.chat,
                            message.messageId,
                            message.replyTarget,
                            message.replyUntil,
                            message.direct ? message.from.id : std::string(),
                            true};
    auto id = "reply-" + message.messageId;
    auto caller = co_await callerOf(message.from, message.chat, message.at);
    Asked asked;
    asked.caller = std::move(caller);
    asked.membership = [this, writer = message.from.id] { return membershipOf(writer); };
    asked.command = std::move(whole);
    asked.page = pageOn(app_.platform);
    asked.card = id;
    asked.replyTo = addressOf(to);
    asked.maybeRepeated = earlier == Earlier::Unknown;
    asked.claims = claims;
    claims->reply = [this, id, command, to](const Answered& answer) -> std::optional<storage::Delivery> {
        auto card = cardOf(id, answer.pagedCommand.empty() ? command : answer.pagedCommand, answer);
        card.reply = to;
        card.reply->living = answer.living || answer.page.of > 1 || !answer.clusters.empty() ||
                             !answer.confirm.empty() || !answer.choices.empty() || !answer.filterCommand.empty();
        return deliveryOf(std::move(card), id);
    };
    auto answered = co_await commands_.execute(std::move(asked));
    if (!claims->replied.empty()) co_return;
    if (message.from.beforeOwnOrganisation && !answered.ok)
        answered.text += unknownOrganisation(isChinese(app_.language));
    auto reply = *claims->reply(answered);
    put(std::move(reply), std::move(claims));
}

void ChatDesk::say(Card card, notifiers::CardReply to) {
    card.reply = std::move(to);
    auto id = card.id;
    put(deliveryOf(std::move(card), std::move(id)));
}

/// One with buttons stays and is changed in place.
storage::Delivery ChatDesk::deliveryOf(Card card, std::string id) const {
    storage::Delivery delivery;
    delivery.id = id + "." + app_.channel;
    delivery.channel = app_.channel;
    delivery.reason = "reply";
    delivery.idempotencyKey = storage::deliveryKey(id, 1, app_.channel);
    delivery.payload = notifiers::toJson(card);
    delivery.createdAt = delivery.notBefore = clock_.now();
    delivery.livingCard = card.reply->living;
    if (delivery.livingCard) delivery.incidentId = card.id;
    return delivery;
}

void ChatDesk::put(storage::Delivery delivery, std::shared_ptr<Claims> claims) {
    storage::UnitOfWork unit;
    if (claims) claims->moveInto(unit);
    unit.newDeliveries.push_back(std::move(delivery));
    commit_(std::move(unit), {});
}

void ChatDesk::withdraw(const std::string& deliveryId) {
    storage::UnitOfWork unit;
    unit.supersededDeliveries.push_back(deliveryId);
    commit_(std::move(unit), {});
}

/// Words to look for come from the card where the platform has forms, else people see how they are written.
void ChatDesk::addFilters(const Answered& answered, Card& card) const {
    if (answered.filterCommand.empty()) return;
    bool zh = isChinese(app_.language);
    for (const auto& [label, command] : answered.filters) card.buttons.push_back(turnButton(label, command));
    if (!hasForms(app_.platform)) {
        card.footer.notes.push_back(answered.filterCommand + " --grep " + (zh ? "文字" : "TEXT"));
        return;
    }
    // The number of a page tells it from the button that shows the whole list.
    auto filter = turnButton(zh ? "筛选" : "Filter", answered.filterCommand + " --page 1");
    filter.verb = "filter";
    filter.inputs = {{"grep", zh ? "筛选" : "Filter", {}}};
    card.buttons.push_back(std::move(filter));
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
    if (answered.reads || !answered.confirm.empty()) card.restCommand = answered.pagedCommand;
    CardSection section;
    section.kind = answered.tabular || isAligned(answered.text) ? CardSection::Kind::Code : CardSection::Kind::Text;
    section.lines = linesOf(answered.text);
    bool inRows = !answered.rows.empty();
    if (inRows) section = {{}, CardSection::Kind::Rows, answered.rows, false};
    card.sections.push_back(std::move(section));
    if (inRows && !answered.below.empty())
        card.sections.push_back({{}, CardSection::Kind::Text, linesOf(answered.below), false});
    if (!answered.confirm.empty()) {
        card.buttons.push_back(turnButton(zh ? "确认" : "Confirm", answered.confirm));
        card.buttons.back().verb = "confirm";
        card.buttons.back().style = notifiers::CardButton::Style::Primary;
        card.footer.notes.push_back(operate::withoutOption(answered.confirm, "alert"));
    }
    if (!answered.undo.empty()) {
        card.buttons.push_back(turnButton(zh ? "撤销" : "Undo", answered.undo));
        card.buttons.back().verb = "undo";
        card.footer.notes.push_back(answered.undo);
    }
    for (const auto& cluster : answered.clusters)
        card.buttons.push_back(turnButton(cluster, command + " --cluster " + cluster));
    for (const auto& [label, chosen] : answered.choices) {
        card.buttons.push_back(turnButton(label, chosen));
        card.buttons.back().verb = "confirm";
    }
    for (const auto& [label, decision] : answered.decisions) {
        card.buttons.push_back(turnButton(label, decision));
        card.buttons.back().verb = decision.substr(0, decision.find(' '));
        card.footer.notes.push_back(decision);
    }
    addFilters(answered, card);
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
