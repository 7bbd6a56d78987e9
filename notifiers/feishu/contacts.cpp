#include "notifiers/feishu/contacts.hpp"

#include <algorithm>

#include "base/percent.hpp"
#include "base/text/json_fields.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kContact = "/open-apis/contact/v3";
/// A chain of departments is shorter than one page of fifty.
constexpr auto kOpenIds = "department_id_type=open_department_id";
/// Nobody is in more; each costs two calls.
constexpr std::size_t kMostDepartments = 10;

/// The `data` of an answer.
Task<Result<Json>> ask(std::shared_ptr<App> app, std::string api, std::string path) {
    auto answer = co_await app->call(std::move(api), "GET", kContact + path, {});
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    co_return at(parsedJson(answer->body), "data");
}

Task<Result<Json>> askUser(std::shared_ptr<App> app, std::string openId) {
    auto path = "/users/" + percentEncode(openId) + "?user_id_type=open_id&" + kOpenIds;
    auto data = co_await ask(app, "contact.user", std::move(path));
    if (!data) co_return fail(std::move(data.error()));
    auto user = at(*data, "user");
    if (!user.is_object()) co_return fail(ErrorCode::NotFound, "the platform names nobody", app->options().name);
    co_return user;
}

Task<Result<Json>> askDepartment(std::shared_ptr<App> app, std::string id) {
    auto type = id.starts_with("od-") || id == "0" ? kOpenIds : "department_id_type=department_id";
    auto data = co_await ask(std::move(app), "contact.department", "/departments/" + percentEncode(id) + "?" + type);
    if (!data) co_return fail(std::move(data.error()));
    co_return at(*data, "department");
}

void addDepartment(const Json& department, std::vector<std::string>& into) {
    for (const auto* name : {"open_department_id", "department_id"})
        if (auto id = textAt(department, name); !id.empty() && std::ranges::find(into, id) == into.end())
            into.push_back(std::move(id));
}

/// With everything above it.
Task<Result<void>> addChain(std::shared_ptr<App> app, std::string id, std::vector<std::string>& into) {
    auto own = co_await askDepartment(app, id);
    if (!own) co_return fail(std::move(own.error()));
    addDepartment(*own, into);
    auto parent = textAt(*own, "parent_department_id");
    if (parent.empty() || parent == "0") co_return Result<void>();
    auto path = std::string("/departments/parent?page_size=50&") + kOpenIds + "&department_id=" + percentEncode(id);
    auto above = co_await ask(std::move(app), "contact.department.parent", std::move(path));
    if (!above) co_return fail(std::move(above.error()));
    const auto& items = at(*above, "items");
    if (items.is_array())
        for (const auto& item : items) addDepartment(item, into);
    co_return Result<void>();
}

}  // namespace

Task<Result<PersonEntry>> askPerson(std::shared_ptr<App> app, std::string openId) {
    auto user = co_await askUser(std::move(app), std::move(openId));
    if (!user) co_return fail(std::move(user.error()));
    PersonEntry person;
    person.name = oneLine(textAt(*user, "name"));
    co_return person;
}

Task<Result<PersonEntry>> askDepartments(std::shared_ptr<App> app, std::string openId) {
    auto user = co_await askUser(app, std::move(openId));
    if (!user) co_return fail(std::move(user.error()));
    const auto& list = at(*user, "department_ids");
    if (!list.is_array())
        co_return fail(ErrorCode::PermissionDenied, "the platform does not tell the departments of people",
                       app->options().name, "give the application the scope contact:user.department:readonly");
    PersonEntry person;
    person.departments.emplace_back("0");
    for (std::size_t i = 0; i < list.size() && i < kMostDepartments; ++i) {
        auto id = list[i].is_string() ? list[i].get<std::string>() : std::string();
        if (id.empty() || id == "0") continue;
        auto added = co_await addChain(app, std::move(id), person.departments);
        // One outside of the application's range says nothing of the others.
        if (!added && added.error().code != ErrorCode::NotFound) co_return fail(std::move(added.error()));
    }
    co_return person;
}

Task<Result<std::string>> askDepartmentName(std::shared_ptr<App> app, std::string id) {
    auto department = co_await askDepartment(app, std::move(id));
    if (!department) co_return fail(std::move(department.error()));
    if (!department->is_object())
        co_return fail(ErrorCode::NotFound, "there is no such department", app->options().name);
    co_return oneLine(textAt(*department, "name"));
}

}  // namespace klaw::notifiers::feishu
