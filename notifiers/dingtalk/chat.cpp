#include "notifiers/dingtalk/chat.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text/json_fields.hpp"
#include "notifiers/dingtalk/render.hpp"
#include "notifiers/fit.hpp"
#include "notifiers/safe_text.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestMessage = 14'000;  ///< msgParam; the platform takes 15,000
/// Before the id of what is no card.
constexpr std::string_view kMessageRef = "message:";
/// The address for answers ends while a slow answer is on its way.
constexpr Duration kWebhookMargin = 30s;

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool isGroup(std::string_view chat) {
    return chat.starts_with("cid");
}

Json parametersJson(const CardParameters& parameters) {
    auto json = Json::object();
    for (const auto& [name, value] : parameters) json[name] = value;
    return json;
}

/// HTTP 200 may hold a delivery that failed.
std::string failedDelivery(const std::string& body) {
    auto json = parsedJson(body);
    const auto& results = at(at(json, "result"), "deliverResults");
    if (!results.is_array()) return {};
    for (const auto& each : results) {
        if (flagAt(each, "success", true)) continue;
        auto text = textAt(each, "errorMsg");
        return text.empty() ? "no reason given" : oneLine(text);
    }
    return {};
}

bool lists(const Json& json, const char* name, const std::string& person) {
    auto list = json.find(name);
    return list != json.end() && list->is_array() && std::ranges::find(*list, Json(person)) != list->end();
}

/// HTTP 200 may also hold a message that reached nobody.
Answer reached(Answer answer, const std::string& person) {
    auto json = answer.kind == Answer::Kind::Taken ? Json::parse(answer.body, nullptr, false) : Json();
    if (!json.is_object()) return answer;
    if (lists(json, "flowControlledStaffIdList", person)) {
        Error slow(ErrorCode::ResourceExhausted, "the person gets too many messages of the robot");
        return {Answer::Kind::Throttled, std::move(slow).withRetry(Retry::afterAtLeast(1min)), {}};
    }
    if (lists(json, "invalidStaffIdList", person) || lists(json, "filteredStaffIdList", person))
        return {Answer::Kind::Refused,
                Error(ErrorCode::NotFound, "the message reached nobody: the platform does not deliver to this person",
                      {}, "is `chat` a userid of the organisation, within the application's range?"),
                {}};
    return answer;
}

/// Title and text of a message, as the robot takes them.
std::string messageParameter(const std::string& message) {
    auto json = Json::parse(message, nullptr, false);
    for (const auto* kind : {"markdown", "actionCard"})
        if (json.is_object() && json.contains(kind))
            return dumped(Json{{"title", textAt(json[kind], "title")}, {"text", textAt(json[kind], "text")}});
    return {};
}

Json mentioned(const std::vector<Mention>& mentions) {
    auto json = Json::object();
    for (const auto& mention : mentions) {
        if (mention.kind == Mention::Kind::All) json["@ALL"] = "@ALL";
        if (mention.kind == Mention::Kind::UserId) json[mention.id] = mention.name.empty() ? mention.id : mention.name;
    }
    return json;
}

}  // namespace

Chat::Chat(std::shared_ptr<App> app, const Clock& clock, ChatOptions options)
    : app_(std::move(app)), clock_(clock), options_(std::move(options)), templates_(app_->options().cardTemplate) {}

NotifierLimits Chat::limits() const {
    NotifierLimits limits;
    limits.budgets = {{8, 1s}, {300, 60s}};
    limits.account = app_->options().account;
    limits.maxBytes = options_.maxBytes;
    limits.canUpdate = true;
    limits.updateGap = 3s;
    limits.canRing = true;
    limits.buttonsCallBack = true;
    limits.hasIdempotencyKey = true;
    return limits;
}

Error Chat::failure(Error error) const {
    error.place = options_.name;
    return error;
}

/// A reply goes where it was asked.
std::string Chat::chatOf(const Card& card) const {
    if (!card.reply) return options_.chat;
    return card.reply->person.empty() ? card.reply->chat : card.reply->person;
}

Attempt Chat::firstAttempt(const SendContext& context) const {
    Attempt attempt;
    attempt.form = templates_.hasOwn() ? Attempt::Form::OwnTemplate : Attempt::Form::PublicTemplate;
    attempt.mentions = context.mentions;
    attempt.maxBytes = options_.maxBytes;
    return attempt;
}

