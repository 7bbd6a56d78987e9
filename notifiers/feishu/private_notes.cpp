#include "notifiers/feishu/private_notes.hpp"

#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kMessages = "/open-apis/im/v1/messages";
constexpr std::size_t kUuidBytes = 32;  // of at most 50

}  // namespace

Task<Result<std::string>> PrivateNotes::send(std::string person, std::string text, std::string key) {
    auto kind = person.starts_with("ou_") ? "open_id" : person.starts_with("on_") ? "union_id" : "user_id";
    Json body{{"receive_id", person}, {"msg_type", "text"}, {"uuid", sha256Hex(key).substr(0, kUuidBytes)}};
    body["content"] = Json{{"text", text}}.dump(-1, ' ', false, Json::error_handler_t::replace);
    auto whole = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    auto answer = co_await app_->call("messages.create", "POST", kMessages + ("?receive_id_type=" + std::string(kind)),
                                      std::move(whole));
    if (!answer) co_return fail(withoutQuotes(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(withoutQuotes(answer->error));
    auto json = parsedJson(answer->body);
    auto id = textAt(at(json, "data"), "message_id");
    if (id.empty()) co_return fail(ErrorCode::OutcomeUnknown, "the platform did not say which message it is");
    co_return id;
}

Task<Result<void>> PrivateNotes::recall(std::string ref) {
    auto answer =
        co_await app_->call("messages.delete", "DELETE", kMessages + ("/" + net::percentEncode(ref)), std::string());
    if (!answer) co_return fail(std::move(answer).error());
    bool gone = answer->kind == Answer::Kind::Taken || answer->kind == Answer::Kind::Gone;
    if (!gone) co_return fail(std::move(answer->error));
    co_return Result<void>();
}

}  // namespace klaw::notifiers::feishu
