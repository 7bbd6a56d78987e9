#include "notifiers/dingtalk/contacts.hpp"

#include "notifiers/json_fields.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::dingtalk {

Task<Result<PersonEntry>> askPerson(std::shared_ptr<App> app, std::string userId) {
    auto body = nlohmann::json{{"userid", std::move(userId)}, {"language", "zh_CN"}}.dump();
    auto answer = co_await app->callOld("topapi.user.get", "/topapi/v2/user/get", std::move(body));
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    auto json = parsedJson(answer->body);
    const auto& user = at(json, "result");
    if (!user.is_object()) co_return fail(ErrorCode::NotFound, "the platform names nobody", app->options().name);
    PersonEntry person;
    person.name = oneLine(textAt(user, "name"));
    co_return person;
}

}  // namespace klaw::notifiers::dingtalk
