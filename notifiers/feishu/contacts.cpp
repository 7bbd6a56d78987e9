#include "notifiers/feishu/contacts.hpp"

#include "base/percent.hpp"
#include "notifiers/json_fields.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::feishu {

Task<Result<PersonEntry>> askPerson(std::shared_ptr<App> app, std::string openId) {
    auto path = "/open-apis/contact/v3/users/" + percentEncode(openId) + "?user_id_type=open_id";
    auto answer = co_await app->call("contact.user", "GET", std::move(path), {});
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    auto json = parsedJson(answer->body);
    const auto& user = at(at(json, "data"), "user");
    if (!user.is_object()) co_return fail(ErrorCode::NotFound, "the platform names nobody", app->options().name);
    PersonEntry person;
    person.name = oneLine(textAt(user, "name"));
    co_return person;
}

}  // namespace klaw::notifiers::feishu