FittedBody Chat::creation(const SafeCard& card, const Attempt& attempt, const std::string& trackId,
                          const std::string& chat) const {
    bool group = isGroup(chat);
    bool byPost = !app_->options().cardRoute.empty();
    const auto& made = templates_.of(trackId);
    auto render = [&](const SafeCard& safe, const std::vector<Notice>& notices) {
        Json body{{"cardTemplateId", made.id()}, {"outTrackId", trackId}, {"callbackType", byPost ? "HTTP" : "STREAM"}};
        if (byPost) body["callbackRouteKey"] = app_->options().cardRoute;
        body["userIdType"] = 1;
        body["cardData"]["cardParamMap"] = parametersJson(made.render(safe, notices, attempt.mentions));
        body["openSpaceId"] = std::string("dtv1.card//") + (group ? "IM_GROUP." : "IM_ROBOT.") + chat;
        Json space{{"supportForward", false}};
        space["lastMessageI18n"] = Json{{"ZH_CN", summaryOf(safe)}, {"EN_US", summaryOf(safe)}};
        space["notification"] = Json{{"alertContent", summaryOf(safe)}, {"notificationOff", false}};
        body[group ? "imGroupOpenSpaceModel" : "imRobotOpenSpaceModel"] = std::move(space);
        Json deliver{{"robotCode", app_->options().robotCode}};
        if (!group) deliver["spaceType"] = "IM_ROBOT";
        if (auto people = mentioned(attempt.mentions); group && !people.empty())
            deliver["atUserIds"] = std::move(people);
        body[group ? "imGroupOpenDeliverModel" : "imRobotOpenDeliverModel"] = std::move(deliver);
        return dumped(body);
    };
    return fitBody(withDetail(card, attempt.detail), attempt.maxBytes, attempt.notices, render);
}

FittedBody Chat::change(const SafeCard& card, const Attempt& attempt, const std::string& trackId) const {
    auto render = [&](const SafeCard& safe, const std::vector<Notice>& notices) {
        Json body{{"outTrackId", trackId}};
        body["cardData"]["cardParamMap"] = parametersJson(templates_.of(trackId).render(safe, notices, {}));
        body["cardUpdateOptions"] = Json{{"updateCardDataByKey", true}};
        return dumped(body);
    };
    return fitBody(withDetail(card, attempt.detail), attempt.maxBytes, attempt.notices, render);
}

Task<Result<Receipt>> Chat::send(Card card, SendContext context) {
    SafeCard safe(std::move(card));
    if (safe.reply && !safe.reply->living) co_return co_await reply(std::move(safe), std::move(context));
    auto attempt = firstAttempt(context);
    co_return co_await deliver(std::move(safe), std::move(attempt), std::move(context));
}

Task<Result<Answer>> Chat::create(FittedBody made) {
    auto answer = co_await app_->call("card.createAndDeliver", "POST", "/v1.0/card/instances/createAndDeliver",
                                      std::move(made.body));
    if (!answer || answer->kind != Answer::Kind::Taken) co_return answer;
    if (auto why = failedDelivery(answer->body); !why.empty()) {
        answer->kind = Answer::Kind::Refused;
        answer->error = Error(ErrorCode::NotFound, "the card was not delivered: " + why, {},
                              "is the robot in the group, and is `chat` the id of that group?");
    }
    co_return answer;
}

FittedBody Chat::message(const SafeCard& card, const Attempt& attempt, const SendContext& context) const {
    MessageFrame frame{context.idempotencyKey, attempt.mentions, {}};
    auto render = [&](const SafeCard& safe, const std::vector<Notice>& notices) {
        return renderMessage(safe, notices, frame);
    };
    auto notices = attempt.notices;
    if (context.mayRepeat) notices.push_back({std::string(wordsFor(card.language).mayBeRepeat), {}, {}});
    auto bytes = std::min(attempt.maxBytes, kLongestMessage);
    return fitBody(withDetail(card, attempt.detail), bytes, std::move(notices), render);
}

/// Until it is taken, or no way of saying it is left.
Task<Result<Receipt>> Chat::deliver(SafeCard card, Attempt attempt, SendContext context) {
    auto chat = chatOf(card);
    for (;;) {
        bool asMessage = attempt.form == Attempt::Form::Message;
        auto trackId = templates_.trackId(context.idempotencyKey, attempt.form == Attempt::Form::PublicTemplate);
        auto made = asMessage ? message(card, attempt, context) : creation(card, attempt, trackId, chat);
        bool shortened = made.shortened;
        Result<Answer> answer = Answer();
        if (asMessage)
            answer = co_await sendMessage(std::move(made.body), chat);
        else
            answer = co_await create(std::move(made));
        if (!answer) co_return fail(failure(std::move(answer.error())));
        if (answer->kind == Answer::Kind::Taken) {
            if (shortened) attempt.done.emplace_back("shortened");
            auto ref = asMessage ? std::string(kMessageRef) + trackId : trackId;
            co_return Receipt(std::move(ref), attempt.whatWasDone());
        }
        if (!attempt.improve(*answer, card)) co_return fail(failure(std::move(answer->error)));
    }
}

