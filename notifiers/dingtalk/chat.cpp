#include "notifiers/dingtalk/chat.hpp"

#include <nlohmann/json.hpp>

#include "notifiers/dingtalk/render.hpp"
#include "notifiers/fit.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestMessage = 14'000;  ///< msgParam; the platform takes 15,000
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
    auto json = Json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("result") || !json["result"].is_object()) return {};
    const auto& result = json["result"];
    if (!result.contains("deliverResults") || !result["deliverResults"].is_array()) return {};
    for (const auto& each : result["deliverResults"]) {
        if (!each.is_object() || each.value("success", true)) continue;
        auto text =
            each.contains("errorMsg") && each["errorMsg"].is_string() ? each["errorMsg"].get<std::string>() : "";
        return text.empty() ? "no reason given" : oneLine(text);
    }
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
    : app_(std::move(app)), clock_(clock), options_(std::move(options)) {
    const auto& own = app_->options().cardTemplate;
    template_ = own.empty() ? publicTemplate() : ownTemplate(own);
}

NotifierLimits Chat::limits() const {
    NotifierLimits limits;
    limits.budgets = {{8, 1s}, {300, 60s}};
    limits.maxBytes = options_.maxBytes;
    limits.canUpdate = true;
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

Chat::Rendered Chat::creation(const SafeCard& card, const SendContext& context, const std::string& trackId,
                              const std::string& chat) const {
    bool group = isGroup(chat);
    const auto& robot = app_->options().robotCode;
    auto fitted = fitBody(card, options_.maxBytes, {}, [&](const SafeCard& safe, const std::vector<Notice>& notices) {
        Json body{{"cardTemplateId", template_->id()}, {"outTrackId", trackId}, {"callbackType", "STREAM"}};
        body["userIdType"] = 1;
        body["cardData"]["cardParamMap"] = parametersJson(template_->render(safe, notices, context.mentions));
        body["openSpaceId"] = std::string("dtv1.card//") + (group ? "IM_GROUP." : "IM_ROBOT.") + chat;
        Json space{{"supportForward", false}};
        space["lastMessageI18n"] = Json{{"ZH_CN", summaryOf(safe)}, {"EN_US", summaryOf(safe)}};
        space["notification"] = Json{{"alertContent", summaryOf(safe)}, {"notificationOff", false}};
        body[group ? "imGroupOpenSpaceModel" : "imRobotOpenSpaceModel"] = std::move(space);
        Json deliver{{"robotCode", robot}};
        if (!group) deliver["spaceType"] = "IM_ROBOT";
        if (auto people = mentioned(context.mentions); group && !people.empty())
            deliver["atUserIds"] = std::move(people);
        body[group ? "imGroupOpenDeliverModel" : "imRobotOpenDeliverModel"] = std::move(deliver);
        return dumped(body);
    });
    return {std::move(fitted.body), fitted.shortened};
}

Task<Result<Receipt>> Chat::send(Card card, SendContext context) {
    SafeCard safe(std::move(card));
    if (safe.reply && !safe.reply->living) co_return co_await reply(std::move(safe), std::move(context));
    auto trackId = "klaw-" + context.idempotencyKey;
    auto made = creation(safe, context, trackId, chatOf(safe));
    auto answer = co_await app_->call("card.createAndDeliver", "POST", "/v1.0/card/instances/createAndDeliver",
                                      std::move(made.body));
    if (!answer) co_return fail(failure(std::move(answer.error())));
    if (answer->kind != Answer::Kind::Taken) co_return fail(failure(std::move(answer->error)));
    if (auto why = failedDelivery(answer->body); !why.empty())
        co_return fail(ErrorCode::PermissionDenied, "the card was not delivered: " + why, options_.name,
                       "is the robot in the group, and is `chat` the id of that group?");
    co_return Receipt(std::move(trackId), made.shortened ? "shortened" : "");
}

Task<Result<Receipt>> Chat::update(std::string platformRef, Card card, SendContext context) {
    SafeCard safe(std::move(card));
    auto fitted = fitBody(safe, options_.maxBytes, {}, [&](const SafeCard& each, const std::vector<Notice>& notices) {
        Json body{{"outTrackId", platformRef}};
        body["cardData"]["cardParamMap"] = parametersJson(template_->render(each, notices, {}));
        body["cardUpdateOptions"] = Json{{"updateCardDataByKey", true}};
        return dumped(body);
    });
    bool shortened = fitted.shortened;
    auto answer = co_await app_->call("card.update", "PUT", "/v1.0/card/instances", std::move(fitted.body));
    if (!answer) co_return fail(failure(std::move(answer.error())));
    if (answer->kind == Answer::Kind::Taken) co_return Receipt(std::move(platformRef), shortened ? "shortened" : "");
    if (answer->error.code != ErrorCode::InvalidArgument) co_return fail(failure(std::move(answer->error)));
    // The platform does not know this card, or not any more.
    Card anew = std::move(safe);
    co_return co_await send(std::move(anew), std::move(context));
}

Task<Result<Receipt>> Chat::reply(SafeCard card, SendContext context) {
    auto to = *card.reply;
    MessageFrame frame{context.idempotencyKey, std::move(context.mentions), {}};
    auto fitted = fitBody(card, kLongestMessage, {}, [&](const SafeCard& safe, const std::vector<Notice>& notices) {
        return renderMessage(safe, notices, frame);
    });
    bool shortened = fitted.shortened;
    Result<Answer> answer = Answer();
    if (!to.webhook.empty() && clock_.now() + kWebhookMargin < to.webhookUntil) {
        answer = co_await app_->answerTo(std::move(to.webhook), std::move(fitted.body));
    } else {
        auto message = Json::parse(fitted.body, nullptr, false)["markdown"];
        bool direct = !to.person.empty();
        Json body{
            {"robotCode", app_->options().robotCode}, {"msgKey", "sampleMarkdown"}, {"msgParam", dumped(message)}};
        if (direct)
            body["userIds"] = Json::array({to.person});
        else
            body["openConversationId"] = to.chat;
        std::string path = direct ? "/v1.0/robot/oToMessages/batchSend" : "/v1.0/robot/groupMessages/send";
        auto text = dumped(body);
        answer = co_await app_->call(direct ? "robot.oToMessages" : "robot.groupMessages", "POST", std::move(path),
                                     std::move(text));
    }
    if (!answer) co_return fail(failure(std::move(answer.error())));
    if (answer->kind != Answer::Kind::Taken) co_return fail(failure(std::move(answer->error)));
    co_return Receipt("", shortened ? "shortened" : "");
}

}  // namespace klaw::notifiers::dingtalk
