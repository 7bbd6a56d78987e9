#include "notifiers/dingtalk/survey.hpp"

#include <nlohmann/json.hpp>

namespace klaw::notifiers::dingtalk {

using Json = nlohmann::json;

Task<Result<bool>> askWhetherInGroup(std::shared_ptr<App> app, std::string conversation) {
    auto body = Json{{"openConversationId", std::move(conversation)}}.dump();
    auto answer = co_await app->call("robot.groups.robots", "POST", "/v1.0/robot/groups/robots/query", std::move(body));
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    auto name = Json(app->options().robotCode).dump();
    co_return answer->body.find(name) != std::string::npos;
}

Task<Result<void>> askWhetherCardsMayBeChanged(std::shared_ptr<App> app) {
    Json body{{"outTrackId", "klaw-setup"}};
    body["cardData"]["cardParamMap"] = Json::object();
    body["cardUpdateOptions"]["updateCardDataByKey"] = true;
    auto text = body.dump();
    auto answer = co_await app->call("card.update", "PUT", "/v1.0/card/instances", std::move(text));
    if (!answer) co_return fail(std::move(answer.error()));
    bool judged = answer->kind == Answer::Kind::Taken || answer->error.code == ErrorCode::InvalidArgument;
    if (!judged) co_return fail(std::move(answer->error));
    co_return Result<void>();
}

}  // namespace klaw::notifiers::dingtalk
