#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/cli/setup.hpp"

namespace klaw::cli {

/// The set-up of one application: what all platforms have in common.
class ApplicationSetup {
public:
    ApplicationSetup(SetupRun& world, SetupSubject subject, SetupReport::Tell tell)
        : world_(world), subject_(std::move(subject)), report_(std::move(tell)) {}
    virtual ~ApplicationSetup() = default;

    /// "klaw-feishu at https://open.feishu.cn".
    std::string title() const { return subject_.app.name + " at " + platform(); }
    /// False when nothing further can be asked.
    virtual bool checkCredentials() = 0;
    /// Everything else that the platform can be asked.
    virtual void check() = 0;
    /// With a person in front of it, until a test card was pressed.
    virtual void goThrough() = 0;

    void checkDepartments();
    /// To each chat; false when one did not arrive.
    bool sendCard(bool pressable);
    void printYaml() const;
    const SetupReport& report() const { return report_; }

protected:
    /// Its address.
    virtual std::string platform() const = 0;
    /// What to do about credentials that the platform does not take; `copy`: where to find them.
    static std::string credentialsRemedy(const Error& error, std::string copy);
    virtual std::unique_ptr<notifiers::Notifier> channelTo(const std::string& chat) = 0;
    virtual Task<Result<std::string>> askDepartmentName(std::string id) = 0;
    /// `remedy`: what is wrong where no press comes in.
    void awaitPress(const std::string& remedy);

    SetupRun& world_;
    SetupSubject subject_;
    SetupReport report_;
    SetupInbound inbound_{world_.random.token(18)};
};

/// A platform, for the commands about its applications.
struct SetupPlatform {
    app::ChannelConfig::Type type;
    std::string variable;  ///< of the environment, that usually holds the secret
    std::string guide;
    std::function<std::unique_ptr<ApplicationSetup>(SetupRun& world, SetupSubject subject, SetupReport::Tell tell)>
        open;
};

/// `domain`: as in the configuration; empty for Feishu.
SetupPlatform feishuPlatform(const std::string& domain);
SetupPlatform dingtalkPlatform();

/// Leads through it, or with `--check` looks at what is configured; the exit code.
int setUp(const SetupPlatform& platform, const SetupOptions& options);

}  // namespace klaw::cli
