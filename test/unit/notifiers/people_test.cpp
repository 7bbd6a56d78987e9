#include "notifiers/people.hpp"

#include <nlohmann/json.hpp>

#include "notifiers/dingtalk/contacts.hpp"
#include "notifiers/feishu/contacts.hpp"
#include "test/unit/notifiers/connection_test.hpp"

namespace klaw::notifiers {
namespace {

class PeopleTest : public test::NotifierTest {
protected:
    PeopleTest() : people(loop, clock, 24h, [this](std::string id) { return ask(std::move(id)); }) {}
    ~PeopleTest() override {
        tasks.spawn("stop", people.stop());
        loop.poll();
    }
    Task<Result<PersonEntry>> ask(std::string id) {
        ++asked;
        co_await clock.sleepFor(slow);
        if (broken) co_return fail(ErrorCode::Unavailable, "not today");
        if (id == "nobody") co_return fail(ErrorCode::NotFound, "nobody");
        PersonEntry entry{"name of " + id};
        co_return entry;
    }
    /// As a press asks: what is there by then counts.
    std::string nameOf(const std::string& id, Duration within = {}) {
        std::optional<std::optional<PersonEntry>> found;
        auto find = [](People& among, std::string who, Duration patience,
                       std::optional<std::optional<PersonEntry>>& into) -> Task<void> {
            into = co_await among.find(std::move(who), patience);
        };
        tasks.spawn("find", find(people, id, within, found));
        loop.poll();
        for (auto waited = Duration{}; !found && waited <= within; waited += 100ms) clock.advance(100ms);
        EXPECT_TRUE(found.has_value()) << "nobody waits longer than asked";
        return found && *found ? (*found)->name : "";
    }

    /// As a permission asks; the message of an Error.
    std::string knownOf(const std::string& id, Duration within) {
        std::optional<Result<PersonEntry>> known;
        auto find = [](People& among, std::string who, Duration patience,
                       std::optional<Result<PersonEntry>>& into) -> Task<void> {
            into = co_await among.know(std::move(who), patience);
        };
        tasks.spawn("know", find(people, id, within, known));
        loop.poll();
        for (auto waited = Duration{}; !known && waited <= within; waited += 100ms) clock.advance(100ms);
        EXPECT_TRUE(known.has_value()) << "nobody waits longer than asked";
        return !known ? "" : *known ? (*known)->name : known->error().message;
    }

    int asked = 0;
    bool broken = false;
    Duration slow = 1s;
    People people;
};

TEST_F(PeopleTest, KeepNobodyWaitingAndAreAskedOnceADay) {
    EXPECT_EQ(nameOf("li"), "") << "it is being asked";
    EXPECT_EQ(nameOf("li"), "");
    clock.advance(1s);
    EXPECT_EQ(nameOf("li"), "name of li");
    clock.advance(23h);
    EXPECT_EQ(nameOf("li"), "name of li");
    EXPECT_EQ(asked, 1);
    clock.advance(2h);
    EXPECT_EQ(nameOf("li"), "name of li") << "what is old serves while it is asked for anew";
    EXPECT_EQ(asked, 2);
}

TEST_F(PeopleTest, AreWaitedForAsLongAsOneLikes) {
    EXPECT_EQ(nameOf("li", 2s), "name of li");
    slow = 10s;
    EXPECT_EQ(nameOf("han", 2s), "");
}

TEST_F(PeopleTest, WhoAreNotThereAreAskedForAgainAfterTenMinutes) {
    EXPECT_EQ(nameOf("nobody", 2s), "");
    clock.advance(9min);
    EXPECT_EQ(nameOf("nobody", 2s), "");
    EXPECT_EQ(asked, 1);
    clock.advance(2min);
    nameOf("nobody", 2s);
    EXPECT_EQ(asked, 2);
}

TEST_F(PeopleTest, KeepTheirNamesThroughAnOutage) {
    EXPECT_EQ(nameOf("li", 2s), "name of li");
    broken = true;
    clock.advance(25h);
    EXPECT_EQ(nameOf("li"), "name of li");
    clock.advance(1s);
    EXPECT_EQ(nameOf("li"), "name of li");
    EXPECT_EQ(asked, 2);
}

TEST_F(PeopleTest, ArePermittedNothingByWhatIsOldOrUnknown) {
    EXPECT_EQ(knownOf("li", 2s), "name of li");
    broken = true;
    EXPECT_EQ(knownOf("li", 2s), "name of li") << "for a day";
    clock.advance(25h);
    EXPECT_EQ(knownOf("li", 2s), "not today");
    EXPECT_EQ(knownOf("nobody", 2s), "not today");
    broken = false;
    clock.advance(1min);
    EXPECT_EQ(knownOf("li", 2s), "name of li") << "silence is not taken for an answer for long";
    EXPECT_EQ(knownOf("nobody", 2s), "nobody");
    slow = 10s;
    EXPECT_EQ(knownOf("han", 2s), "the directory did not answer");
}

class ContactsTest : public test::ConnectionTest {};

TEST_F(ContactsTest, OfFeishuTellNames) {
    feishu::AppOptions options;
    options.url = url();
    auto app = std::make_shared<feishu::App>(loop, client, clock, random, options);
    answers["/open-apis/auth/v3/tenant_access_token/internal"] =
        R"({"code":0,"tenant_access_token":"t","expire":7200})";
    answers["/open-apis/contact/v3/users/ou_li"] =
        R"({"code":0,"data":{"user":{"name":"李雷","department_ids":["od-1",7,null]}}})";
    answers["/open-apis/contact/v3/users/ou_odd"] = R"({"code":0,"data":{"user":{"name":7,"department_ids":"x"}}})";
    answers["/open-apis/contact/v3/users/ou_gone"] = R"({"code":41050,"msg":"no user authority error"})";
    EXPECT_EQ(*run(feishu::askPerson(app, "ou_li")), PersonEntry{"李雷"});
    EXPECT_EQ(*run(feishu::askPerson(app, "ou_odd")), PersonEntry());
    EXPECT_EQ(run(feishu::askPerson(app, "ou_gone")).error().code, ErrorCode::NotFound);
}

TEST_F(ContactsTest, OfFeishuTellDepartmentsAndThoseAboveThem) {
    feishu::AppOptions options;
    options.url = url();
    auto app = std::make_shared<feishu::App>(loop, client, clock, random, options);
    answers["/open-apis/auth/v3/tenant_access_token/internal"] =
        R"({"code":0,"tenant_access_token":"t","expire":7200})";
    answers["/open-apis/contact/v3/users/ou_li"] =
        R"({"code":0,"data":{"user":{"name":"李雷","department_ids":["od-1",7,null]}}})";
    answers["/open-apis/contact/v3/departments/od-1"] =
        R"({"code":0,"data":{"department":{"name":"值班","department_id":"duty","open_department_id":"od-1",
            "parent_department_id":"od-2"}}})";
    answers["/open-apis/contact/v3/departments/parent"] =
        R"({"code":0,"data":{"items":[{"department_id":"infra","open_department_id":"od-2"},
            {"open_department_id":"od-3"},5]}})";
    EXPECT_EQ(run(feishu::askDepartments(app, "ou_li"))->departments,
              (std::vector<std::string>{"0", "od-1", "duty", "od-2", "infra", "od-3"}));
    EXPECT_EQ(*run(feishu::askDepartmentName(app, "od-1")), "值班");
    answers["/open-apis/contact/v3/departments/parent"] = R"({"code":99991672,"msg":"Access denied"})";
    EXPECT_EQ(run(feishu::askDepartments(app, "ou_li")).error().code, ErrorCode::PermissionDenied);
    answers["/open-apis/contact/v3/users/ou_li"] = R"({"code":0,"data":{"user":{"name":"李雷"}}})";
    EXPECT_EQ(run(feishu::askDepartments(app, "ou_li")).error().code, ErrorCode::PermissionDenied)
        << "a scope that is missing leaves a field out";
}

