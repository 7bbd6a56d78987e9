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
    limits.account = app_->options().account;
    limits.maxBytes = options_.maxBytes;
    limits.canUpdate = true;
    limits.updateGap = 2s;
    limits.canRing = true;
    limits.buttonsCallBack = true;
    limits.hasIdempotencyKey = true;
    return limits;
}

Chat::Content Chat::contentOf(const SafeCard& card, const Attempt& attempt) {
    auto render = [&](const SafeCard& fitted, const std::vector<Notice>& notices) {
        if (attempt.asText) return dumped(Json{{"text", renderText(fitted, notices, attempt.mentions)}});
        return dumped(renderCard(fitted, notices, attempt.mentions, Buttons::CallBack));
    };
    return {attempt.asText ? "text" : "interactive",
            fitBody(withDetail(card, attempt.detail), attempt.maxBytes, attempt.notices, render)};
}

Chat::Target Chat::targetOf(const Card& card) const {
    if (card.reply && !card.reply->message.empty())
        return {"messages.reply", "POST", kMessages + ("/" + net::percentEncode(card.reply->message)) + "/reply", {}};
    return creationIn(card.reply ? card.reply->chat : options_.chat);
}

Chat::Target Chat::creationIn(const std::string& chat) {
    return {"messages.create", "POST", std::string(kMessages) + "?receive_id_type=" + idKindOf(chat), chat};
}

Task<Result<Receipt>> Chat::update(std::string platformRef, Card card, SendContext context) {
    Attempt attempt;
    attempt.maxBytes = options_.maxBytes;
    attempt.asText = platformRef.starts_with(kTextRef);
    attempt.mayBecomeText = false;
    auto id = attempt.asText ? platformRef.substr(kTextRef.size()) : platformRef;
    Target target{"messages.update", attempt.asText ? "PUT" : "PATCH", kMessages + ("/" + net::percentEncode(id)), {}};
    target.changes = true;
    SafeCard safe(std::move(card));
    auto answer = co_await deliver(safe, attempt, context, std::move(target));
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind == Answer::Kind::Taken) co_return Receipt(std::move(platformRef), answer->detail);
    // The message is gone, or no form of the card is taken in its place: people must still see how things are.
    bool anew = answer->kind == Answer::Kind::Gone || answer->kind == Answer::Kind::BadCard ||
                answer->kind == Answer::Kind::TooLong;
    if (!anew) co_return fail(std::move(answer->error));
    if (safe.status == CardStatus::Continued) co_return Receipt(std::move(platformRef), "left as it was");
    Card again = std::move(safe);
    co_return co_await send(std::move(again), std::move(context));
}

Task<Result<Receipt>> Chat::send(Card card, SendContext context) {
    Attempt attempt;
    attempt.mentions = mentionable(context.mentions);
    attempt.maxBytes = options_.maxBytes;
    auto target = targetOf(card);
    SafeCard safe(std::move(card));
    auto answer = co_await deliver(safe, attempt, context, std::move(target));
    bool asked = safe.reply && !safe.reply->chat.empty();
    if (answer && answer->kind == Answer::Kind::Gone && asked) {
        auto chat = creationIn(safe.reply->chat);
        answer = co_await deliver(safe, std::move(attempt), std::move(context), std::move(chat));
    }
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    co_return Receipt(std::move(answer->id), std::move(answer->detail));
}

std::string Chat::bodyOf(const Content& content, const Attempt& attempt, const SendContext& context,
                         const Target& target) {
    Json body = Json::object();
    if (!target.changes) {
        if (!target.chat.empty()) body["receive_id"] = target.chat;
        body["msg_type"] = content.type;
        body["uuid"] = uuidOf(context.idempotencyKey);
    } else if (attempt.asText) {
        body["msg_type"] = content.type;
    }
    body["content"] = content.body.body;
    return dumped(body);
}

/// Until it is taken, or no way of saying it is left.
Task<Result<Chat::Said>> Chat::deliver(SafeCard card, Attempt attempt, SendContext context, Target target) {
    bool answers = card.reply && target.chat.empty();
    auto chat = target.changes ? std::string() : answers ? card.reply->chat : target.chat;
    for (;;) {
        if (const auto& pace = app_->options().pace; pace && !chat.empty()) co_await pace->turn(chat);
        auto content = contentOf(card, attempt);
        auto text = bodyOf(content, attempt, context, target);
        auto answer = co_await app_->call(target.api, target.method, target.path, std::move(text));
        if (!answer) {
            answer.error().place = options_.name;
            co_return fail(std::move(answer.error()));
        }
        Said said;
        said.kind = answer->kind;
        if (answer->kind == Answer::Kind::Taken) {
            if (content.body.shortened) attempt.done.push_back("shortened");
            said.id = target.changes ? std::string() : messageIdIn(answer->body);
            if (attempt.asText && !said.id.empty()) said.id.insert(0, kTextRef);
            said.detail = attempt.whatWasDone();
            co_return said;
        }
        if (attempt.improve(*answer, card)) continue;
        answer->error.place = options_.name;
        said.error = std::move(answer->error);
        co_return said;
    }
}

}  // namespace klaw::notifiers::feishu
