#include "notifiers/dingtalk/survey.hpp"

#include <nlohmann/json.hpp>

namespace klaw::notifiers::dingtalk {

namespace {

using Json = nlohmann::json;

/// A call that changes nothing: whoever may make it hears at most that something is wrong with what it is about.
Task<Result<void>> tryCall(std::shared_ptr<App> app, std::string api, std::string method, std::string path, Json body) {
    auto text = body.dump();
    auto answer = co_await app->call(std::move(api), std::move(method), std::move(path), std::move(text));
    if (!answer) co_return fail(std::move(answer.error()));
    bool judged = answer->kind == Answer::Kind::Taken || answer->error.code == ErrorCode::InvalidArgument;
    if (!judged) co_return fail(std::move(answer->error));
    co_return Result<void>();
}

}  // namespace

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
    co_return co_await tryCall(std::move(app), "card.update", "PUT", "/v1.0/card/instances", std::move(body));
}

Task<Result<void>> askWhetherPeopleMayBeWrittenTo(std::shared_ptr<App> app) {
    Json body{{"robotCode", app->options().robotCode}, {"userIds", Json::array()}, {"msgKey", "sampleMarkdown"}};
    body["msgParam"] = Json{{"title", "Klaw"}, {"text", "Klaw"}}.dump();
    co_return co_await tryCall(std::move(app), "robot.oToMessages", "POST", "/v1.0/robot/oToMessages/batchSend",
                               std::move(body));
}

Task<Result<void>> askWhetherPeopleMayBeRung(std::shared_ptr<App> app) {
    Json body{{"robotCode", app->options().robotCode}, {"remindType", 1}, {"content", "Klaw"}};
    body["receiverUserIdList"] = Json::array();
    co_return co_await tryCall(std::move(app), "robot.ding", "POST", "/v1.0/robot/ding/send", std::move(body));
}

}  // namespace klaw::notifiers::dingtalk
