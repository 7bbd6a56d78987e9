#include "notifiers/feishu/chat.hpp"

#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "notifiers/feishu/render.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kMessages = "/open-apis/im/v1/messages";
/// Before the id of a message that is text, because the platform refused the card; it is changed by another call.
constexpr std::string_view kTextRef = "text:";
constexpr std::size_t kLongestUuid = 50;

std::string idKindOf(std::string_view id) {
    if (id.starts_with("oc_")) return "chat_id";
    if (id.starts_with("ou_")) return "open_id";
    if (id.starts_with("on_")) return "union_id";
    return id.find('@') != id.npos ? "email" : "user_id";
}

std::string uuidOf(const std::string& key) {
    return key.size() <= kLongestUuid ? key : sha256Hex(key).substr(0, 32);
}

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string messageIdIn(const std::string& body) {
    auto json = Json::parse(body, nullptr, false);
    auto data = json.is_object() ? json.find("data") : json.end();
    if (data == json.end() || !data->is_object()) return {};
    auto id = data->find("message_id");
    return id != data->end() && id->is_string() ? id->get<std::string>() : std::string();
}

}  // namespace

Chat::Chat(std::shared_ptr<App> app, ChatOptions options) : app_(std::move(app)), options_(std::move(options)) {}

NotifierLimits Chat::limits() const {
    NotifierLimits limits;
    limits.budgets = {{4, 1s}, {200, 60s}};
    limits.maxBytes = options_.maxBytes;
    limits.canUpdate = true;
    limits.buttonsCallBack = true;
    limits.hasIdempotencyKey = true;
    return limits;
}

Chat::Content Chat::contentOf(const SafeCard& card, const Attempt& attempt) {
    auto render = [&](const SafeCard& fitted, const std::vector<Notice>& notices) {
        if (attempt.asText) return dumped(Json{{"text", renderText(fitted, notices, attempt.mentions)}});
        return dumped(renderCard(fitted, notices, attempt.mentions, Buttons::CallBack));
    };
    return {attempt.asText ? "text" : "interactive", fitBody(card, attempt.maxBytes, attempt.notices, render)};
}

Chat::Target Chat::targetOf(const Card& card) const {
    if (card.reply)
        return {"messages.reply", "POST", kMessages + ("/" + net::percentEncode(card.reply->message)) + "/reply",
                false};
    return {"messages.create", "POST", std::string(kMessages) + "?receive_id_type=" + idKindOf(options_.chat), false};
}

Task<Result<Receipt>> Chat::send(Card card, SendContext context) {
    Attempt attempt;
    attempt.mentions = mentionable(context.mentions);
    attempt.maxBytes = options_.maxBytes;
    auto target = targetOf(card);
    SafeCard safe(std::move(card));
    co_return co_await deliver(std::move(safe), std::move(attempt), std::move(context), std::move(target));
}

Task<Result<Receipt>> Chat::update(std::string platformRef, Card card, SendContext context) {
    Attempt attempt;
    attempt.maxBytes = options_.maxBytes;
    attempt.asText = platformRef.starts_with(kTextRef);
    auto id = attempt.asText ? platformRef.substr(kTextRef.size()) : platformRef;
    Target target{"messages.update", attempt.asText ? "PUT" : "PATCH", kMessages + ("/" + net::percentEncode(id)),
                  true};
    SafeCard safe(std::move(card));
    auto changed = co_await deliver(safe, std::move(attempt), context, std::move(target));
    bool gone = !changed && changed.error().code == ErrorCode::NotFound;
    if (!gone) {
        if (changed) changed->platformRef = std::move(platformRef);
        co_return changed;
    }
    Card again = std::move(safe);
    co_return co_await send(std::move(again), std::move(context));
}

Task<Result<Receipt>> Chat::deliver(SafeCard card, Attempt attempt, SendContext context, Target target) {
    bool wasText = attempt.asText;
    for (;;) {
        auto content = contentOf(card, attempt);
        bool shortened = content.body.shortened;
        Json body = Json::object();
        if (!target.changes) {
            if (!card.reply) body["receive_id"] = options_.chat;
            body["msg_type"] = content.type;
            body["uuid"] = uuidOf(context.idempotencyKey);
        } else if (attempt.asText) {
            body["msg_type"] = content.type;
        }
        body["content"] = std::move(content.body.body);
        auto text = dumped(body);
        auto answer = co_await app_->call(target.api, target.method, target.path, std::move(text));
        if (!answer) {
            answer.error().place = options_.name;
            co_return fail(std::move(answer.error()));
        }
        if (answer->kind == Answer::Kind::Taken) {
            if (shortened) attempt.done.push_back("shortened");
            auto id = target.changes ? std::string() : messageIdIn(answer->body);
            if (attempt.asText && !id.empty()) id.insert(0, kTextRef);
            co_return Receipt(std::move(id), attempt.detail());
        }
        bool better = attempt.improve(answer->kind, card.language);
        bool otherKind = target.changes && attempt.asText != wasText;  // a card cannot become a text
        if (!better || otherKind) {
            answer->error.place = options_.name;
            co_return fail(std::move(answer->error));
        }
    }
}

}  // namespace klaw::notifiers::feishu
