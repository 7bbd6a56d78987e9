#include "notifiers/dingtalk/contacts.hpp"

#include <algorithm>
#include <charconv>

#include "base/text/json_fields.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::ordered_json;

/// The `result` of an answer.
Task<Result<Json>> ask(std::shared_ptr<App> app, std::string api, std::string path, Json body) {
    auto text = body.dump();
    auto answer = co_await app->callOld(std::move(api), std::move(path), std::move(text));
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    co_return at(parsedJson(answer->body), "result");
}

void addDepartment(const Json& id, std::vector<std::string>& into) {
    if (!id.is_number_integer()) return;
    if (auto text = id.dump(); std::ranges::find(into, text) == into.end()) into.push_back(std::move(text));
}

}  // namespace

Task<Result<PersonEntry>> askPerson(std::shared_ptr<App> app, std::string userId) {
    Json body{{"userid", std::move(userId)}, {"language", "zh_CN"}};
    auto user = co_await ask(app, "topapi.user.get", "/topapi/v2/user/get", std::move(body));
    if (!user) co_return fail(std::move(user.error()));
    if (!user->is_object()) co_return fail(ErrorCode::NotFound, "the platform names nobody", app->options().name);
    PersonEntry person;
    person.name = oneLine(textAt(*user, "name"));
    co_return person;
}

/// A chain for each department, which begins with the department itself.
Task<Result<PersonEntry>> askDepartments(std::shared_ptr<App> app, std::string userId) {
    Json body{{"userid", std::move(userId)}};
    auto answer = co_await ask(app, "topapi.department.listparentbyuser", "/topapi/v2/department/listparentbyuser",
                               std::move(body));
    if (!answer) co_return fail(std::move(answer.error()));
    const auto& chains = at(*answer, "parent_list");
    if (!chains.is_array())
        co_return fail(ErrorCode::Unavailable, "the platform does not tell the departments of people",
                       app->options().name);
    PersonEntry person;
    for (const auto& chain : chains) {
        const auto& ids = at(chain, "parent_dept_id_list");
        if (ids.is_array())
            for (const auto& id : ids) addDepartment(id, person.departments);
    }
    co_return person;
}

Task<Result<std::string>> askDepartmentName(std::shared_ptr<App> app, std::string id) {
    std::int64_t number = 0;
    std::from_chars(id.data(), id.data() + id.size(), number);
    Json body{{"dept_id", number}, {"language", "zh_CN"}};
    auto department = co_await ask(app, "topapi.department.get", "/topapi/v2/department/get", std::move(body));
    if (!department) co_return fail(std::move(department.error()));
    if (!department->is_object())
        co_return fail(ErrorCode::NotFound, "there is no such department", app->options().name);
    co_return oneLine(textAt(*department, "name"));
}

}  // namespace klaw::notifiers::dingtalk
