// Calling people about a message: "urgent" in the application, by SMS or by phone.
#include <nlohmann/json.hpp>

#include "notifiers/feishu/chat.hpp"
#include "notifiers/feishu/render.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kTextRef = "text:";

std::string_view idKindOf(std::string_view id) {
    if (id.starts_with("ou_")) return "open_id";
    return id.starts_with("on_") ? "union_id" : "user_id";
}

/// Those whom the platform does not ring although it took the call.
std::string notRung(const std::string& body) {
    auto json = Json::parse(body, nullptr, false);
    auto data = json.is_object() ? json.find("data") : json.end();
    if (!json.is_object() || data == json.end() || !data->is_object()) return {};
    auto list = data->find("invalid_user_id_list");
    if (list == data->end() || !list->is_array() || list->empty()) return {};
    std::string people;
    for (const auto& id : *list)
        if (id.is_string()) people += (people.empty() ? "" : ", ") + id.get<std::string>();
    return people;
}

}  // namespace

Task<Result<Receipt>> Chat::ring(std::string platformRef, Card card, SendContext context) {
    auto people = Json::array();
    std::string kind;
    for (const auto& mention : mentionable(context.mentions)) {
        if (mention.kind != Mention::Kind::UserId) continue;
        if (kind.empty()) kind = idKindOf(mention.id);
        if (kind == idKindOf(mention.id)) people.push_back(mention.id);
    }
    if (people.empty())
        co_return fail(ErrorCode::InvalidArgument, "nobody who is called has an id that can be rung", options_.name,
                       "add `feishu: [ou_…]` to them under `access`");
    if (platformRef.starts_with(kTextRef)) platformRef.erase(0, kTextRef.size());
    auto how = "urgent_" + std::string(rules::toString(card.ring));
    auto path = "/open-apis/im/v1/messages/" + net::percentEncode(platformRef) + "/" + how + "?user_id_type=" + kind;
    Json body{{"user_id_list", std::move(people)}};
    auto text = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    auto answer = co_await app_->call("messages." + how, "PATCH", std::move(path), std::move(text));
    if (!answer || answer->kind != Answer::Kind::Taken) {
        auto error = answer ? std::move(answer->error) : std::move(answer.error());
        error.place = options_.name;
        co_return fail(std::move(error));
    }
    auto missing = notRung(answer->body);
    co_return Receipt("", missing.empty() ? "" : "not rung: " + missing);
}

}  // namespace klaw::notifiers::feishu
