#include "notifiers/feishu/survey.hpp"

#include "base/percent.hpp"
#include "base/text/json_fields.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::feishu {
namespace {

constexpr int kMostPages = 10;

}  // namespace

Task<Result<std::vector<Group>>> askGroups(std::shared_ptr<App> app) {
    std::vector<Group> groups;
    std::string page;
    for (int i = 0; i < kMostPages; ++i) {
        std::string path = "/open-apis/im/v1/chats?page_size=100";
        if (!page.empty()) path += "&page_token=" + percentEncode(page);
        auto answer = co_await app->call("chats.list", "GET", std::move(path), {});
        if (!answer) co_return fail(std::move(answer.error()));
        if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
        auto json = parsedJson(answer->body);
        const auto& data = at(json, "data");
        const auto& items = at(data, "items");
        if (items.is_array())
            for (const auto& item : items)
                groups.push_back({oneLine(textAt(item, "chat_id")), oneLine(textAt(item, "name"))});
        page = textAt(data, "page_token");
        if (page.empty() || !flagAt(data, "has_more", false)) break;
    }
    co_return groups;
}

Task<Result<std::set<std::string>>> askScopes(std::shared_ptr<App> app) {
    auto answer = co_await app->call("application.scopes", "GET", "/open-apis/application/v6/scopes", {});
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    auto json = parsedJson(answer->body);
    const auto& list = at(at(json, "data"), "scopes");
    if (!list.is_array()) co_return fail(ErrorCode::Unsupported, "the platform does not tell", app->options().name);
    constexpr std::int64_t granted = 1;
    std::set<std::string> scopes;
    for (const auto& scope : list)
        if (integerAt(scope, "grant_status") == granted) scopes.insert(textAt(scope, "scope_name"));
    co_return scopes;
}

}  // namespace klaw::notifiers::feishu
