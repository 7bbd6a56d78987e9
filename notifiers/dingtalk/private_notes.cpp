#include "notifiers/dingtalk/private_notes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text/json_fields.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// HTTP 200 may hold a message that reached nobody.
bool reachedNobody(const Json& answer, const std::string& person) {
    for (const char* list : {"invalidStaffIdList", "flowControlledStaffIdList", "filteredStaffIdList"}) {
        auto named = answer.find(list);
        if (named != answer.end() && named->is_array() && std::ranges::find(*named, Json(person)) != named->end())
            return true;
    }
    return false;
}

}  // namespace

Task<Result<std::string>> PrivateNotes::send(std::string person, std::string text, std::string) {
    Json body{{"robotCode", app_->options().robotCode}, {"userIds", Json::array({person})}, {"msgKey", "sampleText"}};
    body["msgParam"] = dumped(Json{{"content", text}});
    auto whole = dumped(body);
    auto answer =
        co_await app_->call("robot.oToMessages", "POST", "/v1.0/robot/oToMessages/batchSend", std::move(whole));
    if (!answer) co_return fail(withoutQuotes(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(withoutQuotes(answer->error));
    auto json = Json::parse(answer->body, nullptr, false);
    if (json.is_object() && reachedNobody(json, person))
        co_return fail(ErrorCode::NotFound, "the platform does not deliver to this person now");
    auto key = json.is_object() ? json.find("processQueryKey") : json.end();
    if (key == json.end() || !key->is_string() || key->get<std::string>().empty())
        co_return fail(ErrorCode::OutcomeUnknown, "the platform did not say which message it is");
    co_return key->get<std::string>();
}

Task<Result<void>> PrivateNotes::recall(std::string ref) {
    Json body{{"robotCode", app_->options().robotCode}, {"processQueryKeys", Json::array({ref})}};
    auto whole = dumped(body);
    auto answer =
        co_await app_->call("robot.oToRecall", "POST", "/v1.0/robot/otoMessages/batchRecall", std::move(whole));
    if (!answer) co_return fail(std::move(answer).error());
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    auto json = Json::parse(answer->body, nullptr, false);
    auto failed = json.is_object() ? json.find("failedResult") : json.end();
    if (failed != json.end() && failed->is_object() && failed->contains(ref)) {
        auto why = (*failed)[ref].is_string() ? (*failed)[ref].get<std::string>() : std::string("no reason given");
        co_return fail(ErrorCode::Unsupported, "the platform did not take the message back: " + why.substr(0, 200));
    }
    auto taken = json.is_object() ? json.find("successResult") : json.end();
    bool named = taken != json.end() && taken->is_array() && std::ranges::find(*taken, Json(ref)) != taken->end();
    if (!named) co_return fail(ErrorCode::OutcomeUnknown, "the platform did not say whether it took the message back");
    co_return Result<void>();
}

}  // namespace klaw::notifiers::dingtalk
