#include "agent/cli/doctor_chat.hpp"

#include <fmt/format.h>

#include "agent/cli/application_setup.hpp"
#include "agent/cli/doctor_network.hpp"
#include "notifiers/dingtalk/app.hpp"
#include "notifiers/feishu/app.hpp"

namespace klaw::cli {
namespace {

using Condition = Finding::Condition;
using Type = app::ChannelConfig::Type;

constexpr Duration patience = 10s;

/// What the set-up's check of an application finds, as findings of the doctor. What is fine is one line.
class Applicant {
public:
    Applicant(std::string name, DoctorReport& report) : name_(std::move(name)), report_(report) {}

    SetupReport::Tell tell() {
        return [this](const SetupFinding& finding) { note(finding); };
    }
    void credentialsTaken() { check_ = "chat.permissions"; }
    void end() {
        if (fine_ > 0) report_.ok("chat.permissions", subject(), fmt::format("{} things are as they must be", fine_));
    }

private:
    Words subject() const {
        if (check_ == "chat.credentials") return {"credentials of " + name_, name_ + " 的凭据"};
        return {"permissions of " + name_, name_ + " 的权限"};
    }
    void note(const SetupFinding& finding) {
        bool fine = finding.kind == SetupFinding::Kind::Fine;
        if (fine && check_ == "chat.credentials") return report_.ok(check_, subject(), finding.what);
        if (fine) return static_cast<void>(++fine_);
        bool missing = finding.kind == SetupFinding::Kind::Missing;
        report_.add(missing ? Condition::Failed : Condition::Unknown, check_, subject(), finding.what,
                    {finding.remedy, finding.remedy});
    }

    std::string name_;
    DoctorReport& report_;
    std::string check_ = "chat.credentials";
    int fine_ = 0;
};

std::string addressOf(const app::AppConfig& app) {
    return app.type == Type::Feishu ? notifiers::feishu::openPlatformUrl(app.domain)
                                    : notifiers::dingtalk::platformOf(app.domain).api;
}

/// Any answer has a clock.
void examinePlatformClock(SetupRun& world, const app::AppConfig& app, DoctorReport& report) {
    auto answer = world.run(world.client.send(net::HttpRequest("GET", addressOf(app) + "/"), patience));
    if (!answer) return;  // what the credentials were asked for tells of that
    examineClock("chat.clock", {"clock beside the platform of " + app.name, "与 " + app.name + " 所在平台的时钟差"},
                 *answer, world.clock.now(), report);
}

void examineApplication(SetupRun& world, const SetupPlatform& platform, SetupSubject subject, DoctorReport& report) {
    auto app = subject.app;
    Applicant applicant(app.name, report);
    auto setup = platform.open(world, std::move(subject), applicant.tell());
    if (setup->checkCredentials()) {
        applicant.credentialsTaken();
        setup->check();
        setup->checkDepartments();
        applicant.end();
    }
    examinePlatformClock(world, app, report);
}

}  // namespace

void examineApplications(const std::string& path, const app::Config& config, DoctorReport& report) {
    SetupRun world;
    for (const auto& platform : {feishuPlatform(""), dingtalkPlatform()}) {
        if (std::ranges::find(config.apps, platform.type, &app::AppConfig::type) == config.apps.end()) continue;
        SetupOptions options;
        options.config = path;
        auto subjects = subjectsOf(options, platform.type);
        if (!subjects) {
            report.add(Condition::Unknown, "chat.credentials", {"chat applications", "聊天应用"},
                       evidenceOf(subjects.error()), {subjects.error().remedy, subjects.error().remedy});
            continue;
        }
        for (auto& subject : *subjects) examineApplication(world, platform, std::move(subject), report);
    }
}

}  // namespace klaw::cli