TEST_F(ContactsTest, OfDingTalkTellNames) {
    dingtalk::AppOptions options;
    options.secret = "secret-of-the-app";
    options.platform = dingtalk::platformOf(url());
    auto app = std::make_shared<dingtalk::App>(loop, client, clock, options);
    auto refused = run(dingtalk::askPerson(app, "li"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().describe().find("secret-of-the-app"), std::string::npos);
    answers["/gettoken"] = R"({"errcode":0,"access_token":"t","expires_in":7200})";
    answers["/topapi/v2/user/get"] = R"({"errcode":0,"result":{"name":"李雷","dept_id_list":[1,22,"x"]}})";
    EXPECT_EQ(*run(dingtalk::askPerson(app, "li")), PersonEntry{"李雷"});
    answers["/topapi/v2/user/get"] = R"({"errcode":60121,"errmsg":"找不到该用户"})";
    EXPECT_EQ(run(dingtalk::askPerson(app, "li")).error().code, ErrorCode::NotFound);
    answers["/topapi/v2/user/get"] = R"({"errcode":40014,"errmsg":"不合法的access_token"})";
    EXPECT_FALSE(run(dingtalk::askPerson(app, "li")));
    EXPECT_EQ(asked["/gettoken"], 3) << "refused once, given once, renewed once";
}

TEST_F(ContactsTest, OfDingTalkTellDepartmentsAndThoseAboveThem) {
    dingtalk::AppOptions options;
    options.platform = dingtalk::platformOf(url());
    auto app = std::make_shared<dingtalk::App>(loop, client, clock, options);
    answers["/gettoken"] = R"({"errcode":0,"access_token":"t","expires_in":7200})";
    answers["/topapi/v2/department/listparentbyuser"] =
        R"({"errcode":0,"result":{"parent_list":[{"parent_dept_id_list":[456,123,1]},{"parent_dept_id_list":[789,1,"x"]},
            null]}})";
    EXPECT_EQ(run(dingtalk::askDepartments(app, "li"))->departments,
              (std::vector<std::string>{"456", "123", "1", "789"}));
    answers["/topapi/v2/department/get"] = R"({"errcode":0,"result":{"dept_id":456,"name":"值班"}})";
    EXPECT_EQ(*run(dingtalk::askDepartmentName(app, "456")), "值班");
    answers["/topapi/v2/department/listparentbyuser"] =
        R"({"errcode":88,"sub_code":"60011","errmsg":"ding talk error","sub_msg":"没有调用该接口的权限"})";
    EXPECT_EQ(run(dingtalk::askDepartments(app, "li")).error().code, ErrorCode::PermissionDenied);
    answers["/topapi/v2/department/listparentbyuser"] = R"({"errcode":0,"result":{}})";
    EXPECT_FALSE(run(dingtalk::askDepartments(app, "li")));
}

}  // namespace
}  // namespace klaw::notifiers