Task<Result<Receipt>> Chat::update(std::string platformRef, Card card, SendContext context) {
    SafeCard safe(std::move(card));
    if (platformRef.starts_with(kMessageRef))
        co_return co_await updateMessage(std::move(platformRef), std::move(safe), std::move(context));
    auto attempt = firstAttempt(context);
    attempt.mentions.clear();
    attempt.mayChangeForm = false;
    for (;;) {
        auto made = change(safe, attempt, platformRef);
        bool shortened = made.shortened;
        auto answer = co_await app_->call("card.update", "PUT", "/v1.0/card/instances", std::move(made.body));
        if (!answer) co_return fail(failure(std::move(answer.error())));
        if (answer->kind == Answer::Kind::Taken) {
            if (shortened) attempt.done.emplace_back("shortened");
            co_return Receipt(std::move(platformRef), attempt.whatWasDone());
        }
        if (attempt.improve(*answer, safe)) continue;
        if (answer->error.code != ErrorCode::InvalidArgument) co_return fail(failure(std::move(answer->error)));
        break;
    }
    // The platform does not know this card, or not any more, or takes nothing in its place.
    if (safe.status == CardStatus::Continued) co_return Receipt(std::move(platformRef), "left as it was");
    Card anew = std::move(safe);
    co_return co_await send(std::move(anew), std::move(context));
}

/// Numbers and details are not worth another message.
Task<Result<Receipt>> Chat::updateMessage(std::string platformRef, SafeCard card, SendContext context) {
    if (card.status == CardStatus::Firing || card.status == CardStatus::Continued)
        co_return Receipt(std::move(platformRef), "left as it was: a message cannot be changed");
    auto attempt = firstAttempt(context);
    attempt.form = Attempt::Form::Message;
    attempt.mentions.clear();
    co_return co_await deliver(std::move(card), std::move(attempt), std::move(context));
}

Task<Result<Answer>> Chat::sendMessage(std::string text, std::string chat) {
    bool group = isGroup(chat);
    Json body{
        {"robotCode", app_->options().robotCode}, {"msgKey", "sampleMarkdown"}, {"msgParam", messageParameter(text)}};
    if (group)
        body["openConversationId"] = chat;
    else
        body["userIds"] = Json::array({chat});
    std::string path = group ? "/v1.0/robot/groupMessages/send" : "/v1.0/robot/oToMessages/batchSend";
    std::string api = group ? "robot.groupMessages" : "robot.oToMessages";
    auto message = dumped(body);
    auto answer = co_await app_->call(std::move(api), "POST", std::move(path), std::move(message));
    if (!answer || group) co_return answer;
    co_return reached(std::move(*answer), chat);
}

/// The message's own address is the short way, not the only one: what is refused there is said in the conversation.
Task<Result<Receipt>> Chat::reply(SafeCard card, SendContext context) {
    auto to = *card.reply;
    auto attempt = firstAttempt(context);
    attempt.maxBytes = kLongestMessage;
    bool ownAddress = !to.webhook.empty() && clock_.now() + kWebhookMargin < to.webhookUntil;
    for (;;) {
        auto made = message(card, attempt, context);
        if (made.shortened && attempt.done.empty()) attempt.done.emplace_back("shortened");
        Result<Answer> answer = Answer();
        if (ownAddress)
            answer = co_await app_->answerTo(to.webhook, std::move(made.body));
        else
            answer = co_await sendMessage(std::move(made.body), chatOf(card));
        if (answer && answer->kind == Answer::Kind::Taken) co_return Receipt("", attempt.whatWasDone());
        auto error = answer ? answer->error : answer.error();
        // Where it may have arrived all the same it is not said in another way.
        bool certain = error.code != ErrorCode::OutcomeUnknown && error.code != ErrorCode::Unavailable;
        bool refused =
            answer ? answer->kind != Answer::Kind::Throttled && certain : error.code == ErrorCode::PermissionDenied;
        if (answer && answer->kind == Answer::Kind::TooLong && attempt.improve(*answer, card)) continue;
        if (!std::exchange(ownAddress, false) || !refused) co_return fail(failure(std::move(error)));
    }
}

}  // namespace klaw::notifiers::dingtalk
